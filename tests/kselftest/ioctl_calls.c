// SPDX-License-Identifier: GPL-2.0-only
/* A function for each row of the tables in ioctls.md, and these tables */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/liveupdate.h>
#include <linux/vfio.h>

#include "ioctl_walk.h"

#define SECOND_IOVA	(2 * AREA_IOVA)

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int close_if(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* --- /dev/liveupdate, sessions --- */

static int call_LIVEUPDATE_IOCTL_CREATE_SESSION(struct ioctl_walk *w)
{
	return close_if(luo_create_session(w->v.luo, "another"));
}

static int call_LIVEUPDATE_IOCTL_RETRIEVE_SESSION(struct ioctl_walk *w)
{
	return close_if(luo_retrieve_session(w->v.luo, IOCTL_SESSION));
}

static int call_LIVEUPDATE_SESSION_PRESERVE_FD_of_another_file(struct ioctl_walk *w)
{
	int memfd = memfd_filled(PAGE_SIZE);
	int rc = luo_preserve_fd(w->v.session, memfd, DEVICE + 1);

	close(memfd);
	return rc;
}

static int call_LIVEUPDATE_SESSION_RETRIEVE_FD(struct ioctl_walk *w)
{
	return close_if(luo_retrieve_fd(w->v.session, MEMFD));
}

/* For each state there is another session, as it is gone afterwards */
static int call_LIVEUPDATE_SESSION_FINISH(struct ioctl_walk *w)
{
	int session, rc;

	if (w->state < IOCTL_INCOMING)
		return luo_finish(w->v.session);
	session = luo_retrieve_session(w->v.luo, ioctl_state_name(w->state));
	if (session < 0)
		return session;
	rc = luo_finish(session);
	close(session);
	return rc;
}

static int call_LIVEUPDATE_SESSION_GET_NAME(struct ioctl_walk *w)
{
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];

	return luo_get_name(w->v.session, name, sizeof(name));
}

/* --- iommufd --- */

static int call_IOMMU_IOAS_IOVA_RANGES(struct ioctl_walk *w)
{
	struct iommu_iova_range ranges[8];
	__u32 nr = 8;

	return ioas_iova_ranges(w->v.iommufd, w->v.ioas, ranges, &nr);
}

static int call_IOMMU_IOAS_NOIOMMU_GET_PA(struct ioctl_walk *w)
{
	__u64 phys, length = PAGE_SIZE;

	return ioas_get_pa(w->v.iommufd, w->v.ioas, AREA_IOVA, &phys, &length);
}

static int call_IOMMU_IOAS_NOIOMMU_GET_EXTENTS(struct ioctl_walk *w)
{
	struct iommu_noiommu_extent extents[4];
	struct iommu_ioas_noiommu_get_extents cmd = {
		.ioas_id = w->v.ioas,
		.nr_extents = 4,
		.extents_uptr = (uintptr_t)extents,
	};

	return ioas_get_extents(w->v.iommufd, &cmd);
}

static int call_IOMMU_IOAS_GET_MEMORY(struct ioctl_walk *w)
{
	struct iommu_ioas_get_memory cmd = {
		.size = sizeof(cmd),
		.ioas_id = w->v.ioas,
		.iova = AREA_IOVA,
	};
	int rc = call(w->v.iommufd, IOMMU_IOAS_GET_MEMORY, &cmd);

	return rc ? rc : close_if(cmd.out_fd);
}

static int option(struct ioctl_walk *w, __u16 op)
{
	__u64 val = 1;

	return iommufd_option(w->v.iommufd, IOMMU_OPTION_HUGE_PAGES, op, w->other_ioas, &val);
}

static int call_IOMMU_OPTION_get(struct ioctl_walk *w)
{
	__u64 val;
	int rc = iommufd_option(w->v.iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_GET, 0, &val);

	return rc ? rc : option(w, IOMMU_OPTION_OP_GET);
}

static int call_IOMMU_OPTION_set(struct ioctl_walk *w)
{
	return option(w, IOMMU_OPTION_OP_SET);
}

