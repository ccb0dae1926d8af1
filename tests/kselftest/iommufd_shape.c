// SPDX-License-Identifier: GPL-2.0-only
/*
 * A preserved context keeps its shape (invariant I2): every ioctl that would
 * change objects, mappings, bindings or attachments fails with EBUSY, those that
 * only read go on working, and all of it ends with the session.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "kselftest_harness.h"
#include "util.h"

enum { MEMFD = 1, IOMMUFD, DEVICE };

#define SECOND_IOVA	(2 * AREA_IOVA)

/* Without a device */
FIXTURE(shape)
{
	int luo;
	int session;
	int iommufd;
	int memfd;
	__u32 ioas;
	__u32 other_ioas;
};

typedef int shape_change(const FIXTURE_DATA(shape) *self);

static int change_ioas_alloc(const FIXTURE_DATA(shape) *self)
{
	__u32 id;

	return ioas_alloc(self->iommufd, &id);
}

static int change_map(const FIXTURE_DATA(shape) *self)
{
	return ioas_map(self->iommufd, self->ioas, anon_pages(PAGE_SIZE), PAGE_SIZE, SECOND_IOVA);
}

static int change_map_file(const FIXTURE_DATA(shape) *self)
{
	return ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, PAGE_SIZE, SECOND_IOVA);
}

static int change_copy(const FIXTURE_DATA(shape) *self)
{
	return ioas_copy(self->iommufd, self->other_ioas, self->ioas, PAGE_SIZE, SECOND_IOVA, AREA_IOVA);
}

static int change_unmap(const FIXTURE_DATA(shape) *self)
{
	return ioas_unmap(self->iommufd, self->ioas, AREA_IOVA, AREA_SIZE);
}

static int change_unmap_all(const FIXTURE_DATA(shape) *self)
{
	return ioas_unmap(self->iommufd, self->ioas, 0, ~0UL);
}

static int change_allow_iovas(const FIXTURE_DATA(shape) *self)
{
	return ioas_allow(self->iommufd, self->ioas, AREA_IOVA, AREA_IOVA + AREA_SIZE - 1);
}

static int change_huge_pages(const FIXTURE_DATA(shape) *self)
{
	__u64 val = 0;

	return iommufd_option(self->iommufd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, self->other_ioas, &val);
}

static int change_destroy(const FIXTURE_DATA(shape) *self)
{
	return iommufd_destroy(self->iommufd, self->other_ioas);
}

static int change_process(const FIXTURE_DATA(shape) *self)
{
	return ioas_change_process(self->iommufd);
}

static int change_vfio_ioas_set(const FIXTURE_DATA(shape) *self)
{
	__u32 id = self->ioas;

	return iommufd_vfio_ioas(self->iommufd, IOMMU_VFIO_IOAS_SET, &id);
}

static int change_vfio_ioas_clear(const FIXTURE_DATA(shape) *self)
{
	__u32 id = 0;

	return iommufd_vfio_ioas(self->iommufd, IOMMU_VFIO_IOAS_CLEAR, &id);
}

static int change_fault_alloc(const FIXTURE_DATA(shape) *self)
{
	__u32 id;
	int fd;

	return iommufd_fault_alloc(self->iommufd, &id, &fd);
}

FIXTURE_VARIANT(shape)
{
	shape_change *change;
};

FIXTURE_VARIANT_ADD(shape, ioas_alloc) { .change = change_ioas_alloc };
FIXTURE_VARIANT_ADD(shape, ioas_map) { .change = change_map };
FIXTURE_VARIANT_ADD(shape, ioas_map_file) { .change = change_map_file };
FIXTURE_VARIANT_ADD(shape, ioas_copy) { .change = change_copy };
FIXTURE_VARIANT_ADD(shape, ioas_unmap) { .change = change_unmap };
FIXTURE_VARIANT_ADD(shape, ioas_unmap_all) { .change = change_unmap_all };
FIXTURE_VARIANT_ADD(shape, ioas_allow_iovas) { .change = change_allow_iovas };
FIXTURE_VARIANT_ADD(shape, option_huge_pages) { .change = change_huge_pages };
FIXTURE_VARIANT_ADD(shape, destroy) { .change = change_destroy };
FIXTURE_VARIANT_ADD(shape, ioas_change_process) { .change = change_process };
FIXTURE_VARIANT_ADD(shape, vfio_ioas_set) { .change = change_vfio_ioas_set };
FIXTURE_VARIANT_ADD(shape, vfio_ioas_clear) { .change = change_vfio_ioas_clear };
FIXTURE_VARIANT_ADD(shape, fault_queue_alloc) { .change = change_fault_alloc };

