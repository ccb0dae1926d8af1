// SPDX-License-Identifier: GPL-2.0-only
/* The events the driver sends, see report.h */
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "event.h"
#include "report.h"

/* Commands to name that were lost, doubled or bad */
#define TROUBLES_MAX		64

void report_ready(const struct io *io,
		  const struct controller_identity *identity)
{
	const struct state_fixed *fixed = io->state.fixed;
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", "ready");
	event_string(&ev, "device", "nvme");
	event_string(&ev, "bdf", io->vdev.bdf);
	event_number(&ev, "pid", (uint64_t)getpid());
	event_string(&ev, "model", identity->model);
	event_string(&ev, "serial", identity->serial);
	event_number(&ev, "bytes", identity->bytes);
	event_number(&ev, "lba_bytes", 1ull << identity->lba_shift);
	event_number(&ev, "queues", fixed->queues);
	event_number(&ev, "depth", fixed->depth);
	event_number(&ev, "slots", io->state.work.slots);
	event_number(&ev, "span", fixed->span);
	event_number(&ev, "commands", io->state.work.commands);
	event_number(&ev, "seed", fixed->seed);
	event_bool(&ev, "interrupts", fixed->interrupts);
	event_number(&ev, "ioas", io->vdev.ioas_id);
	event_hex(&ev, "queues_pa", fixed->queues_pa);
	event_send(&ev);
}

void report_resumed(const struct io *io, const char *state_name,
		    const struct gap *gap)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", state_name);
	event_string(&ev, "device", "nvme");
	event_number(&ev, "pid", (uint64_t)getpid());
	event_number(&ev, "submitted", io->submitted);
	event_number(&ev, "completed", io->completed + gap->landed);
	event_number(&ev, "before", io->completed);
	event_number(&ev, "in_flight", gap->in_flight);
	event_number(&ev, "landed", gap->landed);
	event_number(&ev, "gap", io->state.live->gaps);
	if (gap->let_go_ns)
		event_number(&ev, "away_us",
			     (gap->looked_ns - gap->let_go_ns) / 1000);
	event_send(&ev);
}

void report_totals(const struct io *io, const char *state_name)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", state_name);
	event_number(&ev, "submitted", io->submitted);
	event_number(&ev, "completed", io->completed);
	event_number(&ev, "in_flight", io->submitted - io->completed);
	event_number(&ev, "gaps", io->state.live->gaps);
	event_send(&ev);
}

void report_registers(const struct io *io, const char *when)
{
	struct controller_registers regs;
	struct event ev;

	controller_read_registers(&io->ctrl, &regs);
	event_begin(&ev, "regs");
	event_string(&ev, "when", when);
	event_string(&ev, "bdf", io->vdev.bdf);
	event_hex(&ev, "cap", regs.cap);
	event_hex(&ev, "vs", regs.vs);
	event_hex(&ev, "cc", regs.cc);
	event_hex(&ev, "csts", regs.csts);
	event_hex(&ev, "aqa", regs.aqa);
	event_hex(&ev, "asq", regs.asq);
	event_hex(&ev, "acq", regs.acq);
	event_send(&ev);
}

void report_addresses(const struct io *io, uint64_t wrong)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", "addresses");
	event_bool(&ev, "equal", !wrong);
	event_number(&ev, "pages", io->state.fixed->pages_count);
	event_number(&ev, "wrong", wrong);
	event_send(&ev);
}

static void report_gaps(const struct state_live *live)
{
	struct event ev;

	for (uint32_t i = 0; i < live->gaps && i < GAPS_MAX; i++) {
		const struct gap *gap = &live->gap[i];

		event_begin(&ev, "gap");
		event_number(&ev, "gap", i + 1);
		event_number(&ev, "in_flight", gap->in_flight);
		event_number(&ev, "landed", gap->landed);
		if (gap->let_go_ns)
			event_number(&ev, "away_us", (gap->looked_ns -
						      gap->let_go_ns) / 1000);
		event_send(&ev);
	}
}

/* Names commands that are not as they should be */
static void report_troubles(const struct state *state)
{
	struct event ev;
	int named = 0;

	for (uint64_t i = 0; i < state->work.commands; i++) {
		const struct record *record = &state->records[i];
		const char *what = !state_submitted(state, i) ? NULL :
				   !record->copies ? "lost" :
				   record->copies > 1 ? "duplicated" :
				   record->status ? "error" :
				   record->corrupt ? "corrupt" : NULL;

		if (!what)
			continue;
		if (named++ == TROUBLES_MAX)
			return;
		event_begin(&ev, "trouble");
		event_string(&ev, "what", what);
		event_number(&ev, "command", i);
		event_number(&ev, "slot", i % state->work.slots);
		event_number(&ev, "status", record->status);
		event_number(&ev, "gap", record->gap);
		event_send(&ev);
	}
}

/* The fewest commands that were in flight when a gap began */
static uint32_t least_in_flight(const struct state_live *live)
{
	uint32_t least = live->gaps ? live->gap[0].in_flight : 0;

	for (uint32_t i = 1; i < live->gaps && i < GAPS_MAX; i++)
		if (live->gap[i].in_flight < least)
			least = live->gap[i].in_flight;
	return least;
}

int report_result(const struct state *state, const char *end, const char *path)
{
	const struct state_live *live = state->live;
	struct summary sum;
	struct disk disk;
	struct event ev;
	bool clean;

	if (account_summary(state, &sum))
		return 1;
	account_blocks(state, &disk);
	report_gaps(live);
	report_troubles(state);

	clean = !sum.in_flight && !sum.duplicated && !sum.corrupt &&
		!sum.errors && !live->strays && live->enables <= 1 &&
		(sum.completed == state->work.commands ||
		 !strcmp(end, "asked"));
	event_begin(&ev, "result");
	event_string(&ev, "end", end);
	event_bool(&ev, "clean", clean);
	event_number(&ev, "commands", state->work.commands);
	event_number(&ev, "submitted", sum.submitted);
	event_number(&ev, "completed", sum.completed);
	event_number(&ev, "lost", sum.in_flight);
	event_number(&ev, "duplicated", sum.duplicated);
	event_number(&ev, "corrupt", sum.corrupt);
	event_number(&ev, "errors", sum.errors);
	event_number(&ev, "strays", live->strays);
	event_number(&ev, "reads", sum.reads);
	event_number(&ev, "writes", sum.writes);
	event_number(&ev, "first", sum.first);
	event_number(&ev, "last", sum.last);
	event_number(&ev, "gaps", live->gaps);
	event_number(&ev, "in_flight_at_let_go", least_in_flight(live));
	event_number(&ev, "completed_in_gap", sum.in_gaps);
	event_number(&ev, "controller_resets", live->enables - 1);
	event_number(&ev, "wakeups", live->wakeups);
	event_number(&ev, "found_gap_us", sum.found_gap_ns / 1000);
	event_number(&ev, "latency_us", sum.latency_ns / 1000);
	event_number(&ev, "slots", state->work.slots);
	event_number(&ev, "span", state->work.span);
	event_number(&ev, "seed", state->work.seed);
	event_number(&ev, "blocks", disk.blocks);
	event_number(&ev, "blocks_written", disk.written);
	event_hex(&ev, "digest", disk.digest);
	event_send(&ev);
	if (path && event_write_file(&ev, path))
		return 1;
	return clean ? 0 : 1;
}
