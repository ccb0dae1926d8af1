// SPDX-License-Identifier: GPL-2.0-only
/* Memory that a device can reach, see dma.h */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include <linux/iommufd.h>

#include <holdfast.h>

#include "dma.h"
#include "event.h"

/* Folios to try for contiguous memory before giving up */
#define ATTEMPTS	8

/*
 * A folio of 2 MiB needs an address aligned to it: reserve more than wanted,
 * and map at the first fit.
 */
static void *map_aligned(int fd, uint64_t offset, size_t size, int flags)
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
		    flags | MAP_FIXED, fd, (off_t)offset);
}

/* What to do if there is no memory */
static const char *pool(const struct dma_memory *mem)
{
	return mem->kind == DMA_HUGETLB || mem->kind == DMA_HUGETLB_FILE ?
	       " (see /proc/sys/vm/nr_hugepages)" : "";
}

static int map_memfd(struct dma_memory *mem, const char *name)
{
	void *map = map_aligned(mem->fd, 0, mem->size, MAP_SHARED);

	if (map == MAP_FAILED)
		return fail("memfd %s: cannot map %llu bytes: %m%s", name,
			    (unsigned long long)mem->size, pool(mem));
	mem->bytes = map;
	return 0;
}

static int map_anonymous(struct dma_memory *mem, const char *name)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *map;

	if (mem->kind == DMA_HUGETLB)
		flags |= MAP_HUGETLB;
	mem->fd = -1;
	map = map_aligned(-1, 0, mem->size, flags);
	if (map == MAP_FAILED)
		return fail("%s: cannot allocate %llu bytes: %m%s", name,
			    (unsigned long long)mem->size, pool(mem));
	mem->bytes = map;
	return 0;
}

static int make_memory(struct dma_memory *mem, enum dma_kind kind,
		       const char *name, uint64_t size)
{
	mem->kind = kind;
	mem->size = size;
	if (kind == DMA_HUGETLB || kind == DMA_HUGETLB_FILE)
		mem->size = (size + DMA_HUGE - 1) & ~(uint64_t)(DMA_HUGE - 1);
	if (kind == DMA_ANON || kind == DMA_HUGETLB)
		return map_anonymous(mem, name);
	mem->fd = memfd_create(name, MFD_CLOEXEC |
			       (kind == DMA_HUGETLB_FILE ? MFD_HUGETLB : 0));
	if (mem->fd < 0)
		return fail("memfd %s: %m", name);
	if (ftruncate(mem->fd, (off_t)mem->size))
		return fail("memfd %s: cannot make it %llu bytes: %m", name,
			    (unsigned long long)mem->size);
	return map_memfd(mem, name);
}

static void destroy(struct dma_memory *mem)
{
	munmap(mem->bytes, mem->size);
	if (mem->fd >= 0)
		close(mem->fd);
}

static int map_failed(const char *name, const struct dma_memory *mem, int error)
{
	errno = -error;
	return fail("cannot map %s, %llu bytes, for DMA: %m%s", name,
		    (unsigned long long)mem->size, error == -ENOMEM ?
		    " (memory, or RLIMIT_MEMLOCK)" : "");
}

/* Return: 0, or a negative errno */
static int map_ioas_address(const struct vfio_device *vdev,
			    const struct dma_memory *mem, uint64_t iova)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = vdev->ioas_id,
		.user_va = (uintptr_t)mem->bytes,
		.length = mem->size,
		.iova = iova,
	};

	return ioctl(vdev->iommufd, IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

/* Return: 0, or a negative errno */
static int map_ioas(const struct vfio_device *vdev,
		    const struct dma_memory *mem, uint64_t iova)
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

	if (mem->fd < 0)
		return map_ioas_address(vdev, mem, iova);
	return ioctl(vdev->iommufd, IOMMU_IOAS_MAP_FILE, &map) ? -errno : 0;
}