FIXTURE_SETUP(shape)
{
	const char *why = open_devices(&self->luo, &self->iommufd);

	if (why)
		SKIP(return, "%s", why);
	self->session = luo_create_session(self->luo, "shape");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_mapped(self->iommufd, &self->ioas);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->other_ioas));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
}

FIXTURE_TEARDOWN(shape)
{
}

TEST_F(shape, is_fixed_while_preserved)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, variant->change(self));
	ASSERT_EQ(-EBUSY, variant->change(self));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, variant->change(self));
}

/* An option that can only be set as long as there are no objects */
FIXTURE(shape_of_nothing)
{
	int luo;
	int session;
	int iommufd;
};

FIXTURE_SETUP(shape_of_nothing)
{
	const char *why = open_devices(&self->luo, &self->iommufd);

	if (why)
		SKIP(return, "%s", why);
	self->session = luo_create_session(self->luo, "shape");
	ASSERT_GE(self->session, 0);
}

FIXTURE_TEARDOWN(shape_of_nothing)
{
}

TEST_F(shape_of_nothing, rlimit_mode)
{
	__u64 val = 1;

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-EBUSY, iommufd_option(self->iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &val));
	ASSERT_EQ(0, iommufd_option(self->iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_GET, 0, &val));
	ASSERT_EQ(0, val);
	ASSERT_EQ(0, close(self->session));
	val = 1;
	ASSERT_EQ(0, iommufd_option(self->iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &val));
}

/* The ioctls of a VFIO container make an IOAS on the way, and mappings */
TEST_F(shape_of_nothing, vfio_container_ioctls)
{
	__u32 ioas;

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-1, ioctl(self->iommufd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(EBUSY, errno);
	ASSERT_EQ(0, close(self->session));

	/* Nothing was made: this is the first object */
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	ASSERT_EQ(1, ioas);
	ASSERT_EQ(0, iommufd_vfio_ioas(self->iommufd, IOMMU_VFIO_IOAS_SET, &ioas));
	ASSERT_EQ(VFIO_API_VERSION, ioctl(self->iommufd, VFIO_GET_API_VERSION));
}

/* With a device bound and attached, and a second one that could be */
FIXTURE(shape_device)
{
	int luo;
	int session;
	int iommufd;
	int memfd;
	int device;
	int other_device;
	__u32 ioas;
	__u32 other_ioas;
	__u32 dev_id;
};

typedef int device_change(const FIXTURE_DATA(shape_device) *self);

static int change_hwpt_alloc(const FIXTURE_DATA(shape_device) *self)
{
	__u32 id;

	return iommufd_hwpt_alloc(self->iommufd, self->dev_id, self->ioas, &id);
}

static int change_bind(const FIXTURE_DATA(shape_device) *self)
{
	__u32 id;

	return self->other_device < 0 ? -ENODEV : vfio_bind(self->other_device, self->iommufd, &id);
}

static int change_attach(const FIXTURE_DATA(shape_device) *self)
{
	return vfio_attach(self->device, self->other_ioas);
}

static int change_detach(const FIXTURE_DATA(shape_device) *self)
{
	return vfio_detach(self->device);
}

static int change_map_pinned(const FIXTURE_DATA(shape_device) *self)
{
	return ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, PAGE_SIZE, SECOND_IOVA);
}

static int change_unmap_pinned(const FIXTURE_DATA(shape_device) *self)
{
	return ioas_unmap(self->iommufd, self->ioas, AREA_IOVA, AREA_SIZE);
}

