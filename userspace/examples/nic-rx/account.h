/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which frames came, how often, and in which phase.
 *
 * The records in the state memfd are the only truth. They can be brought up to
 * date again at any time: accounting the frame of a position a second time,
 * after a driver was killed in between, changes nothing.
 */
#ifndef NIC_RX_ACCOUNT_H
#define NIC_RX_ACCOUNT_H

#include <stdint.h>

#include "frame.h"
#include "state.h"

/* More phases than this are counted in the last one */
#define PHASES_MAX	32

/* What account_summary() computes */
struct summary {
	uint64_t received;	/* different sequence numbers seen */
	uint64_t duplicated;	/* frames beyond the first of a number */
	uint64_t lost;		/* numbers never seen, up to the last expected */
	uint64_t first, last;	/* lowest and highest number seen */
	uint64_t sent_gap_ns;	/* longest time between frames, as sent */
	uint64_t sent_gap_at;	/* number of the frame that ended it */
	uint64_t found_gap_ns;	/* the same, as found by the driver */
	uint64_t found_gap_at;
	uint64_t last_ns;	/* when the driver found one last */
	unsigned int phases;	/* entries used below */
	struct phase_summary {
		uint64_t received;
		uint64_t first, last;
	} phase[PHASES_MAX];
};

/**
 * account_frame() - note what was found at a position
 * @state: the state
 * @frame: bytes of the buffer
 * @done: what the descriptor says
 * @position: where in the stream of descriptors it was found
 * @now_ns: time by clock.h
 *
 * Return: 1 for a sequence number seen for the first time, else 0.
 */
unsigned int account_frame(struct state *state, const uint8_t *frame,
			   const struct rx_done *done, uint64_t position,
			   uint64_t now_ns);

/**
 * account_summary() - add up the records
 * @state: the state
 * @expected: frames the sender sends, or 0 when that is not known: then a
 *	loss after the last frame seen cannot be noticed
 * @out: the sums
 */
void account_summary(const struct state *state, uint64_t expected,
		     struct summary *out);

/**
 * account_next_hole() - find a run of lost sequence numbers
 * @state: the state
 * @from: where to begin
 * @end: one past the last number to look at
 * @first: out, first number of the run
 * @last: out, last number of the run
 *
 * Return: 1, or 0 when there is none left.
 */
int account_next_hole(const struct state *state, uint64_t from, uint64_t end,
		      uint64_t *first, uint64_t *last);

#endif /* NIC_RX_ACCOUNT_H */
