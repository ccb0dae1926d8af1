// SPDX-License-Identifier: GPL-2.0-only
/* Accounting, and the names of commands */
#include <string.h>

#include "account.h"
#include "queue.h"
#include "test.h"

#define QUEUES		2u
#define DEPTH		8u
#define SLOTS		(QUEUES * (DEPTH - 1))
#define COMMANDS	140u
#define MS		1000000ull

static struct state state;
static struct summary sum;

static void fill(void)
{
	const struct state_fixed shape = {
		.queues = QUEUES,
		.depth = DEPTH,
		.span = 2,
		.seed = 9,
		.records_count = COMMANDS,
	};

	free(state.fixed);
	state.fixed = calloc(1, state_size(SLOTS, COMMANDS));
	if (!state.fixed)
		abort();
	state_init(&state, state.fixed, &shape);
}

static void submit(uint64_t number)
{
	struct live_queue *queue = state_queue_of(&state, number % SLOTS);

	state.records[number].submitted_ns = number * MS;
	state.records[number].ticket = (uint32_t)++queue->tail;
}

/* Completions come in order here, at a position of their own */
static bool complete(uint64_t number)
{
	struct live_queue *queue = state_queue_of(&state, number % SLOTS);

	return account_completion(&state, number, queue->head++, 0, false,
				  (number + 10) * MS);
}

static bool all_done(void)
{
	struct disk disk, complete_run;
	struct state run;

	fill();
	for (uint64_t i = 0; i < COMMANDS; i++) {
		submit(i);
		EXPECT(complete(i));
	}
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.submitted == COMMANDS && sum.completed == COMMANDS);
	EXPECT(!sum.in_flight && !sum.duplicated && !sum.corrupt &&
	       !sum.errors && !sum.in_gaps);
	EXPECT(sum.reads + sum.writes == COMMANDS && sum.reads > 10);
	EXPECT(sum.first == 0 && sum.last == COMMANDS - 1);
	EXPECT(sum.found_gap_ns == MS && sum.latency_ns == 10 * MS);

	/* Whoever knows the workload knows the disk */
	run = (struct state){ .work = state.work };
	account_blocks(&state, &disk);
	account_blocks(&run, &complete_run);
	EXPECT(disk.blocks == SLOTS * 2 && disk.written > SLOTS &&
	       disk.written <= disk.blocks);
	EXPECT(!memcmp(&disk, &complete_run, sizeof(disk)));
	return true;
}

static bool in_flight(void)
{
	struct disk disk;

	fill();
	for (uint64_t i = 0; i < SLOTS; i++)
		submit(i);
	for (uint64_t i = 3; i < SLOTS; i++)
		complete(i);
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.submitted == SLOTS && sum.completed == SLOTS - 3 &&
	       sum.in_flight == 3 && sum.first == 3);
	account_blocks(&state, &disk);
	EXPECT(disk.written == SLOTS && disk.blocks == 2 * SLOTS);
	return true;
}

/* A ticket counts only once the tail has passed it */
static bool half_submitted(void)
{
	fill();
	submit(0);
	state.records[1].ticket = 2;
	EXPECT(state_submitted(&state, 0) && !state_submitted(&state, 1));
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.submitted == 1);
	state.live->queue[0].tail++;
	EXPECT(state_submitted(&state, 1));
	return true;
}

static bool replay(void)
{
	fill();
	submit(5);
	EXPECT(account_completion(&state, 5, 77, 0, false, MS));
	EXPECT(!account_completion(&state, 5, 77, 0, false, 2 * MS));
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.completed == 1 && !sum.duplicated);
	/* At another position it is a second one */
	EXPECT(!account_completion(&state, 5, 78, 0, false, MS));
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.completed == 1 && sum.duplicated == 1);
	return true;
}

static bool bad_ones(void)
{
	fill();
	submit(0);
	submit(1);
	account_completion(&state, 0, 0, 0x281, false, MS);
	account_completion(&state, 1, 1, 0, true, MS);
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.completed == 2 && sum.errors == 1 && sum.corrupt == 1);
	return true;
}

static bool gaps(void)
{
	fill();
	for (uint64_t i = 0; i < 6; i++)
		submit(i);
	complete(0);
	state.live->gaps = 3;
	state.live->queue[0].gap_end = 4;
	for (uint64_t i = 1; i < 6; i++)
		complete(i);
	EXPECT(!account_summary(&state, &sum));
	EXPECT(sum.in_gaps == 3);
	EXPECT(!state.records[0].gap && state.records[1].gap == 3 &&
	       state.records[3].gap == 3 && !state.records[4].gap);
	return true;
}

static bool names(void)
{
	static const uint32_t depths[] = { DEPTH_MIN, 16, 100, 256, DEPTH_MAX };
	uint64_t count[DEPTH_MAX], k;
	uint32_t slot;

	for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
		uint32_t depth = depths[d];

		for (uint64_t n = 1; n < 100000; n += 1 + n / 7) {
			memset(count, 0, sizeof(count));
			for (uint32_t s = 0; s < depth - 1; s++) {
				uint16_t cid = queue_command_id(depth, s,
								n - 1);

				EXPECT(cid != 0xffff);
				EXPECT(!queue_command_of(depth, cid, count,
							 &slot, &k));
				count[s] = n;
				EXPECT(queue_command_of(depth, cid, count,
							&slot, &k));
				EXPECT(slot == s && k == n - 1);
			}
			/* The one before is told from this one */
			if (n < 2)
				continue;
			EXPECT(queue_command_of(depth, queue_command_id(depth, 1,
					n - 2), count, &slot, &k));
			EXPECT(slot == 1 && k == n - 2);
		}
	}
	memset(count, 0, sizeof(count));
	EXPECT(!queue_command_of(16, 0xffff, count, &slot, &k));
	EXPECT(!queue_command_of(16, 15, count, &slot, &k));
	/* A name from the future */
	count[2] = 5;
	EXPECT(!queue_command_of(16, queue_command_id(16, 2, 5), count, &slot,
				 &k));
	return true;
}

static bool completion_queue(void)
{
	struct nvme_completion cq[4] = { { 0 } }, out;

	EXPECT(!queue_completion(cq, 4, 0, &out) && !queue_landed(cq, 4, 0));
	cq[0].status = 1;
	cq[0].cid = 17;
	cq[1].status = 1 | 2 << 1;
	EXPECT(queue_completion(cq, 4, 0, &out) && out.cid == 17);
	EXPECT(queue_completion(cq, 4, 1, &out) &&
	       STATUS_CODE(out.status) == 2);
	EXPECT(queue_landed(cq, 4, 0) == 2 && queue_landed(cq, 4, 1) == 1);
	/* The second lap: what is there is of the first */
	EXPECT(!queue_completion(cq, 4, 4, &out));
	cq[2].status = cq[3].status = 1;
	cq[0].status = 0;
	EXPECT(queue_landed(cq, 4, 1) == 4);
	return true;
}

TEST_MAIN({ "account: every command once", all_done },
	  { "account: commands in flight", in_flight },
	  { "account: half submitted is not submitted", half_submitted },
	  { "account: a completion accounted again is no duplicate", replay },
	  { "account: failed commands and wrong data", bad_ones },
	  { "account: what landed in a gap", gaps },
	  { "queue: names of commands", names },
	  { "queue: completions, laps and phases", completion_queue })
