// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a preserved context that is not a memfd's: what is carried, what is
 * refused, and that nobody preserves a page that somebody else has preserved.
 * IOMMU_IOAS_GET_MEMORY as far as it is of use without an update.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "kselftest_harness.h"
#include "util.h"
#include "vfio_use.h"

#define HUGE_PAGE	(2UL << 20)

FIXTURE(pages)
{
	struct vfio v;
};

/* A device without memory, attached, so that what is mapped is pinned */
FIXTURE_SETUP(pages)
{
	struct vfio *v = &self->v;
	const char *why = vfio_setup(v);

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, ioas_alloc(v->iommufd, &v->ioas));
	ASSERT_EQ(0, vfio_connect(v->device, v->iommufd, v->ioas, &v->dev_id));
}

FIXTURE_TEARDOWN(pages)
{
}

/* Preserve the context, give it back, and it is as it was */
static int preserve_and_back(struct vfio *v)
{
	int rc = luo_preserve_fd(v->session, v->iommufd, IOMMUFD);

	close(v->session);
	v->session = luo_create_session(v->luo, "back");
	return rc ?: iommufd_usable(v->iommufd, v->ioas);
}

static int get_memory(int iommufd, __u32 ioas, __u64 iova, struct iommu_ioas_get_memory *cmd)
{
	*cmd = (struct iommu_ioas_get_memory){ .size = sizeof(*cmd), .ioas_id = ioas, .iova = iova };
	return ioctl(iommufd, IOMMU_IOAS_GET_MEMORY, cmd) ? -errno : 0;
}

TEST_F(pages, anonymous)
{
	void *anon = anon_pages(AREA_SIZE);

	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, preserve_and_back(&self->v));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

/* The memory may be gone from the process, the device has it all the same */
TEST_F(pages, unmapped_from_the_process)
{
	void *anon = anon_pages(AREA_SIZE);

	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, munmap(anon, AREA_SIZE));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

TEST_F(pages, hugetlb)
{
	void *huge = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (huge == MAP_FAILED)
		SKIP(return, "no huge pages: %s", strerror(errno));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, huge, HUGE_PAGE, AREA_IOVA));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

TEST_F(pages, hugetlb_file)
{
	int huge = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	if (huge < 0 || ftruncate(huge, HUGE_PAGE) || fallocate(huge, 0, 0, HUGE_PAGE))
		SKIP(return, "no huge pages: %s", strerror(errno));
	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, huge, 0, HUGE_PAGE, AREA_IOVA));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

TEST_F(pages, memfd_not_preserved)
{
	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, self->v.memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

/* Several mappings of the same pages: each is preserved once */
TEST_F(pages, mapped_twice)
{
	char *anon = anon_pages(AREA_SIZE);
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(self->v.iommufd, &other));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon + PAGE_SIZE, PAGE_SIZE, 2 * AREA_IOVA));
	ASSERT_EQ(0, ioas_copy(self->v.iommufd, self->v.ioas, self->v.ioas, 2 * PAGE_SIZE, 3 * AREA_IOVA, AREA_IOVA));
	/* An IOAS without a table: the other one keeps the pages pinned */
	ASSERT_EQ(0, ioas_copy(self->v.iommufd, other, self->v.ioas, AREA_SIZE, AREA_IOVA, AREA_IOVA));
	ASSERT_EQ(0, preserve_and_back(&self->v));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

/* Until it does so no longer */
TEST_F(pages, copy_that_is_not_pinned_any_more)
{
	char *anon = anon_pages(AREA_SIZE);
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(self->v.iommufd, &other));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ioas_copy(self->v.iommufd, other, self->v.ioas, PAGE_SIZE, AREA_IOVA, AREA_IOVA));
	ASSERT_EQ(0, ioas_unmap(self->v.iommufd, self->v.ioas, AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(-EOPNOTSUPP, preserve_and_back(&self->v));
	ASSERT_EQ(0, ioas_unmap(self->v.iommufd, other, AREA_IOVA, PAGE_SIZE));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

/* The same page in two contexts: only one of them can have it */
TEST_F(pages, two_contexts)
{
	struct vfio second = {};
	char *anon = anon_pages(AREA_SIZE);
	const char *why = vfio_open_nth(&second, 1);

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, ioas_alloc(second.iommufd, &second.ioas));
	ASSERT_EQ(0, vfio_connect(second.device, second.iommufd, second.ioas, &second.dev_id));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ioas_map(second.iommufd, second.ioas, anon + 3 * PAGE_SIZE, PAGE_SIZE, AREA_IOVA));

	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
	ASSERT_EQ(-EEXIST, luo_preserve_fd(self->v.session, second.iommufd, IOMMUFD + 10));
	ASSERT_EQ(0, iommufd_usable(second.iommufd, second.ioas));
	ASSERT_EQ(0, ioas_unmap(second.iommufd, second.ioas, AREA_IOVA, PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, second.iommufd, IOMMUFD + 10));
}

