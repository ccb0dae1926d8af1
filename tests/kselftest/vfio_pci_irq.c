// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a preserved device: they go on, cannot be set up or torn down,
 * and a kexec that does not happen leaves them as they were, with none lost.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "kselftest_harness.h"
#include "vfio_use.h"

/* Loading an image takes a while under emulation */
#define SLOW	120

/* For what should happen, and for what should not */
#define SOON_MS	2000
#define NEVER_MS 100

/* How often an eventfd was signalled, 0 if not until then */
static long signals(int eventfd, int timeout_ms)
{
	struct pollfd pfd = { .fd = eventfd, .events = POLLIN };
	__u64 count;

	if (poll(&pfd, 1, timeout_ms) != 1 || read(eventfd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

static int trigger(int device, unsigned int index)
{
	return vfio_set_irqs(device, index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 1, NULL, 0);
}

static int trigger_bool(int device, unsigned int index)
{
	__u8 yes = 1;

	return vfio_set_irqs(device, index, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER, 1, &yes, 1);
}

static int mask_intx(int device, bool mask)
{
	return vfio_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX,
			     VFIO_IRQ_SET_DATA_NONE |
			     (mask ? VFIO_IRQ_SET_ACTION_MASK : VFIO_IRQ_SET_ACTION_UNMASK), 1, NULL, 0);
}

/* Have another eventfd unmask it */
static int unmask_intx_by(int device, int eventfd)
{
	return vfio_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX,
			     VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, 1, &eventfd, sizeof(eventfd));
}

FIXTURE(device_irq)
{
	struct vfio v;
	int eventfd;
};

FIXTURE_VARIANT(device_irq)
{
	unsigned int index;
};

FIXTURE_VARIANT_ADD(device_irq, intx) { .index = VFIO_PCI_INTX_IRQ_INDEX };
FIXTURE_VARIANT_ADD(device_irq, msi) { .index = VFIO_PCI_MSI_IRQ_INDEX };
FIXTURE_VARIANT_ADD(device_irq, msix) { .index = VFIO_PCI_MSIX_IRQ_INDEX };

FIXTURE_SETUP(device_irq)
{
	const char *reason = vfio_setup(&self->v);
	int rc;

	if (reason)
		SKIP(return, "%s", reason);
	self->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_GE(self->eventfd, 0);
	ASSERT_EQ(0, vfio_start(&self->v));
	rc = vfio_arm_irq(self->v.device, variant->index, self->eventfd);
	if (rc)
		SKIP(return, "device has none of these: %s", strerror(-rc));
}

FIXTURE_TEARDOWN(device_irq)
{
}

TEST_F(device_irq, armed)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, preserve_all(v));

	/* What is armed can be used, by software as well */
	ASSERT_EQ(0, trigger(v->device, variant->index));
	ASSERT_EQ(1, signals(self->eventfd, SOON_MS));
	ASSERT_EQ(0, trigger_bool(v->device, variant->index));
	ASSERT_EQ(1, signals(self->eventfd, SOON_MS));

	/* But the next kernel finds it as it is */
	ASSERT_EQ(-EBUSY, vfio_arm_irq(v->device, variant->index, self->eventfd));
	ASSERT_EQ(-EBUSY, vfio_arm_irq(v->device, variant->index, -1));
	ASSERT_EQ(-EBUSY, vfio_disarm_irqs(v->device, variant->index));

	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, vfio_arm_irq(v->device, variant->index, self->eventfd));
	ASSERT_EQ(0, vfio_arm_irq(v->device, variant->index, -1));
	ASSERT_EQ(0, vfio_disarm_irqs(v->device, variant->index));
}

TEST_F(device_irq, cannot_be_armed_while_preserved)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, vfio_disarm_irqs(v->device, variant->index));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(-EBUSY, vfio_arm_irq(v->device, variant->index, self->eventfd));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, vfio_arm_irq(v->device, variant->index, self->eventfd));
}

/* Another kind than the one that is armed */
TEST_F(device_irq, others_cannot_be_armed_while_preserved)
{
	struct vfio *v = &self->v;
	unsigned int index;

	ASSERT_EQ(0, preserve_all(v));
	for (index = VFIO_PCI_INTX_IRQ_INDEX; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		ASSERT_EQ(-EBUSY, vfio_arm_irq(v->device, index, self->eventfd));
		ASSERT_EQ(-EBUSY, vfio_disarm_irqs(v->device, index));
	}
	/* These are about the file, not the device */
	ASSERT_EQ(0, vfio_arm_irq(v->device, VFIO_PCI_REQ_IRQ_INDEX, self->eventfd));
	ASSERT_EQ(0, vfio_arm_irq(v->device, VFIO_PCI_REQ_IRQ_INDEX, -1));
}

