/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 the holdfast authors
 */

#ifndef _LINUX_KHO_ABI_IOMMUFD_H
#define _LINUX_KHO_ABI_IOMMUFD_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * DOC: iommufd Live Update ABI
 *
 * An iommufd context whose hardware page tables are all of the noiommu kind is
 * handed over as one physically contiguous block of KHO memory:
 *
 *	struct iommufd_ser
 *	struct iommufd_ioas_ser [nr_ioas]
 *	struct iommufd_allowed_ser [nr_allowed]
 *	struct iommufd_hwpt_ser [nr_hwpt]
 *	struct iommufd_pages_ser [nr_pages]
 *	struct iommufd_area_ser [nr_areas]
 *	struct iommufd_chunk_ser [nr_chunks]
 *	struct iommufd_device_ser [nr_devices]
 *
 * The arrays follow each other without gaps. Allowed ranges and areas are in the
 * order of the IOASes they belong to, and of IOVAs within one.
 *
 * An area maps a part of a page object, which may be shared by several areas. A
 * page object is a range of a memfd that is preserved in the same session, or it
 * is made of physical memory. The latter is listed outside of the block, since it
 * can be long, as a sequence of u64. It starts with @nr_claims claims: all such
 * memory of the context, in the order of addresses, each page once. Every claim
 * was preserved by kho_preserve_pages() on its own. They are followed by @nr_runs
 * runs: what the page objects are made of, one object after the other, in the
 * order of their pages. Runs may overlap, that is two page objects share pages.
 *
 * Claims and runs look the same, see IOMMUFD_RUN_SER_PFN(). A run of PFN 0 is a
 * hole: no area uses these pages of the object. The sequence is cut into chunks
 * of IOMMUFD_CHUNK_SER_ENTRIES, all but the last one full, each of them a block of
 * KHO memory of its own. Full ones but for the last are in the order of addresses.
 * Chunks, claims and the block itself do not overlap.
 *
 * This interface is a contract. Any change of a layout or of a meaning is a
 * breaking change and requires a new version in IOMMUFD_LUO_FH_COMPATIBLE. A
 * reader checks all of it before it acts on any part: magic, version, sizes, the
 * checksum, and every field against its range.
 */

/* The compatibility string of the file handler */
#define IOMMUFD_LUO_FH_COMPATIBLE	"iommufd-noiommu-v3"

/* "iommufdS" */
#define IOMMUFD_SER_MAGIC		0x536466756d6d6f69ULL
#define IOMMUFD_SER_VERSION		3

/* Pinned pages count against RLIMIT_MEMLOCK of the user, or of the process */
#define IOMMUFD_SER_ACCOUNT_USER	1
#define IOMMUFD_SER_ACCOUNT_MM		2

/**
 * struct iommufd_ser - Header of a serialized context.
 * @magic:      IOMMUFD_SER_MAGIC
 * @version:    IOMMUFD_SER_VERSION
 * @flags:      Must be 0.
 * @size:       Bytes of the block, this header and all arrays.
 * @checksum:   xxh64, seed 0, of the block with this field as 0. Chunks have
 *              their own.
 * @nr_ioas:    Number of IOASes.
 * @nr_allowed: Number of allowed ranges of all IOASes.
 * @nr_hwpt:    Number of hardware page tables.
 * @nr_areas:   Number of areas of all IOASes.
 * @nr_devices: Number of bound devices.
 * @account_mode: IOMMUFD_SER_ACCOUNT_*, how new mappings are charged.
 * @nr_pages:   Number of page objects.
 * @nr_chunks:  Number of chunks.
 * @nr_claims:  Number of claims.
 * @nr_runs:    Number of runs of all page objects.
 * @page_shift: log2 of what PFNs count.
 * @reserved:   Must be 0.
 */
struct iommufd_ser {
	u64 magic;
	u32 version;
	u32 flags;
	u64 size;
	u64 checksum;
	u32 nr_ioas;
	u32 nr_allowed;
	u32 nr_hwpt;
	u32 nr_areas;
	u32 nr_devices;
	u32 account_mode;
	u32 nr_pages;
	u32 nr_chunks;
	u64 nr_claims;
	u64 nr_runs;
	u32 page_shift;
	u32 reserved;
} __packed;
static_assert(sizeof(struct iommufd_ser) == 88);

/* The IOAS maps with PAGE_SIZE leaves only */
#define IOMMUFD_IOAS_SER_NO_LARGE_PAGES	BIT(0)
/* The IOAS has a hardware page table; @digest and @nr_extents are valid */
#define IOMMUFD_IOAS_SER_TABLE		BIT(1)
#define IOMMUFD_IOAS_SER_FLAGS		(IOMMUFD_IOAS_SER_NO_LARGE_PAGES | \
					 IOMMUFD_IOAS_SER_TABLE)

/**
 * struct iommufd_ioas_ser - An IOAS.
 * @id:         Object ID.
 * @flags:      IOMMUFD_IOAS_SER_*
 * @nr_allowed: Number of its allowed ranges.
 * @nr_areas:   Number of its areas.
 * @nr_extents: Number of physically contiguous extents of its table.
 * @digest:     xxh64, seed 0, over these extents in the order of IOVAs, each as
 *              three u64: IOVA, physical address, length in bytes. Extents are
 *              maximal, that is adjacent ones are merged, also over the border
 *              of two areas.
 */
