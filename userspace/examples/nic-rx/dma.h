/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a device can reach: memfds mapped into an IOAS */
#ifndef NIC_RX_DMA_H
#define NIC_RX_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define DMA_HUGE	(2u << 20)

/* A memfd, mapped */
struct dma_memory {
	int fd;
	uint8_t *bytes;
	uint64_t size;
};

/**
 * dma_create() - make a memfd and map it into this process
 * @mem: out
 * @name: name of the memfd, by which it is found again after an update
 * @size: bytes, rounded up to DMA_HUGE when @huge
 * @huge: allocate the memory now, in folios of 2 MiB if shmem_enabled allows
 *
 * Without @huge the memory is left to dma_map() to allocate, and is not to be
 * touched before: pages which were allocated for ordinary use may lie where they
 * cannot stay pinned for long (KHO's scratch areas are one such place), and
 * moving them away can fail. Only a page fault makes 2 MiB folios, though.
 *
 * Return: 0, or -1 after fail().
 */
int dma_create(struct dma_memory *mem, const char *name, uint64_t size,
	       bool huge);

/**
 * dma_adopt() - map a memfd that was handed over
 * @mem: out
 * @fd: the memfd
 * @name: what it is, for messages
 *
 * Return: 0, or -1 after fail().
 */
int dma_adopt(struct dma_memory *mem, int fd, const char *name);

/* dma_destroy() - unmap and close */
void dma_destroy(struct dma_memory *mem);

/**
 * dma_map() - map a whole memfd into the device's IOAS at a fixed IOVA
 *
 * Return: 0, or a negative errno; says nothing.
 */
int dma_map(const struct vfio_device *vdev, const struct dma_memory *mem,
	    uint64_t iova);

/* dma_unmap() - undo dma_map() */
void dma_unmap(const struct vfio_device *vdev, const struct dma_memory *mem,
	       uint64_t iova);

/**
 * dma_lookup() - physical address of an IOVA
 * @vdev: the device
 * @iova: where
 * @length: in: bytes of interest; out: how many of them are contiguous
 * @pa: out
 *
 * Return: 0, or -1 after fail().
 */
int dma_lookup(const struct vfio_device *vdev, uint64_t iova, uint64_t *length,
	       uint64_t *pa);

/**
 * dma_table() - physical address of each page of a range
 * @vdev: the device
 * @iova: start, page aligned
 * @count: number of pages
 * @pages: out
 *
 * Return: 0, or -1 after fail().
 */
int dma_table(const struct vfio_device *vdev, uint64_t iova, uint64_t count,
	      uint64_t *pages);

#endif /* NIC_RX_DMA_H */
