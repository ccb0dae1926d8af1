// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be done to a memfd while it is preserved: nothing that changes which
 * pages it consists of. Everything else goes on working. Needs no device.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(memfd)
{
	int luo;
	int session;
	int memfd;
	char *map;
};

FIXTURE_SETUP(memfd)
{
	self->luo = luo_open();
	if (self->luo < 0)
		SKIP(return, "/dev/liveupdate: %s", strerror(-self->luo));
	self->session = luo_create_session(self->luo, "memfd");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
	self->map = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->memfd, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
}

FIXTURE_TEARDOWN(memfd)
{
}

TEST_F(memfd, contents_can_be_used)
{
	char byte;

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(0x5a, self->map[AREA_SIZE - 1]);
	self->map[1] = 1;
	ASSERT_EQ(1, pread(self->memfd, &byte, 1, 1));
	ASSERT_EQ(1, byte);
	byte = 2;
	ASSERT_EQ(1, pwrite(self->memfd, &byte, 1, 2));
	ASSERT_EQ(2, self->map[2]);
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(1, self->map[1]);
	ASSERT_EQ(2, self->map[2]);
}

/* A device finds memory behind every page: there are no holes afterwards */
TEST_F(memfd, holes_are_filled)
{
	int sparse = memfd_create("sparse", MFD_CLOEXEC);
	struct stat st;

	ASSERT_EQ(0, ftruncate(sparse, AREA_SIZE));
	ASSERT_EQ(0, fstat(sparse, &st));
	ASSERT_EQ(0, st.st_blocks);
	ASSERT_EQ(0, luo_preserve_fd(self->session, sparse, 1));
	ASSERT_EQ(0, fstat(sparse, &st));
	ASSERT_EQ((blkcnt_t)AREA_SIZE / 512, st.st_blocks);
}

/* The next kernel would not know that a page is bad */
TEST_F(memfd, hardware_error)
{
	int kmsg = kmsg_open();
	int rc;

	ASSERT_GE(kmsg, 0);
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(0, close(self->session));
	self->session = luo_create_session(self->luo, "memfd");
	ASSERT_GE(self->session, 0);

	rc = poison_page(self->map + 3 * PAGE_SIZE);
	if (rc == -EOPNOTSUPP || rc == -EPERM)
		SKIP(return, "no hardware errors can be injected: %s", strerror(-rc));
	ASSERT_EQ(0, rc);
	ASSERT_EQ(-EHWPOISON, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_TRUE(kmsg_has(kmsg, "cannot preserve a file whose page 3 has a hardware error"));
	/* With another page in its place it can be preserved, and changed until then */
	ASSERT_EQ(0, fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE_SIZE, PAGE_SIZE));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
}

TEST_F(memfd, empty)
{
	int empty = memfd_create("empty", MFD_CLOEXEC);

	ASSERT_GE(empty, 0);
	ASSERT_EQ(0, luo_preserve_fd(self->session, empty, 1));
	ASSERT_EQ(-1, ftruncate(empty, AREA_SIZE));
	ASSERT_EQ(EPERM, errno);
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, ftruncate(empty, AREA_SIZE));
}

/* It has a name, so anybody can come back to it: that is not a memfd */
TEST_F(memfd, file_with_a_name)
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

	EXPECT_EQ(-ENOENT, luo_preserve_fd(self->session, fd, 1));
	ASSERT_EQ(0, unlink(path[i]));
	/* Now it is like one */
	ASSERT_EQ(0, luo_preserve_fd(self->session, fd, 1));
}

TEST_F(memfd, hugetlb)
{
	int huge = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	if (huge < 0 || ftruncate(huge, 2 << 20) || fallocate(huge, 0, 0, 2 << 20))
		SKIP(return, "no huge pages: %s", strerror(errno));
	ASSERT_EQ(-ENOENT, luo_preserve_fd(self->session, huge, 1));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
}

/* What changes the pages of a file, one way at a time */
FIXTURE(memfd_change)
{
	int luo;
	int session;
	int memfd;
};

static int shrink(int memfd)
{
	return ftruncate(memfd, AREA_SIZE - PAGE_SIZE);
}

static int grow(int memfd)
{
	return ftruncate(memfd, AREA_SIZE + PAGE_SIZE);
}

static int punch(int memfd)
{
	return fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE_SIZE, PAGE_SIZE);
}

static int allocate_behind(int memfd)
{
	return fallocate(memfd, FALLOC_FL_KEEP_SIZE, AREA_SIZE, PAGE_SIZE);
}

static int write_behind(int memfd)
{
	return pwrite(memfd, "x", 1, AREA_SIZE) == 1 ? 0 : -1;
}

static int remove_pages(int memfd)
{
	void *map = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	int rc;

	if (map == MAP_FAILED)
		return -1;
	rc = madvise(map, PAGE_SIZE, MADV_REMOVE);
	munmap(map, AREA_SIZE);
	return rc;
}

FIXTURE_VARIANT(memfd_change)
{
	int (*change)(int memfd);
};

FIXTURE_VARIANT_ADD(memfd_change, shrink) { .change = shrink };
FIXTURE_VARIANT_ADD(memfd_change, grow) { .change = grow };
FIXTURE_VARIANT_ADD(memfd_change, punch_hole) { .change = punch };
FIXTURE_VARIANT_ADD(memfd_change, allocate_behind_the_end) { .change = allocate_behind };
FIXTURE_VARIANT_ADD(memfd_change, write_behind_the_end) { .change = write_behind };
FIXTURE_VARIANT_ADD(memfd_change, madv_remove) { .change = remove_pages };

FIXTURE_SETUP(memfd_change)
{
	self->luo = luo_open();
	if (self->luo < 0)
		SKIP(return, "/dev/liveupdate: %s", strerror(-self->luo));
	self->session = luo_create_session(self->luo, "memfd");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
}

FIXTURE_TEARDOWN(memfd_change)
{
}

TEST_F(memfd_change, refused_while_preserved)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(-1, variant->change(self->memfd));
	ASSERT_EQ(EPERM, errno);
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, variant->change(self->memfd));
}

TEST_HARNESS_MAIN
