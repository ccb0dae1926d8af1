// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever fails on the way of a live update: each allocation and each copy from or
 * to the caller, one after the other. After each failure all is as it was before,
 * can be changed, and the same call works. What comes after the kexec is for a
 * virtual machine.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/liveupdate.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "fault_util.h"
#include "kselftest_harness.h"
#include "vfio_use.h"

#define SLOW		600
#define HUGE_PAGE	(2UL << 20)
#define NR_EXTENTS	1024
#define NR_RANGES	16

/* More allocations than any of the calls makes */
#define NTH_MAX		5000

enum { ADDRESS_MEMFD = DEVICE + 1, DEVICE2 };

FIXTURE(faults)
{
	struct vfio v;
	/* Mapped by address, and one that is not preserved */
	int by_address;
	int left_behind;
	/* Its context is preserved, but the device is not: nobody can start a kernel */
	struct vfio second;
	int made;
};

/* All that can be asked of what is to be preserved */
struct state {
	struct iommu_noiommu_extent extents[NR_EXTENTS];
	struct iommu_iova_range ranges[NR_RANGES];
	__u32 nr_extents, nr_ranges;
	__u64 huge_pages, rlimit_mode;
	off_t size, pos;
	blkcnt_t blocks;
	int seals;
	char bytes[AREA_SIZE];
	__u32 config[64];
};

static int read_state(const FIXTURE_DATA(faults) *self, struct state *s)
{
	struct iommu_ioas_noiommu_get_extents get = {
		.ioas_id = self->v.ioas,
		.nr_extents = NR_EXTENTS,
		.extents_uptr = (uintptr_t)s->extents,
	};
	struct stat st;
	unsigned int i;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = ioas_get_extents(self->v.iommufd, &get);
	s->nr_extents = get.nr_extents;
	s->nr_ranges = NR_RANGES;
	rc = rc ?: ioas_iova_ranges(self->v.iommufd, self->v.ioas, s->ranges, &s->nr_ranges);
	rc = rc ?: iommufd_option(self->v.iommufd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, self->v.ioas,
				  &s->huge_pages);
	rc = rc ?: iommufd_option(self->v.iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_GET, 0,
				  &s->rlimit_mode);
	if (fstat(self->v.memfd, &st))
		return -errno;
	s->size = st.st_size;
	s->blocks = st.st_blocks;
	s->pos = lseek(self->v.memfd, 0, SEEK_CUR);
	s->seals = fcntl(self->v.memfd, F_GET_SEALS);
	if (pread(self->v.memfd, s->bytes, AREA_SIZE, 0) != AREA_SIZE)
		return -EIO;
	for (i = 0; i < ARRAY_SIZE(s->config); i++)
		rc = rc ?: vfio_config_read(self->v.device, 4 * i, 4, &s->config[i]);
	return rc;
}

/* --- What can be changed as long as it is not preserved. 0 if it can --- */

static int change_memfd(int memfd)
{
	return ftruncate(memfd, AREA_SIZE + PAGE_SIZE) || ftruncate(memfd, AREA_SIZE) ? -errno : 0;
}

static int change_device(int device)
{
	int efd = eventfd(0, EFD_CLOEXEC);
	int rc = vfio_arm_irq(device, VFIO_PCI_MSIX_IRQ_INDEX, efd);

	close(efd);
	return rc ?: vfio_disarm_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX);
}

static int nothing_preserved(FIXTURE_DATA(faults) *self)
{
	return change_memfd(self->v.memfd) ?: iommufd_usable(self->v.iommufd, self->v.ioas) ?:
	       change_device(self->v.device);
}

static int memfds_preserved(FIXTURE_DATA(faults) *self)
{
	if (change_memfd(self->v.memfd) != -EPERM)
		return -EINVAL;
	return iommufd_usable(self->v.iommufd, self->v.ioas) ?: change_device(self->v.device);
}

