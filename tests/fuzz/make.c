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

/* Now and then more than fit into a chunk */
static u32 some_entries(struct rnd *r, u32 few, u32 many)
{
	return rnd_below(r, rnd_below(r, 512) ? few : many);
}

/* Chunks and a block are before it */
#define FIRST_CLAIM	(PFN_UP(CHUNKS_END + BLOCK_MAX))

static void make_claims(struct rnd *r, struct state *s, u32 nr)
{
	u64 pfn = FIRST_CLAIM + rnd_below(r, 2) * rnd_below(r, 1 << 20);

	for (; nr; nr--) {
		u64 pages = 1 + rnd_below(r, rnd_below(r, 8) ? 16 :
					     IOMMUFD_RUN_SER_NR_MAX);

		/* To the very end; the others may touch the one before */
		if (nr == 1 && !rnd_below(r, 8))
			pfn = IOMMUFD_RUN_SER_PFN_MAX - (pages - 1);
		s->entries[s->nr_entries++] = IOMMUFD_RUN_SER(pfn, pages);
		pfn += pages + rnd_below(r, 2) * rnd_below(r, 1 << 20);
	}
}

/* Within a claim, or from one into those that touch it; or a hole */
static u64 make_run(struct rnd *r, const u64 *claims, u32 nr_claims)
{
	u64 pfn, end;
	u32 i;

	if (!nr_claims || !rnd_below(r, 8))
		return IOMMUFD_RUN_SER(0, 1 + rnd_below(r, 64));

	i = rnd_below(r, nr_claims);
	pfn = IOMMUFD_RUN_SER_PFN(claims[i]);
	end = pfn + IOMMUFD_RUN_SER_NR(claims[i]);
	pfn += rnd_below(r, 2) * rnd_below(r, end - pfn);
	while (++i < nr_claims && IOMMUFD_RUN_SER_PFN(claims[i]) == end)
		end += IOMMUFD_RUN_SER_NR(claims[i]);
	end = min_t(u64, end, pfn + IOMMUFD_RUN_SER_NR_MAX);
	return IOMMUFD_RUN_SER(pfn, rnd_below(r, 2) ? end - pfn :
						      1 + rnd_below(r, end - pfn));
}

/* @many: runs for three chunks */
static void make_pages(struct rnd *r, struct state *s, bool many)
{
	struct iommufd_ser *hdr = s->block;
	u32 i, j;

	make_claims(r, s, some_entries(r, 6, 9000));
	hdr->nr_claims = s->nr_entries;
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
		/* Not many of many, the oracle is slow; and some for the rest */
		pages->nr_runs = 1 + some_entries(r, 6, hdr->nr_claims < 64 ?
						  9000 : 64);
		if (many)
			pages->nr_runs = 2 * IOMMUFD_CHUNK_SER_ENTRIES + 1;
		pages->nr_runs = min_t(u64, pages->nr_runs,
				       ENTRIES_MAX - s->nr_entries -
				       (hdr->nr_pages - 1 - i));
		hdr->nr_runs += pages->nr_runs;
		pages->nr_pages = 0;
		for (j = 0; j < pages->nr_runs; j++) {
			u64 run = make_run(r, s->entries, hdr->nr_claims);

			s->entries[s->nr_entries++] = run;
			pages->nr_pages += IOMMUFD_RUN_SER_NR(run);
		}
	}
}

/* Their number is known only now, and what is behind them moves */
static void make_chunks(struct iommufd_ser *hdr)
{
	u32 i;

	hdr->nr_chunks = DIV_ROUND_UP_ULL(hdr->nr_claims + hdr->nr_runs,
					  IOMMUFD_CHUNK_SER_ENTRIES);
	for (i = 0; i < hdr->nr_chunks; i++) {
		struct iommufd_chunk_ser *chunk =
			iommufd_ser_entry(hdr, SER_CHUNKS, i);

		chunk->phys = CHUNKS + (u64)i * IOMMUFD_CHUNK_SER_ENTRIES *
				       sizeof(u64);
	}
}

bool chunk_is_there(const struct iommufd_ser_view *v, u32 chunk, u64 nr_entries)
{
	u64 size = iommufd_ser_chunk_entries(v->hdr, chunk) * sizeof(u64);
	u64 phys = v->chunks[chunk].phys, end = CHUNKS + nr_entries * sizeof(u64);

	return phys >= CHUNKS && phys <= end && size <= end - phys;
}

