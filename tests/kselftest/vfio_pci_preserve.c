// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which vfio-pci devices can be preserved, and what can be done to one that is:
 * nothing that stops it. Everything else goes on working.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "kselftest_harness.h"
#include "vfio_use.h"

/* In PCI_PM_CTRL_STATE_MASK */
#define D3HOT	3

FIXTURE(device)
{
	struct vfio v;
};

FIXTURE_SETUP(device)
{
	const char *reason = vfio_setup(&self->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_GE(self->v.session, 0);
	ASSERT_GE(self->v.memfd, 0);
}

FIXTURE_TEARDOWN(device)
{
}

TEST_F(device, memfd_iommufd_device)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(-EBUSY, vfio_detach(v->device));
	ASSERT_EQ(0, close(v->session));
	ASSERT_EQ(0, vfio_detach(v->device));
}

TEST_F(device, not_bound)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(-ENOTCONN, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, not_attached)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, vfio_bind(v->device, v->iommufd, &v->dev_id));
	ASSERT_EQ(-ENOTCONN, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, ioas_alloc(v->iommufd, &v->ioas));
	ASSERT_EQ(0, vfio_attach(v->device, v->ioas));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->iommufd, IOMMUFD));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

/* Another file of the device, which somebody else has bound */
TEST_F(device, file_of_another_opener)
{
	struct vfio *v = &self->v;
	char bdf[16];
	int again;

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	again = vfio_open_noiommu(0, bdf);
	ASSERT_GE(again, 0);
	ASSERT_EQ(-ENOTCONN, luo_preserve_fd(v->session, again, DEVICE));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, iommufd_not_preserved)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(-ENXIO, luo_preserve_fd(v->session, v->device, DEVICE));
	/* It was only the wrong order */
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, iommufd_preserved_in_another_session)
{
	struct vfio *v = &self->v;
	int another = luo_create_session(v->luo, "another");

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, another));
	ASSERT_EQ(-ENXIO, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, luo_preserve_fd(another, v->device, DEVICE));
}

TEST_F(device, another_iommufd_preserved)
{
	struct vfio *v = &self->v;
	int iommufd = iommufd_open();

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, luo_preserve_fd(v->session, iommufd, 10));
	ASSERT_EQ(-ENXIO, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, preserved_twice)
{
	struct vfio *v = &self->v;
	int another = luo_create_session(v->luo, "another");

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(v->session, v->device, DEVICE + 10));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(another, v->device, DEVICE));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, no_cap_sys_rawio)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, cap_sys_rawio(false));
	ASSERT_EQ(-EPERM, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, cap_sys_rawio(true));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, in_low_power)
{
	struct vfio *v = &self->v;
	int rc;

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	rc = vfio_low_power(v->device, true);
	if (rc)
		SKIP(return, "no low power: %s", strerror(-rc));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, vfio_low_power(v->device, false));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

TEST_F(device, in_d3hot)
{
	struct vfio *v = &self->v;
	unsigned int pm;

	ASSERT_EQ(0, vfio_start(v));
	pm = vfio_config_find(v->device, PCI_CAP_ID_PM);
	if (!pm)
		SKIP(return, "no power management capability");
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, vfio_config_write(v->device, pm + PCI_PM_CTRL, 2, D3HOT));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, vfio_config_write(v->device, pm + PCI_PM_CTRL, 2, 0));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
}

/* Closing every other reference leaves the device running until the session ends */
TEST_F(device, closed_by_its_owner)
{
	struct vfio *v = &self->v;
	__u32 dev_id;
	char bdf[16];

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
	ASSERT_EQ(0, close(v->device));
	ASSERT_EQ(0, close(v->iommufd));
	ASSERT_EQ(0, close(v->memfd));

	/* It has an owner still */
	v->iommufd = iommufd_open();
	v->device = vfio_open_noiommu(0, bdf);
	ASSERT_GE(v->device, 0);
	ASSERT_EQ(-EINVAL, vfio_bind(v->device, v->iommufd, &dev_id));

	ASSERT_EQ(0, close(v->session));
	ASSERT_EQ(0, vfio_bind(v->device, v->iommufd, &dev_id));
}

