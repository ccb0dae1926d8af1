/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which command does what: pure arithmetic, so that driver, tests and host
 * agree on what every block holds in the end.
 *
 * A slot is a place for one command in flight. Command n is the (n / slots)th
 * of slot n % slots. A slot has blocks of its own and one command at a time, so
 * no two commands in flight touch the same block, and the order in which the
 * device works does not matter to what the blocks hold.
 *
 * Reads and writes are mixed, half and half. A read is of a block that an
 * earlier command of the slot has written, so that it finds something to verify.
 */
#ifndef NVME_IO_WORKLOAD_H
#define NVME_IO_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "block.h"

#define WORKLOAD_NONE		UINT64_MAX

/**
 * struct workload - a run
 * @seed: makes it different from other runs
 * @commands: commands in all
 * @slots: commands in flight at most
 * @span: blocks that belong to a slot
 */
struct workload {
	uint64_t seed;
	uint64_t commands;
	uint32_t slots;
	uint32_t span;
};

/* Commands of a slot */
static inline uint64_t workload_count(const struct workload *work,
				      uint32_t slot)
{
	return work->commands / work->slots +
	       (slot < work->commands % work->slots);
}

/* Number of the @k-th command of a slot */
static inline uint64_t workload_number(const struct workload *work,
				       uint32_t slot, uint64_t k)
{
	return k * work->slots + slot;
}

static inline uint64_t workload_draw(const struct workload *work,
				     uint32_t slot, uint64_t k)
{
	return block_mix(block_mix(work->seed + slot) + k);
}

static inline bool workload_is_write(const struct workload *work,
				     uint32_t slot, uint64_t k)
{
	return !k || (workload_draw(work, slot, k) & 1);
}

/* Block that the command is for */
static inline uint64_t workload_block(const struct workload *work,
				      uint32_t slot, uint64_t k)
{
	/* A read is of the block of any command before it; the first writes */
	while (!workload_is_write(work, slot, k))
		k = (workload_draw(work, slot, k) >> 1) % k;
	return (uint64_t)slot * work->span +
	       (workload_draw(work, slot, k) >> 1) % work->span;
}

/**
 * workload_writer() - which command wrote a block last
 * @work: the run
 * @block: the block
 * @before: look at the first @before commands of its slot
 *
 * Return: number of the command, WORKLOAD_NONE if there is none.
 */
static inline uint64_t workload_writer(const struct workload *work,
				       uint64_t block, uint64_t before)
{
	uint32_t slot = (uint32_t)(block / work->span);

	while (before--)
		if (workload_is_write(work, slot, before) &&
		    workload_block(work, slot, before) == block)
			return workload_number(work, slot, before);
	return WORKLOAD_NONE;
}

static inline uint64_t workload_blocks(const struct workload *work)
{
	return (uint64_t)work->slots * work->span;
}

#endif /* NVME_IO_WORKLOAD_H */
