/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FUZZ_H
#define FUZZ_H

#include "liveupdate_ser_sample.h"

/* Blocks that are made here are not larger; an accepted one is seldom */
#define BLOCK_MAX	(64 << 10)

/* Claims and runs of one block */
#define ENTRIES_MAX	(3 * IOMMUFD_CHUNK_SER_ENTRIES)

/* What is handed over: a block, and all that there is of chunks, at CHUNKS */
struct state {
	/* BLOCK_MAX bytes */
	struct iommufd_ser *block;
	/* Where it is said to be; nothing is read there */
	u64 phys;
	/* Claims and runs */
	u64 nr_entries;
	u64 entries[ENTRIES_MAX];
};

#define CHUNKS		PAGE_SIZE
/* Behind the last of them, and then there is room for claims */
#define CHUNKS_END	(CHUNKS + ENTRIES_MAX * sizeof(u64))

/* A small generator of random numbers, the same everywhere */
struct rnd {
	u64 state;
};

u64 rnd(struct rnd *r);
/* 0 .. @n - 1 */
u32 rnd_below(struct rnd *r, u32 n);

/* Whether a chunk is all in @nr_entries at CHUNKS, as far as that can be told */
bool chunk_is_there(const struct iommufd_ser_view *v, u32 chunk, u64 nr_entries);
/* Size and checksums of chunks and of the block, as they belong to it */
void seal(struct state *s);

void make_valid(struct rnd *r, struct state *s);
void make_damaged(struct rnd *r, struct state *s);

/* The condition that does not hold for what was accepted, or NULL */
const char *oracle(struct iommufd_ser *block, u64 phys,
		   const struct iommufd_ser_view *v);
const char *oracle_chunks(const struct iommufd_ser_view *v);

#endif