FIXTURE_VARIANT(shape_device)
{
	device_change *change;
	/* Only the device knows of it, so only preserving that forbids it */
	bool device_only;
};

FIXTURE_VARIANT_ADD(shape_device, hwpt_alloc) { .change = change_hwpt_alloc };
FIXTURE_VARIANT_ADD(shape_device, bind_another) { .change = change_bind };
FIXTURE_VARIANT_ADD(shape_device, attach) { .change = change_attach };
FIXTURE_VARIANT_ADD(shape_device, detach) { .change = change_detach, .device_only = true };
FIXTURE_VARIANT_ADD(shape_device, ioas_map_file) { .change = change_map_pinned };
FIXTURE_VARIANT_ADD(shape_device, ioas_unmap) { .change = change_unmap_pinned };

FIXTURE_SETUP(shape_device)
{
	const char *why = open_devices(&self->luo, &self->iommufd);
	char bdf[16];

	if (why)
		SKIP(return, "%s", why);
	self->device = vfio_open_noiommu(0, bdf);
	if (self->device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-self->device));
	self->other_device = vfio_open_noiommu(1, bdf);
	if (self->other_device < 0 && variant->change == change_bind)
		SKIP(return, "no second noiommu vfio-pci device: %s", strerror(-self->other_device));
	self->session = luo_create_session(self->luo, "shape");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->other_ioas));
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
}

FIXTURE_TEARDOWN(shape_device)
{
}

TEST_F(shape_device, is_fixed_while_preserved)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	if (!variant->device_only)
		ASSERT_EQ(-EBUSY, variant->change(self));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->device, DEVICE));
	ASSERT_EQ(-EBUSY, variant->change(self));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, variant->change(self));
}

/* What only reads */
FIXTURE(reading)
{
	int luo;
	int session;
	int iommufd;
	int device;
	__u32 ioas;
	__u32 dev_id;
};

FIXTURE_SETUP(reading)
{
	const char *why = open_devices(&self->luo, &self->iommufd);
	char bdf[16];
	int memfd;

	if (why)
		SKIP(return, "%s", why);
	self->device = vfio_open_noiommu(0, bdf);
	self->session = luo_create_session(self->luo, "shape");
	ASSERT_GE(self->session, 0);
	memfd = memfd_mapped(self->iommufd, &self->ioas);
	ASSERT_GE(memfd, 0);
	ASSERT_EQ(0, luo_preserve_fd(self->session, memfd, MEMFD));
}

FIXTURE_TEARDOWN(reading)
{
}

TEST_F(reading, works_while_preserved)
{
	struct iommu_iova_range before[8], after[8];
	__u32 nr_before = 8, nr_after = 8;
	__u64 val = 7;

	ASSERT_EQ(0, ioas_iova_ranges(self->iommufd, self->ioas, before, &nr_before));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, ioas_iova_ranges(self->iommufd, self->ioas, after, &nr_after));
	ASSERT_EQ(nr_before, nr_after);
	ASSERT_EQ(0, memcmp(before, after, nr_before * sizeof(*before)));
	ASSERT_EQ(0, iommufd_option(self->iommufd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, self->ioas, &val));
	ASSERT_EQ(1, val);
	ASSERT_EQ(0, iommufd_option(self->iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_GET, 0, &val));
	ASSERT_EQ(0, val);
}

