// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What iommufd_ser_check() lets through. A valid block is damaged in one way at a
 * time, and put so that its last byte is the last one before an unmapped page:
 * whoever reads beyond it is found out without KASAN, too.
 */

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kho/ser_kunit.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "liveupdate_ser_sample.h"

/* A block made longer by a count that is wrong has to fit */
#define BUF_SIZE	IOMMUFD_SER_SIZE_MAX

struct ser_test {
	/* What is damaged, with zeros behind it */
	struct iommufd_ser *hdr;
	/* What is checked: the end of this */
	void *area;
};

static struct ser_test ser_test;

static int ser_suite_init(struct kunit_suite *suite)
{
	ser_test.hdr = vzalloc(BUF_SIZE);
	ser_test.area = vzalloc(BUF_SIZE);
	return ser_test.hdr && ser_test.area ? 0 : -ENOMEM;
}

static void ser_suite_exit(struct kunit_suite *suite)
{
	vfree(ser_test.hdr);
	vfree(ser_test.area);
}

static int ser_test_init(struct kunit *test)
{
	test->priv = &ser_test;
	iommufd_ser_sample(ser_test.hdr);
	return 0;
}

static int ser_check(struct kunit *test, struct iommufd_ser_view *view)
{
	struct ser_test *t = test->priv;
	struct iommufd_ser *ser;
	size_t size = sizeof(*ser);

	/* A block has a header at least. Of one that is too long, nothing else */
	if (t->hdr->size > size && t->hdr->size <= BUF_SIZE)
		size = t->hdr->size;
	ser = t->area + BUF_SIZE - size;
	memcpy(ser, t->hdr, size);
	return iommufd_ser_check(ser, SAMPLE_PHYS, view);
}

static void ser_refused(struct kunit *test, int err, const char *what, u64 n)
{
	struct iommufd_ser_view view;

	KUNIT_EXPECT_EQ_MSG(test, ser_check(test, &view), err, "%s: %#llx",
			    what, n);
}

/* The control of all others: the block is accepted, and read as it was meant */
static void ser_valid(struct kunit *test)
{
	struct iommufd_ser_view view;

	KUNIT_ASSERT_EQ(test, ser_check(test, &view), 0);
	KUNIT_EXPECT_EQ(test, view.hdr->size, SAMPLE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, view.ioas, sample_ioas, sizeof(sample_ioas));
	KUNIT_EXPECT_MEMEQ(test, view.allowed, sample_allowed,
			   sizeof(sample_allowed));
	KUNIT_EXPECT_MEMEQ(test, view.hwpt, sample_hwpt, sizeof(sample_hwpt));
	KUNIT_EXPECT_MEMEQ(test, view.pages, sample_pages,
			   sizeof(sample_pages));
	KUNIT_EXPECT_MEMEQ(test, view.areas, sample_areas,
			   sizeof(sample_areas));
	KUNIT_EXPECT_MEMEQ(test, view.chunks, sample_chunks,
			   sizeof(sample_chunks));
	KUNIT_EXPECT_MEMEQ(test, view.devices, sample_devices,
			   sizeof(sample_devices));
}

/* Nothing needs to be there. Tables go from the end, which leaves no reference */
static void ser_valid_empty(struct kunit *test)
{
	struct ser_test *t = test->priv;
	struct iommufd_ser_view view;
	int i;

	*iommufd_ser_count(t->hdr, SER_DEVICES) = 0;
	iommufd_ser_seal(t->hdr);
	KUNIT_EXPECT_EQ(test, ser_check(test, &view), 0);

	for (i = 0; i < SER_TABLES; i++)
		*iommufd_ser_count(t->hdr, i) = 0;
	t->hdr->nr_claims = 0;
	t->hdr->nr_runs = 0;
	iommufd_ser_seal(t->hdr);
	KUNIT_EXPECT_EQ(test, ser_check(test, &view), 0);
	KUNIT_EXPECT_EQ(test, view.hdr->size, sizeof(struct iommufd_ser));
}

