/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * A valid block, and where its parts are, for the tests that damage it. Those run
 * in the kernel and in user space, so nothing but the ABI is used here.
 */
#ifndef __IOMMUFD_LIVEUPDATE_SER_SAMPLE_H
#define __IOMMUFD_LIVEUPDATE_SER_SAMPLE_H

#include "liveupdate_ser.h"

/* A table of the block: its count in the header, and the size of an entry */
struct iommufd_ser_table {
	const char *name;
	size_t count;
	size_t entry;
};

/* In the order in which they lie in the block */
enum {
	SER_IOAS,
	SER_ALLOWED,
	SER_HWPT,
	SER_PAGES,
	SER_AREAS,
	SER_CHUNKS,
	SER_DEVICES,
	SER_TABLES
};

static const struct iommufd_ser_table iommufd_ser_tables[SER_TABLES] = {
	[SER_IOAS] = { "ioas", offsetof(struct iommufd_ser, nr_ioas),
		       sizeof(struct iommufd_ioas_ser) },
	[SER_ALLOWED] = { "allowed", offsetof(struct iommufd_ser, nr_allowed),
			  sizeof(struct iommufd_allowed_ser) },
	[SER_HWPT] = { "hwpt", offsetof(struct iommufd_ser, nr_hwpt),
		       sizeof(struct iommufd_hwpt_ser) },
	[SER_PAGES] = { "pages", offsetof(struct iommufd_ser, nr_pages),
			sizeof(struct iommufd_pages_ser) },
	[SER_AREAS] = { "areas", offsetof(struct iommufd_ser, nr_areas),
			sizeof(struct iommufd_area_ser) },
	[SER_CHUNKS] = { "chunks", offsetof(struct iommufd_ser, nr_chunks),
			 sizeof(struct iommufd_chunk_ser) },
	[SER_DEVICES] = { "devices", offsetof(struct iommufd_ser, nr_devices),
			  sizeof(struct iommufd_device_ser) },
};

static inline u32 *iommufd_ser_count(struct iommufd_ser *hdr, int table)
{
	return (void *)hdr + iommufd_ser_tables[table].count;
}

/* Entry @index of @table, by the counts in @hdr */
static inline void *iommufd_ser_entry(struct iommufd_ser *hdr, int table,
				      u32 index)
{
	void *pos = hdr + 1;
	int i;

	for (i = 0; i < table; i++)
		pos += (size_t)*iommufd_ser_count(hdr, i) *
		       iommufd_ser_tables[i].entry;
	return pos + (size_t)index * iommufd_ser_tables[table].entry;
}

static const struct iommufd_ioas_ser sample_ioas[] = {
	{ .id = 2, .flags = IOMMUFD_IOAS_SER_TABLE, .nr_allowed = 2,
	  .nr_areas = 3, .nr_extents = 7, .digest = 0x0123456789abcdefULL },
	{ .id = 5, .flags = IOMMUFD_IOAS_SER_NO_LARGE_PAGES, .nr_areas = 1 },
	{ .id = INT_MAX, .flags = IOMMUFD_IOAS_SER_FLAGS, .nr_allowed = 1,
	  .digest = 0xef46db3751d8e999ULL },
};

static const struct iommufd_allowed_ser sample_allowed[] = {
	{ .start = 0, .last = 0xffff },
	{ .start = 0x100000, .last = 0xffffffff },
	{ .start = 0, .last = U64_MAX },
};

static const struct iommufd_hwpt_ser sample_hwpt[] = {
	{ .id = 3, .ioas_id = 2, .flags = IOMMUFD_HWPT_SER_AUTO },
	{ .id = 11, .ioas_id = INT_MAX },
};

/* The last page that a file can have */
#define SAMPLE_LAST	(MAX_LFS_FILESIZE - 0x1fff)

static const struct iommufd_pages_ser sample_pages[] = {
	{ .token = 1, .nr_pages = 1, .flags = IOMMUFD_PAGES_SER_FLAGS },
	{ .token = U64_MAX, .offset = SAMPLE_LAST, .nr_pages = 1,
	  .flags = IOMMUFD_PAGES_SER_FLAGS },
	{ .nr_pages = 0x40, .nr_runs = 4 },
	{ .token = 3, .nr_pages = 0x40000, .flags = IOMMUFD_PAGES_SER_MEMFD },
};

