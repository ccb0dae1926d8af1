// SPDX-License-Identifier: GPL-2.0-only
/* Memory that a device can reach, see dma.h */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include <linux/iommufd.h>

#include "dma.h"
#include "event.h"
#include "ring.h"

/*
 * A folio of 2 MiB needs an address aligned to it: reserve more than wanted,
 * and map at the first fit.
 */
static void *map_aligned(int fd, size_t size)
{
	size_t room = size + DMA_HUGE;
	uintptr_t start;
	void *reserved;

	reserved = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	if (reserved == MAP_FAILED)
		return MAP_FAILED;
	start = ((uintptr_t)reserved + DMA_HUGE - 1) &
		~(uintptr_t)(DMA_HUGE - 1);
	return mmap((void *)start, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0);
}

static int map_memfd(struct dma_memory *mem, const char *name)
{
	void *map = map_aligned(mem->fd, mem->size);

	if (map == MAP_FAILED)
		return fail("memfd %s: cannot map %llu bytes: %m", name,
			    (unsigned long long)mem->size);
	mem->bytes = map;
	return 0;
}

int dma_create(struct dma_memory *mem, const char *name, uint64_t size,
	       bool huge)
{
	uint64_t unit = huge ? DMA_HUGE : RING_PAGE;

	mem->size = (size + unit - 1) & ~(unit - 1);
	mem->fd = memfd_create(name, MFD_CLOEXEC);
	if (mem->fd < 0)
		return fail("memfd %s: %m", name);
	if (ftruncate(mem->fd, (off_t)mem->size))
		return fail("memfd %s: cannot make it %llu bytes: %m", name,
			    (unsigned long long)mem->size);
	if (map_memfd(mem, name))
		return -1;
	if (huge) {
		/* Only a wish; what came out of it is for the caller to see */
		madvise(mem->bytes, mem->size, MADV_HUGEPAGE);
		memset(mem->bytes, 0, mem->size);
	}
	return 0;
}

void dma_destroy(struct dma_memory *mem)
{
	munmap(mem->bytes, mem->size);
	close(mem->fd);
}

int dma_adopt(struct dma_memory *mem, int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return fail("memfd %s: descriptor %d is not a memfd with contents",
			    name, fd);
	mem->fd = fd;
	mem->size = (uint64_t)st.st_size;
	return map_memfd(mem, name);
}

int dma_map(const struct vfio_device *vdev, const struct dma_memory *mem,
	    uint64_t iova)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = vdev->ioas_id,
		.fd = mem->fd,
		.length = mem->size,
		.iova = iova,
	};

	return ioctl(vdev->iommufd, IOMMU_IOAS_MAP_FILE, &map) ? -errno : 0;
}

void dma_unmap(const struct vfio_device *vdev, const struct dma_memory *mem,
	       uint64_t iova)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = vdev->ioas_id,
		.iova = iova,
		.length = mem->size,
	};

	ioctl(vdev->iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

int dma_lookup(const struct vfio_device *vdev, uint64_t iova, uint64_t *length,
	       uint64_t *pa)
{
	struct iommu_ioas_noiommu_get_pa get = {
		.size = sizeof(get),
		.ioas_id = vdev->ioas_id,
		.iova = iova,
		.length = *length,
	};

	if (ioctl(vdev->iommufd, IOMMU_IOAS_NOIOMMU_GET_PA, &get))
		return fail("cannot look up IOVA 0x%llx: %m",
			    (unsigned long long)iova);
	*length = get.length;
	*pa = get.out_phys;
	return 0;
}

int dma_table(const struct vfio_device *vdev, uint64_t iova, uint64_t count,
	      uint64_t *pages)
{
	uint64_t done = 0;

	while (done < count) {
		uint64_t length = (count - done) * RING_PAGE;
		uint64_t pa;

		if (dma_lookup(vdev, iova + done * RING_PAGE, &length, &pa))
			return -1;
		if (length < RING_PAGE)
			return fail("IOVA 0x%llx: less than a page is mapped",
				    (unsigned long long)iova +
				    done * RING_PAGE);
		for (; length >= RING_PAGE; length -= RING_PAGE) {
			pages[done++] = pa;
			pa += RING_PAGE;
		}
	}
	return 0;
}