/* One bit is wrong, and the checksum is not: 8 * SAMPLE_SIZE blocks */
static void ser_bits(struct kunit *test)
{
	struct ser_test *t = test->priv;
	u8 *byte = (void *)t->hdr;
	int bit;

	for (bit = 0; bit < 8 * SAMPLE_SIZE; bit++) {
		/* Magic number and version come first */
		bool known = bit / 8 >= offsetofend(struct iommufd_ser, version);

		byte[bit / 8] ^= BIT(bit % 8);
		ser_refused(test, known ? -EILSEQ : -EINVAL, "bit", bit);
		byte[bit / 8] ^= BIT(bit % 8);
	}
}

/* Shorter or longer than its tables are, with a checksum to match */
static void ser_size(struct kunit *test)
{
	static const u64 sizes[] = {
		IOMMUFD_SER_SIZE_MAX, IOMMUFD_SER_SIZE_MAX + 1, U32_MAX,
		S64_MAX, U64_MAX - 7, U64_MAX
	};
	struct ser_test *t = test->priv;
	u64 size;
	int i;

	for (size = 0; size <= 2 * SAMPLE_SIZE; size++) {
		if (size == SAMPLE_SIZE)
			continue;
		t->hdr->size = size;
		if (size >= sizeof(*t->hdr))
			t->hdr->checksum = iommufd_ser_checksum(t->hdr);
		ser_refused(test, -EILSEQ, "size", size);
	}

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		t->hdr->size = sizes[i];
		ser_refused(test, -EILSEQ, "size", sizes[i]);
	}
}

/* Counts that are wrong, with and without the size they would lead to */
static void ser_counts(struct kunit *test)
{
	static const u32 counts[] = {
		0, 1, 2, 3, 4, 5, 100, 1000, 0xffff, 0x10000, 0x4000000,
		0x08000000, 0x10000000, INT_MAX, 0x80000000, U32_MAX - 1, U32_MAX
	};
	struct ser_test *t = test->priv;
	int table, i;

	for (table = 0; table < SER_TABLES; table++) {
		const char *name = iommufd_ser_tables[table].name;
		u32 *count = iommufd_ser_count(t->hdr, table);
		u32 good = *count;

		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			/* Without any device the rest is still valid */
			if (counts[i] == good ||
			    (table == SER_DEVICES && counts[i] < good))
				continue;

			*count = counts[i];
			t->hdr->size = SAMPLE_SIZE;
			t->hdr->checksum = iommufd_ser_checksum(t->hdr);
			ser_refused(test, -EILSEQ, name, counts[i]);

			t->hdr->size = iommufd_ser_size(t->hdr);
			if (t->hdr->size > BUF_SIZE) {
				ser_refused(test, -EILSEQ, name, counts[i]);
				continue;
			}
			iommufd_ser_seal(t->hdr);
			ser_refused(test, -EINVAL, name, counts[i]);
		}
		*count = good;
	}
}

/* Each table has an order, and nothing is in it twice */
static void ser_order(struct kunit *test)
{
	static const u8 pairs[][3] = {
		{ SER_IOAS, 0, 1 }, { SER_IOAS, 1, 2 }, { SER_IOAS, 0, 2 },
		{ SER_ALLOWED, 0, 1 },
		{ SER_HWPT, 0, 1 },
		{ SER_AREAS, 0, 1 }, { SER_AREAS, 1, 2 }, { SER_AREAS, 0, 2 },
		{ SER_DEVICES, 0, 1 }, { SER_DEVICES, 1, 2 },
	};
	struct ser_test *t = test->priv;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		int table = pairs[i][0];
		u8 *a = iommufd_ser_entry(t->hdr, table, pairs[i][1]);
		u8 *b = iommufd_ser_entry(t->hdr, table, pairs[i][2]);

		for (j = 0; j < iommufd_ser_tables[table].entry; j++)
			swap(a[j], b[j]);
		iommufd_ser_seal(t->hdr);
		ser_refused(test, -EINVAL, "exchanged", i);

		iommufd_ser_sample(t->hdr);
		memcpy(b, a, iommufd_ser_tables[table].entry);
		iommufd_ser_seal(t->hdr);
		ser_refused(test, -EINVAL, "twice", i);
		iommufd_ser_sample(t->hdr);
	}
}

struct ser_field {
	struct kho_ser_field field;
	int table;
	u8 index;
};