/* The memory of a memfd goes with the context or by itself, not both */
TEST_F(pages, memfd_preserved_too_late)
{
	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, self->v.memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
	ASSERT_EQ(-EEXIST, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	ASSERT_EQ(0, close(self->v.session));

	self->v.session = luo_create_session(self->v.luo, "pages");
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
}

TEST_F(pages, memfd_preserved_in_another_session)
{
	int another = luo_create_session(self->v.luo, "another");

	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, self->v.memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(another, self->v.memfd, MEMFD));
	ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->v.iommufd, self->v.ioas));
	ASSERT_EQ(0, luo_preserve_fd(another, self->v.iommufd, IOMMUFD));
}

/* By address it is found as well, and the mapping may begin anywhere */
TEST_F(pages, memfd_by_address)
{
	char *map = mmap(NULL, AREA_SIZE - PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->v.memfd, PAGE_SIZE);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, map + PAGE_SIZE, PAGE_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
}

/* Where that cannot be told, it must not be taken for memory of its own */
TEST_F(pages, memfd_by_address_unmapped_again)
{
	char *map = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->v.memfd, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, map, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, munmap(map, AREA_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->v.iommufd, self->v.ioas));
	ASSERT_EQ(0, ioas_unmap(self->v.iommufd, self->v.ioas, AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
}

/* One mapping over a memfd that is preserved and memory that is not */
TEST_F(pages, half_of_a_memfd)
{
	char *both = anon_pages(2 * AREA_SIZE);
	int rc;

	ASSERT_EQ(both, mmap(both, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, self->v.memfd, 0));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, both, 2 * AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	rc = luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD);
	ASSERT_EQ(-ESTALE, rc);
	ASSERT_EQ(0, iommufd_usable(self->v.iommufd, self->v.ioas));
}

/* A private mapping of a memfd has pages of its own */
TEST_F(pages, private_mapping_of_a_memfd)
{
	char *map = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->v.memfd, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, map, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
}

/* A file system whose page cache is not shmem's */
static int file_in_ramfs(void)
{
	char dir[] = "/tmp/pages.XXXXXX", path[64];
	int fd = -ENODEV;

	mkdir("/tmp", 0755);
	if (!mkdtemp(dir))
		return -errno;
	if (!mount("none", dir, "ramfs", 0, NULL)) {
		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return fd;
}

/* Page cache is mapped for reading only. It is the file's, and no memory to carry */
TEST_F(pages, page_cache)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.ioas_id = self->v.ioas,
		.length = PAGE_SIZE,
		.iova = AREA_IOVA,
	};
	int fd = file_in_ramfs();
	void *map;

	if (fd < 0)
		SKIP(return, "no ramfs: %s", strerror(-fd));
	ASSERT_EQ(0, ftruncate(fd, PAGE_SIZE));
	map = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	cmd.user_va = (uintptr_t)map;
	ASSERT_EQ(0, ioctl(self->v.iommufd, IOMMU_IOAS_MAP, &cmd));
	ASSERT_EQ(-EOPNOTSUPP, preserve_and_back(&self->v));
	ASSERT_EQ(0, ioas_unmap(self->v.iommufd, self->v.ioas, AREA_IOVA, PAGE_SIZE));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

/* What the device may only read is carried as well, from whatever it was mapped */
TEST_F(pages, read_only)
{
	struct iommu_ioas_map anon = {
		.size = sizeof(anon),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.ioas_id = self->v.ioas,
		.user_va = (uintptr_t)mmap(NULL, AREA_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		.length = AREA_SIZE,
		.iova = AREA_IOVA,
	};
	struct iommu_ioas_map_file file = {
		.size = sizeof(file),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.ioas_id = self->v.ioas,
		.length = AREA_SIZE,
		.iova = 2 * AREA_IOVA,
	};
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->v.memfd);
	file.fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file.fd);
	ASSERT_EQ(0, ioctl(self->v.iommufd, IOMMU_IOAS_MAP, &anon));
	ASSERT_EQ(0, ioctl(self->v.iommufd, IOMMU_IOAS_MAP_FILE, &file));
	/* The memfd left behind, and then preserved itself */
	ASSERT_EQ(0, preserve_and_back(&self->v));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
}

/* Preserve fails, and the kernel's line has @text */
static int refused_saying(struct vfio *v, const char *text)
{
	int kmsg = kmsg_open();
	int rc;

	if (kmsg < 0)
		return kmsg;
	rc = preserve_and_back(v);
	if (rc && !kmsg_has(kmsg, text))
		rc = -ENOMSG;
	close(kmsg);
	return rc;
}

/* The first @size bytes of BAR 0 as a dma-buf */
static int dma_buf_of(struct vfio *v, size_t size)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_dma_buf get;
		struct vfio_region_dma_range range;
	} __attribute__((packed)) cmd = {
		.feature.argsz = sizeof(cmd),
		.feature.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
		.get.region_index = VFIO_PCI_BAR0_REGION_INDEX,
		.get.open_flags = O_RDWR | O_CLOEXEC,
		.get.nr_ranges = 1,
		.range.length = size,
	};
	int fd = ioctl(v->device, VFIO_DEVICE_FEATURE, &cmd);

	return fd < 0 ? -errno : fd;
}

