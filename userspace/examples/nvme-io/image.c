// SPDX-License-Identifier: GPL-2.0-only
/* Looking at a disk image after a run, see image.h */
#include <stdio.h>

#include "account.h"
#include "event.h"
#include "image.h"

/* Blocks to name that are wrong */
#define WRONG_MAX	16

static const char *const verdicts[] = {
	[BLOCK_GOOD] = "good",
	[BLOCK_DAMAGED] = "damaged",
	[BLOCK_TORN] = "torn",
	[BLOCK_OTHER] = "other",
};

static void report_wrong(const struct block_header *want, const void *memory,
			 enum block_verdict verdict)
{
	struct block_header found;
	struct event ev;

	event_begin(&ev, "block");
	event_number(&ev, "block", want->block);
	event_string(&ev, "verdict", verdicts[verdict]);
	event_number(&ev, "sequence", want->sequence);
	if (block_parse(memory, &found) == BLOCK_GOOD) {
		event_number(&ev, "found_block", found.block);
		event_number(&ev, "found_sequence", found.sequence);
		event_number(&ev, "found_seed", found.seed);
	}
	event_send(&ev);
}

/* Return: how many blocks are wrong */
static uint64_t check_blocks(FILE *file, const struct state *run,
			     uint64_t *digest)
{
	uint64_t memory[BLOCK_SIZE / sizeof(uint64_t)], wrong = 0;

	for (uint64_t i = 0; i < workload_blocks(&run->work); i++) {
		struct block_header want = {
			.block = i,
			.sequence = account_writer(run, i),
			.seed = run->work.seed,
		};
		enum block_verdict verdict;

		if (fread(memory, sizeof(memory), 1, file) != 1)
			return wrong + workload_blocks(&run->work) - i;
		*digest = block_digest(*digest, memory);
		/* Never written, so nothing is expected of it */
		if (want.sequence == WORKLOAD_NONE)
			continue;
		verdict = block_check(memory, &want);
		if (verdict == BLOCK_GOOD)
			continue;
		if (wrong++ < WRONG_MAX)
			report_wrong(&want, memory, verdict);
	}
	return wrong;
}

int image_check(const char *path, const struct workload *work)
{
	struct state run = { .work = *work };
	uint64_t digest = BLOCK_DIGEST_START, wrong;
	struct disk disk;
	struct event ev;
	FILE *file = fopen(path, "r");

	if (!file)
		return fail("%s: %m", path);
	wrong = check_blocks(file, &run, &digest);
	fclose(file);

	account_blocks(&run, &disk);
	event_begin(&ev, "image");
	event_bool(&ev, "clean", !wrong && digest == disk.digest);
	event_number(&ev, "blocks", disk.blocks);
	event_number(&ev, "wrong", wrong);
	event_hex(&ev, "digest", digest);
	event_hex(&ev, "expected", disk.digest);
	event_send(&ev);
	return wrong || digest != disk.digest;
}
