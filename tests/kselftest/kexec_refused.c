// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kexec that must not happen does not: reboot(2) fails, everything that was
 * frozen for it thaws, and what is preserved stays preserved. No test here starts
 * another kernel, and none may call reboot() when it would.
 */
#include <string.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "kselftest_harness.h"
#include "vfio_use.h"

/* Loading an image takes a while under emulation */
#define SLOW	120

enum { DEVICE2 = 20 };

/* A context of iommufd, a device in it if there is one, and some memory */
struct machine {
	int iommufd;
	int memfd;
	int device;
	__u32 ioas;
	__u32 dev_id;
};

static int machine_start(struct machine *m, unsigned int n)
{
	char bdf[16];
	int rc;

	m->device = vfio_open_noiommu(n, bdf);
	m->iommufd = iommufd_open();
	m->memfd = memfd_filled(AREA_SIZE);
	if (m->iommufd < 0 || m->memfd < 0)
		return -EIO;
	rc = ioas_alloc(m->iommufd, &m->ioas);
	if (!rc && m->device >= 0)
		rc = vfio_connect(m->device, m->iommufd, m->ioas, &m->dev_id);
	if (!rc)
		rc = ioas_map_file(m->iommufd, m->ioas, m->memfd, 0, AREA_SIZE, AREA_IOVA);
	if (!rc && m->device >= 0)
		rc = vfio_config_write(m->device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return rc;
}

static int machine_preserve(struct machine *m, int session, __u64 token)
{
	int rc = luo_preserve_fd(session, m->memfd, token + MEMFD);

	return rc ? rc : luo_preserve_fd(session, m->iommufd, token + IOMMUFD);
}

FIXTURE(kexec)
{
	int luo;
	int session;
	struct machine m;
};

FIXTURE_SETUP(kexec)
{
	self->luo = luo_open();
	if (self->luo < 0)
		SKIP(return, "/dev/liveupdate: %s", strerror(-self->luo));
	if (access("/dev/iommu", F_OK))
		SKIP(return, "no /dev/iommu");
	self->session = luo_create_session(self->luo, "kexec");
	ASSERT_GE(self->session, 0);
	ASSERT_EQ(0, machine_start(&self->m, 0));
}

FIXTURE_TEARDOWN(kexec)
{
	kexec_image_unload();
}

#define SKIP_WITHOUT_DEVICE(m)								\
	do {										\
		if ((m)->device < 0)							\
			SKIP(return, "no noiommu vfio-pci device: %s", strerror(-(m)->device)); \
	} while (0)

/* An image that knows nothing of what is handed over */
#define LOAD_WITHOUT_KHO()								\
	do {										\
		int _rc = kexec_image_load();						\
											\
		if (_rc)								\
			SKIP(return, "kexec_load(): %s", strerror(-_rc));		\
	} while (0)

#define LOAD_WITH_KHO()									\
	do {										\
		int _rc = kexec_image_file_load();					\
											\
		if (_rc)								\
			SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-_rc)); \
	} while (0)

TEST_F(kexec, nothing_loaded)
{
	ASSERT_EQ(0, machine_preserve(&self->m, self->session, 0));
	ASSERT_EQ(-EINVAL, kexec_reboot());
	ASSERT_EQ(-EBUSY, iommufd_usable(self->m.iommufd, self->m.ioas));
}