/* Memory of a device is mapped as a dma-buf, and stays with the device */
TEST_F(pages, dma_buf)
{
	__u64 offset;
	size_t size;
	int fd;

	ASSERT_EQ(0, vfio_bar0(self->v.device, &offset, &size));
	fd = dma_buf_of(&self->v, size);
	if (fd < 0)
		SKIP(return, "no dma-buf of a BAR: %s", strerror(-fd));
	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, fd, 0, size, AREA_IOVA));
	ASSERT_EQ(-EOPNOTSUPP, refused_saying(&self->v, "a dma-buf is mapped at IOVA 0x40000000"));
	ASSERT_EQ(0, ioas_unmap(self->v.iommufd, self->v.ioas, AREA_IOVA, size));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

/* The next kernel would not know that a page is bad */
TEST_F(pages, hardware_error)
{
	char *anon = anon_pages(AREA_SIZE);
	int rc;

	ASSERT_EQ(0, madvise(anon, AREA_SIZE, MADV_NOHUGEPAGE));
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, preserve_and_back(&self->v));
	rc = poison_page(anon + 3 * PAGE_SIZE);
	if (rc == -EOPNOTSUPP || rc == -EPERM)
		SKIP(return, "no hardware errors can be injected: %s", strerror(-rc));
	ASSERT_EQ(0, rc);
	ASSERT_EQ(-EOPNOTSUPP,
		  refused_saying(&self->v, "IOVA 0x40003000: a page with a hardware error is not carried"));
	ASSERT_EQ(0, ioas_unmap(self->v.iommufd, self->v.ioas, AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(0, preserve_and_back(&self->v));
}

TEST_F(pages, get_memory)
{
	struct iommu_ioas_get_memory cmd;
	char *map, *anon = anon_pages(PAGE_SIZE);

	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, self->v.memfd, PAGE_SIZE, AREA_SIZE - PAGE_SIZE,
				   AREA_IOVA));
	ASSERT_EQ(0, get_memory(self->v.iommufd, self->v.ioas, AREA_IOVA + PAGE_SIZE, &cmd));
	ASSERT_EQ(2 * PAGE_SIZE, cmd.out_offset);
	ASSERT_EQ(AREA_SIZE - 2 * PAGE_SIZE, cmd.out_length);
	map = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, cmd.out_fd, cmd.out_offset);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(1, pwrite(self->v.memfd, "x", 1, 2 * PAGE_SIZE));
	ASSERT_EQ('x', *map);
	ASSERT_EQ(FD_CLOEXEC, fcntl(cmd.out_fd, F_GETFD));

	ASSERT_EQ(-ENOENT, get_memory(self->v.iommufd, self->v.ioas, AREA_IOVA + AREA_SIZE, &cmd));
	ASSERT_EQ(-ENOENT, get_memory(self->v.iommufd, self->v.dev_id, AREA_IOVA, &cmd));
	ASSERT_EQ(-EOVERFLOW, get_memory(self->v.iommufd, self->v.ioas, ~0ull, &cmd));
	cmd.flags = 1;
	ASSERT_EQ(-1, ioctl(self->v.iommufd, IOMMU_IOAS_GET_MEMORY, &cmd));
	ASSERT_EQ(EOPNOTSUPP, errno);

	/* Whoever mapped it by address has it mapped */
	ASSERT_EQ(0, ioas_map(self->v.iommufd, self->v.ioas, anon, PAGE_SIZE, 2 * AREA_IOVA));
	ASSERT_EQ(-EOPNOTSUPP, get_memory(self->v.iommufd, self->v.ioas, 2 * AREA_IOVA, &cmd));
}

/* What the device may only read, nobody gets for writing */
TEST_F(pages, get_memory_read_only)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.ioas_id = self->v.ioas,
		.fd = self->v.memfd,
		.length = AREA_SIZE,
		.iova = AREA_IOVA,
	};
	struct iommu_ioas_get_memory cmd;

	ASSERT_EQ(0, ioctl(self->v.iommufd, IOMMU_IOAS_MAP_FILE, &map));
	ASSERT_EQ(0, get_memory(self->v.iommufd, self->v.ioas, AREA_IOVA, &cmd));
	ASSERT_EQ(MAP_FAILED, mmap(NULL, PAGE_SIZE, PROT_WRITE, MAP_SHARED, cmd.out_fd, 0));
	ASSERT_EQ(EACCES, errno);
	ASSERT_EQ(-1, write(cmd.out_fd, "x", 1));
	ASSERT_NE(MAP_FAILED, mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, cmd.out_fd, 0));
}

/* A context that is preserved can still be asked */
TEST_F(pages, get_memory_while_preserved)
{
	struct iommu_ioas_get_memory cmd;

	ASSERT_EQ(0, ioas_map_file(self->v.iommufd, self->v.ioas, self->v.memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD));
	ASSERT_EQ(0, get_memory(self->v.iommufd, self->v.ioas, AREA_IOVA, &cmd));
}

TEST_HARNESS_MAIN
