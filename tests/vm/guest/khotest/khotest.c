// SPDX-License-Identifier: GPL-2.0-only
/*
 * khotest - what userspace cannot ask of kexec handover
 *
 * Copyright (C) 2026 the holdfast authors
 *
 *	insmod khotest.ko do=WHAT
 *
 * WHAT is one of the list at the end. Those that preserve pages fill them, and
 * record where they are for the next kernel, in which "look" reads it. The
 * module only stays if all was as it should be.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define RECORD		"khotest"
#define RECORD_PAGES	(SZ_2M / sizeof(u64) - 2)
#define BLOCK		512UL

static char *what = "";
module_param_named(do, what, charp, 0);
MODULE_PARM_DESC(do, "what to do");

static unsigned long pages = 20000;
module_param(pages, ulong, 0);
MODULE_PARM_DESC(pages, "how many pages to scatter, fewer if no more are taken");

static unsigned int sizes = 1;
module_param(sizes, uint, 0);
MODULE_PARM_DESC(sizes, "how many sizes of what is scattered, from a page on");

static unsigned long long at;
module_param(at, ullong, 0);
MODULE_PARM_DESC(at, "physical address of a scratch area");

/* Pages of any order that were filled, or a range that was not */
struct record {
	u64 nr, is_range;
	u64 phys[RECORD_PAGES];	/* with the order in the lower bits */
};

#define for_each_recorded(page, i, n, r)				\
	for (i = 0; i < (r)->nr; i++)					\
		for (page = recorded(r, i), n = recorded_pages(r, i);	\
		     n; n--, page++)

static struct page *recorded(const struct record *r, u64 i)
{
	return pfn_to_page(PHYS_PFN(r->phys[i]));
}

static unsigned long recorded_pages(const struct record *r, u64 i)
{
	return 1UL << (r->phys[i] & ~PAGE_MASK);
}

static struct record *record;

static bool is(int got, int want, const char *that)
{
	if (got == want)
		return true;
	pr_err("%s: %d instead of %d\n", that, got, want);
	return false;
}

static struct record *new_record(void)
{
	struct record *r = kho_alloc_preserve(sizeof(*r));

	if (IS_ERR(r)) {
		pr_err("no memory for the record: %pe\n", r);
		return NULL;
	}
	return r;
}