#define HEADER	-1

#define HDR(member, wrong) {						\
	.field = {							\
		.name = #member " = " #wrong,				\
		KHO_SER_MEMBER(struct iommufd_ser, member),		\
		.value = wrong,						\
	},								\
	.table = HEADER }
#define ENTRY(number, type, entry, member, wrong) {			\
	.field = {							\
		.name = #type " " #entry ": " #member " = " #wrong,	\
		KHO_SER_MEMBER(struct iommufd_##type##_ser, member),	\
		.value = wrong,						\
	},								\
	.table = number, .index = entry }
#define IOAS(...)	ENTRY(SER_IOAS, ioas, __VA_ARGS__)
#define ALLOWED(...)	ENTRY(SER_ALLOWED, allowed, __VA_ARGS__)
#define HWPT(...)	ENTRY(SER_HWPT, hwpt, __VA_ARGS__)
#define PAGES(...)	ENTRY(SER_PAGES, pages, __VA_ARGS__)
#define AREA(...)	ENTRY(SER_AREAS, area, __VA_ARGS__)
#define CHUNK(...)	ENTRY(SER_CHUNKS, chunk, __VA_ARGS__)
#define DEVICE(...)	ENTRY(SER_DEVICES, device, __VA_ARGS__)

static const struct ser_field ser_fields[] = {
	HDR(magic, 0),
	HDR(magic, U64_MAX),
	HDR(version, 0),
	HDR(version, IOMMUFD_SER_VERSION - 1),
	HDR(version, IOMMUFD_SER_VERSION + 1),
	HDR(version, U32_MAX),
	HDR(flags, 1),
	HDR(flags, 0x80000000),
	HDR(account_mode, IOMMUFD_SER_ACCOUNT_MM + 1),
	HDR(account_mode, U32_MAX),
	HDR(reserved, 1),
	HDR(reserved, BIT_ULL(31)),
	HDR(page_shift, 0),
	HDR(page_shift, PAGE_SHIFT - 1),
	HDR(page_shift, PAGE_SHIFT + 1),
	HDR(nr_claims, IOMMUFD_CHUNK_SER_ENTRIES - 3),
	HDR(nr_claims, BIT_ULL(32)),
	HDR(nr_claims, U64_MAX),
	HDR(nr_claims, U64_MAX - 4),
	HDR(nr_runs, 0),
	HDR(nr_runs, 3),
	HDR(nr_runs, 5),
	HDR(nr_runs, U64_MAX),
	HDR(nr_runs, U64_MAX - 2),

	IOAS(0, id, 0),
	IOAS(0, id, 5),
	IOAS(0, id, 0x80000002),
	IOAS(1, id, 1),
	IOAS(1, id, 2),
	IOAS(1, id, U32_MAX),
	IOAS(2, id, 5),
	IOAS(2, id, 0x80000000),
	IOAS(0, flags, 0),
	IOAS(0, flags, IOMMUFD_IOAS_SER_FLAGS + 1),
	IOAS(0, flags, 0x80000001),
	IOAS(2, flags, IOMMUFD_IOAS_SER_NO_LARGE_PAGES),
	IOAS(2, flags, U32_MAX),
	IOAS(0, nr_allowed, 0),
	IOAS(0, nr_allowed, 1),
	IOAS(0, nr_allowed, 3),
	IOAS(0, nr_allowed, U32_MAX),
	IOAS(1, nr_allowed, 1),
	IOAS(2, nr_allowed, 0),
	IOAS(2, nr_allowed, 2),
	IOAS(2, nr_allowed, U32_MAX - 1),
	IOAS(0, nr_areas, 0),
	IOAS(0, nr_areas, 2),
	IOAS(0, nr_areas, 4),
	IOAS(0, nr_areas, U32_MAX),
	IOAS(1, nr_areas, 0),
	IOAS(1, nr_areas, 2),
	IOAS(2, nr_areas, 1),
	IOAS(2, nr_areas, U32_MAX),
	IOAS(2, nr_areas, U32_MAX - 3),

	ALLOWED(0, start, 0x10000),
	ALLOWED(0, start, U64_MAX),
	ALLOWED(0, last, 0x100000),
	ALLOWED(0, last, U64_MAX),
	ALLOWED(1, start, 0xffff),
	ALLOWED(1, start, 0),
	ALLOWED(1, start, U64_MAX),
	ALLOWED(1, last, 0xfffff),
	ALLOWED(1, last, 0),

	HWPT(0, id, 0),
	HWPT(0, id, 11),
	HWPT(0, id, 10),
	HWPT(0, id, 0x80000003),
	HWPT(1, id, 3),
	HWPT(1, id, 2),
	HWPT(1, id, U32_MAX),
	HWPT(0, ioas_id, 0),
	HWPT(0, ioas_id, 3),
	HWPT(0, ioas_id, U32_MAX),
	HWPT(1, ioas_id, 5),
	HWPT(0, flags, 2),
	HWPT(0, flags, 0x80000000),
	HWPT(1, reserved, 1),
	HWPT(1, reserved, 0x80000000),

	AREA(0, iova, 0x1001),
	AREA(0, iova, 0x2000),
	AREA(0, iova, U64_MAX),
	AREA(0, iova, U64_MAX - 0xffe),
	AREA(1, iova, 0),
	AREA(1, iova, 0x1000),
	AREA(1, iova, 0x1fff),
	AREA(1, iova, U64_MAX - 0x2fff),
	AREA(2, iova, U64_MAX - 0xffe),
	AREA(2, iova, 0x4fff),
	AREA(3, iova, U64_MAX - 0x3ffffffe),
	AREA(0, length, 0),
	AREA(0, length, 0x1001),
	AREA(0, length, U64_MAX),
	AREA(1, length, U64_MAX - 0x2000),
	AREA(1, length, 0),
	AREA(2, length, 0x1001),
	AREA(2, length, 0),
	AREA(3, length, MAX_LFS_FILESIZE + 1ULL),
	AREA(3, length, U64_MAX),
	AREA(0, start, 1),
	AREA(0, start, U64_MAX),
	AREA(0, start, U64_MAX - 0xfff),
	AREA(1, start, 0x3d001),
	AREA(1, start, MAX_LFS_FILESIZE),
	AREA(3, start, 1),
	AREA(0, pages, 4),
	AREA(0, pages, U32_MAX),
	AREA(1, pages, 1),
	AREA(3, pages, 2),
	AREA(1, flags, IOMMUFD_AREA_SER_WRITE),
	AREA(0, flags, IOMMUFD_AREA_SER_FLAGS + 1),
	AREA(3, flags, 0x80000000),

	PAGES(0, nr_pages, 0),
	PAGES(0, nr_pages, U64_MAX),
	PAGES(0, nr_pages, BIT_ULL(63 - PAGE_SHIFT)),
	PAGES(0, nr_runs, 1),
	PAGES(0, flags, 0),
	PAGES(0, flags, IOMMUFD_PAGES_SER_MEMFD),
	PAGES(0, flags, IOMMUFD_PAGES_SER_WRITE),
	PAGES(0, flags, IOMMUFD_PAGES_SER_FLAGS + 1),
	PAGES(0, reserved, 1),
	PAGES(0, offset, 1),
	PAGES(1, offset, SAMPLE_LAST + 0x1000),
	PAGES(1, offset, BIT_ULL(63)),
	PAGES(1, offset, U64_MAX - 0xfff),
	PAGES(2, token, 1),
	PAGES(2, offset, 0x1000),
	PAGES(2, nr_runs, 0),
	PAGES(2, nr_runs, 3),
	PAGES(2, nr_runs, 5),
	PAGES(2, nr_runs, U64_MAX),
	PAGES(2, nr_pages, 3),
	PAGES(2, flags, IOMMUFD_PAGES_SER_MEMFD),
	PAGES(2, flags, 0x80000000),
	PAGES(3, nr_pages, 0x3ffff),
	PAGES(3, reserved, 0x80000000),

	CHUNK(0, phys, 0),
	CHUNK(0, phys, 0x1001),
	CHUNK(0, phys, U64_MAX),
	CHUNK(0, phys, SAMPLE_PHYS),

	DEVICE(0, id, 0),
	DEVICE(0, id, 12),
	DEVICE(0, id, 0x80000004),
	DEVICE(1, id, 4),
	DEVICE(1, id, 13),
	DEVICE(2, id, 1),
	DEVICE(2, id, U32_MAX),
	DEVICE(0, hwpt_id, 0),
	DEVICE(0, hwpt_id, 2),
	DEVICE(0, hwpt_id, 4),
	DEVICE(2, hwpt_id, U32_MAX),
	DEVICE(0, segment, 1),
	DEVICE(1, segment, 0),
	DEVICE(1, bdf, 0x0101),
	DEVICE(2, bdf, 0x0100),
	DEVICE(0, reserved, 1),
	DEVICE(2, reserved, 0x8000),
};

