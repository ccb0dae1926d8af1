// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that are reset together: none of them is, in whatever way, as long as
 * one is preserved. And a preserved function keeps its driver until it is given
 * back. Needs a function whose device has others that may be bound to vfio-pci.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "kselftest_harness.h"
#include "vfio_use.h"

/* Loading an image takes a while under emulation */
#define SLOW	120

#define MAX_FUNCTIONS	8

struct hot_reset_info {
	struct vfio_pci_hot_reset_info hdr;
	struct vfio_pci_dependent_device devices[MAX_FUNCTIONS];
};

FIXTURE(set)
{
	struct vfio v;
	char sibling[16];
	int device;		/* of the sibling */
	__u32 dev_id;
};

/* The device file of a function */
static int open_function(const char *bdf)
{
	char name[16];
	unsigned int n;
	int fd;

	for (n = 0;; n++) {
		fd = vfio_open_noiommu(n, name);
		if (fd < 0 || !strcmp(name, bdf))
			return fd;
		close(fd);
	}
}

/* QEMU's device for teaching, with another function beside it that nobody uses */
static const char *find_set(struct vfio *v, char sibling[16])
{
	const char *reason = vfio_setup_ids(v, 0x1234, 0x11e8);
	char path[64];
	unsigned int fn;

	if (reason)
		return reason;
	for (fn = 0; fn < MAX_FUNCTIONS; fn++) {
		snprintf(sibling, 16, "%.11s%u", v->bdf, fn);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", sibling);
		if (strcmp(sibling, v->bdf) && !access(path, F_OK))
			return bind_vfio(sibling) ? "cannot bind the other function" : NULL;
	}
	return "it has no other function";
}

FIXTURE_SETUP(set)
{
	const char *reason = find_set(&self->v, self->sibling);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
	self->device = open_function(self->sibling);
	ASSERT_GE(self->device, 0);
}

FIXTURE_TEARDOWN(set)
{
	kexec_image_unload();
}

static int hot_reset_info(int device, struct hot_reset_info *info)
{
	memset(info, 0, sizeof(*info));
	info->hdr.argsz = sizeof(*info);
	return ioctl(device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) ? -errno : 0;
}

#define SKIP_WITHOUT_HOT_RESET()								\
	do {											\
		struct hot_reset_info _info;							\
												\
		if (hot_reset_info(self->v.device, &_info) == -ENODEV)				\
			SKIP(return, "neither slot nor bus can be reset");			\
	} while (0)

TEST_F(set, hot_reset_by_the_owner_of_both)
{
	struct vfio *v = &self->v;

	SKIP_WITHOUT_HOT_RESET();
	ASSERT_EQ(0, vfio_connect(self->device, v->iommufd, v->ioas, &self->dev_id));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(-EBUSY, vfio_hot_reset(v->device));
	ASSERT_EQ(-EBUSY, vfio_hot_reset(self->device));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, vfio_hot_reset(self->device));
}

TEST_F(set, hot_reset_by_another_owner)
{
	struct vfio *v = &self->v;
	int another = iommufd_open();
	__u32 ioas;

	SKIP_WITHOUT_HOT_RESET();
	ASSERT_EQ(0, ioas_alloc(another, &ioas));
	ASSERT_EQ(0, vfio_connect(self->device, another, ioas, &self->dev_id));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(-EINVAL, vfio_hot_reset(self->device));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(-EINVAL, vfio_hot_reset(self->device));

	/* It only was not its own */
	ASSERT_EQ(0, close(self->device));
	self->device = open_function(self->sibling);
	ASSERT_GE(self->device, 0);
	ASSERT_EQ(0, vfio_connect(self->device, v->iommufd, v->ioas, &self->dev_id));
	ASSERT_EQ(0, vfio_hot_reset(self->device));
}

/* Who is in the set, and whose it is, does not change */
TEST_F(set, hot_reset_info)
{
	struct hot_reset_info before, preserved;
	struct vfio *v = &self->v;

	SKIP_WITHOUT_HOT_RESET();
	ASSERT_EQ(0, vfio_connect(self->device, v->iommufd, v->ioas, &self->dev_id));
	ASSERT_EQ(0, hot_reset_info(v->device, &before));
	ASSERT_GE(before.hdr.count, 2);
	ASSERT_TRUE(before.hdr.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED);
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(0, hot_reset_info(v->device, &preserved));
	ASSERT_EQ(0, memcmp(&before, &preserved, sizeof(before)));
}

