// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of preserved memory: a radix tree of six levels. A key has a page number
 * shifted by its order, and a bit above it which says the order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "decode.h"
#include "found.h"

/* Nodes of one map at most: bitmaps of 65536 nodes cover 8 TiB of single pages */
#define MAX_NODES	(1u << 16)
/* Blocks of one map at most: 256 GiB of single pages; 1 GiB to note them */
#define MAX_BLOCKS	(1u << 26)
/* Pages of 1 GiB are the largest there are */
#define ORDERS		19

struct walk {
	struct hk_decode *d;
	/* Nodes that were met: a table of 2 * MAX_NODES, open addressing */
	uint64_t *node;
	size_t n_nodes;
	struct hk_range *block;
	size_t n_blocks;
	uint64_t orders[ORDERS];
	uint64_t bytes;
	struct hk_found found;
	/* Too much, or no use: it ends here */
	bool full;
};

static int by_address(const void *a, const void *b)
{
	const struct hk_range *x = a, *y = b;

	return x->phys < y->phys ? -1 : x->phys > y->phys;
}

/* Else a few nodes that lead to each other would be a map without end. */
static bool is_new(struct walk *w, uint64_t phys)
{
	size_t i = (phys >> HK_PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 20;

	for (i %= 2 * MAX_NODES; w->node[i]; i = (i + 1) % (2 * MAX_NODES))
		if (w->node[i] == phys)
			return false;
	w->node[i] = phys;
	w->n_nodes++;
	return true;
}

static bool add_block(struct walk *w, uint64_t phys, uint64_t len)
{
	struct hk_range *more;

	if (w->n_blocks == MAX_BLOCKS) {
		w->full = true;
		return hk_damaged(w->d, "map of preserved memory: more than %u blocks",
				  MAX_BLOCKS);
	}
	if (!(w->n_blocks & (w->n_blocks - 1))) {
		more = realloc(w->block, (w->n_blocks ? w->n_blocks * 2 : 1) *
					 sizeof(*more));
		if (!more) {
			w->full = true;
			return hk_damaged(w->d, "map of preserved memory: no memory here for more than %zu blocks",
					  w->n_blocks);
		}
		w->block = more;
	}
	w->block[w->n_blocks++] = (struct hk_range){ phys, len };
	return true;
}

static bool add_key(struct walk *w, uint64_t key)
{
	unsigned int top = 63 - (unsigned int)__builtin_clzll(key);
	unsigned int order = 64 - HK_PAGE_SHIFT - top;
	uint64_t phys, len;

	if (order >= ORDERS)
		return hk_damaged(w->d, "map of preserved memory: key %#" PRIx64 " has order %u, which no block has",
				  key, order);
	len = HK_PAGE << order;
	phys = (key & ~(1ull << top)) << (HK_PAGE_SHIFT + order);
	if (phys + len < phys)
		return hk_damaged(w->d, "map of preserved memory: a block of order %u at %#" PRIx64 " is beyond all memory",
				  order, phys);
	w->orders[order]++;
	hk_found_look(&w->found, w->d, phys);
	return add_block(w, phys, len);
}

static bool walk_leaf(struct walk *w, const uint8_t *bits, uint64_t key)
{
	unsigned int i;

	for (i = 0; i < HK_PAGE * 8; i++) {
		if (!bits[i / 8]) {
			i |= 7;
			continue;
		}
		if (!(bits[i / 8] >> (i % 8) & 1))
			continue;
		if (!(key | i))
			return hk_damaged(w->d, "map of preserved memory: key 0 is no block");
		add_key(w, key | i);
		if (w->full)
			return false;
	}
	return true;
}

/* Memory that was given back is not a map with one wrong entry. */
static bool broken(struct walk *w, const char *fmt, uint64_t phys)
{
	char text[128];

	snprintf(text, sizeof(text), fmt, phys);
	w->full = w->d->stale;
	return hk_damaged(w->d, "map of preserved memory: %s", text);
}

static bool walk_node(struct walk *w, uint64_t phys, unsigned int level,
		      uint64_t key)
{
	const unsigned int shift = HK_RADIX_BITS_SHIFT +
				   HK_RADIX_TABLE_SHIFT * (level - 1);
	const void *page;
	const u64 *table;
	unsigned int i;

	if (w->n_nodes == MAX_NODES) {
		w->full = true;
		return hk_damaged(w->d, "map of preserved memory: more than %u nodes",
				  MAX_NODES);
	}
	if (!phys || phys % HK_PAGE)
		return broken(w, "%#" PRIx64 " is no address of a node", phys);
	if (!is_new(w, phys))
		return broken(w, "node %#" PRIx64 " is in it twice", phys);
	page = hk_mem_page(w->d->mem, phys);
	if (!page)
		return hk_unreadable(w->d, phys, "node of the map of preserved memory");
	if (!level)
		return walk_leaf(w, page, key);
	table = page;
	for (i = 0; i < HK_RADIX_TABLE && !w->full; i++) {
		if (!table[i])
			continue;
		/* Bits that a key does not have: the uppermost level has few */
		if ((uint64_t)i << shift >> HK_RADIX_KEY_WIDTH) {
			broken(w, "node %#" PRIx64 " has entries for keys that do not exist",
			       phys);
			break;
		}
		walk_node(w, table[i], level - 1, key | (uint64_t)i << shift);
	}
	return !w->full;
}

/* Sorts the blocks, and makes ranges of those that touch. */
static size_t merge(struct walk *w)
{
	size_t i, n = 0;
	bool told = false;

	if (!w->n_blocks)
		return 0;
	qsort(w->block, w->n_blocks, sizeof(*w->block), by_address);
	for (i = 0; i < w->n_blocks; i++) {
		struct hk_range *b = &w->block[i], *last;

		last = n ? &w->block[n - 1] : NULL;
		if (last && b->phys < last->phys + last->len) {
			if (!told)
				hk_damaged(w->d, "map of preserved memory: page %#" PRIx64 " is in it twice",
					   b->phys);
			told = true;
			if (b->phys + b->len > last->phys + last->len)
				last->len = b->phys + b->len - last->phys;
			continue;
		}
		if (last && b->phys == last->phys + last->len)
			last->len += b->len;
		else
			w->block[n++] = *b;
	}
	for (i = 0; i < n; i++)
		w->bytes += w->block[i].len;
	return n;
}

static void show(struct walk *w, size_t ranges)
{
	struct hk_out *o = w->d->out;
	size_t i;

	hk_out_object(o, "memory");
	hk_out_u64(o, "bytes", w->bytes);
	hk_out_u64(o, "blocks", w->n_blocks);
	hk_out_u64(o, "ranges", ranges);
	hk_out_u64(o, "nodes", w->n_nodes);
	hk_out_list(o, "orders");
	for (i = 0; i < ORDERS; i++) {
		if (!w->orders[i])
			continue;
		hk_out_row(o);
		hk_out_u64(o, "order", i);
		hk_out_u64(o, "blocks", w->orders[i]);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
	if (w->d->ranges) {
		hk_out_list(o, "list");
		for (i = 0; i < ranges; i++) {
			hk_out_row(o);
			hk_out_hex(o, "phys", w->block[i].phys);
			hk_out_u64(o, "bytes", w->block[i].len);
			hk_out_row_end(o);
		}
		hk_out_list_end(o);
	}
	hk_out_object_end(o);
}

void hk_decode_map(struct hk_decode *d, uint64_t root)
{
	struct walk w = { .d = d };
	size_t ranges;

	w.node = calloc(2 * MAX_NODES, sizeof(*w.node));
	if (!w.node) {
		hk_damaged(d, "map of preserved memory: no memory here to read it");
		return;
	}
	walk_node(&w, root, HK_RADIX_LEVELS - 1, 0);
	/* Without its root nothing is known: no row of zeros */
	if (w.n_nodes > 1 && !(w.full && d->stale)) {
		ranges = merge(&w);
		show(&w, ranges);
		hk_found_show(&w.found, d);
	}
	hk_found_free(&w.found);
	free(w.node);
	free(w.block);
}