TEST_F(kexec, image_without_kho)
{
	struct machine *m = &self->m;

	LOAD_WITHOUT_KHO();
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(-ENOEXEC, kexec_reboot());

	/* Preserved, not frozen: more can be preserved, and it can be given back */
	ASSERT_EQ(-EBUSY, iommufd_usable(m->iommufd, m->ioas));
	ASSERT_EQ(0, luo_preserve_fd(self->session, memfd_filled(PAGE_SIZE), 100));
	if (m->device >= 0) {
		ASSERT_EQ(0, luo_preserve_fd(self->session, m->device, DEVICE));
		ASSERT_EQ(-ENOEXEC, kexec_reboot());
		ASSERT_EQ(0, vfio_config_write(m->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	}
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, iommufd_usable(m->iommufd, m->ioas));
}

/* Who has a session means to preserve something */
TEST_F(kexec, image_without_kho_and_empty_session)
{
	LOAD_WITHOUT_KHO();
	ASSERT_EQ(-ENOEXEC, kexec_reboot());
	ASSERT_EQ(0, machine_preserve(&self->m, self->session, 0));
}

/* The next kernel would get the memory, but not the device that writes to it */
TEST_F_TIMEOUT(kexec, device_not_preserved, SLOW)
{
	struct machine *m = &self->m;

	SKIP_WITHOUT_DEVICE(m);
	LOAD_WITH_KHO();
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());

	/* As before the attempt */
	ASSERT_EQ(-EBUSY, iommufd_usable(m->iommufd, m->ioas));
	ASSERT_EQ(-1, ftruncate(m->memfd, 0));
	ASSERT_EQ(0, vfio_config_write(m->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());

	/* What was missing can be made up for */
	ASSERT_EQ(0, luo_preserve_fd(self->session, m->device, DEVICE));
	ASSERT_EQ(-EBUSY, vfio_reset(m->device));

	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, iommufd_usable(m->iommufd, m->ioas));
	ASSERT_EQ(0, vfio_reset(m->device));
	ASSERT_EQ(0, ftruncate(m->memfd, 0));
}

/* Both are in one context, and one of them was forgotten */
TEST_F_TIMEOUT(kexec, one_of_two_devices_not_preserved, SLOW)
{
	struct machine *m = &self->m;
	char bdf[16];
	__u32 dev_id;
	int second;

	SKIP_WITHOUT_DEVICE(m);
	second = vfio_open_noiommu(1, bdf);
	if (second < 0)
		SKIP(return, "no second noiommu vfio-pci device: %s", strerror(-second));
	ASSERT_EQ(0, vfio_connect(second, m->iommufd, m->ioas, &dev_id));
	LOAD_WITH_KHO();
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(0, luo_preserve_fd(self->session, m->device, DEVICE));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());
	ASSERT_EQ(0, vfio_config_write(m->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(0, luo_preserve_fd(self->session, second, DEVICE2));
}

TEST_F_TIMEOUT(kexec, device_detached, SLOW)
{
	struct machine *m = &self->m;

	SKIP_WITHOUT_DEVICE(m);
	LOAD_WITH_KHO();
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(0, vfio_detach(m->device));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, vfio_attach(m->device, m->ioas));
}

TEST_F_TIMEOUT(kexec, device_closed, SLOW)
{
	struct machine *m = &self->m;

	SKIP_WITHOUT_DEVICE(m);
	LOAD_WITH_KHO();
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(0, close(m->device));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, iommufd_usable(m->iommufd, m->ioas));
}

/*
 * A device that does not respond any more when it is to be frozen: the port above
 * it has lost the number of the bus. The one before it in the session thaws.
 */