static void fill(struct page *page)
{
	u64 *p = page_address(page), n = page_to_phys(page);

	for (int i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		p[i] = n + i;
}

static bool is_filled(struct page *page)
{
	u64 *p = page_address(page), n = page_to_phys(page);

	for (int i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		if (p[i] != n + i)
			return false;
	return true;
}

/* Pages to which none of another one of these is next */
static struct page *lone_pages(unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL, order + 1);
	unsigned long nr = 1UL << order;

	if (!page)
		return NULL;
	split_page(page, order + 1);
	for (unsigned long i = nr; i < 2 * nr; i++)
		__free_page(page + i);
	/* So that they do not come back at once */
	if (alloc_pages(GFP_KERNEL, order))
		return page;
	for (unsigned long i = 0; i < nr; i++)
		__free_page(page + i);
	return NULL;
}

/* Every second page of a lot of them, or every second block of some sizes */
static int scatter(void)
{
	struct record *r = new_record();
	struct page *page;
	unsigned int order;
	int err;

	if (!r)
		return -ENOMEM;
	pages = min(pages, RECORD_PAGES);
	while (r->nr < pages) {
		order = r->nr % sizes;
		page = lone_pages(order);
		if (!page)
			return -ENOMEM;
		err = kho_preserve_pages(page, 1UL << order);
		if (err == -ENOSPC) {
			pr_info("no more than %llu ranges\n", r->nr);
			break;
		}
		if (err) {
			pr_err("cannot preserve a page: %d\n", err);
			return err;
		}
		for (unsigned long i = 0; i < 1UL << order; i++)
			fill(page + i);
		r->phys[r->nr++] = page_to_phys(page) | order;
	}
	if (r->nr)
		pr_info("the first page is at %#llx\n", r->phys[0]);
	return kho_add_subtree(RECORD, r, sizeof(*r));
}

/* What is preserved page by page, of memory that nothing else is in */
#define FULL_BLOCK	1024UL
#define FULL_THREADS	4

static struct page **lone, *block;
static unsigned long nr_lone, nr_block;

static void full_undo(void)
{
	while (nr_lone)
		kho_unpreserve_pages(lone[--nr_lone], 1);
	for (unsigned long i = 0; i < nr_block; i += 2)
		kho_unpreserve_pages(block + i, 1);
	nr_block = 0;
}

/* Preserve single pages until there is no room for one more. */
static int full_fill(unsigned long *nr)
{
	int err = 0;

	while (!err) {
		if (nr_lone == pages)
			return -E2BIG;
		if (!lone[nr_lone])
			lone[nr_lone] = lone_pages(0);
		if (!lone[nr_lone])
			return -ENOMEM;
		err = kho_preserve_pages(lone[nr_lone], 1);
		nr_lone += !err;
	}
	*nr = nr_lone;
	return is(err, -ENOSPC, "one page too many") ? 0 : -EINVAL;
}

/*
 * Each has every fourth of the 16 pages long parts of the block. A range that
 * reaches into the next part may be refused half way.
 */
static int full_thread(void *data)
{
	unsigned long number = (unsigned long)data, at, from, nr;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, number);
	for (int i = 0; i < 20000; i++) {
		at = prandom_u32_state(&rnd) % (FULL_BLOCK / 16 / FULL_THREADS);
		from = (at * FULL_THREADS + number) * 16;
		from += prandom_u32_state(&rnd) % 16;
		nr = 1 + prandom_u32_state(&rnd) % 24;
		nr = min(nr, FULL_BLOCK - from);
		if (kho_preserve_pages(block + from, nr))
			continue;
		cond_resched();
		kho_unpreserve_pages(block + from, nr);
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static int full_threads(void)
{
	struct task_struct *threads[FULL_THREADS];
	unsigned long i;
	int err = 0;

	for (i = 0; i < FULL_THREADS; i++) {
		threads[i] = kthread_run(full_thread, (void *)i, "khotest");
		if (IS_ERR(threads[i])) {
			err = PTR_ERR(threads[i]);
			break;
		}
	}
	while (i)
		kthread_stop(threads[--i]);
	return err;
}

/*
 * The next kernel has room for so many ranges. What is refused, what is in one
 * range with others, and what is unpreserved, does not count. The module leaves
 * more than that: ranges that were one until what is in between was unpreserved.
 */
static int full(void)
{
	unsigned long before, after;
	bool good = true;
	int err;

	block = alloc_pages(GFP_KERNEL, ilog2(FULL_BLOCK));
	lone = vcalloc(pages, sizeof(*lone));
	if (!block || !lone)
		return -ENOMEM;
	split_page(block, ilog2(FULL_BLOCK));

	err = full_fill(&before);
	if (err)
		goto undo;
	good &= is(kho_preserve_pages(block, 1), -ENOSPC, "a page when full");
	good &= is(kho_preserve_pages(lone[1], 1), -EEXIST, "a page again");
	kho_unpreserve_pages(lone[0], 1);
	good &= is(kho_preserve_pages(block + 7, 1), 0, "one for another");
	good &= is(kho_preserve_pages(block + 8, 1), 0, "the one above it");
	good &= is(kho_preserve_pages(block + 6, 1), 0, "the one below it");
	good &= is(kho_preserve_pages(block + 4, 1), -ENOSPC, "a page apart");
	good &= is(kho_preserve_pages(block + 8, 1), -EEXIST, "one of three");
	/* Two orders: the first of them goes, as the second is refused. */
	good &= is(kho_preserve_pages(block + 9, 3), -ENOSPC, "two more blocks");
	kho_unpreserve_pages(block + 6, 1);
	kho_unpreserve_pages(block + 7, 1);
	kho_unpreserve_pages(block + 8, 1);
	good &= is(kho_preserve_pages(lone[0], 1), 0, "the first one again");
	good &= is(kho_preserve_pages(block, 1), -ENOSPC, "one more than that");
	full_undo();

	err = full_threads();
	if (err)
		goto undo;
	err = full_fill(&after);
	if (err)
		goto undo;
	if (before != after)
		pr_err("room for %lu, and later for %lu\n", before, after);
	good &= before == after;
	full_undo();

	while (nr_block < FULL_BLOCK && !err)
		err = kho_preserve_pages(block + nr_block++, 1);
	if (!err)
		err = full_fill(&after);
	for (unsigned long i = 1; i < nr_block; i += 2)
		kho_unpreserve_pages(block + i, 1);
	if (!err && good) {
		pr_info("room for %lu ranges\n", before);
		return 0;
	}
undo:
	full_undo();
	return err ?: -EINVAL;
}

/*
 * A range of the last block of the first node and the first one of the second.
 * Both hold what belongs to the nodes, in this kernel. In the next one they are
 * as good as any other memory, so they are preserved for what they are and not
 * for what is in them.
 */
static int nodes(void)
{
	unsigned long pfn = node_end_pfn(0);
	struct record *r = new_record();
	int err;

	if (!r)
		return -ENOMEM;
	if (!is(pfn == node_start_pfn(1) && pfn % (2 * BLOCK) == BLOCK, true,
		"borders within a block"))
		return -EINVAL;
	err = kho_preserve_pages(pfn_to_page(pfn - BLOCK), 2 * BLOCK);
	if (err) {
		pr_err("cannot preserve the range: %d\n", err);
		return err;
	}
	r->is_range = true;
	for (; r->nr < 2 * BLOCK; r->nr++)
		r->phys[r->nr] = PFN_PHYS(pfn - BLOCK + r->nr);
	return kho_add_subtree(RECORD, r, sizeof(*r));
}

static int look(void)
{
	unsigned long before, n, all = 0, lost = 0, damaged = 0, odd = 0;
	phys_addr_t phys;
	struct page *page;
	size_t size;
	int err;
	u64 i;

	err = kho_retrieve_subtree(RECORD, &phys, &size);
	if (err || size != sizeof(*record)) {
		pr_err("no record: %d\n", err);
		return -ENOENT;
	}
	record = phys_to_virt(phys);

	for_each_recorded(page, i, n, record) {
		all++;
		/* What is preserved is in use from the beginning. */
		if (page_count(page) != 1)
			lost++;
		else if (!record->is_range && !is_filled(page))
			damaged++;
	}
	pr_info("%lu pages: %lu lost, %lu damaged\n", all, lost, damaged);
	if (lost || damaged)
		return -EIO;

	before = totalram_pages();
	for (i = 0; i < record->nr; i++) {
		/* insmod tries again after a failure. */
		if (!page_private(recorded(record, i)))
			return -EALREADY;
		if (!kho_restore_pages(record->phys[i] & PAGE_MASK,
				       record->is_range ? record->nr :
				       recorded_pages(record, i)))
			return -EIO;
		if (record->is_range)
			break;
	}
	for_each_recorded(page, i, n, record)
		if (page_count(page) != 1 || page_private(page))
			odd++;
	if (!is(totalram_pages() - before, all, "pages that came back") ||
	    !is(odd, 0, "pages that are not as they should be"))
		return -EIO;
	for_each_recorded(page, i, n, record)
		__free_page(page);
	return 0;
}

/* A page has one owner, whatever the orders. */
static int twice(void)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 4);
	struct page *run = alloc_pages(GFP_KERNEL, 5), *page;
	bool good = true;

	if (!folio || !run)
		return -ENOMEM;
	page = folio_page(folio, 0);

	good &= is(kho_preserve_folio(folio), 0, "a folio");
	good &= is(kho_preserve_folio(folio), -EEXIST, "a folio again");
	good &= is(kho_preserve_pages(page, 1), -EEXIST, "its first page");
	good &= is(kho_preserve_pages(page + 15, 1), -EEXIST, "its last page");
	good &= is(kho_preserve_pages(page + 4, 4), -EEXIST, "a part of it");
	kho_unpreserve_folio(folio);
	good &= is(kho_preserve_pages(page + 4, 4), 0, "a part of no folio");
	good &= is(kho_preserve_folio(folio), -EEXIST, "a folio with a hole");
	kho_unpreserve_pages(page + 4, 4);
	good &= is(kho_preserve_folio(folio), 0, "the folio after all");
	kho_unpreserve_folio(folio);

	/* What was preserved of a run that cannot be is unpreserved. */
	good &= is(kho_preserve_pages(run + 19, 1), 0, "one page of a run");
	good &= is(kho_preserve_pages(run + 1, 31), -EEXIST, "the run");
	good &= is(kho_preserve_pages(run, 19), 0, "the run before it");
	good &= is(kho_preserve_pages(run + 20, 12), 0, "the run behind it");
	kho_unpreserve_pages(run + 20, 12);
	kho_unpreserve_pages(run, 19);
	kho_unpreserve_pages(run + 19, 1);

	folio_put(folio);
	__free_pages(run, 5);
	return good ? 0 : -EINVAL;
}