TEST_F(device_irq, intx_mask)
{
	struct vfio *v = &self->v;

	if (variant->index != VFIO_PCI_INTX_IRQ_INDEX)
		SKIP(return, "cannot be masked");
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(0, mask_intx(v->device, true));
	ASSERT_EQ(0, mask_intx(v->device, false));
	ASSERT_EQ(-EBUSY, unmask_intx_by(v->device, self->eventfd));
	ASSERT_EQ(-EBUSY, unmask_intx_by(v->device, -1));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, unmask_intx_by(v->device, eventfd(0, EFD_CLOEXEC)));
}

/* The enable bit in the MSI capability goes to the register of the device */
TEST_F(device_irq, msi_enable)
{
	struct vfio *v = &self->v;
	unsigned int pos = vfio_config_find(v->device, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;
	__u32 flags, other;

	if (pos == PCI_MSI_FLAGS)
		SKIP(return, "no MSI");
	ASSERT_EQ(0, vfio_config_read(v->device, pos, 2, &flags));
	other = flags ^ PCI_MSI_FLAGS_ENABLE;
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_EQ(-EBUSY, vfio_config_write(v->device, pos, 2, other));
	ASSERT_EQ(-EBUSY, vfio_config_write(v->device, pos, 1, other & 0xff));
	ASSERT_EQ(-EBUSY, vfio_config_write(v->device, pos - PCI_MSI_FLAGS, 4, other << 16));
	ASSERT_EQ(-EBUSY, vfio_config_write(v->device, pos, 1, (flags ^ 0x10) & 0xff));
	ASSERT_EQ(0, vfio_config_write(v->device, pos, 2, flags));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(0, vfio_config_write(v->device, pos, 2, other));
	ASSERT_EQ(0, vfio_config_write(v->device, pos, 2, flags));
}

/*
 * Interrupts that a device raises itself: an igb (Intel's 82576) for MSI-X, and
 * QEMU's device for teaching for the other two.
 */
#define IGB_GPIE		(0x1514 / 4)
#define IGB_EICS		(0x1520 / 4)
#define IGB_EIMS		(0x1524 / 4)
#define IGB_EIAC		(0x152c / 4)
#define IGB_EIAM		(0x1530 / 4)
#define IGB_GPIE_MSIX		0x10
#define EDU_RAISE		(0x60 / 4)
#define EDU_ACKNOWLEDGE		(0x64 / 4)
#define EDU_CAUSE		0x1
#define VECTORS			3

FIXTURE(raised)
{
	struct vfio v;
	struct vfio second;
	volatile __u32 *regs;
	int eventfds[VECTORS];
	int nr;
};

FIXTURE_VARIANT(raised)
{
	__u16 vendor;
	__u16 device;
	unsigned int index;
	unsigned int cap;
	int nr;
};

FIXTURE_VARIANT_ADD(raised, intx) {
	.vendor = 0x1234, .device = 0x11e8, .index = VFIO_PCI_INTX_IRQ_INDEX, .nr = 1,
};

FIXTURE_VARIANT_ADD(raised, msi) {
	.vendor = 0x1234, .device = 0x11e8, .index = VFIO_PCI_MSI_IRQ_INDEX, .cap = PCI_CAP_ID_MSI, .nr = 1,
};

FIXTURE_VARIANT_ADD(raised, msix) {
	.vendor = 0x8086, .device = 0x10c9, .index = VFIO_PCI_MSIX_IRQ_INDEX, .cap = PCI_CAP_ID_MSIX, .nr = VECTORS,
};

static void raise_vector(FIXTURE_DATA(raised) *self, int n)
{
	if (self->nr > 1)
		self->regs[IGB_EICS] = 1 << n;
	else
		self->regs[EDU_RAISE] = EDU_CAUSE;
}

/* Lets INTx fall, and has the next one delivered */
static void acknowledge(FIXTURE_DATA(raised) *self, unsigned int index)
{
	if (self->nr == 1)
		self->regs[EDU_ACKNOWLEDGE] = EDU_CAUSE;
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		mask_intx(self->v.device, false);
}

FIXTURE_SETUP(raised)
{
	const char *reason = vfio_setup_ids(&self->v, variant->vendor, variant->device);
	__u64 offset;
	size_t size;
	void *map;
	int i;

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
	ASSERT_EQ(0, vfio_bar0(self->v.device, &offset, &size));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self->v.device, offset);
	ASSERT_NE(MAP_FAILED, map);
	self->regs = map;
	self->nr = variant->nr;
	for (i = 0; i < VECTORS; i++)
		self->eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, vfio_set_irqs(self->v.device, variant->index,
				   VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, variant->nr,
				   self->eventfds, variant->nr * sizeof(int)));
	if (variant->nr > 1) {
		self->regs[IGB_GPIE] = IGB_GPIE_MSIX;
		self->regs[IGB_EIAC] = (1 << VECTORS) - 1;
		self->regs[IGB_EIAM] = 0;
		self->regs[IGB_EIMS] = (1 << VECTORS) - 1;
	}
}