static int vfio_ioas(struct ioctl_walk *w, __u16 op)
{
	__u32 id = w->other_ioas;

	return iommufd_vfio_ioas(w->v.iommufd, op, &id);
}

static int call_IOMMU_VFIO_IOAS_get(struct ioctl_walk *w)
{
	return vfio_ioas(w, IOMMU_VFIO_IOAS_GET);
}

static int call_IOMMU_VFIO_IOAS_set(struct ioctl_walk *w)
{
	return vfio_ioas(w, IOMMU_VFIO_IOAS_SET);
}

static int call_IOMMU_VFIO_IOAS_clear(struct ioctl_walk *w)
{
	return vfio_ioas(w, IOMMU_VFIO_IOAS_CLEAR);
}

static int call_IOMMU_GET_HW_INFO(struct ioctl_walk *w)
{
	return iommufd_get_hw_info(w->v.iommufd, w->v.dev_id);
}

static int call_IOMMU_HWPT_GET_DIRTY_BITMAP(struct ioctl_walk *w)
{
	__u64 bitmap = 0;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = w->hwpt,
		.iova = AREA_IOVA,
		.length = AREA_SIZE,
		.page_size = PAGE_SIZE,
		.data = (uintptr_t)&bitmap,
	};

	return call(w->v.iommufd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

static int call_IOMMU_IOAS_ALLOC(struct ioctl_walk *w)
{
	__u32 id;

	return ioas_alloc(w->v.iommufd, &id);
}

static int call_IOMMU_IOAS_ALLOW_IOVAS(struct ioctl_walk *w)
{
	return ioas_allow(w->v.iommufd, w->other_ioas, AREA_IOVA, AREA_IOVA + AREA_SIZE - 1);
}

static int call_IOMMU_IOAS_MAP(struct ioctl_walk *w)
{
	void *page = anon_pages(PAGE_SIZE);
	int rc = ioas_map(w->v.iommufd, w->v.ioas, page, PAGE_SIZE, SECOND_IOVA);

	munmap(page, PAGE_SIZE);
	return rc;
}

static int call_IOMMU_IOAS_MAP_FILE(struct ioctl_walk *w)
{
	return ioas_map_file(w->v.iommufd, w->v.ioas, w->v.memfd, 0, PAGE_SIZE, SECOND_IOVA);
}

static int call_IOMMU_IOAS_COPY(struct ioctl_walk *w)
{
	return ioas_copy(w->v.iommufd, w->other_ioas, w->v.ioas, PAGE_SIZE, SECOND_IOVA, AREA_IOVA);
}

static int call_IOMMU_IOAS_UNMAP(struct ioctl_walk *w)
{
	return ioas_unmap(w->v.iommufd, w->v.ioas, AREA_IOVA, AREA_SIZE);
}

static int call_IOMMU_IOAS_CHANGE_PROCESS(struct ioctl_walk *w)
{
	return ioas_change_process(w->v.iommufd);
}

static int call_IOMMU_HWPT_ALLOC(struct ioctl_walk *w)
{
	__u32 id;

	return iommufd_hwpt_alloc(w->v.iommufd, w->v.dev_id, w->v.ioas, &id);
}

static int call_IOMMU_HWPT_SET_DIRTY_TRACKING(struct ioctl_walk *w)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
		.hwpt_id = w->hwpt,
	};

	return call(w->v.iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

static int call_IOMMU_HWPT_INVALIDATE(struct ioctl_walk *w)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = w->hwpt,
		.entry_len = 8,
	};

	return call(w->v.iommufd, IOMMU_HWPT_INVALIDATE, &cmd);
}

static int call_IOMMU_FAULT_QUEUE_ALLOC(struct ioctl_walk *w)
{
	__u32 id;
	int fd, rc = iommufd_fault_alloc(w->v.iommufd, &id, &fd);

	return rc ? rc : close_if(fd);
}