static int memory_preserved(FIXTURE_DATA(faults) *self)
{
	if (change_memfd(self->v.memfd) != -EPERM || iommufd_usable(self->v.iommufd, self->v.ioas) != -EBUSY)
		return -EINVAL;
	return change_device(self->v.device);
}

/* Preserved, not frozen: configuration can be written, more can be preserved */
static int thawed(FIXTURE_DATA(faults) *self)
{
	int memfd, rc;

	if (change_memfd(self->v.memfd) != -EPERM || iommufd_usable(self->v.iommufd, self->v.ioas) != -EBUSY ||
	    change_device(self->v.device) != -EBUSY)
		return -EINVAL;
	rc = vfio_config_write(self->v.device, PCI_CACHE_LINE_SIZE, 1, 0);
	if (rc)
		return rc;
	/* One that goes with this session: it takes no other with its token */
	memfd = memfd_filled(PAGE_SIZE);
	rc = luo_preserve_fd(self->v.session, memfd, 1000 + self->made++);
	close(memfd);
	return rc;
}

/* --- How far to go before the call, and the calls --- */

static int with_nothing(FIXTURE_DATA(faults) *self)
{
	(void)self;
	return 0;
}

static int with_memfds(FIXTURE_DATA(faults) *self)
{
	return luo_preserve_fd(self->v.session, self->v.memfd, MEMFD) ?:
	       luo_preserve_fd(self->v.session, self->by_address, ADDRESS_MEMFD);
}

static int with_memory(FIXTURE_DATA(faults) *self)
{
	return with_memfds(self) ?: luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD);
}

static int with_all_but_one(FIXTURE_DATA(faults) *self)
{
	return with_memory(self) ?: luo_preserve_fd(self->v.session, self->v.device, DEVICE) ?:
	       luo_preserve_fd(self->v.session, self->second.iommufd, DEVICE2);
}

static int create_session(FIXTURE_DATA(faults) *self)
{
	int rc = luo_create_session(self->v.luo, "another");

	return rc < 0 ? rc : close(rc);
}

static int preserve_memfd(FIXTURE_DATA(faults) *self)
{
	return luo_preserve_fd(self->v.session, self->v.memfd, MEMFD);
}

static int preserve_iommufd(FIXTURE_DATA(faults) *self)
{
	return luo_preserve_fd(self->v.session, self->v.iommufd, IOMMUFD);
}

static int preserve_device(FIXTURE_DATA(faults) *self)
{
	return luo_preserve_fd(self->v.session, self->v.device, DEVICE);
}

static int start_kernel(FIXTURE_DATA(faults) *self)
{
	(void)self;
	return kexec_reboot();
}

static int get_extents(FIXTURE_DATA(faults) *self)
{
	static struct iommu_noiommu_extent extents[NR_EXTENTS];
	struct iommu_ioas_noiommu_get_extents get = {
		.ioas_id = self->v.ioas,
		.nr_extents = NR_EXTENTS,
		.extents_uptr = (uintptr_t)extents,
	};

	return ioas_get_extents(self->v.iommufd, &get);
}

static int get_memory(FIXTURE_DATA(faults) *self)
{
	struct iommu_ioas_get_memory get = {
		.size = sizeof(get),
		.ioas_id = self->v.ioas,
		.iova = AREA_IOVA,
	};

	if (ioctl(self->v.iommufd, IOMMU_IOAS_GET_MEMORY, &get))
		return -errno;
	return close(get.out_fd);
}

FIXTURE_VARIANT(faults)
{
	/* What is preserved before the call, and can then be changed */
	int (*before)(FIXTURE_DATA(faults) *self);
	int (*call)(FIXTURE_DATA(faults) *self);
	int (*changeable)(FIXTURE_DATA(faults) *self);
	/* Without a fault */
	int result;
};

FIXTURE_VARIANT_ADD(faults, create_session) {
	.before = with_nothing, .call = create_session, .changeable = nothing_preserved,
};