static bool scratch_refused(unsigned long pfn, unsigned long nr,
			    const char *that)
{
	int err = kho_preserve_pages(pfn_to_page(pfn), nr);

	if (!err)
		kho_unpreserve_pages(pfn_to_page(pfn), nr);
	return is(err, -EINVAL, that);
}

/* The next kernel is put there, and uses it before it looks at anything. */
static int scratch(void)
{
	unsigned long pfn = PHYS_PFN(at);
	bool good = true;

	good &= scratch_refused(pfn, 1, "a page of scratch");
	good &= scratch_refused(pfn - 1, 2, "a range that reaches into scratch");
	return good ? 0 : -EINVAL;
}

/* What was plugged in is above 4 GiB, all else is below. */
static bool is_plugged(struct page *page)
{
	return page_to_phys(page) >= SZ_4G;
}

static struct page *plugged_page(unsigned int order)
{
	struct page *page;

	for (int i = 0; i < 100000; i++) {
		page = alloc_pages(GFP_KERNEL, order);
		if (!page || is_plugged(page))
			return page;
	}
	return NULL;
}

static int hotplugged(void)
{
	struct page *page = plugged_page(0), *block = plugged_page(4);
	unsigned int there = 0;
	bool good = true;

	if (!page || !block) {
		pr_err("no memory was plugged in\n");
		return -ENODEV;
	}
	/* Metadata has to avoid this memory, which all others get. */
	for (int i = 0; i < 64; i++) {
		void *p = kho_alloc_preserve(PAGE_SIZE << (i % 3));

		if (IS_ERR(p))
			return PTR_ERR(p);
		there += is_plugged(virt_to_page(p));
	}
	good &= is(there, 0, "metadata in memory that was plugged in");
	good &= is(kho_preserve_pages(page, 1), -EOPNOTSUPP, "a page");
	good &= is(kho_preserve_pages(block, 16), -EOPNOTSUPP, "a block");
	return good ? 0 : -EINVAL;
}

