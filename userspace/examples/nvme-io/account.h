/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which commands completed, how often, and in which gap.
 *
 * The records in the state memfd are the only truth. They can be brought up to
 * date again at any time: accounting the completion at a position a second
 * time, after a driver was killed in between, changes nothing.
 */
#ifndef NVME_IO_ACCOUNT_H
#define NVME_IO_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "state.h"

/* What account_summary() computes */
struct summary {
	uint64_t submitted;	/* commands given to the device */
	uint64_t completed;	/* of which completed */
	uint64_t in_flight;	/* of which did not, so far */
	uint64_t duplicated;	/* completions beyond the first of a command */
	uint64_t corrupt;	/* reads that found something else */
	uint64_t errors;	/* commands that the device failed */
	uint64_t reads, writes;	/* completed */
	uint64_t first, last;	/* lowest and highest command completed */
	uint64_t in_gaps;	/* completed while nobody looked */
	uint64_t last_ns;	/* when a completion was found last */
	uint64_t found_gap_ns;	/* longest time without a completion found */
	uint64_t latency_ns;	/* longest time from submitted to found */
};

/* What account_blocks() computes */
struct disk {
	uint64_t blocks;	/* blocks that were written, from block 0 on */
	uint64_t written;	/* of which hold something: all, at the end */
	uint64_t digest;	/* of all of them, see block_digest() */
};

/**
 * account_completion() - note that a command completed
 * @state: the state
 * @number: the command
 * @position: where in its completion queue
 * @status: what the device says
 * @corrupt: the data is not what it should be
 * @now_ns: time by clock.h
 *
 * Return: true if it completed for the first time.
 */
bool account_completion(struct state *state, uint64_t number, uint64_t position,
			uint16_t status, bool corrupt, uint64_t now_ns);

/* account_summary() - add up the records; -1 after fail() without memory */
int account_summary(const struct state *state, struct summary *out);

/**
 * account_blocks() - what the disk has to hold
 * @state: the state, or one without records for a run that is complete
 * @out: the sums
 *
 * A block that no command has written to counts as zeros.
 */
void account_blocks(const struct state *state, struct disk *out);

/* account_writer() - the command that a block has its contents from */
uint64_t account_writer(const struct state *state, uint64_t block);

#endif /* NVME_IO_ACCOUNT_H */