void seal(struct state *s)
{
	struct iommufd_ser_view view;
	u32 i;

	iommufd_ser_view_init(&view, s->block);
	memory = (u8 *)s->entries - CHUNKS;
	for (i = 0; i < s->block->nr_chunks; i++)
		if (chunk_is_there(&view, i, s->nr_entries))
			view.chunks[i].checksum =
				iommufd_ser_chunk_checksum(&view, i);
	iommufd_ser_seal(s->block);
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

static void make_shape(struct rnd *r, struct state *s, bool many)
{
	struct iommufd_ser *hdr = s->block;

	memset(hdr, 0, BLOCK_MAX);
	s->phys = CHUNKS_END;
	s->nr_entries = 0;
	if (!rnd_below(r, 8)) {
		iommufd_ser_sample(hdr);
		memcpy(s->entries, sample_runs, sizeof(sample_runs));
		s->nr_entries = ARRAY_SIZE(sample_runs);
		seal(s);
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
	make_pages(r, s, many);
	make_chunks(hdr);
	make_ioas(r, hdr);
	make_hwpt(r, hdr);
	make_devices(r, hdr);
	seal(s);
}

/* What the encoder of the kernel could have made */
void make_valid(struct rnd *r, struct state *s)
{
	make_shape(r, s, false);
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

/* Runs of one page object are said to be of another: the sum is right */
static void damage_sum(struct rnd *r, struct iommufd_ser *hdr)
{
	struct iommufd_pages_ser *a, *b;
	u64 moved;

	if (!hdr->nr_pages)
		return;
	a = iommufd_ser_entry(hdr, SER_PAGES, rnd_below(r, hdr->nr_pages));
	b = iommufd_ser_entry(hdr, SER_PAGES, rnd_below(r, hdr->nr_pages));
	moved = odd_value(r, hdr, hdr->size, 1);
	a->nr_runs += moved;
	b->nr_runs -= moved;
}

/* Does @hdr describe a block that fits? Only then the damage can go on. */
static bool fits(const struct iommufd_ser *hdr)
{
	return iommufd_ser_size(hdr) <= BLOCK_MAX / 2;
}

/* Block, chunks and claims where others of them are */
static void damage_place(struct rnd *r, struct state *s)
{
	struct iommufd_ser *hdr = s->block;
	struct iommufd_chunk_ser *a, *b;
	u64 down, i;

	switch (rnd_below(r, 3)) {
	case 0:
		s->phys = (1 + rnd_below(r, 2 * CHUNKS_END / PAGE_SIZE - 1)) * PAGE_SIZE;
		break;
	case 1:
		if (!hdr->nr_chunks)
			break;
		a = iommufd_ser_entry(hdr, SER_CHUNKS, rnd_below(r, hdr->nr_chunks));
		b = iommufd_ser_entry(hdr, SER_CHUNKS, rnd_below(r, hdr->nr_chunks));
		a->phys = b->phys;
		/* Full ones have 16 pages */
		if (rnd_below(r, 2))
			a->phys += (15 + rnd_below(r, 3)) * PAGE_SIZE;
		else if (rnd_below(r, 2))
			a->phys += (rnd_below(r, 33) - 16ULL) * PAGE_SIZE;
		break;
	default:
		/* All of the memory: it is still claimed, and in order */
		if (!hdr->nr_claims)
			break;
		down = IOMMUFD_RUN_SER_PFN(s->entries[0]) - 1;
		down -= down < FIRST_CLAIM ? rnd_below(r, down + 1) :
					     rnd_below(r, FIRST_CLAIM);
		for (i = 0; i < s->nr_entries; i++)
			if (IOMMUFD_RUN_SER_PFN(s->entries[i]))
				s->entries[i] -= down << IOMMUFD_RUN_SER_NR_BITS;
		break;
	}
}

/* A claim or run: exchanged, twice, a page more or less at either end, anything */
static void damage_run(struct rnd *r, struct state *s)
{
	u64 *a, *b, old;

	if (!s->nr_entries)
		return;
	a = &s->entries[rnd_below(r, s->nr_entries)];
	b = &s->entries[rnd_below(r, s->nr_entries)];
	/* At the border of two chunks more often than that */
	if (!rnd_below(r, 4) && s->nr_entries > IOMMUFD_CHUNK_SER_ENTRIES)
		a = &s->entries[IOMMUFD_CHUNK_SER_ENTRIES - rnd_below(r, 2)];
	old = *a;
	switch (rnd_below(r, 8)) {
	case 0:
		*a = *b;
		*b = old;
		break;
	case 1:
		*a = *b;
		break;
	case 2:
		*a = old + 1;
		break;
	case 3:
		*a = old - 1;
		break;
	case 4:
		*a = old + (1ULL << IOMMUFD_RUN_SER_NR_BITS);
		break;
	case 5:
		*a = old - (1ULL << IOMMUFD_RUN_SER_NR_BITS);
		break;
	default:
		*a = odd_value(r, s->block, s->block->size, old);
		break;
	}
}

void make_damaged(struct rnd *r, struct state *s)
{
	struct iommufd_ser *hdr = s->block;
	u32 n = 1 + rnd_below(r, 3), i;

	if (!rnd_below(r, 8)) {
		make_shape(r, s, !rnd_below(r, 6));
		damage_place(r, s);
		seal(s);
		return;
	}

	make_valid(r, s);
	/* Nothing but that, or it would seldom get there */
	if (!rnd_below(r, 3)) {
		while (n--)
			damage_run(r, s);
		if (rnd_below(r, 16))
			seal(s);
		return;
	}

	for (i = 0; i < n && fits(hdr); i++) {
		hdr->size = iommufd_ser_size(hdr);
		if (!rnd_below(r, 16))
			damage_sum(r, hdr);
		else if (rnd_below(r, 3))
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
			seal(s);
		else
			hdr->size = iommufd_ser_size(hdr);
		break;
	}
}
