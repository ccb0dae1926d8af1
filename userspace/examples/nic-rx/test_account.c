// SPDX-License-Identifier: GPL-2.0-only
/* Accounting: lost, double, damaged, and in which phase */
#include <string.h>

#include "account.h"
#include "ring.h"
#include "test.h"

#define RECORDS		1000u
#define MS		1000000ull

static struct state state;
static uint64_t position;

static void fill(void)
{
	free(state.fixed);
	state.fixed = calloc(1, state_size(1, RECORDS));
	if (!state.fixed)
		abort();
	state_init(&state, state.fixed, 1, RECORDS);
	position = 0;
}

static unsigned int receive_at(uint64_t sequence, uint64_t at)
{
	struct rx_done done = { .length = FRAME_LEN, .good = true };
	uint8_t frame[FRAME_LEN];

	frame_fill(frame, sequence, (1000 + sequence) * MS);
	return account_frame(&state, frame, &done, at, at * MS);
}

static unsigned int receive(uint64_t sequence)
{
	return receive_at(sequence, position++);
}

static bool all_there(void)
{
	struct summary sum;

	fill();
	for (uint64_t i = 0; i < 500; i++)
		EXPECT(receive(i) == 1);
	account_summary(&state, 500, &sum);
	EXPECT(sum.received == 500 && !sum.lost && !sum.duplicated);
	EXPECT(sum.first == 0 && sum.last == 499);
	EXPECT(sum.sent_gap_ns == MS && sum.phases == 1);
	return true;
}

static bool nothing_at_all(void)
{
	struct summary sum;

	fill();
	account_summary(&state, 0, &sum);
	EXPECT(!sum.received && !sum.lost && !sum.phases);
	account_summary(&state, 77, &sum);
	EXPECT(sum.lost == 77);
	return true;
}

static bool holes(void)
{
	uint64_t first, last;
	struct summary sum;

	fill();
	for (uint64_t i = 2; i < 100; i++)
		if (i < 40 || i >= 60)
			receive(i);
	account_summary(&state, 0, &sum);
	EXPECT(sum.received == 78 && sum.lost == 22);
	EXPECT(sum.first == 2 && sum.last == 99);
	EXPECT(sum.sent_gap_ns == 21 * MS && sum.sent_gap_at == 60);
	account_summary(&state, 110, &sum);
	EXPECT(sum.lost == 32);

	EXPECT(account_next_hole(&state, 0, 110, &first, &last));
	EXPECT(first == 0 && last == 1);
	EXPECT(account_next_hole(&state, last + 1, 110, &first, &last));
	EXPECT(first == 40 && last == 59);
	EXPECT(account_next_hole(&state, last + 1, 110, &first, &last));
	EXPECT(first == 100 && last == 109);
	EXPECT(!account_next_hole(&state, last + 1, 110, &first, &last));
	EXPECT(!account_next_hole(&state, 0, 0, &first, &last));
	/* Asking beyond the records does not read beyond them */
	EXPECT(account_next_hole(&state, 500, RECORDS * 2, &first, &last));
	EXPECT(last == RECORDS - 1);
	return true;
}

static bool duplicates(void)
{
	struct summary sum;

	fill();
	receive(5);
	EXPECT(receive(5) == 0);
	EXPECT(receive(5) == 0);
	account_summary(&state, 0, &sum);
	EXPECT(sum.received == 1 && sum.duplicated == 2);
	return true;
}

/* The same position again, after a driver was killed: no duplicate */
static bool replay(void)
{
	struct summary sum;

	fill();
	EXPECT(receive_at(8, 123) == 1);
	EXPECT(receive_at(8, 123) == 0);
	account_summary(&state, 0, &sum);
	EXPECT(sum.received == 1 && !sum.duplicated);
	/* Further round the ring it is one */
	receive_at(8, 123 + NIC_DESC_MAX);
	account_summary(&state, 0, &sum);
	EXPECT(sum.duplicated == 1);
	return true;
}

static bool bad_frames(void)
{
	struct rx_done done = { .length = FRAME_LEN, .good = true };
	uint8_t frame[FRAME_LEN];
	struct summary sum;

	fill();
	frame_fill(frame, 3, 0);
	frame[40] ^= 1;
	EXPECT(!account_frame(&state, frame, &done, 0, 0));
	frame_fill(frame, 3, 0);
	done.good = false;
	EXPECT(!account_frame(&state, frame, &done, 1, 0));
	done.good = true;
	done.length = 60;
	EXPECT(!account_frame(&state, frame, &done, 2, 0));
	EXPECT(state.live->corrupt == 3);
	frame[12] = 0;
	EXPECT(!account_frame(&state, frame, &done, 3, 0));
	EXPECT(state.live->foreign == 1);
	EXPECT(!receive(RECORDS));
	EXPECT(!receive(UINT64_MAX));
	EXPECT(state.live->beyond == 2);
	account_summary(&state, 0, &sum);
	EXPECT(!sum.received);
	return true;
}

static bool phases(void)
{
	struct summary sum;

	fill();
	for (uint64_t i = 0; i < 90; i++) {
		state.live->phase = (uint32_t)(i / 30);
		receive(i);
	}
	account_summary(&state, 0, &sum);
	EXPECT(sum.phases == 3);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT(sum.phase[i].received == 30 &&
		       sum.phase[i].first == 30 * i &&
		       sum.phase[i].last == 30 * i + 29);

	/* More updates than there are phases to tell apart */
	state.live->phase = 100000;
	receive(90);
	account_summary(&state, 0, &sum);
	EXPECT(sum.phases == PHASES_MAX && sum.received == 91);
	return true;
}

static bool longest_gap_found(void)
{
	struct summary sum;

	fill();
	for (uint64_t i = 0; i < 50; i++)
		receive(i);
	position += 700;
	receive(50);
	account_summary(&state, 0, &sum);
	EXPECT(sum.found_gap_ns == 701 * MS && sum.found_gap_at == 50);
	EXPECT(sum.sent_gap_ns == MS);
	return true;
}

TEST_MAIN({ "account: every frame once", all_there },
	  { "account: no frame at all", nothing_at_all },
	  { "account: lost frames, inside and at both ends", holes },
	  { "account: duplicates", duplicates },
	  { "account: a frame accounted again is no duplicate", replay },
	  { "account: damaged, foreign and impossible frames", bad_frames },
	  { "account: phases", phases },
	  { "account: longest gap, as sent and as found", longest_gap_found })
