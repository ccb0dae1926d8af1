// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may hand a device over: who has CAP_SYS_RAWIO in the initial user namespace,
 * since a descriptor of a noiommu device is worth all of memory. Another user, a
 * user namespace of one's own, or all other capabilities do not help, not even
 * with descriptors that somebody privileged has opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "kselftest_harness.h"
#include "vfio_use.h"

#define NOBODY	65534

/* Some distributions have a switch for what nobody does below */
#define UNPRIVILEGED_USERNS	"/proc/sys/kernel/unprivileged_userns_clone"

static void allow_user_namespaces(bool allow)
{
	int fd = open(UNPRIVILEGED_USERNS, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, allow ? "1" : "0", 1) != 1)
		perror(UNPRIVILEGED_USERNS);
	close(fd);
}

static bool user_namespaces_allowed(void)
{
	int fd = open(UNPRIVILEGED_USERNS, O_RDONLY | O_CLOEXEC);
	char allowed = '1';

	if (fd >= 0 && read(fd, &allowed, 1) != 1)
		perror(UNPRIVILEGED_USERNS);
	close(fd);
	return allowed == '1';
}

FIXTURE(privilege)
{
	struct vfio v;
	bool allowed;
};

FIXTURE_SETUP(privilege)
{
	const char *reason;

	if (geteuid())
		SKIP(return, "needs root, to do without");
	reason = vfio_setup(&self->v);
	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
	ASSERT_EQ(0, luo_preserve_fd(self->v.session, self->v.memfd, MEMFD));
	self->allowed = user_namespaces_allowed();
	allow_user_namespaces(true);
}

FIXTURE_TEARDOWN(privilege)
{
	if (!self->allowed)
		allow_user_namespaces(false);
}

static int get_extents(struct vfio *v)
{
	struct iommu_noiommu_extent extents[4];
	struct iommu_ioas_noiommu_get_extents get = {
		.ioas_id = v->ioas,
		.nr_extents = 4,
		.extents_uptr = (uintptr_t)extents,
	};

	return ioas_get_extents(v->iommufd, &get);
}

static int get_pa(struct vfio *v)
{
	__u64 phys, length = PAGE_SIZE;

	return ioas_get_pa(v->iommufd, v->ioas, AREA_IOVA, &phys, &length);
}

static int get_memory(struct vfio *v)
{
	struct iommu_ioas_get_memory get = {
		.size = sizeof(get),
		.ioas_id = v->ioas,
		.iova = AREA_IOVA,
	};

	if (ioctl(v->iommufd, IOMMU_IOAS_GET_MEMORY, &get))
		return -errno;
	close(get.out_fd);
	return 0;
}

static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/*
 * What @v offers, with descriptors that were opened by somebody else. Returns the
 * number of the first line that is not as it should be, or 0.
 */
#define EXPECT(expected, call)			\
	do {					\
		if ((call) != (expected))	\
			return __LINE__;	\
	} while (0)

static int without_privilege(struct vfio *v)
{
	char bdf[16];

	EXPECT(-EPERM, get_extents(v));
	EXPECT(-EPERM, get_pa(v));
	EXPECT(-EPERM, get_memory(v));
	EXPECT(-EPERM, luo_preserve_fd(v->session, v->iommufd, IOMMUFD));
	EXPECT(-EPERM, luo_preserve_fd(v->session, v->device, DEVICE));
	/* By the mode of the file, or by the capability */
	if (vfio_open_noiommu(1, bdf) != -EACCES)
		EXPECT(-EPERM, vfio_open_noiommu(1, bdf));
	EXPECT(-EPERM, kexec_image_load());
	EXPECT(-EPERM, kexec_reboot());
	return 0;
}

static int with_privilege(struct vfio *v)
{
	EXPECT(0, get_extents(v));
	EXPECT(0, get_pa(v));
	EXPECT(0, get_memory(v));
	EXPECT(0, luo_preserve_fd(v->session, v->iommufd, IOMMUFD));
	EXPECT(0, luo_preserve_fd(v->session, v->device, DEVICE));
	return 0;
}

/* Run @work in a process of its own, which gives up what it has first */
static int as_somebody_else(int (*become)(void), int (*work)(struct vfio *v), struct vfio *v)
{
	int pipefd[2], line = -1;
	pid_t pid;

	if (pipe(pipefd))
		return -errno;
	pid = fork();
	if (!pid) {
		line = become();
		if (!line)
			line = work(v);
		_exit(write(pipefd[1], &line, sizeof(line)) != sizeof(line));
	}
	close(pipefd[1]);
	if (read(pipefd[0], &line, sizeof(line)) != sizeof(line))
		line = -EIO;
	close(pipefd[0]);
	waitpid(pid, NULL, 0);
	return line;
}

