// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which contexts of iommufd can be preserved. Each refusal leaves the context as
 * it was: it can be changed, and preserved once the reason is gone.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/vfio.h>

#include "kselftest_harness.h"
#include "util.h"

enum { MEMFD = 1, IOMMUFD, MEMFD2 };

FIXTURE(context)
{
	int luo;
	int session;
	int iommufd;
	int memfd;
	__u32 ioas;
};

FIXTURE_SETUP(context)
{
	const char *why = open_devices(&self->luo, &self->iommufd);

	if (why)
		SKIP(return, "%s", why);
	self->session = luo_create_session(self->luo, "context");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_mapped(self->iommufd, &self->ioas);
	ASSERT_GE(self->memfd, 0);
}

FIXTURE_TEARDOWN(context)
{
}

/* What all the others differ from in one point */
TEST_F(context, memfd_then_iommufd)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
}

TEST_F(context, empty)
{
	int iommufd = iommufd_open();
	__u32 ioas;

	ASSERT_EQ(0, luo_preserve_fd(self->session, iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, ioas_alloc(iommufd, &ioas));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
}

TEST_F(context, memfd_not_preserved)
{
	ASSERT_EQ(-ENXIO, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));

	/* It was only the wrong order */
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, memfd_preserved_in_another_session)
{
	int another = luo_create_session(self->luo, "another");

	ASSERT_EQ(0, luo_preserve_fd(another, self->memfd, MEMFD));
	ASSERT_EQ(-ENXIO, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, luo_preserve_fd(another, self->iommufd, IOMMUFD));
}

TEST_F(context, one_of_two_memfds_not_preserved)
{
	int second = memfd_filled(AREA_SIZE);
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, ioas, second, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ENXIO, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, ioas));
	ASSERT_EQ(0, luo_preserve_fd(self->session, second, MEMFD2));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

/* The other description of the same memory will do */
TEST_F(context, memfd_opened_again)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->memfd);
	again = open(path, O_RDWR);
	ASSERT_GE(again, 0);
	ASSERT_EQ(0, close(self->memfd));
	ASSERT_EQ(0, luo_preserve_fd(self->session, again, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, anonymous_memory)
{
	void *anon = anon_pages(AREA_SIZE);

	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, anon, AREA_SIZE, 2 * AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));

	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 2 * AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

/* The same memory, but mapped through a process that will be gone */
TEST_F(context, memfd_mapped_by_address)
{
	void *map = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->memfd, 0);
	int rc;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, map, AREA_SIZE, 2 * AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));

	/* iommufd finds the memfd behind the address by itself: either is right */
	rc = luo_preserve_fd(self->session, self->iommufd, IOMMUFD);
	if (rc) {
		ASSERT_EQ(-EOPNOTSUPP, rc);
		ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
		ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 2 * AREA_IOVA, AREA_SIZE));
		ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	}
}

/*
 * Nobody checks the length of the file as long as nothing is pinned. But what
 * the next kernel would refuse to map must not be preserved, as it could not be
 * retrieved, and neither could a device of the same context.
 */
TEST_F(context, area_behind_the_end_of_the_memfd)
{
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, AREA_SIZE, PAGE_SIZE, 2 * AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ERANGE, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 2 * AREA_IOVA, PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, memfd_truncated_after_mapping)
{
	ASSERT_EQ(0, ftruncate(self->memfd, AREA_SIZE - PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ERANGE, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, close(self->session));

	ASSERT_EQ(0, ftruncate(self->memfd, AREA_SIZE));
	self->session = luo_create_session(self->luo, "context");
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

/* The end of the last page is not the end of the file: that is how pages are */
TEST_F(context, memfd_of_odd_length)
{
	ASSERT_EQ(0, ftruncate(self->memfd, AREA_SIZE - PAGE_SIZE + 1));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, hugetlb)
{
	int huge = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	if (huge < 0 || ftruncate(huge, 2 << 20) || fallocate(huge, 0, 0, 2 << 20))
		SKIP(return, "no huge pages: %s", strerror(errno));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, huge, 0, 2 << 20, 2 * AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ENXIO, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));

	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 2 * AREA_IOVA, 2 << 20));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, file_with_a_name)
{
	static char path[][32] = { "/dev/shm/kselftest.XXXXXX", "/run/kselftest.XXXXXX", "/dev/kselftest.XXXXXX" };
	struct statfs fs;
	unsigned int i;
	int fd = -1;

	for (i = 0; i < ARRAY_SIZE(path); i++) {
		fd = mkstemp(path[i]);
		if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == TMPFS_MAGIC)
			break;
		if (fd >= 0)
			unlink(path[i]);
	}
	if (i == ARRAY_SIZE(path))
		SKIP(return, "no tmpfs to make a file in");

	ASSERT_EQ(0, ftruncate(fd, AREA_SIZE));
	EXPECT_EQ(0, ioas_map_file(self->iommufd, self->ioas, fd, 0, AREA_SIZE, 2 * AREA_IOVA));
	EXPECT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	EXPECT_EQ(-ENXIO, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	EXPECT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, unlink(path[i]));
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 2 * AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, no_cap_sys_rawio)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	if (cap_sys_rawio(false) || cap_sys_rawio(true))
		SKIP(return, "no CAP_SYS_RAWIO to do without");
	ASSERT_EQ(0, cap_sys_rawio(false));
	ASSERT_EQ(-EPERM, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, cap_sys_rawio(true));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