FIXTURE_TEARDOWN(raised)
{
	kexec_image_unload();
}

/* Each vector arrives, once, where it should */
static bool all_arrive(FIXTURE_DATA(raised) *self, unsigned int index)
{
	int i, k;

	for (i = 0; i < self->nr; i++) {
		raise_vector(self, i);
		for (k = 0; k < self->nr; k++) {
			long got = signals(self->eventfds[k], k == i ? SOON_MS : NEVER_MS);

			if (got != (k == i)) {
				printf("# vector %d raised, %ld from %d\n", i, got, k);
				return false;
			}
		}
		acknowledge(self, index);
	}
	return true;
}

TEST_F(raised, arrive_while_preserved)
{
	struct vfio *v = &self->v;

	ASSERT_TRUE(all_arrive(self, variant->index));
	ASSERT_EQ(0, preserve_all(v));
	ASSERT_TRUE(all_arrive(self, variant->index));
	ASSERT_EQ(0, give_back(v));
	ASSERT_TRUE(all_arrive(self, variant->index));
}

/* Have a kexec refused after @v was frozen. Returns what it was refused with */
static int refused_kexec(struct vfio *v, struct vfio *second)
{
	int rc = preserve_all(v);

	if (!rc)
		rc = luo_preserve_fd(v->session, second->memfd, 10 + MEMFD);
	/* Its device is missing, which comes to light when it is to be frozen */
	if (!rc)
		rc = luo_preserve_fd(v->session, second->iommufd, 10 + IOMMUFD);
	return rc ? rc : kexec_reboot();
}

TEST_F_TIMEOUT(raised, arrive_after_a_kexec_was_refused, SLOW)
{
	unsigned int pos = 0;
	__u32 before[3] = {}, after[3] = {};
	struct vfio *v = &self->v;
	int i, rc;

	if (vfio_open_nth(&self->second, 1))
		SKIP(return, "no second noiommu vfio-pci device");
	ASSERT_EQ(0, vfio_start(&self->second));
	rc = kexec_image_file_load();
	if (rc)
		SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));
	if (variant->cap)
		pos = vfio_config_find(v->device, variant->cap);

	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &before[0]));
	ASSERT_EQ(0, read_raw_config(v->bdf, PCI_COMMAND, 2, &before[1]));
	ASSERT_EQ(0, vfio_config_read(v->device, pos, 4, &before[2]));
	ASSERT_EQ(-ENOTCONN, refused_kexec(v, &self->second));
	ASSERT_EQ(0, vfio_config_read(v->device, PCI_COMMAND, 2, &after[0]));
	ASSERT_EQ(0, read_raw_config(v->bdf, PCI_COMMAND, 2, &after[1]));
	ASSERT_EQ(0, vfio_config_read(v->device, pos, 4, &after[2]));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(before[i], after[i]);

	/* With MSI off, what happened in between is nowhere: the user has to look */
	ASSERT_EQ(variant->index == VFIO_PCI_MSI_IRQ_INDEX,
		  signals(self->eventfds[0], variant->index == VFIO_PCI_MSI_IRQ_INDEX ? SOON_MS : NEVER_MS));
	ASSERT_TRUE(all_arrive(self, variant->index));
	ASSERT_EQ(-EBUSY, vfio_disarm_irqs(v->device, variant->index));
	ASSERT_EQ(0, close(v->session));
	ASSERT_TRUE(all_arrive(self, variant->index));
}