/* A function without a reset of its own has the bus reset when it is closed */
TEST_F(set, sibling_is_closed)
{
	struct vfio *v = &self->v;
	int another = iommufd_open();
	__u32 ioas, before, after;

	ASSERT_EQ(0, vfio_config_write(v->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(0, ioas_alloc(another, &ioas));
	ASSERT_EQ(0, vfio_connect(self->device, another, ioas, &self->dev_id));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before));
	ASSERT_EQ(0, close(self->device));

	/* Nobody else has it open any more, but it is preserved */
	ASSERT_EQ(0, close(v->device));
	ASSERT_EQ(0, close(v->iommufd));
	v->device = open_function(self->sibling);
	ASSERT_GE(v->device, 0);
	v->iommufd = iommufd_open();
	ASSERT_EQ(0, vfio_bind(v->device, v->iommufd, &v->dev_id));
	ASSERT_EQ(0, close(v->device));
	ASSERT_EQ(0, read_raw_config(v->bdf, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before & PCI_COMMAND_MASTER, after & PCI_COMMAND_MASTER);
	ASSERT_EQ(0, read_raw_config(v->bdf, PCI_CACHE_LINE_SIZE, 1, &after));
	ASSERT_EQ(0x10, after);
}

TEST_F(set, reset_of_the_sibling_alone)
{
	struct vfio *v = &self->v;
	__u32 before, after;

	ASSERT_EQ(0, vfio_connect(self->device, v->iommufd, v->ioas, &self->dev_id));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before));
	/* 0 if it has a reset of its own, and refused if not */
	vfio_reset(self->device);
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before, after);
	/* -EINVAL if it has none */
	ASSERT_NE(0, vfio_reset(v->device));
}

/* Its driver stays until the last file is closed, as always; only that is later */
FIXTURE(unbind)
{
	struct vfio v;
	pid_t pid;
};

FIXTURE_SETUP(unbind)
{
	const char *reason = vfio_setup_nth(&self->v, 1);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
}

FIXTURE_TEARDOWN(unbind)
{
	kexec_image_unload();
}

/* In another process, as it does not return before the file is closed */
static pid_t start_unbind(struct vfio *v)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	close(v->device);
	close(v->session);
	close(v->iommufd);
	_exit(write_sysfs(v->bdf, "driver/unbind", v->bdf) ? 1 : 0);
}

static bool is_over(pid_t pid, int wait_ms)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (wait_ms <= 0)
			return false;
		usleep(10000);
		wait_ms -= 10;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

TEST_F_TIMEOUT(unbind, waits_for_a_preserved_device, SLOW)
{
	struct vfio *v = &self->v;
	__u32 before, after;
	int rc;

	rc = kexec_image_file_load();
	if (rc)
		SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before));
	self->pid = start_unbind(v);
	ASSERT_GE(self->pid, 0);
	ASSERT_FALSE(is_over(self->pid, 500));
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before, after);

	/* The shutdown of devices would wait for it, forever */
	ASSERT_EQ(-EBUSY, kexec_reboot());
	ASSERT_EQ(0, vfio_config_write(v->device, PCI_CACHE_LINE_SIZE, 1, 0x10));

	ASSERT_EQ(0, close(v->session));
	ASSERT_FALSE(is_over(self->pid, 500));
	ASSERT_EQ(0, close(v->device));
	ASSERT_TRUE(is_over(self->pid, 5000));
	ASSERT_EQ(0, bind_vfio(v->bdf));
}

/* It has begun, so a preserve is too late */
TEST_F(unbind, device_that_is_being_unbound)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, preserve_memory(v, v->session));
	self->pid = start_unbind(v);
	ASSERT_GE(self->pid, 0);
	ASSERT_FALSE(is_over(self->pid, 500));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, close(v->session));
	ASSERT_EQ(0, close(v->device));
	ASSERT_TRUE(is_over(self->pid, 5000));
	ASSERT_EQ(0, bind_vfio(v->bdf));
}

TEST_HARNESS_MAIN