TEST_F(reading, works_while_device_is_preserved)
{
	struct iommu_noiommu_extent extents[2][AREA_SIZE / PAGE_SIZE] = {};
	struct iommu_ioas_noiommu_get_extents get[2];
	__u64 phys[2], length[2] = { PAGE_SIZE, PAGE_SIZE };
	int hw_info, i;

	if (self->device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-self->device));
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	/* Not supported for noiommu devices: it has to stay that, and not be EBUSY */
	hw_info = iommufd_get_hw_info(self->iommufd, self->dev_id);
	for (i = 0; i < 2; i++) {
		memset(&get[i], 0, sizeof(get[i]));
		get[i].ioas_id = self->ioas;
		get[i].nr_extents = ARRAY_SIZE(extents[i]);
		get[i].extents_uptr = (uintptr_t)extents[i];
		ASSERT_EQ(0, ioas_get_extents(self->iommufd, &get[i]));
		ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, AREA_IOVA, &phys[i], &length[i]));
		if (i)
			break;
		ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
		ASSERT_EQ(0, luo_preserve_fd(self->session, self->device, DEVICE));
	}
	ASSERT_EQ(phys[0], phys[1]);
	ASSERT_EQ(length[0], length[1]);
	ASSERT_EQ(get[0].nr_extents, get[1].nr_extents);
	ASSERT_EQ(0, memcmp(extents[0], extents[1], sizeof(extents[0])));
	ASSERT_EQ(hw_info, iommufd_get_hw_info(self->iommufd, self->dev_id));
}

/* The same with others at it all the time, who succeed now and then */
FIXTURE(race)
{
	int luo;
	int iommufd;
	int memfd;
	int device;
	__u32 ioas;
	__u32 dev_id;
};

FIXTURE_SETUP(race)
{
	const char *why = open_devices(&self->luo, &self->iommufd);
	char bdf[16];

	if (why)
		SKIP(return, "%s", why);
	self->device = vfio_open_noiommu(0, bdf);
	if (self->device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-self->device));
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
}

FIXTURE_TEARDOWN(race)
{
}

static void map_and_unmap(void *arg)
{
	FIXTURE_DATA(race) *self = arg;

	ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, PAGE_SIZE, SECOND_IOVA);
	ioas_unmap(self->iommufd, self->ioas, SECOND_IOVA, PAGE_SIZE);
}

static void alloc_and_destroy(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	__u32 id;

	if (!ioas_alloc(self->iommufd, &id))
		while (iommufd_destroy(self->iommufd, id) == -EBUSY)
			usleep(100);
}

static int read_extents(FIXTURE_DATA(race) *self, struct iommu_noiommu_extent *extents, __u32 *nr)
{
	struct iommu_ioas_noiommu_get_extents get = {
		.ioas_id = self->ioas,
		.nr_extents = *nr,
		.extents_uptr = (uintptr_t)extents,
	};
	int rc = ioas_get_extents(self->iommufd, &get);

	*nr = get.nr_extents;
	return rc;
}

TEST_F_TIMEOUT(race, no_change_slips_through, 120)
{
	struct iommu_noiommu_extent before[32], after[32];
	int i, rc, preserved = 0, session;
	__u32 nr_before, nr_after, id;
	pid_t pids[2];

	pids[0] = keep_doing(map_and_unmap, self);
	pids[1] = keep_doing(alloc_and_destroy, self);
	for (i = 0; i < 300; i++) {
		session = luo_create_session(self->luo, "race");
		ASSERT_GE(session, 0);
		ASSERT_EQ(0, luo_preserve_fd(session, self->memfd, MEMFD));
		rc = luo_preserve_fd(session, self->iommufd, IOMMUFD);
		if (!rc) {
			nr_before = ARRAY_SIZE(before);
			ASSERT_EQ(0, read_extents(self, before, &nr_before));
			ASSERT_EQ(-EBUSY, ioas_alloc(self->iommufd, &id));
			usleep(2000);
			nr_after = ARRAY_SIZE(after);
			ASSERT_EQ(0, read_extents(self, after, &nr_after));
			ASSERT_EQ(nr_before, nr_after);
			ASSERT_EQ(0, memcmp(before, after, nr_before * sizeof(*before)));
			preserved++;
		} else {
			/* It does not wait for somebody in the middle of a change */
			ASSERT_EQ(-EBUSY, rc);
		}
		ASSERT_EQ(0, close(session));
		usleep(1000);
	}
	ASSERT_EQ(0, stop_doing(pids[0]));
	ASSERT_EQ(0, stop_doing(pids[1]));
	TH_LOG("preserved %d times of %d", preserved, i);
	ASSERT_GT(preserved, 0);
}

TEST_HARNESS_MAIN
