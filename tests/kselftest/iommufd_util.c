// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static int call(int iommufd, unsigned long request, void *cmd)
{
	return ioctl(iommufd, request, cmd) ? -errno : 0;
}

/*
 * Mapping into an IOAS with a device migrates pages out of CMA, where KHO keeps
 * its scratch memory. That fails with -ENOMEM as long as somebody else holds a
 * page for a moment, such as a per-CPU batch of the LRU lists.
 */
static int call_migrating(int iommufd, unsigned long request, void *cmd)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int tries = 20;
	int rc;

	while ((rc = call(iommufd, request, cmd)) == -ENOMEM && --tries)
		nanosleep(&pause, NULL);
	return rc;
}

int iommufd_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int ioas_alloc(int iommufd, __u32 *id)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int rc = call(iommufd, IOMMU_IOAS_ALLOC, &cmd);

	*id = cmd.out_ioas_id;
	return rc;
}

int ioas_map(int iommufd, __u32 ioas, void *addr, size_t size, __u64 iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.user_va = (uintptr_t)addr,
		.length = size,
		.iova = iova,
	};

	return call_migrating(iommufd, IOMMU_IOAS_MAP, &cmd);
}

int ioas_map_file(int iommufd, __u32 ioas, int memfd, __u64 offset, size_t size, __u64 iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.fd = memfd,
		.start = offset,
		.length = size,
		.iova = iova,
	};

	return call_migrating(iommufd, IOMMU_IOAS_MAP_FILE, &cmd);
}

int ioas_copy(int iommufd, __u32 dst_ioas, __u32 src_ioas, size_t size, __u64 dst_iova, __u64 src_iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.dst_ioas_id = dst_ioas,
		.src_ioas_id = src_ioas,
		.length = size,
		.dst_iova = dst_iova,
		.src_iova = src_iova,
	};

	return call(iommufd, IOMMU_IOAS_COPY, &cmd);
}

int ioas_unmap(int iommufd, __u32 ioas, __u64 iova, size_t size)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = size,
	};

	return call(iommufd, IOMMU_IOAS_UNMAP, &cmd);
}

int ioas_allow(int iommufd, __u32 ioas, __u64 start, __u64 last)
{
	struct iommu_iova_range range = { .start = start, .last = last };
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)&range,
	};

	return call(iommufd, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

int ioas_iova_ranges(int iommufd, __u32 ioas, struct iommu_iova_range *ranges, __u32 *nr)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = *nr,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int rc = call(iommufd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	*nr = cmd.num_iovas;
	return rc;
}

int ioas_change_process(int iommufd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return call(iommufd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

int ioas_get_pa(int iommufd, __u32 ioas, __u64 iova, __u64 *phys, __u64 *length)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = *length,
	};
	int rc = call(iommufd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd);

	*phys = cmd.out_phys;
	*length = cmd.length;
	return rc;
}

int ioas_get_extents(int iommufd, struct iommu_ioas_noiommu_get_extents *cmd)
{
	cmd->size = sizeof(*cmd);
	return call(iommufd, IOMMU_IOAS_NOIOMMU_GET_EXTENTS, cmd);
}

int iommufd_option(int iommufd, __u32 option, __u16 op, __u32 object, __u64 *val)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = op,
		.object_id = object,
		.val64 = *val,
	};
	int rc = call(iommufd, IOMMU_OPTION, &cmd);

	*val = cmd.val64;
	return rc;
}

int iommufd_destroy(int iommufd, __u32 id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return call(iommufd, IOMMU_DESTROY, &cmd);
}

int iommufd_fault_alloc(int iommufd, __u32 *id, int *fd)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
	int rc = call(iommufd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	*id = cmd.out_fault_id;
	*fd = cmd.out_fault_fd;
	return rc;
}

int iommufd_vfio_ioas(int iommufd, __u32 op, __u32 *ioas)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.op = op,
		.ioas_id = *ioas,
	};
	int rc = call(iommufd, IOMMU_VFIO_IOAS, &cmd);

	*ioas = cmd.ioas_id;
	return rc;
}

int iommufd_hwpt_alloc(int iommufd, __u32 dev_id, __u32 ioas, __u32 *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = dev_id,
		.pt_id = ioas,
		.data_type = IOMMU_HWPT_DATA_NONE,
	};
	int rc = call(iommufd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return rc;
}

int iommufd_get_hw_info(int iommufd, __u32 dev_id)
{
	struct iommu_hw_info cmd = { .size = sizeof(cmd), .dev_id = dev_id };

	return call(iommufd, IOMMU_GET_HW_INFO, &cmd);
}

int iommufd_usable(int iommufd, __u32 ioas)
{
	const __u64 iova = AREA_IOVA + 0x10000000;
	void *page = anon_pages(PAGE_SIZE);
	int rc;

	rc = ioas_map(iommufd, ioas, page, PAGE_SIZE, iova);
	if (!rc)
		rc = ioas_unmap(iommufd, ioas, iova, PAGE_SIZE);
	munmap(page, PAGE_SIZE);
	return rc;
}

const char *open_devices(int *luo, int *iommufd)
{
	static char why[64];
	const char *what = "/dev/liveupdate";
	int rc = luo_open();

	*luo = rc;
	if (rc >= 0) {
		what = "/dev/iommu";
		rc = iommufd_open();
		*iommufd = rc;
	}
	if (rc >= 0)
		return NULL;
	snprintf(why, sizeof(why), "%s: %s", what, strerror(-rc));
	return why;
}

int memfd_mapped(int iommufd, __u32 *ioas)
{
	int memfd = memfd_filled(AREA_SIZE);
	int rc;

	if (memfd < 0)
		return memfd;
	rc = ioas_alloc(iommufd, ioas);
	rc = rc ?: ioas_map_file(iommufd, *ioas, memfd, 0, AREA_SIZE, AREA_IOVA);
	if (!rc)
		return memfd;
	close(memfd);
	return rc;
}