/* With a plan, which a generator of its own would not have */
static int ser_field_init(struct kunit *test)
{
	kunit_register_params_array(test, ser_fields, ARRAY_SIZE(ser_fields),
				    kho_ser_desc);
	return 0;
}

/* One field is wrong, and everything else fits */
static void ser_field(struct kunit *test)
{
	const struct ser_field *field = test->param_value;
	struct ser_test *t = test->priv;
	void *entry = t->hdr;

	if (field->table != HEADER)
		entry = iommufd_ser_entry(t->hdr, field->table, field->index);
	kho_ser_set(entry, &field->field);
	iommufd_ser_seal(t->hdr);
	ser_refused(test, -EINVAL, field->field.name, field->field.value);
}

static u64 *ser_runs_init(struct kunit *test, struct iommufd_ser_view *view)
{
	struct ser_test *t = test->priv;
	u64 *runs = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, runs);
	memcpy(runs, sample_runs, sizeof(sample_runs));
	iommufd_ser_view_init(view, t->hdr);
	view->chunks[0].phys = virt_to_phys(runs);
	view->chunks[0].checksum = iommufd_ser_chunk_checksum(view, 0);
	return runs;
}

/* Claims and runs as they are, then with a bit wrong, or one more of them */
static void ser_runs_damaged(struct kunit *test)
{
	struct iommufd_ser_view view;
	u64 *runs = ser_runs_init(test, &view);
	int bit;

	KUNIT_ASSERT_EQ(test, iommufd_ser_check_chunks(&view), 0);
	for (bit = 0; bit < 64 * ARRAY_SIZE(sample_runs); bit++) {
		runs[bit / 64] ^= BIT_ULL(bit % 64);
		KUNIT_EXPECT_EQ_MSG(test, iommufd_ser_check_chunks(&view),
				    -EILSEQ, "bit %d", bit);
		runs[bit / 64] ^= BIT_ULL(bit % 64);
	}

	/* What is behind them does not matter, unless it is counted */
	runs[ARRAY_SIZE(sample_runs)] = 1;
	KUNIT_EXPECT_EQ(test, iommufd_ser_check_chunks(&view), 0);
	view.hdr->nr_runs++;
	KUNIT_EXPECT_EQ(test, iommufd_ser_check_chunks(&view), -EILSEQ);
}