TEST_F_TIMEOUT(kexec, device_does_not_respond, SLOW)
{
	struct machine *m = &self->m, second, third;
	char bdf[16], bridge[16];
	__u32 before, after, buses;
	int device;

	SKIP_WITHOUT_DEVICE(m);
	ASSERT_EQ(0, machine_start(&second, 1));
	if (second.device < 0)
		SKIP(return, "no second noiommu vfio-pci device: %s", strerror(-second.device));
	device = vfio_open_noiommu(1, bdf);
	ASSERT_GE(device, 0);
	ASSERT_EQ(0, close(device));
	if (bridge_above(bdf, bridge))
		SKIP(return, "the second device is on the root bus");
	LOAD_WITH_KHO();

	ASSERT_EQ(0, vfio_config_read(m->device, PCI_COMMAND, 2, &before));
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(0, luo_preserve_fd(self->session, m->device, DEVICE));
	ASSERT_EQ(0, machine_preserve(&second, self->session, 10));
	ASSERT_EQ(0, luo_preserve_fd(self->session, second.device, DEVICE2));

	/* Secondary and subordinate one go to where nothing is */
	ASSERT_EQ(0, read_raw_config(bridge, PCI_PRIMARY_BUS, 4, &buses));
	ASSERT_EQ(0, write_raw_config(bridge, PCI_PRIMARY_BUS, 4, (buses & 0xff0000ff) | 0xfefe00));
	ASSERT_EQ(-EIO, kexec_reboot());
	ASSERT_EQ(-EIO, kexec_reboot());
	ASSERT_EQ(0, vfio_config_read(m->device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before, after);
	ASSERT_EQ(0, vfio_config_write(m->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(-EBUSY, vfio_reset(m->device));

	/* Back again, it freezes, and what fails is the next one in the list */
	ASSERT_EQ(0, write_raw_config(bridge, PCI_PRIMARY_BUS, 4, buses));
	ASSERT_EQ(0, vfio_config_read(second.device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, after);
	ASSERT_EQ(0, machine_start(&third, 2));
	if (third.device >= 0) {
		ASSERT_EQ(0, machine_preserve(&third, self->session, 30));
		ASSERT_EQ(-ENOTCONN, kexec_reboot());
	}
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, vfio_reset(m->device));
}

/* A device that was frozen already thaws when something behind it fails */
TEST_F_TIMEOUT(kexec, thaws_a_device, SLOW)
{
	struct machine *m = &self->m, second;
	__u32 before, after;

	SKIP_WITHOUT_DEVICE(m);
	ASSERT_EQ(0, machine_start(&second, 1));
	if (second.device < 0)
		SKIP(return, "no second noiommu vfio-pci device: %s", strerror(-second.device));
	LOAD_WITH_KHO();

	ASSERT_EQ(0, vfio_config_read(m->device, PCI_COMMAND, 2, &before));
	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(0, luo_preserve_fd(self->session, m->device, DEVICE));
	ASSERT_EQ(0, machine_preserve(&second, self->session, 10));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());

	/* INTx is as it was, and the user can write to config space again */
	ASSERT_EQ(0, vfio_config_read(m->device, PCI_COMMAND, 2, &after));
	ASSERT_EQ(before, after);
	ASSERT_EQ(0, vfio_config_write(m->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(-EBUSY, vfio_reset(m->device));
	ASSERT_EQ(-EBUSY, vfio_detach(m->device));

	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, vfio_detach(m->device));
	ASSERT_EQ(0, vfio_reset(m->device));
}

/* The session that is complete waits for the other one, too */
TEST_F_TIMEOUT(kexec, another_session_is_incomplete, SLOW)
{
	struct machine *m = &self->m, second;
	int another = luo_create_session(self->luo, "another");

	SKIP_WITHOUT_DEVICE(m);
	ASSERT_EQ(0, machine_start(&second, 1));
	if (second.device < 0)
		SKIP(return, "no second noiommu vfio-pci device: %s", strerror(-second.device));
	LOAD_WITH_KHO();

	ASSERT_EQ(0, machine_preserve(m, self->session, 0));
	ASSERT_EQ(0, luo_preserve_fd(self->session, m->device, DEVICE));
	ASSERT_EQ(0, machine_preserve(&second, another, 0));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());
	ASSERT_EQ(0, vfio_config_write(m->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	ASSERT_EQ(0, luo_preserve_fd(another, second.device, DEVICE));
	ASSERT_EQ(0, close(another));
	ASSERT_EQ(0, iommufd_usable(second.iommufd, second.ioas));
	ASSERT_EQ(-EBUSY, iommufd_usable(m->iommufd, m->ioas));
}

TEST_HARNESS_MAIN
