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
	return iommufd_ser_check(ser, view);
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
	KUNIT_EXPECT_MEMEQ(test, view.areas, sample_areas,
			   sizeof(sample_areas));
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
	const char *name;
	int table;
	u8 index;
	u8 offset;
	u8 size;
	u64 value;
};

#define HEADER	-1

#define HDR(_field, _value) {						\
	.name = #_field " = " #_value, .table = HEADER,			\
	.offset = offsetof(struct iommufd_ser, _field),			\
	.size = sizeof_field(struct iommufd_ser, _field),		\
	.value = _value }
#define ENTRY(_table, _type, _index, _field, _value) {			\
	.name = #_type " " #_index ": " #_field " = " #_value,		\
	.table = _table, .index = _index,				\
	.offset = offsetof(struct iommufd_##_type##_ser, _field),	\
	.size = sizeof_field(struct iommufd_##_type##_ser, _field),	\
	.value = _value }
#define IOAS(...)	ENTRY(SER_IOAS, ioas, __VA_ARGS__)
#define ALLOWED(...)	ENTRY(SER_ALLOWED, allowed, __VA_ARGS__)
#define HWPT(...)	ENTRY(SER_HWPT, hwpt, __VA_ARGS__)
#define AREA(...)	ENTRY(SER_AREAS, area, __VA_ARGS__)
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
	HDR(reserved, BIT_ULL(63)),

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
	AREA(0, offset, U64_MAX),
	AREA(0, offset, U64_MAX - 0xfff),
	AREA(0, offset, U64_MAX - 0x1000),
	AREA(0, offset, MAX_LFS_FILESIZE),
	AREA(2, offset, MAX_LFS_FILESIZE - 0xfffULL),
	AREA(3, offset, MAX_LFS_FILESIZE - 0x3fffffffULL),
	AREA(0, flags, IOMMUFD_AREA_SER_FLAGS + 1),
	AREA(3, flags, 0x80000000),
	AREA(1, reserved, 1),
	AREA(3, reserved, 0x80000000),

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

static void ser_field_desc(struct kunit *test, const void *param, char *desc)
{
	const struct ser_field *field = param;

	strscpy(desc, field->name, KUNIT_PARAM_DESC_SIZE);
}

static int ser_field_init(struct kunit *test)
{
	kunit_register_params_array(test, ser_fields, ARRAY_SIZE(ser_fields),
				    ser_field_desc);
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
	/* Little-endian, as the machines that have this */
	memcpy(entry + field->offset, &field->value, field->size);
	iommufd_ser_seal(t->hdr);
	ser_refused(test, -EINVAL, field->name, field->value);
}

static struct kunit_case ser_test_cases[] = {
	KUNIT_CASE(ser_valid),
	KUNIT_CASE(ser_valid_empty),
	KUNIT_CASE(ser_bits),
	KUNIT_CASE(ser_size),
	KUNIT_CASE(ser_counts),
	KUNIT_CASE(ser_order),
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
