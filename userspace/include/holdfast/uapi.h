/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel interfaces the agent uses. They come from the sanitised headers of
 * the kernel it is built for; what a kernel without the holdfast series does not
 * have is declared here, so that the same binary runs on both and can say which
 * one it is on.
 */
#ifndef HOLDFAST_UAPI_H
#define HOLDFAST_UAPI_H

#include <linux/iommufd.h>
#include <linux/liveupdate.h>
#include <linux/vfio.h>

#ifndef IOMMU_IOAS_NOIOMMU_GET_EXTENTS
struct iommu_noiommu_extent {
	__aligned_u64 iova;
	__aligned_u64 phys;
	__aligned_u64 length;
};

struct iommu_ioas_noiommu_get_extents {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 nr_extents;
	__aligned_u64 iova;
	__aligned_u64 extents_uptr;
	__aligned_u64 next_iova;
	__u32 out_flags;
	__u32 __reserved;
};

#define IOMMU_NOIOMMU_EXTENTS_MORE	(1 << 0)
#define IOMMU_IOAS_NOIOMMU_GET_EXTENTS	_IO(IOMMUFD_TYPE, 0xb0)
#endif

#ifndef IOMMU_IOAS_GET_MEMORY
struct iommu_ioas_get_memory {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 out_fd;
	__aligned_u64 iova;
	__aligned_u64 out_offset;
	__aligned_u64 out_length;
};

#define IOMMU_IOAS_GET_MEMORY	_IO(IOMMUFD_TYPE, 0xb1)
#endif

#endif
