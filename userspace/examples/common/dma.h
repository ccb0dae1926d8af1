/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a device can reach: memfds mapped into an IOAS */
#ifndef EXAMPLE_DMA_H
#define EXAMPLE_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define DMA_PAGE	4096
#define DMA_HUGE	(2u << 20)

/* A memfd, mapped */
struct dma_memory {
	int fd;
	uint8_t *bytes;
	uint64_t size;
};

/**
 * dma_create() - make a memfd, map it for DMA and into this process
 * @vdev: the device
 * @mem: out
 * @name: name of the memfd, by which it is found again after an update
 * @size: bytes
 * @iova: where the device is to see it
 *
 * The memory is allocated by being mapped for DMA: pages which were allocated
 * for ordinary use may lie where they cannot stay pinned for long (KHO's
 * scratch areas are one such place), and moving them away can fail.
 *
 * Return: 0, or -1 after fail().
 */
int dma_create(const struct vfio_device *vdev, struct dma_memory *mem,
	       const char *name, uint64_t size, uint64_t iova);

/**
 * dma_create_contiguous() - the same in one piece of physical memory
 * @vdev: the device
 * @mem: out
 * @name: name of the memfd
 * @size: bytes, at most DMA_HUGE; the memfd is DMA_HUGE long
 * @iova: where the device is to see it, a multiple of DMA_HUGE
 *
 * Only a page fault makes folios of 2 MiB, and only if shmem_enabled allows.
 *
 * Return: 0, or -1 after fail().
 */
int dma_create_contiguous(const struct vfio_device *vdev,
			  struct dma_memory *mem, const char *name,
			  uint64_t size, uint64_t iova);

/**
 * dma_adopt() - map a memfd that was handed over
 * @mem: out
 * @fd: the memfd
 * @name: what it is, for messages
 *
 * Return: 0, or -1 after fail().
 */
int dma_adopt(struct dma_memory *mem, int fd, const char *name);

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

/**
 * dma_contiguous() - address of a range that has to be in one piece
 * @vdev: the device
 * @name: what it is, for messages
 * @iova: start
 * @size: bytes
 * @pa: out
 *
 * Return: 0, or -1 after fail().
 */
int dma_contiguous(const struct vfio_device *vdev, const char *name,
		   uint64_t iova, uint64_t size, uint64_t *pa);

/**
 * dma_compare() - compare a table of pages with where they are now
 * @vdev: the device
 * @iova: start, page aligned
 * @count: number of pages
 * @pages: what dma_table() said at the time
 * @wrong: out, incremented for each page that is elsewhere
 *
 * Return: 0, or -1 after fail().
 */
int dma_compare(const struct vfio_device *vdev, uint64_t iova, uint64_t count,
		const uint64_t *pages, uint64_t *wrong);

#endif /* EXAMPLE_DMA_H */