/* One claim or run is wrong, and the checksum is not */
static void ser_runs_wrong(struct kunit *test)
{
	static const struct {
		u8 index;
		u64 run;
	} wrong[] = {
		/* Claims: no PFN 0, in order, no overlap, and of use */
		{ 0, IOMMUFD_RUN_SER(0, 0x10) },
		{ 0, SAMPLE_RUN(0x100, 0x11) },
		{ 0, SAMPLE_RUN(0x111, 1) },
		{ 0, SAMPLE_RUN(0x109, 7) },
		{ 0, SAMPLE_RUN(0x100, 0xf) },
		{ 1, SAMPLE_RUN(0x100, 0x10) },
		{ 1, SAMPLE_RUN(0x10f, 0x11) },
		{ 1, SAMPLE_RUN(0x111, 0x10) },
		{ 1, SAMPLE_RUN(0x110, 7) },
		{ 1, U64_MAX },
		{ 2, SAMPLE_RUN(0x800, 0x1ff) },
		{ 2, SAMPLE_RUN(0x801, 0x1ff) },
		{ 2, SAMPLE_RUN(0x11f, 0x1000) },
		{ 2, IOMMUFD_RUN_SER(IOMMUFD_RUN_SER_PFN_MAX, 2) },
		{ 2, U64_MAX },
		/* Runs: claimed, and as many pages as there are */
		{ 3, SAMPLE_RUN(0x7ff, 0x10) },
		{ 3, SAMPLE_RUN(0x800, 0xf) },
		{ 3, SAMPLE_RUN(0x800, 0x11) },
		{ 3, IOMMUFD_RUN_SER(1, 0x10) },
		{ 3, U64_MAX },
		{ 4, IOMMUFD_RUN_SER(0, 0xf) },
		{ 4, IOMMUFD_RUN_SER(0, 0x11) },
		{ 4, IOMMUFD_RUN_SER(0, IOMMUFD_RUN_SER_NR_MAX) },
		{ 4, SAMPLE_RUN(0x120, 0x10) },
		{ 5, SAMPLE_RUN(0xff, 0x10) },
		{ 5, SAMPLE_RUN(0x111, 0x10) },
		{ 6, SAMPLE_RUN(0x9f1, 0x10) },
		{ 6, IOMMUFD_RUN_SER(IOMMUFD_RUN_SER_PFN_MAX, 0x10) },
	};
	struct iommufd_ser_view view;
	u64 *runs = ser_runs_init(test, &view);
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		runs[wrong[i].index] = wrong[i].run;
		view.chunks[0].checksum = iommufd_ser_chunk_checksum(&view, 0);
		KUNIT_EXPECT_EQ_MSG(test, iommufd_ser_check_chunks(&view),
				    -EINVAL, "%d", i);
		runs[wrong[i].index] = sample_runs[wrong[i].index];
	}

	/* Shared pages, and all of the memory */
	runs[4] = runs[3];
	view.chunks[0].checksum = iommufd_ser_chunk_checksum(&view, 0);
	KUNIT_EXPECT_EQ(test, iommufd_ser_check_chunks(&view), 0);
}

