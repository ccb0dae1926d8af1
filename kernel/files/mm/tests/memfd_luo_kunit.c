// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What memfd_luo_get_ser() and memfd_luo_check_folios() let through. Folios are
 * looked at, never restored.
 */

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kho/abi/memfd.h>
#include <linux/kho/ser_kunit.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../internal.h"

#define NR_FOLIOS	3
#define SIZE		(7 * PAGE_SIZE + 1)

struct memfd_test {
	struct memfd_luo_ser *ser;
	struct memfd_luo_folio_ser folios[NR_FOLIOS];
};

static int memfd_test_init(struct kunit *test)
{
	static const u64 indices[NR_FOLIOS] = { 0, 4, 7 };
	struct memfd_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->ser = kho_ser_alloc_page(test);
	t->ser->pos = SIZE;
	t->ser->size = SIZE;
	t->ser->nr_folios = NR_FOLIOS;
	t->ser->folios.total_pages = 1;
	for (int i = 0; i < NR_FOLIOS; i++) {
		t->folios[i].pfn = PHYS_PFN(virt_to_phys(t->ser));
		t->folios[i].index = indices[i];
		t->folios[i].flags = MEMFD_LUO_FOLIO_DIRTY |
				     MEMFD_LUO_FOLIO_UPTODATE;
	}
	return 0;
}

static long memfd_get(struct kunit *test)
{
	struct memfd_test *t = test->priv;

	return PTR_ERR_OR_ZERO(memfd_luo_get_ser(virt_to_phys(t->ser)));
}

static int memfd_folios(struct kunit *test)
{
	struct memfd_test *t = test->priv;

	return memfd_luo_check_folios(t->ser, t->folios);
}

/* The control of all others */
static void memfd_valid(struct kunit *test)
{
	struct memfd_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, memfd_get(test));
	KUNIT_EXPECT_EQ(test, 0, memfd_folios(test));

	/* The position may be behind the end, an empty file has no folios */
	t->ser->pos = MAX_LFS_FILESIZE;
	t->ser->size = 0;
	t->ser->nr_folios = 0;
	KUNIT_EXPECT_EQ(test, 0, memfd_get(test));
	KUNIT_EXPECT_EQ(test, 0, memfd_folios(test));

	/* A list that is full */
	t->ser->nr_folios = PAGE_SIZE / sizeof(struct memfd_luo_folio_ser);
	t->ser->size = MAX_LFS_FILESIZE;
	KUNIT_EXPECT_EQ(test, 0, memfd_get(test));
}

static void memfd_address(struct kunit *test)
{
	struct memfd_test *t = test->priv;
	u64 phys;

	for (int i = 0; i < ARRAY_SIZE(kho_ser_bad_phys); i++) {
		phys = kho_ser_bad_phys[i];
		KUNIT_EXPECT_TRUE_MSG(test, IS_ERR(memfd_luo_get_ser(phys)),
				      "%#llx", phys);
	}

	phys = virt_to_phys(t->ser);
	for (int i = 1; i < PAGE_SIZE; i <<= 1)
		KUNIT_EXPECT_TRUE_MSG(test, IS_ERR(memfd_luo_get_ser(phys + i)),
				      "%d off", i);
}

#define FIELD(member, wrong) {						\
	.name = #member " = " #wrong,					\
	KHO_SER_MEMBER(struct memfd_luo_ser, member), .value = wrong }

static const struct kho_ser_field memfd_fields[] = {
	FIELD(pos, MAX_LFS_FILESIZE + 1ULL),
	FIELD(pos, U64_MAX),
	FIELD(size, 0),
	FIELD(size, 2 * PAGE_SIZE),
	FIELD(size, MAX_LFS_FILESIZE + 1ULL),
	FIELD(size, U64_MAX),
	FIELD(flags, 1),
	FIELD(flags, BIT(31)),
	FIELD(nr_folios, 0),
	FIELD(nr_folios, 9),
	FIELD(nr_folios, U32_MAX),
	FIELD(nr_folios, BIT_ULL(60)),
	FIELD(nr_folios, U64_MAX),
	FIELD(folios.total_pages, 0),
};

/* With a plan, which a generator of its own would not have */
static int memfd_field_init(struct kunit *test)
{
	kunit_register_params_array(test, memfd_fields, ARRAY_SIZE(memfd_fields),
				    kho_ser_desc);
	return 0;
}

/* One field is wrong */
static void memfd_field(struct kunit *test)
{
	struct memfd_test *t = test->priv;

	kho_ser_set(t->ser, test->param_value);
	KUNIT_EXPECT_EQ(test, -EINVAL, memfd_get(test));
}

/* More folios than the list has room for, though not too many for the file */
static void memfd_list_size(struct kunit *test)
{
	struct memfd_test *t = test->priv;

	t->ser->size = MAX_LFS_FILESIZE;
	for (u64 pages = 1; pages <= U32_MAX; pages <<= 1) {
		t->ser->folios.total_pages = pages;
		t->ser->nr_folios = pages * PAGE_SIZE /
				    sizeof(struct memfd_luo_folio_ser);
		KUNIT_EXPECT_EQ(test, 0, memfd_get(test));
		t->ser->nr_folios++;
		KUNIT_EXPECT_EQ(test, -EINVAL, memfd_get(test));
	}
}

static void memfd_folio_fields(struct kunit *test)
{
	static const u64 indices[] = { 8, 9, U32_MAX, S64_MAX, U64_MAX };
	static const u64 pfns[] = { 0, BIT_ULL(40), BIT_ULL(51), BIT_ULL(52) - 1 };
	struct memfd_test *t = test->priv;

	for (int i = 0; i < NR_FOLIOS; i++) {
		struct memfd_luo_folio_ser good = t->folios[i];

		for (int j = 0; j < ARRAY_SIZE(pfns); j++) {
			t->folios[i].pfn = pfns[j];
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL, memfd_folios(test),
					    "folio %d: pfn %#llx", i, pfns[j]);
		}
		t->folios[i] = good;

		for (int bit = 2; bit < 12; bit++) {
			t->folios[i].flags = BIT(bit);
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL, memfd_folios(test),
					    "folio %d: flag %d", i, bit);
		}
		t->folios[i] = good;

		for (int j = 0; j < ARRAY_SIZE(indices); j++) {
			t->folios[i].index = indices[j];
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL, memfd_folios(test),
					    "folio %d: index %#llx", i,
					    indices[j]);
		}
		/* The same as the one before */
		t->folios[i].index = i ? t->folios[i - 1].index : 4;
		KUNIT_EXPECT_EQ(test, -EINVAL, memfd_folios(test));
		t->folios[i] = good;
	}
}

static struct kunit_case memfd_test_cases[] = {
	KUNIT_CASE(memfd_valid),
	KUNIT_CASE(memfd_address),
	KUNIT_CASE_PARAM_WITH_INIT(memfd_field, kunit_array_gen_params,
				   memfd_field_init, NULL),
	KUNIT_CASE(memfd_list_size),
	KUNIT_CASE(memfd_folio_fields),
	{}
};

static struct kunit_suite memfd_test_suite = {
	.name = "memfd_luo_ser",
	.init = memfd_test_init,
	.test_cases = memfd_test_cases,
};

kunit_test_suite(memfd_test_suite);

MODULE_DESCRIPTION("KUnit tests for the live update state of memfds");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