static int call_IOMMU_VIOMMU_ALLOC(struct ioctl_walk *w)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = IOMMU_VIOMMU_TYPE_ARM_SMMUV3,
		.dev_id = w->v.dev_id,
		.hwpt_id = w->hwpt,
	};

	return call(w->v.iommufd, IOMMU_VIOMMU_ALLOC, &cmd);
}

/* There is no vIOMMU that these could name */
static int call_IOMMU_VDEVICE_ALLOC(struct ioctl_walk *w)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = w->v.ioas,
		.dev_id = w->v.dev_id,
	};

	return call(w->v.iommufd, IOMMU_VDEVICE_ALLOC, &cmd);
}

static int call_IOMMU_VEVENTQ_ALLOC(struct ioctl_walk *w)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = w->v.ioas,
		.type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
		.veventq_depth = 1,
	};

	return call(w->v.iommufd, IOMMU_VEVENTQ_ALLOC, &cmd);
}

static int call_IOMMU_HW_QUEUE_ALLOC(struct ioctl_walk *w)
{
	struct iommu_hw_queue_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = w->v.ioas,
		.type = IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV,
		.nesting_parent_iova = AREA_IOVA,
		.length = PAGE_SIZE,
	};

	return call(w->v.iommufd, IOMMU_HW_QUEUE_ALLOC, &cmd);
}

static int call_IOMMU_DESTROY(struct ioctl_walk *w)
{
	return iommufd_destroy(w->v.iommufd, w->other_ioas);
}

/* --- iommufd as a VFIO container --- */

static int call_VFIO_GET_API_VERSION(struct ioctl_walk *w)
{
	return call(w->v.iommufd, VFIO_GET_API_VERSION, NULL);
}

static int call_VFIO_CHECK_EXTENSION(struct ioctl_walk *w)
{
	return call(w->v.iommufd, VFIO_CHECK_EXTENSION, (void *)VFIO_TYPE1v2_IOMMU);
}

static int call_VFIO_IOMMU_GET_INFO(struct ioctl_walk *w)
{
	struct vfio_iommu_type1_info cmd = { .argsz = sizeof(cmd) };

	return call(w->v.iommufd, VFIO_IOMMU_GET_INFO, &cmd);
}

static int call_VFIO_SET_IOMMU(struct ioctl_walk *w)
{
	return call(w->v.iommufd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
}

static int call_VFIO_IOMMU_MAP_DMA(struct ioctl_walk *w)
{
	void *page = anon_pages(PAGE_SIZE);
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DMA_MAP_FLAG_READ,
		.vaddr = (uintptr_t)page,
		.iova = SECOND_IOVA,
		.size = PAGE_SIZE,
	};
	int rc = call(w->v.iommufd, VFIO_IOMMU_MAP_DMA, &cmd);

	munmap(page, PAGE_SIZE);
	return rc;
}