/* INTx that is asserted and masked stays masked, and comes when it is unmasked */
TEST_F_TIMEOUT(raised, masked_over_a_refused_kexec, SLOW)
{
	struct vfio *v = &self->v;
	int rc;

	if (variant->index != VFIO_PCI_INTX_IRQ_INDEX)
		SKIP(return, "cannot be masked");
	if (vfio_open_nth(&self->second, 1))
		SKIP(return, "no second noiommu vfio-pci device");
	ASSERT_EQ(0, vfio_start(&self->second));
	rc = kexec_image_file_load();
	if (rc)
		SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));

	ASSERT_EQ(0, mask_intx(v->device, true));
	raise_vector(self, 0);
	ASSERT_EQ(-ENOTCONN, refused_kexec(v, &self->second));
	ASSERT_EQ(0, signals(self->eventfds[0], NEVER_MS));
	ASSERT_EQ(0, mask_intx(v->device, false));
	ASSERT_EQ(1, signals(self->eventfds[0], SOON_MS));
}

/* One after the other, while kexecs are refused */
static void keep_raising(void *arg)
{
	volatile __u32 *regs = arg;

	regs[IGB_EICS] = 1 << 1;
	usleep(2000);
}

TEST_F_TIMEOUT(raised, last_one_is_not_lost, SLOW)
{
	struct vfio *v = &self->v;
	long seen;
	pid_t pid;
	int i, rc;

	if (variant->index != VFIO_PCI_MSIX_IRQ_INDEX)
		SKIP(return, "nothing keeps these while they are off");
	if (vfio_open_nth(&self->second, 1))
		SKIP(return, "no second noiommu vfio-pci device");
	ASSERT_EQ(0, vfio_start(&self->second));
	rc = kexec_image_file_load();
	if (rc)
		SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));

	pid = keep_doing(keep_raising, (void *)self->regs);
	ASSERT_EQ(-ENOTCONN, refused_kexec(v, &self->second));
	for (i = 0; i < 20; i++) {
		usleep(10000);
		ASSERT_EQ(-ENOTCONN, kexec_reboot());
	}
	ASSERT_EQ(0, stop_doing(pid));
	/* Whatever was raised last has arrived, so nothing is pending any more */
	seen = signals(self->eventfds[1], SOON_MS);
	ASSERT_GT(seen, 0);
	ASSERT_EQ(0, signals(self->eventfds[1], NEVER_MS));
	ASSERT_TRUE(all_arrive(self, variant->index));
	TH_LOG("%ld interrupts over 21 refused kexecs", seen);
}

/* SET_IRQS and config writes of others fail while it is frozen, and in no other way */
static void keep_triggering(void *arg)
{
	struct vfio *v = arg;
	int rc = trigger(v->device, VFIO_PCI_MSIX_IRQ_INDEX);

	if (!rc || rc == -EBUSY)
		rc = vfio_config_write(v->device, PCI_CACHE_LINE_SIZE, 1, 0x10);
	if (rc && rc != -EBUSY)
		_exit(1);
}

TEST_F_TIMEOUT(raised, user_at_work_while_kexecs_are_refused, SLOW)
{
	struct vfio *v = &self->v;
	pid_t pid;
	int i, rc;

	if (variant->index != VFIO_PCI_MSIX_IRQ_INDEX)
		SKIP(return, "one kind is enough");
	if (vfio_open_nth(&self->second, 1))
		SKIP(return, "no second noiommu vfio-pci device");
	ASSERT_EQ(0, vfio_start(&self->second));
	rc = kexec_image_file_load();
	if (rc)
		SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));

	pid = keep_doing(keep_triggering, v);
	ASSERT_EQ(-ENOTCONN, refused_kexec(v, &self->second));
	for (i = 0; i < 20; i++) {
		usleep(10000);
		ASSERT_EQ(-ENOTCONN, kexec_reboot());
	}
	ASSERT_EQ(0, stop_doing(pid));
	ASSERT_EQ(0, vfio_config_write(v->device, PCI_CACHE_LINE_SIZE, 1, 0x10));
	signals(self->eventfds[0], NEVER_MS);
	ASSERT_TRUE(all_arrive(self, variant->index));
}

TEST_HARNESS_MAIN
