// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What kho_block_set_restore() and luo_flb_check() let through. The memory is not
 * preserved, so a release of it, which a refusal must not do, would be a warning.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/kho/abi/luo.h>
#include <linux/kho/ser_kunit.h>
#include <linux/kho_block.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "luo_internal.h"

/* Three blocks, all but the last one full, of entries that are numbered */
#define NR_BLOCKS	3
#define ENTRY_SIZE	sizeof(struct luo_file_ser)
#define PER_BLOCK	((KHO_BLOCK_SIZE - sizeof(struct kho_block_header_ser)) / \
			 ENTRY_SIZE)

struct block_test {
	struct kho_block_header_ser *ser[NR_BLOCKS];
	struct kho_block_set bs;
};

static void block_link(struct block_test *t, int from, int to)
{
	t->ser[from]->next = virt_to_phys(t->ser[to]);
}

static int block_test_init(struct kunit *test)
{
	static const u64 counts[NR_BLOCKS] = { PER_BLOCK, PER_BLOCK, 1 };
	struct block_test *t;
	u64 n = 0;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;

	for (int i = 0; i < NR_BLOCKS; i++) {
		struct luo_file_ser *entry;

		t->ser[i] = kho_ser_alloc_page(test);
		t->ser[i]->count = counts[i];
		entry = (void *)(t->ser[i] + 1);
		for (u64 j = 0; j < counts[i]; j++)
			entry[j].token = n++;
		if (i)
			block_link(t, i - 1, i);
	}
	return 0;
}

static int block_restore(struct kunit *test, u64 head_pa)
{
	struct block_test *t = test->priv;
	int err;

	kho_block_set_init(&t->bs, ENTRY_SIZE);
	err = kho_block_set_restore(&t->bs, head_pa);
	if (err)
		KUNIT_EXPECT_TRUE(test, list_empty(&t->bs.blocks));
	return err;
}

static int block_restore_all(struct kunit *test)
{
	struct block_test *t = test->priv;

	return block_restore(test, virt_to_phys(t->ser[0]));
}

/* The control of all others */
static void block_valid(struct kunit *test)
{
	struct block_test *t = test->priv;
	struct kho_block *block, *tmp;
	struct kho_block_set_it it;
	struct luo_file_ser *entry;
	u64 n = 0;

	KUNIT_ASSERT_EQ(test, 0, block_restore_all(test));
	KUNIT_EXPECT_EQ(test, t->bs.nblocks, NR_BLOCKS);
	kho_block_set_it_init(&it, &t->bs);
	while ((entry = kho_block_set_it_read_entry(&it)))
		KUNIT_EXPECT_EQ(test, entry->token, n++);
	KUNIT_EXPECT_EQ(test, n, 2 * PER_BLOCK + 1);

	/* kho_block_set_destroy() would give back what was never preserved */
	list_for_each_entry_safe(block, tmp, &t->bs.blocks, list)
		kfree(block);

	/* No list is a list without blocks */
	KUNIT_EXPECT_EQ(test, 0, block_restore(test, 0));
	KUNIT_EXPECT_EQ(test, t->bs.nblocks, 0);
}

static void block_counts(struct kunit *test)
{
	static const u64 counts[] = {
		0, PER_BLOCK + 1, PAGE_SIZE, U32_MAX, S64_MAX, BIT_ULL(63),
		U64_MAX
	};
	struct block_test *t = test->priv;

	for (int i = 0; i < NR_BLOCKS; i++) {
		u64 good = t->ser[i]->count;

		for (int j = 0; j < ARRAY_SIZE(counts); j++) {
			t->ser[i]->count = counts[j];
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
					    block_restore_all(test),
					    "block %d: %#llx", i, counts[j]);
		}
		t->ser[i]->count = good;
	}
}

static void block_addresses(struct kunit *test)
{
	struct block_test *t = test->priv;

	/* The first one is 0, which ends a list */
	for (int i = 1; i < ARRAY_SIZE(kho_ser_bad_phys); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    block_restore(test, kho_ser_bad_phys[i]),
				    "%#llx", kho_ser_bad_phys[i]);

	for (int i = 0; i < NR_BLOCKS; i++) {
		u64 good = t->ser[i]->next;

		for (int j = 1; j < ARRAY_SIZE(kho_ser_bad_phys); j++) {
			t->ser[i]->next = kho_ser_bad_phys[j];
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
					    block_restore_all(test),
					    "block %d: %#llx", i,
					    kho_ser_bad_phys[j]);
		}
		t->ser[i]->next = virt_to_phys(t->ser[i]) + 8;
		KUNIT_EXPECT_EQ(test, -EINVAL, block_restore_all(test));
		t->ser[i]->next = good;
	}
}