static const struct iommufd_area_ser sample_areas[] = {
	{ .iova = 0x1000, .length = 0x1000, .flags = IOMMUFD_AREA_SER_FLAGS },
	{ .iova = 0x2000, .length = 0x3000, .start = 0x1000, .pages = 2,
	  .flags = IOMMUFD_AREA_SER_READ },
	{ .iova = U64_MAX - 0xfff, .length = 0x1000, .pages = 1,
	  .flags = IOMMUFD_AREA_SER_FLAGS },
	{ .iova = 0x1000, .length = 0x40000000, .pages = 3 },
};

/* Where no machine has memory, so that no list is in a claim */
#define SAMPLE_RUN(page, nr)	IOMMUFD_RUN_SER(BIT_ULL(39) + (page), nr)

/* Claims that touch, a run over two of them, a hole, and the last page */
#define SAMPLE_CLAIMS	3
static const u64 sample_runs[] = {
	SAMPLE_RUN(0x100, 0x10),
	SAMPLE_RUN(0x110, 0x10),
	SAMPLE_RUN(0x800, 0x200),

	SAMPLE_RUN(0x800, 0x10),
	IOMMUFD_RUN_SER(0, 0x10),
	SAMPLE_RUN(0x108, 0x10),
	SAMPLE_RUN(0x9f0, 0x10),
};

/* Where the block is said to be */
#define SAMPLE_PHYS	0x100000

static const struct iommufd_chunk_ser sample_chunks[] = {
	{ .phys = 0x1000 },
};

static const struct iommufd_device_ser sample_devices[] = {
	{ .id = 4, .hwpt_id = 3, .segment = 0, .bdf = 0x0100 },
	{ .id = 12, .hwpt_id = 11, .segment = 1, .bdf = 0x0100 },
	{ .id = 13, .hwpt_id = 11, .segment = 1, .bdf = 0x0101 },
};

#define SAMPLE_SIZE (sizeof(struct iommufd_ser) + sizeof(sample_ioas) + \
		     sizeof(sample_allowed) + sizeof(sample_hwpt) + \
		     sizeof(sample_pages) + sizeof(sample_areas) + \
		     sizeof(sample_chunks) + sizeof(sample_devices))

/* Size and checksum as they belong to what @hdr describes */
static inline void iommufd_ser_seal(struct iommufd_ser *hdr)
{
	hdr->size = iommufd_ser_size(hdr);
	hdr->checksum = iommufd_ser_checksum(hdr);
}

/* Fill @hdr, which has room for SAMPLE_SIZE bytes, with a valid context */
static inline void iommufd_ser_sample(struct iommufd_ser *hdr)
{
	*hdr = (struct iommufd_ser){
		.magic = IOMMUFD_SER_MAGIC,
		.version = IOMMUFD_SER_VERSION,
		.nr_ioas = ARRAY_SIZE(sample_ioas),
		.nr_allowed = ARRAY_SIZE(sample_allowed),
		.nr_hwpt = ARRAY_SIZE(sample_hwpt),
		.nr_pages = ARRAY_SIZE(sample_pages),
		.nr_areas = ARRAY_SIZE(sample_areas),
		.nr_chunks = ARRAY_SIZE(sample_chunks),
		.nr_devices = ARRAY_SIZE(sample_devices),
		.nr_claims = SAMPLE_CLAIMS,
		.nr_runs = ARRAY_SIZE(sample_runs) - SAMPLE_CLAIMS,
		.page_shift = PAGE_SHIFT,
		.account_mode = IOMMUFD_SER_ACCOUNT_MM,
	};
	memcpy(iommufd_ser_entry(hdr, SER_IOAS, 0), sample_ioas,
	       sizeof(sample_ioas));
	memcpy(iommufd_ser_entry(hdr, SER_ALLOWED, 0), sample_allowed,
	       sizeof(sample_allowed));
	memcpy(iommufd_ser_entry(hdr, SER_HWPT, 0), sample_hwpt,
	       sizeof(sample_hwpt));
	memcpy(iommufd_ser_entry(hdr, SER_PAGES, 0), sample_pages,
	       sizeof(sample_pages));
	memcpy(iommufd_ser_entry(hdr, SER_AREAS, 0), sample_areas,
	       sizeof(sample_areas));
	memcpy(iommufd_ser_entry(hdr, SER_CHUNKS, 0), sample_chunks,
	       sizeof(sample_chunks));
	memcpy(iommufd_ser_entry(hdr, SER_DEVICES, 0), sample_devices,
	       sizeof(sample_devices));
	iommufd_ser_seal(hdr);
}

#endif