FIXTURE_VARIANT_ADD(faults, preserve_memfd) {
	.before = with_nothing, .call = preserve_memfd, .changeable = nothing_preserved,
};

FIXTURE_VARIANT_ADD(faults, preserve_iommufd) {
	.before = with_memfds, .call = preserve_iommufd, .changeable = memfds_preserved,
};

FIXTURE_VARIANT_ADD(faults, preserve_device) {
	.before = with_memory, .call = preserve_device, .changeable = memory_preserved,
};

FIXTURE_VARIANT_ADD(faults, freeze) {
	.before = with_all_but_one, .call = start_kernel, .changeable = thawed, .result = -ENOTCONN,
};

FIXTURE_VARIANT_ADD(faults, get_extents) {
	.before = with_nothing, .call = get_extents, .changeable = nothing_preserved,
};

FIXTURE_VARIANT_ADD(faults, get_memory) {
	.before = with_nothing, .call = get_memory, .changeable = nothing_preserved,
};

/* Memory of each kind, each in an area */
static int map_all(FIXTURE_DATA(faults) *self)
{
	struct vfio *v = &self->v;
	void *map, *huge;
	int rc;

	self->by_address = memfd_filled(AREA_SIZE);
	self->left_behind = memfd_filled(AREA_SIZE);
	map = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->by_address, 0);
	if (self->left_behind < 0 || map == MAP_FAILED)
		return -ENOMEM;
	rc = ioas_map(v->iommufd, v->ioas, map, AREA_SIZE, 2 * AREA_IOVA);
	rc = rc ?: ioas_map_file(v->iommufd, v->ioas, self->left_behind, 0, AREA_SIZE, 3 * AREA_IOVA);
	rc = rc ?: ioas_map(v->iommufd, v->ioas, anon_pages(AREA_SIZE), AREA_SIZE, 4 * AREA_IOVA);
	rc = rc ?: ioas_copy(v->iommufd, v->ioas, v->ioas, PAGE_SIZE, 5 * AREA_IOVA, 4 * AREA_IOVA);

	huge = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (!rc && huge != MAP_FAILED)
		rc = ioas_map(v->iommufd, v->ioas, huge, HUGE_PAGE, 6 * AREA_IOVA);
	return rc;
}

FIXTURE_SETUP(faults)
{
	struct vfio *v = &self->v;
	const char *reason;

	if (mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL) && errno != EBUSY)
		SKIP(return, "no debugfs: %s", strerror(errno));
	reason = fault_setup() ?: vfio_setup(v);
	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(v));
	ASSERT_EQ(0, map_all(self));
	if (variant->call == start_kernel) {
		int rc = kexec_image_file_load();

		if (rc)
			SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));
		reason = vfio_open_nth(&self->second, 1);
		if (reason)
			SKIP(return, "second device: %s", reason);
		ASSERT_EQ(0, ioas_alloc(self->second.iommufd, &self->second.ioas));
		ASSERT_EQ(0, vfio_connect(self->second.device, self->second.iommufd, self->second.ioas,
					  &self->second.dev_id));
	}
}

FIXTURE_TEARDOWN(faults)
{
	if (variant->call == start_kernel)
		kexec_image_unload();
}

