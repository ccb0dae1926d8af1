/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (C) 2026 the holdfast authors
 */
#ifndef __IOMMUFD_LIVEUPDATE_SER_H
#define __IOMMUFD_LIVEUPDATE_SER_H

#include <linux/io.h>
#include <linux/kho/abi/iommufd.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>

/* A block of KHO memory is physically contiguous */
#define IOMMUFD_SER_SIZE_MAX	(PAGE_SIZE << MAX_PAGE_ORDER)

/**
 * struct iommufd_ser_view - The parts of a serialized context
 * @hdr: Header, the start of the block
 * @phys: Physical address of the block, from iommufd_ser_check()
 * @ioas: Its IOASes
 * @allowed: Allowed ranges of all IOASes, one after the other
 * @hwpt: Hardware page tables
 * @pages: Page objects
 * @areas: Areas of all IOASes, one after the other
 * @chunks: Where the claims and runs are
 * @devices: Bound devices
 */
struct iommufd_ser_view {
	struct iommufd_ser *hdr;
	u64 phys;
	struct iommufd_ioas_ser *ioas;
	struct iommufd_allowed_ser *allowed;
	struct iommufd_hwpt_ser *hwpt;
	struct iommufd_pages_ser *pages;
	struct iommufd_area_ser *areas;
	struct iommufd_chunk_ser *chunks;
	struct iommufd_device_ser *devices;
};

u64 iommufd_ser_size(const struct iommufd_ser *hdr);
u64 iommufd_ser_checksum(struct iommufd_ser *hdr);
void iommufd_ser_view_init(struct iommufd_ser_view *view,
			   struct iommufd_ser *hdr);
const struct iommufd_hwpt_ser *
iommufd_ser_find_hwpt(const struct iommufd_ser_view *view, u32 id);
int iommufd_ser_check(struct iommufd_ser *ser, u64 phys,
		      struct iommufd_ser_view *view);

u32 iommufd_ser_chunk_entries(const struct iommufd_ser *hdr, u32 chunk);
u64 iommufd_ser_chunk_pages(const struct iommufd_ser *hdr, u32 chunk);
u64 iommufd_ser_chunk_checksum(const struct iommufd_ser_view *view, u32 chunk);
int iommufd_ser_check_chunks(const struct iommufd_ser_view *view);

/* The claims, and then the runs */
static inline u64 *iommufd_ser_run(const struct iommufd_ser_view *view, u64 i)
{
	u64 *chunk = phys_to_virt(view->chunks[i / IOMMUFD_CHUNK_SER_ENTRIES].phys);

	return chunk + i % IOMMUFD_CHUNK_SER_ENTRIES;
}

#endif