static int call_VFIO_IOMMU_UNMAP_DMA(struct ioctl_walk *w)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = AREA_IOVA,
		.size = AREA_SIZE,
	};

	return call(w->v.iommufd, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

/* What no iommufd has looks at no argument */
static int call_without(int fd, unsigned long request)
{
	__u64 zeroes[16] = {};

	return call(fd, request, zeroes);
}

#define CALL_WITHOUT(fd, request)				\
static int call_##request(struct ioctl_walk *w)			\
{								\
	return call_without(w->v.fd, request);			\
}

CALL_WITHOUT(iommufd, VFIO_IOMMU_DIRTY_PAGES)
CALL_WITHOUT(iommufd, VFIO_IOMMU_ENABLE)
CALL_WITHOUT(iommufd, VFIO_IOMMU_DISABLE)
CALL_WITHOUT(iommufd, VFIO_EEH_PE_OP)
CALL_WITHOUT(iommufd, VFIO_IOMMU_SPAPR_REGISTER_MEMORY)
CALL_WITHOUT(iommufd, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY)
CALL_WITHOUT(iommufd, VFIO_IOMMU_SPAPR_TCE_CREATE)
CALL_WITHOUT(iommufd, VFIO_IOMMU_SPAPR_TCE_REMOVE)

static int call_VFIO_IOMMU_SPAPR_TCE_GET_INFO_the_number_of_VFIO_IOMMU_GET_INFO(struct ioctl_walk *w)
{
	struct vfio_iommu_spapr_tce_info cmd = { .argsz = sizeof(cmd) };

	return call(w->v.iommufd, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &cmd);
}

/* --- devices --- */

CALL_WITHOUT(device, VFIO_DEVICE_QUERY_GFX_PLANE)
CALL_WITHOUT(device, VFIO_DEVICE_GET_GFX_DMABUF)
CALL_WITHOUT(device, VFIO_MIG_GET_PRECOPY_INFO)
CALL_WITHOUT(device, VFIO_DEVICE_RESET)

static int call_VFIO_DEVICE_GET_INFO(struct ioctl_walk *w)
{
	struct vfio_device_info cmd = { .argsz = sizeof(cmd) };

	return call(w->v.device, VFIO_DEVICE_GET_INFO, &cmd);
}

static int call_VFIO_DEVICE_GET_REGION_INFO(struct ioctl_walk *w)
{
	__u64 offset;
	size_t size;

	return vfio_bar0(w->v.device, &offset, &size);
}

static int call_VFIO_DEVICE_GET_IRQ_INFO(struct ioctl_walk *w)
{
	struct vfio_irq_info cmd = { .argsz = sizeof(cmd), .index = VFIO_PCI_MSIX_IRQ_INDEX };

	return call(w->v.device, VFIO_DEVICE_GET_IRQ_INFO, &cmd);
}

static int call_VFIO_DEVICE_GET_PCI_HOT_RESET_INFO(struct ioctl_walk *w)
{
	struct {
		struct vfio_pci_hot_reset_info info;
		struct vfio_pci_dependent_device devices[16];
	} cmd = { .info.argsz = sizeof(cmd) };

	return call(w->v.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &cmd);
}

static int call_VFIO_DEVICE_IOEVENTFD(struct ioctl_walk *w)
{
	struct vfio_device_ioeventfd cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.fd = w->event,
	};
	__u64 offset;
	size_t size;
	int rc = vfio_bar0(w->v.device, &offset, &size);

	cmd.offset = offset;
	if (!rc)
		rc = call(w->v.device, VFIO_DEVICE_IOEVENTFD, &cmd);
	/* Away with it again */
	cmd.fd = -1;
	if (!rc)
		rc = call(w->v.device, VFIO_DEVICE_IOEVENTFD, &cmd);
	return rc;
}

static int call_VFIO_DEVICE_SET_IRQS_trigger_what_was_armed(struct ioctl_walk *w)
{
	return vfio_set_irqs(w->v.device, VFIO_PCI_MSIX_IRQ_INDEX,
			     VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 1, NULL, 0);
}

static int call_VFIO_DEVICE_SET_IRQS_arm(struct ioctl_walk *w)
{
	return vfio_arm_irq(w->v.device, VFIO_PCI_MSIX_IRQ_INDEX, w->event);
}

static int call_VFIO_DEVICE_SET_IRQS_disarm(struct ioctl_walk *w)
{
	return vfio_disarm_irqs(w->v.device, VFIO_PCI_MSIX_IRQ_INDEX);
}

static int call_VFIO_DEVICE_PCI_HOT_RESET(struct ioctl_walk *w)
{
	return vfio_hot_reset(w->v.device);
}

static int call_VFIO_DEVICE_ATTACH_IOMMUFD_PT_to_where_it_is(struct ioctl_walk *w)
{
	return vfio_attach(w->v.device, w->v.ioas);
}

static int call_VFIO_DEVICE_ATTACH_IOMMUFD_PT_elsewhere(struct ioctl_walk *w)
{
	return vfio_attach(w->v.device, w->other_ioas);
}

static int call_VFIO_DEVICE_DETACH_IOMMUFD_PT(struct ioctl_walk *w)
{
	int rc = vfio_detach(w->v.device);

	return rc ? rc : vfio_attach(w->v.device, w->v.ioas);
}

