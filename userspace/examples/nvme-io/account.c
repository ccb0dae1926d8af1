// SPDX-License-Identifier: GPL-2.0-only
/* Which commands completed, see account.h */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "event.h"

bool account_completion(struct state *state, uint64_t number, uint64_t position,
			uint16_t status, bool corrupt, uint64_t now_ns)
{
	struct record *record = &state->records[number];
	uint32_t slot = (uint32_t)(number % state->work.slots);

	if (record->copies) {
		/* The same completion again is no second one, see account.h */
		if (record->position != (uint32_t)position &&
		    record->copies < UINT16_MAX)
			record->copies++;
		record->position = (uint32_t)position;
		return false;
	}
	record->completed_ns = now_ns;
	record->position = (uint32_t)position;
	record->status = status;
	record->corrupt = corrupt;
	if (position < state_queue_of(state, slot)->gap_end)
		record->gap = (uint16_t)state->live->gaps;
	/* Last: with it the record counts */
	__atomic_store_n(&record->copies, 1, __ATOMIC_RELEASE);
	return true;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t longest_gap(uint64_t *times, uint64_t count)
{
	uint64_t longest = 0;

	qsort(times, count, sizeof(*times), by_time);
	for (uint64_t i = 1; i < count; i++)
		if (times[i] - times[i - 1] > longest)
			longest = times[i] - times[i - 1];
	return longest;
}

static void add_completed(const struct state *state, uint64_t number,
			  struct summary *out)
{
	const struct record *record = &state->records[number];
	uint32_t slot = (uint32_t)(number % state->work.slots);
	uint64_t took = record->completed_ns - record->submitted_ns;

	if (!out->completed++)
		out->first = number;
	out->last = number;
	if (record->completed_ns > out->last_ns)
		out->last_ns = record->completed_ns;
	out->duplicated += record->copies - 1u;
	out->corrupt += record->corrupt;
	out->errors += !!record->status;
	out->in_gaps += !!record->gap;
	if (workload_is_write(&state->work, slot, number / state->work.slots))
		out->writes++;
	else
		out->reads++;
	if (record->completed_ns > record->submitted_ns &&
	    took > out->latency_ns)
		out->latency_ns = took;
}

int account_summary(const struct state *state, struct summary *out)
{
	uint64_t *times = malloc(state->work.commands * sizeof(*times));

	if (!times)
		return fail("no memory for the times of %llu commands",
			    (unsigned long long)state->work.commands);
	memset(out, 0, sizeof(*out));
	for (uint64_t i = 0; i < state->work.commands; i++) {
		if (!state_submitted(state, i))
			continue;
		out->submitted++;
		if (!state->records[i].copies) {
			out->in_flight++;
			continue;
		}
		times[out->completed] = state->records[i].completed_ns;
		add_completed(state, i, out);
	}
	out->found_gap_ns = longest_gap(times, out->completed);
	free(times);
	return 0;
}

/* Commands of a slot that were submitted */
static uint64_t submitted_in(const struct state *state, uint32_t slot)
{
	uint64_t all = workload_count(&state->work, slot), k = 0;

	if (!state->records)
		return all;
	while (k < all && state_submitted(state, workload_number(&state->work,
								  slot, k)))
		k++;
	return k;
}

uint64_t account_writer(const struct state *state, uint64_t block)
{
	uint32_t slot = (uint32_t)(block / state->work.span);

	return workload_writer(&state->work, block, submitted_in(state, slot));
}

void account_blocks(const struct state *state, struct disk *out)
{
	const struct workload *work = &state->work;
	uint64_t memory[BLOCK_SIZE / sizeof(uint64_t)];

	*out = (struct disk){ .digest = BLOCK_DIGEST_START };
	for (uint64_t block = 0; block < workload_blocks(work); block++) {
		struct block_header header = {
			.block = block,
			.sequence = account_writer(state, block),
			.seed = work->seed,
		};

		memset(memory, 0, sizeof(memory));
		if (header.sequence != WORKLOAD_NONE) {
			block_fill(memory, &header);
			out->written++;
		}
		out->digest = block_digest(out->digest, memory);
		out->blocks++;
	}
}