static void unmap_ioas(const struct vfio_device *vdev,
		       const struct dma_memory *mem, uint64_t iova)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = vdev->ioas_id,
		.iova = iova,
		.length = mem->size,
	};

	ioctl(vdev->iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

int dma_kind(const char *word, enum dma_kind *kind)
{
	static const char *const words[DMA_KINDS] = {
		[DMA_MEMFD] = "memfd",
		[DMA_ANON] = "anon",
		[DMA_HUGETLB] = "hugetlb",
		[DMA_HUGETLB_FILE] = "hugetlb-memfd",
	};

	for (int i = 0; i < DMA_KINDS; i++) {
		if (strcmp(word, words[i]))
			continue;
		*kind = (enum dma_kind)i;
		return 0;
	}
	return -1;
}

int dma_create(const struct vfio_device *vdev, struct dma_memory *mem,
	       enum dma_kind kind, const char *name, uint64_t size,
	       uint64_t iova)
{
	int error;

	size = (size + DMA_PAGE - 1) & ~(uint64_t)(DMA_PAGE - 1);
	if (make_memory(mem, kind, name, size))
		return -1;
	error = map_ioas(vdev, mem, iova);
	return error ? map_failed(name, mem, error) : 0;
}

static struct holdfast_table *read_table(const struct vfio_device *vdev,
					 uint64_t iova, uint64_t size)
{
	struct holdfast_table *table;

	if (holdfast_table_read_range(&table, vdev->iommufd, vdev->ioas_id,
				      iova, size))
		fail("%s", holdfast_error());
	return table;
}

/* Physical address of @iova; @length: bytes from there on in one piece */
static int lookup(const struct vfio_device *vdev, uint64_t iova, uint64_t size,
		  uint64_t *length, uint64_t *pa)
{
	struct holdfast_table *table = read_table(vdev, iova, size);
	int ret;

	if (!table)
		return -1;
	ret = holdfast_table_find(table, iova, pa, length);
	if (ret)
		fail("%s", holdfast_error());
	holdfast_table_free(table);
	return ret ? -1 : 0;
}

static int in_pieces(const char *name, uint64_t size, uint64_t length)
{
	return fail("%s: %llu bytes are not physically contiguous (%llu are): put 'advise' into shmem_enabled and enabled of /sys/kernel/mm/transparent_hugepage, or make it smaller",
		    name, (unsigned long long)size, (unsigned long long)length);
}

/* Return: 1 when this folio does, 0 when another one may, or -1 after fail() */
static int try_folio(const struct vfio_device *vdev, struct dma_memory *mem,
		     enum dma_kind kind, const char *name, uint64_t size,
		     uint64_t iova, int *error, uint64_t *length)
{
	uint64_t pa;

	if (make_memory(mem, kind, name, DMA_HUGE))
		return -1;
	/* Only a wish; what came out of it is seen below */
	madvise(mem->bytes, mem->size, MADV_HUGEPAGE);
	memset(mem->bytes, 0, mem->size);
	*error = map_ioas(vdev, mem, iova);
	if (*error)
		return 0;
	if (lookup(vdev, iova, size, length, &pa))
		return -1;
	if (*length >= size)
		return 1;
	unmap_ioas(vdev, mem, iova);
	return 0;
}

/*
 * The kernel may have to move a folio before it can be pinned, and when it is
 * short of folios of that size or somebody else has a short look at the folio,
 * that fails or leaves it in pieces. Another one may do. Those that did not are
 * kept until then, so as not to be given the same again.
 */
int dma_create_contiguous(const struct vfio_device *vdev,
			  struct dma_memory *mem, enum dma_kind kind,
			  const char *name, uint64_t size, uint64_t iova)
{
	struct dma_memory useless[ATTEMPTS];
	int count, found = 0, error = 0;
	uint64_t length = 0;

	for (count = 0; count < ATTEMPTS; count++) {
		found = try_folio(vdev, mem, kind, name, size, iova, &error,
				  &length);
		if (found)
			break;
		useless[count] = *mem;
	}
	while (count--)
		destroy(&useless[count]);
	if (found)
		return found < 0 ? -1 : 0;
	return error ? map_failed(name, mem, error) :
		       in_pieces(name, size, length);
}

int dma_adopt(struct dma_memory *mem, int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return fail("memfd %s: descriptor %d is not a memfd with contents",
			    name, fd);
	mem->fd = fd;
	mem->kind = DMA_MEMFD;
	mem->size = (uint64_t)st.st_size;
	return map_memfd(mem, name);
}

int dma_get(int iommufd, uint32_t ioas_id, uint64_t iova, uint64_t size,
	    struct dma_memory *mem, const char *name)
{
	uint64_t offset, length;
	void *map;
	int fd;

	fd = holdfast_memory(iommufd, ioas_id, iova, &offset, &length);
	if (fd < 0)
		return fail("%s: %s", name, holdfast_error());
	if (length < size) {
		close(fd);
		return fail("%s: 0x%llx bytes at IOVA 0x%llx, 0x%llx are wanted",
			    name, (unsigned long long)length,
			    (unsigned long long)iova, (unsigned long long)size);
	}
	map = map_aligned(fd, offset, size, MAP_SHARED);
	/* The mapping holds it */
	close(fd);
	if (map == MAP_FAILED)
		return fail("%s: cannot map %llu bytes: %m", name,
			    (unsigned long long)size);
	*mem = (struct dma_memory){
		.fd = -1,
		.kind = DMA_ANON,
		.bytes = map,
		.size = size,
	};
	return 0;
}

/* Goes through the pages of a range; either fills @pages or counts @wrong */
static int walk(const struct vfio_device *vdev, uint64_t iova, uint64_t count,
		uint64_t *pages, const uint64_t *expected, uint64_t *wrong)
{
	struct holdfast_table *table = read_table(vdev, iova, count * DMA_PAGE);
	uint64_t pa;
	int ret = 0;

	if (!table)
		return -1;
	for (uint64_t i = 0; i < count && !ret; i++) {
		if (holdfast_table_find(table, iova + i * DMA_PAGE, &pa, NULL))
			ret = fail("%s", holdfast_error());
		else if (pages)
			pages[i] = pa;
		else if (expected[i] != pa)
			(*wrong)++;
	}
	holdfast_table_free(table);
	return ret;
}

int dma_table(const struct vfio_device *vdev, uint64_t iova, uint64_t count,
	      uint64_t *pages)
{
	return walk(vdev, iova, count, pages, NULL, NULL);
}

int dma_compare(const struct vfio_device *vdev, uint64_t iova, uint64_t count,
		const uint64_t *pages, uint64_t *wrong)
{
	return walk(vdev, iova, count, NULL, pages, wrong);
}

int dma_contiguous(const struct vfio_device *vdev, const char *name,
		   uint64_t iova, uint64_t size, uint64_t *pa)
{
	uint64_t length;

	if (lookup(vdev, iova, size, &length, pa))
		return -1;
	return length < size ? in_pieces(name, size, length) : 0;
}