static int reopen(int *device, unsigned int n, char bdf[16])
{
	if (*device >= 0)
		close(*device);
	*device = vfio_open_noiommu(n, bdf);
	return *device < 0 ? *device : 0;
}

static int call_VFIO_DEVICE_BIND_IOMMUFD_another_device(struct ioctl_walk *w)
{
	__u32 id;
	int rc = vfio_bind(w->other_device, w->v.iommufd, &id);

	/* It must not stay in the context */
	return rc ? rc : reopen(&w->other_device, 1, w->other_bdf);
}

static int call_VFIO_DEVICE_BIND_IOMMUFD_this_one(struct ioctl_walk *w)
{
	int rc = 0;

	if (w->state == IOCTL_NORMAL)
		rc = reopen(&w->v.device, 0, w->v.bdf);
	return rc ? rc : vfio_bind(w->v.device, w->v.iommufd, &w->v.dev_id);
}

/* --- features of devices --- */

static int feature(struct ioctl_walk *w, __u32 flags, const void *data, size_t size)
{
	char buf[sizeof(struct vfio_device_feature) + 64] __attribute__((aligned(8))) = {};
	struct vfio_device_feature *cmd = (void *)buf;
	int rc;

	cmd->argsz = sizeof(*cmd) + size;
	cmd->flags = flags;
	memcpy(cmd->data, data, size);
	rc = ioctl(w->v.device, VFIO_DEVICE_FEATURE, cmd);
	/* Some return a descriptor */
	return rc < 0 ? -errno : rc ? close_if(rc) : 0;
}