struct iommufd_ioas_ser {
	u32 id;
	u32 flags;
	u32 nr_allowed;
	u32 nr_areas;
	u64 nr_extents;
	u64 digest;
} __packed;
static_assert(sizeof(struct iommufd_ioas_ser) == 32);

/**
 * struct iommufd_allowed_ser - A range set by IOMMU_IOAS_ALLOW_IOVAS.
 * @start: First IOVA.
 * @last:  Last IOVA.
 */
struct iommufd_allowed_ser {
	u64 start;
	u64 last;
} __packed;
static_assert(sizeof(struct iommufd_allowed_ser) == 16);

/* Allocated on attach, freed with the last detach */
#define IOMMUFD_HWPT_SER_AUTO		BIT(0)
#define IOMMUFD_HWPT_SER_FLAGS		IOMMUFD_HWPT_SER_AUTO

/**
 * struct iommufd_hwpt_ser - A noiommu hardware page table.
 * @id:       Object ID.
 * @ioas_id:  IOAS it belongs to.
 * @flags:    IOMMUFD_HWPT_SER_*
 * @reserved: Must be 0.
 */
struct iommufd_hwpt_ser {
	u32 id;
	u32 ioas_id;
	u32 flags;
	u32 reserved;
} __packed;
static_assert(sizeof(struct iommufd_hwpt_ser) == 16);

/* A range of a memfd, otherwise it is made of runs */
#define IOMMUFD_PAGES_SER_MEMFD		BIT(0)
/* It may be mapped writable, though an area may be read-only */
#define IOMMUFD_PAGES_SER_WRITE		BIT(1)
#define IOMMUFD_PAGES_SER_FLAGS		(IOMMUFD_PAGES_SER_MEMFD | \
					 IOMMUFD_PAGES_SER_WRITE)

/**
 * struct iommufd_pages_ser - A page object.
 * @token:    Token of the memfd in the same session, or 0.
 * @offset:   Offset in the memfd, in bytes, of the first page, or 0.
 * @nr_pages: Number of pages.
 * @nr_runs:  Number of runs they consist of, 0 for a memfd.
 * @flags:    IOMMUFD_PAGES_SER_*
 * @reserved: Must be 0.
 */
struct iommufd_pages_ser {
	u64 token;
	u64 offset;
	u64 nr_pages;
	u64 nr_runs;
	u32 flags;
	u32 reserved;
} __packed;
static_assert(sizeof(struct iommufd_pages_ser) == 40);

#define IOMMUFD_AREA_SER_READ		BIT(0)
#define IOMMUFD_AREA_SER_WRITE		BIT(1)
#define IOMMUFD_AREA_SER_FLAGS		(IOMMUFD_AREA_SER_READ | \
					 IOMMUFD_AREA_SER_WRITE)

/**
 * struct iommufd_area_ser - A mapping of a page object.
 * @iova:   First IOVA.
 * @length: Number of bytes.
 * @start:  Offset in the page object, in bytes, that @iova maps to.
 * @pages:  Index of the page object.
 * @flags:  IOMMUFD_AREA_SER_*
 */
struct iommufd_area_ser {
	u64 iova;
	u64 length;
	u64 start;
	u32 pages;
	u32 flags;
} __packed;
static_assert(sizeof(struct iommufd_area_ser) == 32);

/**
 * struct iommufd_device_ser - A bound PCI device.
 * @id:       Object ID.
 * @hwpt_id:  Hardware page table it is attached to.
 * @segment:  PCI domain.
 * @bdf:      PCI bus number in the high byte, device and function in the low.
 * @reserved: Must be 0.
 */
struct iommufd_device_ser {
	u32 id;
	u32 hwpt_id;
	u32 segment;
	u16 bdf;
	u16 reserved;
} __packed;
static_assert(sizeof(struct iommufd_device_ser) == 16);

/**
 * struct iommufd_chunk_ser - A piece of the sequence of claims and runs.
 * @phys:     Physical address, page aligned.
 * @checksum: xxh64, seed 0, of its entries.
 */
struct iommufd_chunk_ser {
	u64 phys;
	u64 checksum;
} __packed;
static_assert(sizeof(struct iommufd_chunk_ser) == 16);

#define IOMMUFD_CHUNK_SER_ENTRIES	8192

/* A claim or run is a PFN in the upper bits and a number of pages, minus one */
#define IOMMUFD_RUN_SER_NR_BITS		24
#define IOMMUFD_RUN_SER_NR_MAX		BIT_ULL(IOMMUFD_RUN_SER_NR_BITS)
#define IOMMUFD_RUN_SER_PFN_MAX		(BIT_ULL(64 - IOMMUFD_RUN_SER_NR_BITS) - 1)
#define IOMMUFD_RUN_SER(pfn, nr) \
	((u64)(pfn) << IOMMUFD_RUN_SER_NR_BITS | ((nr) - 1))
#define IOMMUFD_RUN_SER_PFN(run)	((u64)(run) >> IOMMUFD_RUN_SER_NR_BITS)
#define IOMMUFD_RUN_SER_NR(run) \
	(((u64)(run) & (IOMMUFD_RUN_SER_NR_MAX - 1)) + 1)

#endif /* _LINUX_KHO_ABI_IOMMUFD_H */
