// SPDX-License-Identifier: GPL-2.0-only
/* Which frames came, see account.h */
#include <string.h>

#include "account.h"

unsigned int account_frame(struct state *state, const uint8_t *frame,
			   const struct rx_done *done, uint64_t position,
			   uint64_t now_ns)
{
	struct state_live *live = state->live;
	struct record *record;
	uint64_t sequence, sent_ns;
	enum frame_verdict verdict;

	verdict = frame_parse(frame, done->length, &sequence, &sent_ns);
	if (verdict == FRAME_FOREIGN) {
		live->foreign++;
		return 0;
	}
	if (verdict == FRAME_CORRUPT || !done->good) {
		live->corrupt++;
		return 0;
	}
	if (sequence >= state->fixed->records_count) {
		live->beyond++;
		return 0;
	}

	record = &state->records[sequence];
	if (record->copies) {
		/* The same frame again is no second copy, see account.h */
		if (record->position != (uint32_t)position &&
		    record->copies < UINT16_MAX)
			record->copies++;
		record->position = (uint32_t)position;
		return 0;
	}
	record->sent_ns = sent_ns;
	record->found_ns = now_ns;
	record->position = (uint32_t)position;
	record->phase = live->phase < UINT8_MAX ? live->phase : UINT8_MAX;
	/* Last: with it the record counts */
	__atomic_store_n(&record->copies, 1, __ATOMIC_RELEASE);
	return 1;
}

static void add_record(struct summary *out, const struct record *record,
		       const struct record *previous, uint64_t sequence)
{
	unsigned int phase = record->phase;

	if (phase >= PHASES_MAX)
		phase = PHASES_MAX - 1;
	if (!out->phase[phase].received)
		out->phase[phase].first = sequence;
	out->phase[phase].received++;
	out->phase[phase].last = sequence;
	if (phase >= out->phases)
		out->phases = phase + 1;

	out->received++;
	out->duplicated += record->copies - 1u;
	out->last = sequence;
	if (record->found_ns > out->last_ns)
		out->last_ns = record->found_ns;
	if (!previous) {
		out->first = sequence;
		return;
	}
	if (record->sent_ns > previous->sent_ns &&
	    record->sent_ns - previous->sent_ns > out->sent_gap_ns) {
		out->sent_gap_ns = record->sent_ns - previous->sent_ns;
		out->sent_gap_at = sequence;
	}
	if (record->found_ns > previous->found_ns &&
	    record->found_ns - previous->found_ns > out->found_gap_ns) {
		out->found_gap_ns = record->found_ns - previous->found_ns;
		out->found_gap_at = sequence;
	}
}

void account_summary(const struct state *state, uint64_t expected,
		     struct summary *out)
{
	const struct record *previous = NULL;
	uint64_t end;

	memset(out, 0, sizeof(*out));
	for (uint64_t i = 0; i < state->fixed->records_count; i++) {
		const struct record *record = &state->records[i];

		if (!record->copies)
			continue;
		add_record(out, record, previous, i);
		previous = record;
	}
	end = out->received ? out->last + 1 : 0;
	if (expected > end)
		end = expected;
	out->lost = end - out->received;
}

int account_next_hole(const struct state *state, uint64_t from, uint64_t end,
		      uint64_t *first, uint64_t *last)
{
	uint64_t limit = state->fixed->records_count;

	if (end > limit)
		end = limit;
	while (from < end && state->records[from].copies)
		from++;
	if (from >= end)
		return 0;
	*first = from;
	while (from < end && !state->records[from].copies)
		from++;
	*last = from - 1;
	return 1;
}