/* The agent dies: the driver's device is the driver's again */
TEST_F(device, killed_holder_gives_it_back)
{
	struct vfio *v = &self->v;
	int pipefd[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, close(v->session));
	ASSERT_EQ(0, pipe(pipefd));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		v->session = luo_create_session(v->luo, "killed");
		byte = v->session >= 0 && !preserve_memory(v, v->session) &&
			!luo_preserve_fd(v->session, v->device, DEVICE);
		if (write(pipefd[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	ASSERT_EQ(1, byte);
	ASSERT_EQ(-EBUSY, vfio_detach(v->device));
	ASSERT_EQ(-EBUSY, iommufd_usable(v->iommufd, v->ioas));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, iommufd_usable(v->iommufd, v->ioas));
	ASSERT_EQ(0, vfio_detach(v->device));
	ASSERT_EQ(0, vfio_reset(v->device));
}

/* What would stop a preserved device, one way at a time */
FIXTURE(device_stop)
{
	struct vfio v;
};

static int stop_by_reset(struct vfio *v)
{
	return vfio_reset(v->device);
}

static int stop_by_hot_reset(struct vfio *v)
{
	return vfio_hot_reset(v->device);
}

static int stop_by_low_power(struct vfio *v)
{
	return vfio_low_power(v->device, true);
}

static int stop_by_bus_master(struct vfio *v)
{
	return vfio_config_write(v->device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

static int stop_by_bus_master_byte(struct vfio *v)
{
	return vfio_config_write(v->device, PCI_COMMAND, 1, PCI_COMMAND_MEMORY);
}

static int stop_by_bus_master_dword(struct vfio *v)
{
	return vfio_config_write(v->device, PCI_COMMAND, 4, PCI_COMMAND_MEMORY);
}

static int stop_by_decoding(struct vfio *v)
{
	return vfio_config_write(v->device, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
}

static int stop_by_io_decoding(struct vfio *v)
{
	__u32 command;

	if (vfio_config_read(v->device, PCI_COMMAND, 2, &command) || !(command & PCI_COMMAND_IO))
		return -ENODEV;
	return vfio_config_write(v->device, PCI_COMMAND, 2, command & ~PCI_COMMAND_IO);
}

static int stop_by_flr(struct vfio *v)
{
	unsigned int exp = vfio_config_find(v->device, PCI_CAP_ID_EXP);
	__u32 cap = 0;

	if (!exp || vfio_config_read(v->device, exp + PCI_EXP_DEVCAP, 4, &cap) || !(cap & PCI_EXP_DEVCAP_FLR))
		return -ENODEV;
	return vfio_config_write(v->device, exp + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
}

static int stop_by_flr_high_byte(struct vfio *v)
{
	unsigned int exp = vfio_config_find(v->device, PCI_CAP_ID_EXP);
	__u32 cap = 0;

	if (!exp || vfio_config_read(v->device, exp + PCI_EXP_DEVCAP, 4, &cap) || !(cap & PCI_EXP_DEVCAP_FLR))
		return -ENODEV;
	return vfio_config_write(v->device, exp + PCI_EXP_DEVCTL + 1, 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

static int stop_by_af_flr(struct vfio *v)
{
	unsigned int af = vfio_config_find(v->device, PCI_CAP_ID_AF);

	return af ? vfio_config_write(v->device, af + PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR) : -ENODEV;
}

static int stop_by_d3hot(struct vfio *v)
{
	unsigned int pm = vfio_config_find(v->device, PCI_CAP_ID_PM);

	return pm ? vfio_config_write(v->device, pm + PCI_PM_CTRL, 2, D3HOT) : -ENODEV;
}

static int stop_by_sysfs_reset(struct vfio *v)
{
	return write_sysfs(v->bdf, "reset", "1");
}

/* The port above it resets all that is below */
static int stop_by_sysfs_bus_reset(struct vfio *v)
{
	return write_sysfs(v->bdf, "../reset_subordinate", "1");
}

static int stop_by_sriov(struct vfio *v)
{
	int rc = write_sysfs(v->bdf, "sriov_numvfs", "1");

	/* Take them away again, whatever became of it */
	if (!rc)
		write_sysfs(v->bdf, "sriov_numvfs", "0");
	return rc;
}

FIXTURE_VARIANT(device_stop)
{
	int (*stop)(struct vfio *v);
};

FIXTURE_VARIANT_ADD(device_stop, reset) { .stop = stop_by_reset };
FIXTURE_VARIANT_ADD(device_stop, hot_reset) { .stop = stop_by_hot_reset };
FIXTURE_VARIANT_ADD(device_stop, low_power) { .stop = stop_by_low_power };
FIXTURE_VARIANT_ADD(device_stop, bus_master_off) { .stop = stop_by_bus_master };
FIXTURE_VARIANT_ADD(device_stop, bus_master_off_byte) { .stop = stop_by_bus_master_byte };
FIXTURE_VARIANT_ADD(device_stop, bus_master_off_dword) { .stop = stop_by_bus_master_dword };
FIXTURE_VARIANT_ADD(device_stop, memory_decoding_off) { .stop = stop_by_decoding };
FIXTURE_VARIANT_ADD(device_stop, io_decoding_off) { .stop = stop_by_io_decoding };
FIXTURE_VARIANT_ADD(device_stop, af_flr) { .stop = stop_by_af_flr };
FIXTURE_VARIANT_ADD(device_stop, flr) { .stop = stop_by_flr };
FIXTURE_VARIANT_ADD(device_stop, flr_byte) { .stop = stop_by_flr_high_byte };
FIXTURE_VARIANT_ADD(device_stop, d3hot) { .stop = stop_by_d3hot };
FIXTURE_VARIANT_ADD(device_stop, sysfs_reset) { .stop = stop_by_sysfs_reset };
FIXTURE_VARIANT_ADD(device_stop, sysfs_bus_reset) { .stop = stop_by_sysfs_bus_reset };
FIXTURE_VARIANT_ADD(device_stop, sriov) { .stop = stop_by_sriov };

FIXTURE_SETUP(device_stop)
{
	const char *reason = vfio_setup(&self->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
	/* Has to be on before it can be turned off */
	if (variant->stop == stop_by_io_decoding)
		ASSERT_EQ(0, vfio_config_write(self->v.device, PCI_COMMAND, 2,
					       PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
	ASSERT_EQ(0, preserve_all(&self->v));
}

FIXTURE_TEARDOWN(device_stop)
{
}

TEST_F(device_stop, is_refused_while_preserved)
{
	struct vfio *v = &self->v;
	__u32 before, after;
	int rc;

	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before));
	ASSERT_TRUE(before & PCI_COMMAND_MASTER);
	rc = variant->stop(v);
	if (rc == -ENODEV || rc == -ENOENT || rc == -ENOTTY)
		SKIP(return, "device has no such thing: %s", strerror(-rc));
	ASSERT_EQ(-EBUSY, rc);
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before, after);

	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, variant->stop(v));
}

/* The user goes on with it */
FIXTURE(device_use)
{
	struct vfio v;
};

FIXTURE_SETUP(device_use)
{
	const char *reason = vfio_setup(&self->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
}

FIXTURE_TEARDOWN(device_use)
{
}

TEST_F(device_use, config_space)
{
	struct vfio *v = &self->v;
	__u32 before[64], after, pos;

	for (pos = 0; pos < 256; pos += 4)
		ASSERT_EQ(0, vfio_config_read(v->device, pos, 4, &before[pos / 4]));
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
	for (pos = 0; pos < 256; pos += 4) {
		ASSERT_EQ(0, vfio_config_read(v->device, pos, 4, &after));
		EXPECT_EQ(before[pos / 4], after);
	}

	/* Writes that stop nothing: what is there, more than that, another register */
	ASSERT_EQ(0, vfio_config_write(v->device, PCI_COMMAND, 2, before[1] & 0xffff));
	ASSERT_EQ(0, vfio_config_write(v->device, PCI_COMMAND, 2, (before[1] & 0xffff) | PCI_COMMAND_SERR));
	ASSERT_EQ(0, vfio_config_write(v->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_CACHE_LINE_SIZE, 1, &after));
	ASSERT_EQ(0x10, after);
	ASSERT_EQ(0, vfio_config_write(v->device, PCI_COMMAND, 2, before[1] & 0xffff));
}

TEST_F(device_use, registers)
{
	struct vfio *v = &self->v;
	volatile __u32 *bar;
	__u64 offset;
	size_t size;
	__u32 word, again;
	void *late;

	ASSERT_EQ(0, vfio_bar0(v->device, &offset, &size));
	bar = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->device, offset);
	ASSERT_NE(MAP_FAILED, (void *)bar);
	word = bar[2];
	ASSERT_EQ(0, preserve_memory(v, v->session));
	ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));

	/* Mapped before, mapped now, and by a call */
	ASSERT_EQ(word, bar[2]);
	late = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->device, offset);
	ASSERT_NE(MAP_FAILED, late);
	ASSERT_EQ(word, ((volatile __u32 *)late)[2]);
	ASSERT_EQ(4, pread(v->device, &again, 4, offset + 8));
	ASSERT_EQ(word, again);

	/* Also after something has been refused, for which maps are taken away */
	ASSERT_EQ(-EBUSY, vfio_reset(v->device));
	ASSERT_EQ(word, bar[2]);
}

TEST_F(device_use, again_and_again)
{
	struct vfio *v = &self->v;
	__u32 before, after;
	int i;

	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before));
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(-ENXIO, luo_preserve_fd(v->session, v->device, DEVICE));
		ASSERT_EQ(0, preserve_memory(v, v->session));
		ASSERT_EQ(0, luo_preserve_fd(v->session, v->device, DEVICE));
		ASSERT_EQ(0, give_back(v));
	}
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before, after);
}