/* The FDT that is handed over, which is not told to anybody */
static char *find_fdt(void)
{
	static const char version[] = "kho-v4";
	unsigned int found = 0;
	char *p, *q, *fdt = NULL;

	for (unsigned long pfn = 0; pfn < node_end_pfn(first_online_node); pfn++) {
		if (!pfn_valid(pfn) || PageReserved(pfn_to_page(pfn)))
			continue;
		p = page_address(pfn_to_page(pfn));
		if (be32_to_cpup((__be32 *)p) != 0xd00dfeed)
			continue;
		for (q = p; q < p + PAGE_SIZE - sizeof(version); q++)
			if (!memcmp(q, version, sizeof(version)))
				break;
		if (q == p + PAGE_SIZE - sizeof(version))
			continue;
		fdt = p;
		found++;
	}
	return is(found, 1, "FDTs found") ? fdt : NULL;
}

/* The next kernel shall not understand it. */
static int damage(void)
{
	char *p = find_fdt();

	if (!p)
		return -ENOENT;
	while (memcmp(p, "kho-v4", 7))
		p++;
	p[5] = '0';
	return 0;
}

/* Nor take it for an FDT. */
static int invalid(void)
{
	char *p = find_fdt();

	if (!p)
		return -ENOENT;
	*(__be32 *)p = 0;
	return 0;
}

/* Where the FDT has the address of the map of what is preserved */
static void *find_map(u64 *map)
{
	char *p = find_fdt(), *end = p + PAGE_SIZE;

	if (!p)
		return NULL;
	/* FDT_PROP and a length of 8: the first is that of the root node */
	for (; p < end - 20; p += 4)
		if (be32_to_cpup((__be32 *)p) == 3 &&
		    be32_to_cpup((__be32 *)(p + 4)) == 8)
			break;
	memcpy(map, p + 12, sizeof(*map));
	if (!is(p < end - 20 && *map && PAGE_ALIGNED(*map) &&
		pfn_valid(PHYS_PFN(*map)), true, "map found"))
		return NULL;
	return p + 12;
}

/* The map becomes an empty one. */
static int empty(void)
{
	u64 map;

	if (!find_map(&map))
		return -ENOENT;
	memset(phys_to_virt(map), 0, PAGE_SIZE);
	return 0;
}

/* The map is said to be in scratch, which has been used by then. */
static int astray(void)
{
	u64 map;
	void *p = find_map(&map);

	if (!p)
		return -ENOENT;
	map = at;
	memcpy(p, &map, sizeof(map));
	return 0;
}

static int __init khotest_init(void)
{
	static const struct {
		const char *name;
		int (*function)(void);
	} list[] = {
		{ "scatter", scatter },
		{ "full", full },
		{ "nodes", nodes },
		{ "look", look },
		{ "twice", twice },
		{ "scratch", scratch },
		{ "hotplugged", hotplugged },
		{ "damage", damage },
		{ "invalid", invalid },
		{ "empty", empty },
		{ "astray", astray },
	};

	for (int i = 0; i < ARRAY_SIZE(list); i++)
		if (!strcmp(what, list[i].name))
			return list[i].function();
	pr_err("nothing that is called '%s'\n", what);
	return -EINVAL;
}
module_init(khotest_init);

static void __exit khotest_exit(void)
{
	full_undo();
}
module_exit(khotest_exit);

MODULE_DESCRIPTION("Test of kexec handover");
MODULE_LICENSE("GPL");
