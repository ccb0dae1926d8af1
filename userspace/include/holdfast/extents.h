/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_EXTENTS_H
#define HOLDFAST_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct hf_extent - a run of an IOAS that is contiguous in both spaces
 * @iova: first I/O virtual address
 * @phys: physical address it maps to
 * @length: bytes, not 0
 */
struct hf_extent {
	uint64_t iova;
	uint64_t phys;
	uint64_t length;
};

/**
 * struct hf_extents - the IOVA-to-PA table of one IOAS
 * @v: extents sorted by IOVA, disjoint, each as long as it can be; owned
 * @n: how many
 * @cap: room in @v
 * @bytes: sum of all lengths
 *
 * Not safe for use by two threads at a time unless all of them only read.
 */
struct hf_extents {
	struct hf_extent *v;
	size_t n;
	size_t cap;
	uint64_t bytes;
};

/**
 * struct hf_extents_diff - the first address where two tables differ
 * @iova: that address
 * @mapped_a: it is mapped in the first table
 * @mapped_b: it is mapped in the second table
 * @phys_a: where to, in the first table
 * @phys_b: where to, in the second table
 */
struct hf_extents_diff {
	uint64_t iova;
	bool mapped_a;
	bool mapped_b;
	uint64_t phys_a;
	uint64_t phys_b;
};

/** hf_extents_init() - make @t an empty table */
void hf_extents_init(struct hf_extents *t);
/** hf_extents_free() - release the memory of @t and make it empty */
void hf_extents_free(struct hf_extents *t);

/**
 * hf_extents_add() - append an extent, joining it to the last if it continues it
 * @t: table
 * @e: extent; must begin at or after the end of the last one
 *
 * Return: 0; -EINVAL when @e is empty, wraps around or is out of order;
 * -ENOMEM.
 */
int hf_extents_add(struct hf_extents *t, const struct hf_extent *e);

/**
 * hf_extents_lookup() - translate one address in O(log n)
 * @t: table
 * @iova: address to look for
 * @phys: out, its physical address
 * @length: out, bytes contiguous from there, or NULL
 *
 * Return: 0, or -ENOENT when @iova is not mapped.
 */
int hf_extents_lookup(const struct hf_extents *t, uint64_t iova,
		      uint64_t *phys, uint64_t *length);

/**
 * hf_extents_compare() - are two tables the same mapping?
 * @a: first table
 * @b: second table
 * @diff: out, first address that differs; untouched when equal; may be NULL
 *
 * Return: true when every IOVA is mapped in both to the same PA or in neither.
 */
bool hf_extents_compare(const struct hf_extents *a, const struct hf_extents *b,
			struct hf_extents_diff *diff);

#endif