TEST_F_TIMEOUT(faults, each_one, SLOW)
{
	static struct state before, after;
	unsigned int nth, failed = 0, survived = 0, lasts;
	bool used;
	int rc;

	ASSERT_EQ(0, variant->before(self));
	ASSERT_EQ(0, variant->changeable(self));
	for (lasts = 0; lasts < 2; lasts++) {
		for (nth = 1, used = true; used; nth++) {
			ASSERT_LT(nth, NTH_MAX);
			ASSERT_EQ(0, read_state(self, &before));
			fault_arm(nth, lasts);
			rc = variant->call(self);
			used = fault_disarm();
			if (rc == variant->result) {
				survived += used;
			} else {
				failed++;
				if (rc != -EFAULT)
					ASSERT_EQ(-ENOMEM, rc);
				ASSERT_TRUE(used);
			}

			ASSERT_EQ(0, read_state(self, &after));
			ASSERT_EQ(0, memcmp(&before, &after, sizeof(before)));
			if (rc != variant->result) {
				ASSERT_EQ(0, variant->changeable(self)) {
					TH_LOG("after fault %u", nth);
				}
				ASSERT_EQ(variant->result, variant->call(self));
			} else if (rc) {
				ASSERT_EQ(0, variant->changeable(self));
			}
			if (variant->before != with_nothing || variant->call == preserve_memfd) {
				ASSERT_EQ(0, give_back(&self->v));
				ASSERT_EQ(0, nothing_preserved(self));
				ASSERT_EQ(0, variant->before(self));
			}
		}
	}
	TH_LOG("%u calls failed, %u did without", failed, survived);
	/* The control: a fault has an effect. Freeze needs no memory that could be missing */
	if (!variant->result)
		ASSERT_LT(0, failed);
}

/* --- answers that cannot be given --- */

FIXTURE(answer)
{
	struct vfio v;
};

FIXTURE_SETUP(answer)
{
	const char *reason = vfio_setup(&self->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, vfio_start(&self->v));
}

FIXTURE_TEARDOWN(answer)
{
}

/* A copy of @cmd that the kernel can read, but not write */
static void *read_only(const void *cmd, size_t size)
{
	void *page = anon_pages(PAGE_SIZE);

	memcpy(page, cmd, size);
	return mprotect(page, PAGE_SIZE, PROT_READ) ? NULL : page;
}

TEST_F(answer, cannot_be_written)
{
	struct liveupdate_ioctl_create_session create = { .size = sizeof(create), .name = "unseen" };
	struct liveupdate_session_preserve_fd preserve = {
		.size = sizeof(preserve),
		.fd = self->v.memfd,
		.token = MEMFD,
	};
	struct iommu_ioas_get_memory get = {
		.size = sizeof(get),
		.ioas_id = self->v.ioas,
		.iova = AREA_IOVA,
	};
	int fd;

	ASSERT_EQ(-1, ioctl(self->v.luo, LIVEUPDATE_IOCTL_CREATE_SESSION, read_only(&create, sizeof(create))));
	ASSERT_EQ(EFAULT, errno);
	/* It is not there, so its name is free */
	fd = luo_create_session(self->v.luo, "unseen");
	ASSERT_LT(0, fd);
	ASSERT_EQ(0, close(fd));

	ASSERT_EQ(-1, ioctl(self->v.iommufd, IOMMU_IOAS_GET_MEMORY, read_only(&get, sizeof(get))));
	ASSERT_EQ(EFAULT, errno);

	/* Has no answer */
	ASSERT_EQ(0, ioctl(self->v.session, LIVEUPDATE_SESSION_PRESERVE_FD, read_only(&preserve, sizeof(preserve))));
	ASSERT_EQ(-EPERM, change_memfd(self->v.memfd));
	ASSERT_EQ(0, close(self->v.session));
	ASSERT_EQ(0, change_memfd(self->v.memfd));
}

TEST_F(answer, no_descriptor_left)
{
	struct iommu_ioas_get_memory get = {
		.size = sizeof(get),
		.ioas_id = self->v.ioas,
		.iova = AREA_IOVA,
	};
	struct rlimit limit, none;
	int session, memory;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	session = luo_create_session(self->v.luo, "unseen");
	memory = ioctl(self->v.iommufd, IOMMU_IOAS_GET_MEMORY, &get) ? -errno : 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));

	ASSERT_EQ(-EMFILE, session);
	ASSERT_EQ(-EMFILE, memory);
	ASSERT_LT(0, luo_create_session(self->v.luo, "unseen"));
	ASSERT_EQ(0, ioctl(self->v.iommufd, IOMMU_IOAS_GET_MEMORY, &get));
}

TEST_HARNESS_MAIN