/* With others who try to stop it all the time, and who succeed in between */
static void toggle_bus_master(void *arg)
{
	struct vfio *v = arg;

	vfio_config_write(v->device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	vfio_config_write(v->device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void reset_now_and_then(void *arg)
{
	struct vfio *v = arg;

	vfio_reset(v->device);
	vfio_config_write(v->device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	usleep(50000);
}

static void arm_and_disarm(void *arg)
{
	struct vfio *v = arg;
	int event = eventfd(0, EFD_CLOEXEC);

	vfio_arm_irq(v->device, VFIO_PCI_MSIX_IRQ_INDEX, event);
	vfio_disarm_irqs(v->device, VFIO_PCI_MSIX_IRQ_INDEX);
	close(event);
}

TEST_F_TIMEOUT(device_use, race, 120)
{
	struct vfio *v = &self->v;
	int i, rc, preserved = 0;
	__u32 before, after;
	pid_t pids[3];

	pids[0] = keep_doing(toggle_bus_master, v);
	pids[1] = keep_doing(reset_now_and_then, v);
	pids[2] = keep_doing(arm_and_disarm, v);
	/* Now they hold this session, too. Its name is free when they are gone */
	ASSERT_EQ(0, close(v->session));
	for (i = 0; i < 200; i++) {
		int session = luo_create_session(v->luo, "race");

		ASSERT_GE(session, 0);
		ASSERT_EQ(0, preserve_memory(v, session));
		rc = luo_preserve_fd(session, v->device, DEVICE);
		if (!rc) {
			ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before));
			usleep(2000);
			ASSERT_EQ(-EBUSY, vfio_reset(v->device));
			ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &after));
			/* May have been switched on, but not off */
			ASSERT_EQ(before, before & after);
			preserved++;
		} else {
			ASSERT_EQ(-EBUSY, rc);
		}
		ASSERT_EQ(0, close(session));
		usleep(1000);
	}
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, stop_doing(pids[i]));
	TH_LOG("preserved %d times of 200", preserved);
	ASSERT_GT(preserved, 0);
}

TEST_HARNESS_MAIN