/* Each block in turn is followed by itself or one before it */
static void block_cycles(struct kunit *test)
{
	struct block_test *t = test->priv;

	for (int from = 0; from < NR_BLOCKS; from++) {
		u64 good = t->ser[from]->next;

		for (int to = 0; to <= from; to++) {
			block_link(t, from, to);
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
					    block_restore_all(test),
					    "from %d to %d", from, to);
		}
		t->ser[from]->next = good;
	}
}

static struct kunit_case block_test_cases[] = {
	KUNIT_CASE(block_valid),
	KUNIT_CASE(block_counts),
	KUNIT_CASE(block_addresses),
	KUNIT_CASE(block_cycles),
	{}
};

static struct kunit_suite block_test_suite = {
	.name = "kho_block",
	.init = block_test_init,
	.test_cases = block_test_cases,
};

#define FLB_MAX	((PAGE_SIZE - sizeof(struct luo_flb_header_ser)) / \
		 sizeof(struct luo_flb_ser))

static struct luo_flb_ser *flb_entry(struct kunit *test, int index)
{
	struct luo_flb_header_ser *header = test->priv;

	return (struct luo_flb_ser *)(header + 1) + index;
}

static int flb_test_init(struct kunit *test)
{
	struct luo_flb_header_ser *header = kho_ser_alloc_page(test);

	test->priv = header;
	header->pgcnt = 1;
	header->count = 2;
	for (int i = 0; i < FLB_MAX; i++) {
		struct luo_flb_ser *ser = flb_entry(test, i);

		snprintf(ser->name, sizeof(ser->name), "test-v%d", i);
		ser->data = PAGE_SIZE;
		ser->count = i + 1;
	}
	return 0;
}

static int flb_check(struct kunit *test)
{
	return luo_flb_check(virt_to_phys(test->priv));
}

/* The control of all others */
static void flb_valid(struct kunit *test)
{
	struct luo_flb_header_ser *header = test->priv;

	for (header->count = 0; header->count <= FLB_MAX; header->count++)
		KUNIT_EXPECT_EQ(test, 0, flb_check(test));
}

static void flb_addresses(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(kho_ser_bad_phys); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    luo_flb_check(kho_ser_bad_phys[i]), "%#llx",
				    kho_ser_bad_phys[i]);
	for (int i = 1; i < PAGE_SIZE; i <<= 1)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    luo_flb_check(virt_to_phys(test->priv) + i),
				    "%d off", i);
}

static void flb_header(struct kunit *test)
{
	static const u64 pages[] = { 0, 2, U32_MAX, U64_MAX };
	static const u64 counts[] = {
		FLB_MAX + 1, PAGE_SIZE, U32_MAX, S64_MAX, BIT_ULL(63), U64_MAX
	};
	struct luo_flb_header_ser *header = test->priv;

	for (int i = 0; i < ARRAY_SIZE(pages); i++) {
		header->pgcnt = pages[i];
		KUNIT_EXPECT_EQ(test, -EINVAL, flb_check(test));
	}
	header->pgcnt = 1;
	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		header->count = counts[i];
		KUNIT_EXPECT_EQ(test, -EINVAL, flb_check(test));
	}
}

static void flb_entries(struct kunit *test)
{
	static const u64 counts[] = {
		0, (u64)INT_MAX + 1, U32_MAX, S64_MAX, BIT_ULL(63), U64_MAX
	};

	for (int i = 0; i < 2; i++) {
		struct luo_flb_ser *ser = flb_entry(test, i);
		struct luo_flb_ser good = *ser;

		for (int j = 0; j < ARRAY_SIZE(counts); j++) {
			ser->count = counts[j];
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL, flb_check(test),
					    "entry %d: %#llx", i, counts[j]);
		}
		*ser = good;

		ser->name[0] = 0;
		KUNIT_EXPECT_EQ(test, -EINVAL, flb_check(test));
		memset(ser->name, 'x', sizeof(ser->name));
		KUNIT_EXPECT_EQ(test, -EINVAL, flb_check(test));
		*ser = good;

		memcpy(ser->name, flb_entry(test, !i)->name, sizeof(ser->name));
		KUNIT_EXPECT_EQ(test, -EINVAL, flb_check(test));
		*ser = good;
	}
}

static struct kunit_case flb_test_cases[] = {
	KUNIT_CASE(flb_valid),
	KUNIT_CASE(flb_addresses),
	KUNIT_CASE(flb_header),
	KUNIT_CASE(flb_entries),
	{}
};

static struct kunit_suite flb_test_suite = {
	.name = "luo_flb_ser",
	.init = flb_test_init,
	.test_cases = flb_test_cases,
};

kunit_test_suites(&block_test_suite, &flb_test_suite);

MODULE_DESCRIPTION("KUnit tests for what live update hands over");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