/* An object that belongs to devices behind an IOMMU */
TEST_F(context, object_that_is_not_carried)
{
	__u32 fault;
	int fd;

	ASSERT_EQ(0, iommufd_fault_alloc(self->iommufd, &fault, &fd));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));

	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, iommufd_destroy(self->iommufd, fault));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, used_as_container)
{
	ASSERT_EQ(0, iommufd_vfio_ioas(self->iommufd, IOMMU_VFIO_IOAS_SET, &self->ioas));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));

	ASSERT_EQ(0, iommufd_vfio_ioas(self->iommufd, IOMMU_VFIO_IOAS_CLEAR, &self->ioas));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, noiommu_container)
{
	int container = open("/dev/vfio/vfio", O_RDWR);
	int group = vfio_open_noiommu_group(0);

	if (container < 0 || group < 0)
		SKIP(return, "no /dev/vfio/vfio, or no noiommu group");

	ASSERT_EQ(0, luo_preserve_fd(self->session, container, IOMMUFD));
	ASSERT_EQ(0, close(self->session));

	ASSERT_EQ(0, ioctl(group, VFIO_GROUP_SET_CONTAINER, &container));
	self->session = luo_create_session(self->luo, "context");
	ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->session, container, IOMMUFD));
	ASSERT_EQ(0, ioctl(group, VFIO_GROUP_UNSET_CONTAINER));
}

TEST_F(context, preserved_twice)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(self->session, self->iommufd, IOMMUFD + 10));
	ASSERT_EQ(0, close(self->session));

	self->session = luo_create_session(self->luo, "context");
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context, preserved_in_two_sessions)
{
	int another = luo_create_session(self->luo, "another");

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(another, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, luo_preserve_fd(another, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(another, self->iommufd, IOMMUFD));
}

/* Closing every other reference does not take it out of the session */
TEST_F(context, closed_by_its_owner)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, close(self->iommufd));
	ASSERT_EQ(0, close(self->memfd));
	ASSERT_EQ(0, close(self->session));
	ASSERT_GE(luo_create_session(self->luo, "context"), 0);
}

/* Many times over: what a refusal or a close would leak adds up */
TEST_F_TIMEOUT(context, again_and_again, 60)
{
	void *anon = anon_pages(PAGE_SIZE);
	int i;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
		ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, anon, PAGE_SIZE, 2 * AREA_IOVA));
		ASSERT_EQ(-EOPNOTSUPP, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
		ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 2 * AREA_IOVA, PAGE_SIZE));
		ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
		ASSERT_EQ(0, close(self->session));
		self->session = luo_create_session(self->luo, "context");
		ASSERT_GE(self->session, 0);
	}
}

/* The same with a device, whose DMA depends on the pages */
FIXTURE(context_device)
{
	int luo;
	int session;
	int iommufd;
	int memfd;
	int device;
	__u32 ioas;
	__u32 dev_id;
};

FIXTURE_SETUP(context_device)
{
	const char *why = open_devices(&self->luo, &self->iommufd);
	char bdf[16];

	if (why)
		SKIP(return, "%s", why);
	self->device = vfio_open_noiommu(0, bdf);
	if (self->device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-self->device));
	self->session = luo_create_session(self->luo, "context");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
}

FIXTURE_TEARDOWN(context_device)
{
}

TEST_F(context_device, not_attached)
{
	ASSERT_EQ(0, vfio_bind(self->device, self->iommufd, &self->dev_id));
	ASSERT_EQ(-ENOTCONN, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, vfio_attach(self->device, self->ioas));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

TEST_F(context_device, detached_again)
{
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, vfio_detach(self->device));
	ASSERT_EQ(-ENOTCONN, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, close(self->device));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

/*
 * The device writes to the page that was there when it was mapped, the next
 * kernel would find another one in the file.
 */
TEST_F(context_device, page_replaced)
{
	__u64 phys, length = PAGE_SIZE, old_phys;

	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, AREA_IOVA + 3 * PAGE_SIZE, &old_phys, &length));

	ASSERT_EQ(0, fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE_SIZE, PAGE_SIZE));
	ASSERT_EQ(1, pwrite(self->memfd, "x", 1, 3 * PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ESTALE, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));

	/* Mapped again it is the page of the file */
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	length = PAGE_SIZE;
	ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, AREA_IOVA + 3 * PAGE_SIZE, &phys, &length));
	ASSERT_NE(old_phys, phys);
}

/* The last page, and by way of an area that begins in the middle of the file */
TEST_F(context_device, last_page_replaced)
{
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 4 * PAGE_SIZE, AREA_SIZE - 4 * PAGE_SIZE,
				   AREA_IOVA));
	/* Not mapped: it does not matter */
	ASSERT_EQ(0, fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, close(self->session));

	self->session = luo_create_session(self->luo, "context");
	ASSERT_EQ(0, fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, AREA_SIZE - PAGE_SIZE,
			       PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ESTALE, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
}

TEST_F(context_device, memfd_truncated_after_mapping)
{
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ftruncate(self->memfd, AREA_SIZE - PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(-ESTALE, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, AREA_IOVA, AREA_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
}

/* An IOAS that no device uses is carried as well; it must be one that can be */
TEST_F(context_device, unaligned_area)
{
	__u32 other;
	int rc;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &other));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, other, self->memfd, 0x10, 0x20, AREA_IOVA + 0x10));
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, close(self->session));

	/* Control: a device cannot use it, so it is never pinned */
	self->session = luo_create_session(self->luo, "context");
	ASSERT_EQ(0, vfio_detach(self->device));
	rc = vfio_attach(self->device, other);
	ASSERT_NE(0, rc);
}

/* Anonymous memory, pinned for a device. See iommufd_pages.c for more of that. */
TEST_F(context_device, anonymous_memory)
{
	void *anon = anon_pages(AREA_SIZE);

	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, anon, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, iommufd_usable(self->iommufd, self->ioas));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, iommufd_usable(self->iommufd, self->ioas));
}

TEST_HARNESS_MAIN
