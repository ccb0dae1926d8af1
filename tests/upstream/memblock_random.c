// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of memblock, each followed by a comparison with a model that has
 * one entry for each page. Built in Linux's simulator (tools/testing/memblock),
 * by memblock.sh.
 *
 *	memblock_random SEED CALLS
 */
#include <stdio.h>
#include <stdlib.h>
#include <linux/memblock.h>
#include "tests/common.h"

#define UNIT	0x1000ULL
/* Were each a region, the arrays would have room without growing */
#define UNITS	120

struct model {
	const char *name;
	struct memblock_type *type;
	int (*add)(phys_addr_t base, phys_addr_t size);
	int (*remove)(phys_addr_t base, phys_addr_t size);
	int (*mark)(phys_addr_t base, phys_addr_t size);
	unsigned int flag;
	bool there[UNITS], marked[UNITS];
};

static struct model models[] = {
	{ "reserved", &memblock.reserved, memblock_reserve, memblock_phys_free,
	  memblock_reserved_mark_noinit, MEMBLOCK_RSRV_NOINIT },
	{ "memory", &memblock.memory, memblock_add, memblock_remove,
	  memblock_mark_hotplug, MEMBLOCK_HOTPLUG },
};

static int complain(const struct model *m, const char *that, unsigned long long at)
{
	printf("# %s: %s at %#llx\n", m->name, that, at);
	return -1;
}

/* Sorted, neither empty nor adjacent to its like, and what the model says */
static int compare(const struct model *m)
{
	phys_addr_t at = 0, total = 0;
	struct memblock_region *r, *before = NULL;
	unsigned long i;

	for (i = 0; i < m->type->cnt; i++, before = r) {
		r = &m->type->regions[i];
		if (!r->size || r->base < at)
			return complain(m, "empty, or not sorted", r->base);
		if (before && before->base + before->size == r->base &&
		    before->flags == r->flags)
			return complain(m, "not merged", r->base);
		for (; at < r->base; at += UNIT)
			if (m->there[at / UNIT])
				return complain(m, "missing", at);
		for (; at < r->base + r->size; at += UNIT)
			if (at >= UNITS * UNIT || !m->there[at / UNIT] ||
			    m->marked[at / UNIT] != !!(r->flags & m->flag))
				return complain(m, "too much, or other flags", at);
		total += r->size;
	}
	for (; at < UNITS * UNIT; at += UNIT)
		if (m->there[at / UNIT])
			return complain(m, "missing", at);
	if (m->type->total_size != total)
		return complain(m, "total size", m->type->total_size);
	return 0;
}

static int compare_overlap(const struct model *m, int from, int n)
{
	bool any = false;

	for (int i = from; i < from + n; i++)
		any |= m->there[i];
	if (memblock_overlaps_region(m->type, from * UNIT, n * UNIT) != any)
		return complain(m, "overlap", from * UNIT);
	return 0;
}

static int call(struct model *m)
{
	int from = rand() % UNITS, n = 1 + rand() % 6, ret;
	phys_addr_t base, size;

	if (n > UNITS - from)
		n = UNITS - from;
	base = from * UNIT;
	size = n * UNIT;
	if (compare_overlap(m, from, n))
		return -1;
	switch (rand() % 3) {
	case 0:
		ret = m->add(base, size);
		for (int i = from; i < from + n; i++) {
			/* What is there already keeps its flags */
			m->marked[i] &= m->there[i];
			m->there[i] = true;
		}
		break;
	case 1:
		ret = m->remove(base, size);
		for (int i = from; i < from + n; i++)
			m->there[i] = false;
		break;
	default:
		ret = m->mark(base, size);
		for (int i = from; i < from + n; i++)
			m->marked[i] = m->there[i];
	}
	return ret ? complain(m, "failed", base) : compare(m);
}

int main(int argc, char **argv)
{
	long calls = argc == 3 ? atol(argv[2]) : 0, i;

	if (calls <= 0) {
		fprintf(stderr, "usage: memblock_random SEED CALLS\n");
		return 2;
	}
	srand(atoi(argv[1]));
	reset_memblock_regions();
	for (i = 0; i < calls; i++) {
		if (call(&models[rand() % 2])) {
			printf("# call %ld, seed %s\n", i, argv[1]);
			return 1;
		}
	}
	return 0;
}
