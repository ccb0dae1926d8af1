/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FUZZ_H
#define FUZZ_H

#include "liveupdate_ser_sample.h"

/* Blocks that are made here are not larger; an accepted one is seldom */
#define BLOCK_MAX	(64 << 10)

/* A small generator of random numbers, the same everywhere */
struct rnd {
	u64 state;
};

u64 rnd(struct rnd *r);
/* 0 .. @n - 1 */
u32 rnd_below(struct rnd *r, u32 n);

/* Both fill @block, which has BLOCK_MAX bytes */
void make_valid(struct rnd *r, struct iommufd_ser *block);
void make_damaged(struct rnd *r, struct iommufd_ser *block);

const char *oracle(struct iommufd_ser *block, const struct iommufd_ser_view *v);

#endif
