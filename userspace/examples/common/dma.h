/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a device can reach: mapped into an IOAS */
#ifndef EXAMPLE_DMA_H
#define EXAMPLE_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define DMA_PAGE	4096
#define DMA_HUGE	(2u << 20)

/* What a driver allocates */
enum dma_kind {
	DMA_MEMFD,	/* handed over by itself, under its name */
	DMA_ANON,	/* handed over with the iommufd, as are the others */
	DMA_HUGETLB,	/* MAP_HUGETLB */
	DMA_HUGETLB_FILE, /* memfd with MFD_HUGETLB */
	DMA_KINDS
};

/* Mapped; @fd is -1 if it is no memfd */
struct dma_memory {
	int fd;
	enum dma_kind kind;
	uint8_t *bytes;
	uint64_t size;
};

/**
 * dma_kind() - what a word stands for: memfd, anon, hugetlb, hugetlb-memfd
 * @word: the word
 * @kind: out
 *
 * Return: 0, or -1 if it means nothing.
 */
int dma_kind(const char *word, enum dma_kind *kind);

/**
 * dma_create() - allocate memory, map it for DMA and into this process
 * @vdev: the device
 * @mem: out
 * @kind: of what kind
 * @name: what it is, for messages; a memfd is found by it after an update
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
	       enum dma_kind kind, const char *name, uint64_t size,
	       uint64_t iova);

/**
 * dma_create_contiguous() - the same in one piece of physical memory
 * @vdev: the device
 * @mem: out
 * @kind: of what kind
 * @name: what it is, for messages, or name of the memfd
 * @size: bytes, at most DMA_HUGE; the memory is DMA_HUGE long
 * @iova: where the device is to see it, a multiple of DMA_HUGE
 *
 * Only a page fault makes folios of 2 MiB, and only if shmem_enabled allows, or
 * for anonymous memory enabled next to it.
 *
 * Return: 0, or -1 after fail().
 */
int dma_create_contiguous(const struct vfio_device *vdev,
			  struct dma_memory *mem, enum dma_kind kind,
			  const char *name, uint64_t size, uint64_t iova);

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
 * dma_get() - map memory that came with the iommufd that was handed over
 * @iommufd: the iommufd
 * @ioas_id: the IOAS it is mapped in
 * @iova: where it begins
 * @size: bytes
 * @mem: out
 * @name: what it is, for messages
 *
 * Return: 0, or -1 after fail().
 */
int dma_get(int iommufd, uint32_t ioas_id, uint64_t iova, uint64_t size,
	    struct dma_memory *mem, const char *name);

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