/* The list, or the block, is in the memory that is claimed */
static void ser_runs_overlap(struct kunit *test)
{
	static const struct {
		/* Of the claim of 16 pages, from the page there is */
		int from;
		bool valid;
	} claims[] = {
		{ -16, true }, { -15, false }, { 0, false }, { 1, true },
	};
	struct iommufd_ser_view view;
	u64 *runs = ser_runs_init(test, &view);
	u64 pfn = PHYS_PFN(view.chunks[0].phys), block = pfn + 0x1000;
	int i;

	/* No run needs the first claim any more */
	runs[5] = IOMMUFD_RUN_SER(0, 0x10);
	view.phys = PFN_PHYS(block);
	for (i = 0; i < ARRAY_SIZE(claims); i++) {
		runs[0] = IOMMUFD_RUN_SER(pfn + claims[i].from, 0x10);
		view.chunks[0].checksum = iommufd_ser_chunk_checksum(&view, 0);
		KUNIT_EXPECT_EQ_MSG(test, iommufd_ser_check_chunks(&view),
				    claims[i].valid ? 0 : -EINVAL, "list %d", i);

		runs[0] = IOMMUFD_RUN_SER(block + claims[i].from, 0x10);
		view.chunks[0].checksum = iommufd_ser_chunk_checksum(&view, 0);
		KUNIT_EXPECT_EQ_MSG(test, iommufd_ser_check_chunks(&view),
				    claims[i].valid ? 0 : -EINVAL, "block %d", i);
	}
}