static int become_nobody(void)
{
	return setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY) ? -errno : 0;
}

/* With all capabilities, and CAP_SYS_RAWIO among them, over nothing */
static int become_root_of_a_namespace(void)
{
	static const char map[] = "0 0 1";
	int fd;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return -errno;
	close(fd);
	return 0;
}

static int become_nobody_in_a_namespace(void)
{
	int rc = become_nobody();

	if (rc)
		return rc;
	/* The files in /proc belong to root otherwise */
	prctl(PR_SET_DUMPABLE, 1);
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

TEST_F(privilege, nobody)
{
	ASSERT_EQ(0, as_somebody_else(become_nobody, without_privilege, &self->v));
	ASSERT_EQ(0, with_privilege(&self->v));
}

#define SKIP_WITHOUT_USER_NAMESPACES()				\
	do {							\
		if (access("/proc/self/ns/user", F_OK))		\
			SKIP(return, "no user namespaces");	\
	} while (0)

TEST_F(privilege, user_namespace_of_root)
{
	SKIP_WITHOUT_USER_NAMESPACES();
	ASSERT_EQ(0, as_somebody_else(become_root_of_a_namespace, without_privilege, &self->v));
	ASSERT_EQ(0, with_privilege(&self->v));
}

TEST_F(privilege, user_namespace_of_nobody)
{
	SKIP_WITHOUT_USER_NAMESPACES();
	ASSERT_EQ(0, as_somebody_else(become_nobody_in_a_namespace, without_privilege, &self->v));
	ASSERT_EQ(0, with_privilege(&self->v));
}

static int open_nothing(struct vfio *v)
{
	char bdf[16];

	EXPECT(-EACCES, open_path("/dev/liveupdate"));
	EXPECT(-EACCES, luo_open());
	EXPECT(-EACCES, vfio_open_noiommu(0, bdf));
	EXPECT(-EACCES, open_path("/sys/kernel/debug"));
	EXPECT(-EACCES, open_path("/sys/kernel/debug/kho"));
	(void)v;
	return 0;
}

/* Nodes that only root may open. The file of LUO is free now, so it is not EBUSY */
TEST_F(privilege, nobody_opens_anything)
{
	ASSERT_EQ(0, close(self->v.luo));
	if (mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL) && errno != EBUSY)
		SKIP(return, "no debugfs: %s", strerror(errno));
	ASSERT_EQ(0, open_path("/sys/kernel/debug"));
	ASSERT_EQ(0, as_somebody_else(become_nobody, open_nothing, &self->v));
	self->v.luo = luo_open();
	ASSERT_GE(self->v.luo, 0);
}

static int mount_debugfs(struct vfio *v)
{
	(void)v;
	if (unshare(CLONE_NEWNS))
		return -errno;
	EXPECT(-1, mount("debugfs", "/mnt", "debugfs", 0, NULL));
	EXPECT(EPERM, errno);
	return 0;
}

TEST_F(privilege, debugfs_in_a_user_namespace)
{
	SKIP_WITHOUT_USER_NAMESPACES();
	mkdir("/mnt", 0755);
	ASSERT_EQ(0, as_somebody_else(become_root_of_a_namespace, mount_debugfs, &self->v));
}

/* One capability after the other: one of them is needed, and no other */
TEST_F(privilege, each_capability)
{
	struct vfio *v = &self->v;
	unsigned int cap;
	char bdf[16];
	int rc;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool needed = cap == CAP_SYS_RAWIO;

		ASSERT_EQ(0, cap_effective(cap, false));
		rc = get_extents(v);
		EXPECT_EQ(needed ? -EPERM : 0, rc);
		rc = get_memory(v);
		EXPECT_EQ(needed ? -EPERM : 0, rc);
		rc = luo_preserve_fd(v->session, v->iommufd, IOMMUFD);
		EXPECT_EQ(needed ? -EPERM : 0, rc);
		rc = luo_preserve_fd(v->session, v->device, DEVICE);
		EXPECT_EQ(needed ? -EPERM : 0, rc);
		rc = vfio_open_noiommu(1, bdf);
		EXPECT_EQ(needed, rc == -EPERM);
		if (rc >= 0)
			close(rc);
		ASSERT_EQ(0, cap_effective(cap, true));
		ASSERT_EQ(0, give_back(v));
		ASSERT_EQ(0, luo_preserve_fd(v->session, v->memfd, MEMFD));
	}
}

/* What needs CAP_SYS_RAWIO needs nothing else */
TEST_F(privilege, no_other_capability)
{
	struct vfio *v = &self->v;
	unsigned int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (cap != CAP_SYS_RAWIO)
			ASSERT_EQ(0, cap_effective(cap, false));
	}
	ASSERT_EQ(0, with_privilege(v));
}

TEST_HARNESS_MAIN
