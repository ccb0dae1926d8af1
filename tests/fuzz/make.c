// SPDX-License-Identifier: GPL-2.0-only
/* Blocks to try: valid ones of any shape, and what damage makes of them. */

#include "fuzz.h"

u64 rnd(struct rnd *r)
{
	u64 z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

u32 rnd_below(struct rnd *r, u32 n)
{
	return rnd(r) % n;
}

/* IDs in ascending order, the last of them close to the end at times */
static u32 next_id(struct rnd *r, u32 id)
{
	if (id >= INT_MAX - 16)
		return id + 1;
	if (!rnd_below(r, 64))
		return INT_MAX - 16;
	return id + 1 + rnd_below(r, 3);
}

static void make_pages(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 i;

	hdr->page_shift = PAGE_SHIFT;
	for (i = 0; i < hdr->nr_pages; i++) {
		struct iommufd_pages_ser *pages =
			iommufd_ser_entry(hdr, SER_PAGES, i);

		pages->flags = rnd_below(r, 4);
		pages->nr_pages = 1 + rnd_below(r, 1 << 20);
		if (pages->flags & IOMMUFD_PAGES_SER_MEMFD) {
			pages->token = rnd(r);
			pages->offset = rnd_below(r, 2) ?
				(u64)rnd_below(r, 1 << 20) << PAGE_SHIFT :
				(((u64)MAX_LFS_FILESIZE >> PAGE_SHIFT) -
				 pages->nr_pages) << PAGE_SHIFT;
			continue;
		}
		pages->nr_runs = 1 + rnd_below(r, 9000);
		hdr->nr_runs += pages->nr_runs;
		hdr->nr_claims += rnd_below(r, 9000);
	}
}

/* Their number is known only now, and what is behind them moves */
static void make_chunks(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 i;

	hdr->nr_chunks = DIV_ROUND_UP_ULL(hdr->nr_claims + hdr->nr_runs,
					  IOMMUFD_CHUNK_SER_ENTRIES);
	for (i = 0; i < hdr->nr_chunks; i++) {
		struct iommufd_chunk_ser *chunk =
			iommufd_ser_entry(hdr, SER_CHUNKS, i);

		chunk->phys = (1 + rnd(r) / PAGE_SIZE / 2) * PAGE_SIZE;
		chunk->checksum = rnd(r);
	}
}

static void make_ioas(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 allowed = 0, area = 0, id = 0, i, j;

	for (i = 0; i < hdr->nr_ioas; i++) {
		struct iommufd_ioas_ser *ioas =
			iommufd_ser_entry(hdr, SER_IOAS, i);
		bool last = i + 1 == hdr->nr_ioas;
		u64 pos = 0;

		id = next_id(r, id);
		ioas->id = id;
		ioas->flags = rnd_below(r, 4) | (i ? 0 : IOMMUFD_IOAS_SER_TABLE);
		ioas->nr_extents = rnd(r);
		ioas->digest = rnd(r);
		ioas->nr_allowed = last ? hdr->nr_allowed - allowed :
				   rnd_below(r, hdr->nr_allowed - allowed + 1);
		ioas->nr_areas = last ? hdr->nr_areas - area :
				 rnd_below(r, hdr->nr_areas - area + 1);

		for (j = 0; j < ioas->nr_allowed; j++, allowed++) {
			struct iommufd_allowed_ser *a =
				iommufd_ser_entry(hdr, SER_ALLOWED, allowed);

			a->start = pos + rnd_below(r, 2) * rnd_below(r, 1 << 20);
			a->last = a->start + rnd_below(r, 2) * rnd_below(r, 1 << 20);
			/* To the very end, if none follows */
			if (j + 1 == ioas->nr_allowed && rnd_below(r, 2))
				a->last = U64_MAX;
			pos = a->last + 1;
		}

		pos = 0;
		for (j = 0; j < ioas->nr_areas; j++, area++) {
			struct iommufd_area_ser *a =
				iommufd_ser_entry(hdr, SER_AREAS, area);

			struct iommufd_pages_ser *pages;
			u64 size;

			a->pages = rnd_below(r, hdr->nr_pages);
			pages = iommufd_ser_entry(hdr, SER_PAGES, a->pages);
			size = pages->nr_pages << PAGE_SHIFT;
			a->iova = pos + rnd_below(r, 2) * rnd_below(r, 1 << 20);
			a->length = 1 + rnd_below(r, 2) *
				    rnd_below(r, min_t(u64, size, 1 << 30));
			a->start = rnd_below(r, 2) * (size - a->length);
			a->flags = rnd_below(r, pages->flags &
					     IOMMUFD_PAGES_SER_WRITE ? 4 : 2);
			if (j + 1 == ioas->nr_areas && rnd_below(r, 2))
				a->iova = U64_MAX - (a->length - 1);
			pos = a->iova + a->length;
		}
	}
}

static void make_hwpt(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 id = 0, i;

	for (i = 0; i < hdr->nr_hwpt; i++) {
		struct iommufd_hwpt_ser *hwpt =
			iommufd_ser_entry(hdr, SER_HWPT, i);
		struct iommufd_ioas_ser *ioas;

		do
			ioas = iommufd_ser_entry(hdr, SER_IOAS,
						 rnd_below(r, hdr->nr_ioas));
		while (!(ioas->flags & IOMMUFD_IOAS_SER_TABLE));
		id = next_id(r, id);
		hwpt->id = id;
		hwpt->ioas_id = ioas->id;
		hwpt->flags = rnd_below(r, 2);
	}
}

static void make_devices(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 id = 0, i;

	for (i = 0; i < hdr->nr_devices; i++) {
		struct iommufd_device_ser *device =
			iommufd_ser_entry(hdr, SER_DEVICES, i);
		struct iommufd_hwpt_ser *hwpt =
			iommufd_ser_entry(hdr, SER_HWPT,
					  rnd_below(r, hdr->nr_hwpt));

		id = next_id(r, id);
		device->id = id;
		device->hwpt_id = hwpt->id;
		device->segment = i / 3;
		device->bdf = rnd_below(r, 1 << 14) * 4 + i % 3;
	}
}

/* How many: mostly few, sometimes none or more */
static u32 some(struct rnd *r)
{
	return rnd_below(r, rnd_below(r, 8) ? 4 : 12);
}

/* What the encoder of the kernel could have made */
void make_valid(struct rnd *r, struct iommufd_ser *hdr)
{
	memset(hdr, 0, BLOCK_MAX);
	if (!rnd_below(r, 8)) {
		iommufd_ser_sample(hdr);
		return;
	}

	hdr->magic = IOMMUFD_SER_MAGIC;
	hdr->version = IOMMUFD_SER_VERSION;
	hdr->account_mode = rnd_below(r, 3);
	hdr->nr_ioas = some(r);
	hdr->nr_pages = some(r);
	if (hdr->nr_ioas) {
		hdr->nr_allowed = some(r);
		hdr->nr_hwpt = some(r);
		if (hdr->nr_pages)
			hdr->nr_areas = some(r);
	}
	if (hdr->nr_hwpt)
		hdr->nr_devices = some(r);
	make_pages(r, hdr);
	make_chunks(r, hdr);
	make_ioas(r, hdr);
	make_hwpt(r, hdr);
	make_devices(r, hdr);
	iommufd_ser_seal(hdr);
}

/* A value of @size bytes that a check might get wrong, or one from elsewhere */
static u64 odd_value(struct rnd *r, struct iommufd_ser *hdr, u64 size, u64 old)
{
	u64 value = 0;

	switch (rnd_below(r, 10)) {
	case 0:
		return 0;
	case 1:
		return U64_MAX;
	case 2:
		return old + 1;
	case 3:
		return old - 1;
	case 4:
		return 1ULL << rnd_below(r, 64);
	case 5:
		return (1ULL << rnd_below(r, 64)) - 1;
	case 6:
		return old ^ 1ULL << rnd_below(r, 64);
	case 7:
		return rnd_below(r, 16);
	case 8:
		return rnd(r);
	default:
		memcpy(&value, (u8 *)hdr + rnd_below(r, size / 4) * 4, 8);
		return value;
	}
}

/* @table is one with entries, if there is any */
static u32 pick_table(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 table = rnd_below(r, SER_TABLES), i;

	for (i = 0; i < SER_TABLES && !*iommufd_ser_count(hdr, table); i++)
		table = (table + 1) % SER_TABLES;
	return table;
}

static void damage_field(struct rnd *r, struct iommufd_ser *hdr)
{
	static const u8 widths[] = { 8, 4, 4, 2 };
	u32 table = pick_table(r, hdr), count = *iommufd_ser_count(hdr, table);
	u32 width = widths[rnd_below(r, 4)];
	u64 value = 0, size = hdr->size;
	u32 room = sizeof(*hdr);
	u8 *pos = (u8 *)hdr;

	if (count && rnd_below(r, 6)) {
		pos = iommufd_ser_entry(hdr, table, rnd_below(r, count));
		room = iommufd_ser_tables[table].entry;
	}
	pos += rnd_below(r, room / width) * width;
	memcpy(&value, pos, width);
	value = odd_value(r, hdr, size, value);
	memcpy(pos, &value, width);
}

/* One entry more or less, in place, or one where another was */
static void damage_entry(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 table = pick_table(r, hdr), *count = iommufd_ser_count(hdr, table);
	size_t entry = iommufd_ser_tables[table].entry;
	u8 *end = (u8 *)hdr + hdr->size, *a, *b, copy[64];

	if (!*count)
		return;
	a = iommufd_ser_entry(hdr, table, rnd_below(r, *count));
	b = iommufd_ser_entry(hdr, table, rnd_below(r, *count));
	switch (rnd_below(r, 4)) {
	case 0:
		memmove(a + entry, a, end - a);
		++*count;
		break;
	case 1:
		memmove(a, a + entry, end - a - entry);
		--*count;
		break;
	case 2:
		memmove(a, b, entry);
		break;
	case 3:
		memcpy(copy, a, entry);
		memmove(a, b, entry);
		memcpy(b, copy, entry);
		break;
	}
	hdr->size = iommufd_ser_size(hdr);
}

/* Does @hdr describe a block that fits? Only then the damage can go on. */
static bool fits(const struct iommufd_ser *hdr)
{
	return iommufd_ser_size(hdr) <= BLOCK_MAX / 2;
}

void make_damaged(struct rnd *r, struct iommufd_ser *hdr)
{
	u32 n = 1 + rnd_below(r, 3), i;

	make_valid(r, hdr);
	for (i = 0; i < n && fits(hdr); i++) {
		hdr->size = iommufd_ser_size(hdr);
		if (rnd_below(r, 3))
			damage_field(r, hdr);
		else
			damage_entry(r, hdr);
	}

	/* Mostly with a checksum that lets the damage through to the rest */
	switch (rnd_below(r, 16)) {
	case 0:
		break;
	case 1:
		hdr->size = odd_value(r, hdr, sizeof(*hdr), hdr->size);
		if (hdr->size >= sizeof(*hdr) && hdr->size <= BLOCK_MAX)
			hdr->checksum = iommufd_ser_checksum(hdr);
		break;
	default:
		if (fits(hdr))
			iommufd_ser_seal(hdr);
		else
			hdr->size = iommufd_ser_size(hdr);
		break;
	}
}