/* Where the list is: no two chunks in the same place, nor the block */
static void ser_chunks_overlap(struct kunit *test)
{
	static const struct iommufd_chunk_ser chunks[] = {
		{ .phys = 0x200000 }, { .phys = 0x210000 }, { .phys = 0x1ff000 },
	};
	static const struct {
		u8 index;
		u64 phys;
	} wrong[] = {
		{ 0, 0x210000 }, { 0, 0x201000 }, { 0, 0x220000 },
		{ 0, 0x1f0000 }, { 0, SAMPLE_PHYS }, { 0, SAMPLE_PHYS - 0xf000 },
		{ 1, 0x200000 }, { 1, 0x20f000 }, { 1, 0x1e0000 },
		{ 2, 0x200000 }, { 2, 0x20f000 }, { 2, 0x210000 },
		{ 2, 0x21f000 }, { 2, SAMPLE_PHYS },
	};
	struct ser_test *t = test->priv;
	struct iommufd_ser_view view;
	struct iommufd_chunk_ser *at;
	int i;

	/* Two more chunks, all of them claims, and what was there behind that */
	memmove(iommufd_ser_entry(t->hdr, SER_CHUNKS, ARRAY_SIZE(chunks)),
		iommufd_ser_entry(t->hdr, SER_DEVICES, 0), sizeof(sample_devices));
	t->hdr->nr_chunks = ARRAY_SIZE(chunks);
	t->hdr->nr_claims = 2 * IOMMUFD_CHUNK_SER_ENTRIES;
	at = iommufd_ser_entry(t->hdr, SER_CHUNKS, 0);

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(at, chunks, sizeof(chunks));
		iommufd_ser_seal(t->hdr);
		KUNIT_ASSERT_EQ(test, ser_check(test, &view), 0);
		at[wrong[i].index].phys = wrong[i].phys;
		iommufd_ser_seal(t->hdr);
		ser_refused(test, -EINVAL, "chunk at", wrong[i].phys);
	}

	/* The last one may be anywhere else */
	memcpy(at, chunks, sizeof(chunks));
	at[2].phys = 0x220000;
	iommufd_ser_seal(t->hdr);
	KUNIT_EXPECT_EQ(test, ser_check(test, &view), 0);
}

/* As many devices as there is room for: to compare each with each takes minutes */
static void ser_devices_many(struct kunit *test)
{
	struct ser_test *t = test->priv;
	struct iommufd_device_ser *devices;
	struct iommufd_ser_view view;
	u32 i, nr;

	t->hdr->nr_devices = 0;
	nr = (BUF_SIZE - iommufd_ser_size(t->hdr)) / sizeof(*devices);
	t->hdr->nr_devices = nr;
	devices = iommufd_ser_entry(t->hdr, SER_DEVICES, 0);
	for (i = 0; i < nr; i++)
		devices[i] = (struct iommufd_device_ser){
			.id = 100 + i, .hwpt_id = 3,
			/* From the last one to the first */
			.segment = (nr - i) >> 16, .bdf = nr - i,
		};
	iommufd_ser_seal(t->hdr);
	KUNIT_EXPECT_EQ(test, ser_check(test, &view), 0);

	devices[0].segment = devices[nr - 1].segment;
	devices[0].bdf = devices[nr - 1].bdf;
	iommufd_ser_seal(t->hdr);
	ser_refused(test, -EINVAL, "devices", nr);

	/* The next test begins with zeros. */
	memset(t->hdr, 0, BUF_SIZE);
}

/*
 * Claims that end just before the first chunk does, and runs up to a third one:
 * all claims in the reverse order, and a hole.
 */
#define LONG_CLAIMS	(IOMMUFD_CHUNK_SER_ENTRIES - 2)
#define LONG_RUNS	(IOMMUFD_CHUNK_SER_ENTRIES + 7)
#define LONG_ENTRIES	(LONG_CLAIMS + LONG_RUNS)
#define LONG_CHUNKS	3

static u64 ser_long_run(u32 i)
{
	if (i < LONG_CLAIMS)
		return SAMPLE_RUN(2 * i, 1);
	i -= LONG_CLAIMS;
	if (i < LONG_CLAIMS)
		return ser_long_run(LONG_CLAIMS - 1 - i);
	return IOMMUFD_RUN_SER(0, 1);
}

struct ser_long {
	struct iommufd_ser hdr;
	struct iommufd_pages_ser pages;
	struct iommufd_chunk_ser chunks[LONG_CHUNKS];
	struct iommufd_ser_view view;
};

static struct ser_long *ser_long_init(struct kunit *test)
{
	struct ser_long *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->hdr.nr_claims = LONG_CLAIMS;
	l->hdr.nr_runs = LONG_RUNS;
	l->hdr.nr_chunks = LONG_CHUNKS;
	l->hdr.nr_pages = 1;
	l->pages.nr_runs = LONG_RUNS;
	l->pages.nr_pages = LONG_RUNS;
	l->view.hdr = &l->hdr;
	l->view.pages = &l->pages;
	l->view.chunks = l->chunks;