#define CALL_FEATURE(name, set_or_get, size)					\
static int call_##name(struct ioctl_walk *w)					\
{										\
	static const char zeroes[64];						\
										\
	return feature(w, (name) | VFIO_DEVICE_FEATURE_##set_or_get, zeroes, size); \
}

CALL_FEATURE(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, SET, 0)
CALL_FEATURE(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, SET, 0)
CALL_FEATURE(VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, SET, 16)
CALL_FEATURE(VFIO_DEVICE_FEATURE_BUS_MASTER, SET, sizeof(struct vfio_device_feature_bus_master))
CALL_FEATURE(VFIO_DEVICE_FEATURE_MIGRATION, GET, sizeof(struct vfio_device_feature_migration))
CALL_FEATURE(VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, GET, sizeof(struct vfio_device_feature_mig_state))
CALL_FEATURE(VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, GET, sizeof(struct vfio_device_feature_mig_data_size))
CALL_FEATURE(VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, SET, 0)
CALL_FEATURE(VFIO_DEVICE_FEATURE_DMA_LOGGING_START, SET, sizeof(struct vfio_device_feature_dma_logging_control))
CALL_FEATURE(VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, SET, 0)
CALL_FEATURE(VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, GET, sizeof(struct vfio_device_feature_dma_logging_report))
CALL_FEATURE(VFIO_DEVICE_FEATURE_ZPCI_ERROR, GET, sizeof(struct vfio_device_feature_zpci_err))

static int call_VFIO_DEVICE_FEATURE_a_number_that_is_not_there(struct ioctl_walk *w)
{
	return feature(w, VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_GET, "", 0);
}

static int call_VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP(struct ioctl_walk *w)
{
	struct vfio_device_low_power_entry_with_wakeup entry = { .wakeup_eventfd = w->event };

	return feature(w, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP | VFIO_DEVICE_FEATURE_SET, &entry,
		       sizeof(entry));
}

static int call_VFIO_DEVICE_FEATURE_DMA_BUF(struct ioctl_walk *w)
{
	struct {
		struct vfio_device_feature_dma_buf buf;
		struct vfio_region_dma_range range;
	} get = {
		.buf = {
			.region_index = VFIO_PCI_BAR0_REGION_INDEX,
			.open_flags = O_RDWR | O_CLOEXEC,
			.nr_ranges = 1,
		},
		.range.length = PAGE_SIZE,
	};

	return feature(w, VFIO_DEVICE_FEATURE_DMA_BUF | VFIO_DEVICE_FEATURE_GET, &get, sizeof(get));
}

/* --- groups --- */

/* That of the device, which must not be open by its cdev */
static int open_group(struct ioctl_walk *w)
{
	if (w->state == IOCTL_NORMAL) {
		close(w->v.device);
		w->v.device = -1;
	}
	return vfio_open_noiommu_group(0);
}

static int call_VFIO_GROUP_GET_STATUS(struct ioctl_walk *w)
{
	struct vfio_group_status cmd = { .argsz = sizeof(cmd) };
	int rc, group = open_group(w);

	if (group < 0)
		return group;
	rc = call(group, VFIO_GROUP_GET_STATUS, &cmd);
	close(group);
	return rc;
}

static int call_VFIO_GROUP_SET_CONTAINER_another_iommufd(struct ioctl_walk *w)
{
	int rc, iommufd, group = open_group(w);

	if (group < 0)
		return group;
	iommufd = iommufd_open();
	rc = call(group, VFIO_GROUP_SET_CONTAINER, &iommufd);
	close(iommufd);
	close(group);
	return rc;
}

static int call_VFIO_GROUP_SET_CONTAINER_this_iommufd_another_group(struct ioctl_walk *w)
{
	int rc, group = vfio_open_noiommu_group(1);

	if (group < 0)
		return group;
	rc = call(group, VFIO_GROUP_SET_CONTAINER, &w->v.iommufd);
	close(group);
	return rc;
}

static int call_VFIO_GROUP_UNSET_CONTAINER(struct ioctl_walk *w)
{
	int rc, iommufd, group = open_group(w);

	if (group < 0)
		return group;
	iommufd = iommufd_open();
	rc = call(group, VFIO_GROUP_SET_CONTAINER, &iommufd);
	if (!rc)
		rc = call(group, VFIO_GROUP_UNSET_CONTAINER, NULL);
	close(iommufd);
	close(group);
	return rc;
}

static int call_VFIO_GROUP_GET_DEVICE_FD(struct ioctl_walk *w)
{
	int rc, iommufd, group = open_group(w);

	if (group < 0)
		return group;
	iommufd = iommufd_open();
	rc = call(group, VFIO_GROUP_SET_CONTAINER, &iommufd);
	if (!rc) {
		rc = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, w->v.bdf);
		rc = close_if(rc < 0 ? -errno : rc);
	}
	close(iommufd);
	close(group);
	return rc;
}

/* --- the tables --- */

#define IOCTL_ROW(name_, more_, call_, ...) { #name_, more_, call_, { __VA_ARGS__ } },
#define IOCTL_DEFINED(name)

const struct ioctl_row ioctl_rows[] = {
#include "ioctls.inc"
};
const unsigned int nr_ioctl_rows = sizeof(ioctl_rows) / sizeof(ioctl_rows[0]);

#undef IOCTL_ROW
#undef IOCTL_DEFINED
#define IOCTL_ROW(...)
#define IOCTL_DEFINED(name) #name,

const char *const ioctls_defined[] = {
#include "ioctls.inc"
};
const unsigned int nr_ioctls_defined = sizeof(ioctls_defined) / sizeof(ioctls_defined[0]);

#undef IOCTL_DEFINED
#define IOCTL_DEFINED(name) name,

/* Features are too small to be mistaken for one */
static const unsigned long numbers[] = {
#include "ioctls.inc"
};

unsigned int ioctl_walk_unknown(struct ioctl_walk *w)
{
	unsigned int nr, i;

	for (nr = 0; nr <= 0xff; nr++) {
		for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			if (numbers[i] == _IO(IOMMUFD_TYPE, nr))
				break;
		if (i == sizeof(numbers) / sizeof(numbers[0]) &&
		    call_without(w->v.iommufd, _IO(IOMMUFD_TYPE, nr)) != -ENOTTY)
			return _IO(IOMMUFD_TYPE, nr);
	}
	return 0;
}