	for (i = 0; i < LONG_CHUNKS; i++) {
		u32 nr = iommufd_ser_chunk_entries(&l->hdr, i);
		void *chunk = kunit_kmalloc(test, nr * sizeof(u64), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, chunk);
		l->chunks[i].phys = virt_to_phys(chunk);
	}
	for (i = 0; i < LONG_ENTRIES; i++)
		*iommufd_ser_run(&l->view, i) = ser_long_run(i);
	for (i = 0; i < LONG_CHUNKS; i++)
		l->chunks[i].checksum = iommufd_ser_chunk_checksum(&l->view, i);
	return l;
}

/* The list goes on in the next chunk, and each has a checksum of its own */
static void ser_chunks(struct kunit *test)
{
	/* On both sides of each border, and both ends */
	static const u32 borders[] = {
		0, LONG_CLAIMS - 1, LONG_CLAIMS, IOMMUFD_CHUNK_SER_ENTRIES - 1,
		IOMMUFD_CHUNK_SER_ENTRIES, 2 * IOMMUFD_CHUNK_SER_ENTRIES - 1,
		2 * IOMMUFD_CHUNK_SER_ENTRIES, LONG_ENTRIES - 1
	};
	struct ser_long *l = ser_long_init(test);
	const struct iommufd_ser_view *view = &l->view;
	int i;

	KUNIT_ASSERT_EQ(test, iommufd_ser_chunk_entries(&l->hdr, 2), 5);
	KUNIT_ASSERT_EQ(test, iommufd_ser_check_chunks(view), 0);

	for (i = 0; i < ARRAY_SIZE(borders); i++) {
		u32 chunk = borders[i] / IOMMUFD_CHUNK_SER_ENTRIES;
		u64 *run = iommufd_ser_run(view, borders[i]);
		u64 checksum = l->chunks[chunk].checksum;

		*run = SAMPLE_RUN(2 * borders[i] + 1, 1);
		KUNIT_EXPECT_EQ_MSG(test, iommufd_ser_check_chunks(view),
				    -EILSEQ, "%u", borders[i]);
		l->chunks[chunk].checksum =
			iommufd_ser_chunk_checksum(view, chunk);
		KUNIT_EXPECT_EQ_MSG(test, iommufd_ser_check_chunks(view),
				    -EINVAL, "%u", borders[i]);
		*run = ser_long_run(borders[i]);
		l->chunks[chunk].checksum = checksum;
	}
	KUNIT_EXPECT_EQ(test, iommufd_ser_check_chunks(view), 0);

	/* One where another was, by itself and with its checksum */
	swap(l->chunks[0].phys, l->chunks[1].phys);
	KUNIT_EXPECT_EQ(test, iommufd_ser_check_chunks(view), -EILSEQ);
	swap(l->chunks[0].checksum, l->chunks[1].checksum);
	KUNIT_EXPECT_EQ(test, iommufd_ser_check_chunks(view), -EINVAL);
}

static struct kunit_case ser_test_cases[] = {
	KUNIT_CASE(ser_valid),
	KUNIT_CASE(ser_valid_empty),
	KUNIT_CASE(ser_bits),
	KUNIT_CASE(ser_size),
	KUNIT_CASE(ser_counts),
	KUNIT_CASE(ser_order),
	KUNIT_CASE(ser_runs_damaged),
	KUNIT_CASE(ser_runs_wrong),
	KUNIT_CASE(ser_runs_overlap),
	KUNIT_CASE(ser_chunks_overlap),
	KUNIT_CASE(ser_devices_many),
	KUNIT_CASE(ser_chunks),
	KUNIT_CASE_PARAM_WITH_INIT(ser_field, kunit_array_gen_params,
				   ser_field_init, NULL),
	{}
};

static struct kunit_suite ser_test_suite = {
	.name = "iommufd_ser",
	.suite_init = ser_suite_init,
	.suite_exit = ser_suite_exit,
	.init = ser_test_init,
	.test_cases = ser_test_cases,
};

kunit_test_suite(ser_test_suite);

MODULE_DESCRIPTION("KUnit tests for the live update state of iommufd");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
