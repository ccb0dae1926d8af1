// SPDX-License-Identifier: GPL-2.0-only
/* The events a receiver sends, see report.h */
#include <stdio.h>
#include <unistd.h>

#include "account.h"
#include "event.h"
#include "report.h"

/* Width of a bar in the timeline of sender time */
#define BIN_MS			20
#define BINS_PER_LINE		200
/* A timeline longer than this says nothing: the stamps are no good */
#define BINS_MAX		30000
/* Longest number and comma in an array */
#define NUMBER_ROOM		21
/* Runs of lost frames to name; the number of all lost ones is in the result */
#define HOLES_MAX		64

void report_ready(const struct receiver *rx)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", "ready");
	event_string(&ev, "device", rx->nic.ops->name);
	event_string(&ev, "bdf", rx->vdev.bdf);
	event_number(&ev, "pid", (uint64_t)getpid());
	event_number(&ev, "descriptors", rx->ring.count);
	event_number(&ev, "ioas", rx->vdev.ioas_id);
	event_hex(&ev, "ring_pa", rx->state.fixed->ring_pa);
	event_string(&ev, "irq", wake_word(rx->wake.mode));
	event_send(&ev);
}

/* What woke the driver, if it does not poll */
static void add_wake(struct event *ev, const struct state *state)
{
	const struct wake_counts *counts = &state->live->wake;

	if (state->fixed->irq == IRQ_NONE)
		return;
	event_string(ev, "irq", wake_word((enum nic_irq)state->fixed->irq));
	event_number(ev, "interrupts", counts->interrupts);
	event_number(ev, "wakeups", counts->wakeups);
	event_number(ev, "spurious", counts->spurious);
	event_number(ev, "woken_frames", counts->frames);
	event_number(ev, "woken_frames_max", counts->frames_max);
	event_number(ev, "second_looks", counts->second);
	event_number(ev, "kicks", counts->kicks);
	event_number(ev, "kick_frames", counts->kick_frames);
}

static void add_totals(struct event *ev, const struct receiver *rx)
{
	const struct state_live *live = rx->state.live;

	event_number(ev, "received", rx->received);
	event_number(ev, "position", live->position);
	event_number(ev, "phase", live->phase);
	event_number(ev, "corrupt", live->corrupt);
	event_number(ev, "foreign", live->foreign);
	event_number(ev, "beyond", live->beyond);
	add_wake(ev, &rx->state);
}

void report_resumed(const struct receiver *rx, const char *state_name,
		    uint32_t landed, uint32_t head)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", state_name);
	event_string(&ev, "device", rx->nic.ops->name);
	event_number(&ev, "pid", (uint64_t)getpid());
	event_number(&ev, "received", rx->received + landed);
	event_number(&ev, "before", rx->received);
	event_number(&ev, "landed", landed);
	event_string(&ev, "irq", wake_word(rx->wake.mode));
	event_number(&ev, "position", rx->state.live->position);
	if (!rx->memory_only)
		event_number(&ev, "head", head);
	event_send(&ev);
}

void report_totals(const struct receiver *rx, const char *state_name)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", state_name);
	add_totals(&ev, rx);
	event_send(&ev);
}

static void add_registers(struct event *ev, const struct nic *nic)
{
	struct nic_registers regs;

	nic_read_registers(nic, &regs);
	event_number(ev, "rdh", regs.rdh);
	event_number(ev, "rdt", regs.rdt);
	event_number(ev, "rdlen", regs.rdlen);
	event_hex(ev, "rdba", (uint64_t)regs.rdbah << 32 | regs.rdbal);
	event_hex(ev, "ctrl", regs.ctrl);
	event_hex(ev, "status", regs.status);
	event_hex(ev, "rctl", regs.rctl);
	event_hex(ev, "rxdctl", regs.rxdctl);
}

void report_raw_registers(const struct nic *nic, const char *bdf,
			  const char *when)
{
	struct event ev;

	event_begin(&ev, "regs");
	event_string(&ev, "when", when);
	event_string(&ev, "bdf", bdf);
	add_registers(&ev, nic);
	event_send(&ev);
}

void report_registers(struct receiver *rx, const char *when, bool all)
{
	struct nic_statistics *sum = &rx->state.live->statistics;
	struct nic_statistics read = { 0 };
	struct event ev;

	if (all)
		nic_read_statistics(&rx->nic, &read);
	else
		read.gprc = nic_read(&rx->nic, REG_GPRC);
	sum->gprc += read.gprc;
	sum->tpr += read.tpr;
	sum->mpc += read.mpc;
	sum->rnbc += read.rnbc;

	event_begin(&ev, "regs");
	event_string(&ev, "when", when);
	event_string(&ev, "bdf", rx->vdev.bdf);
	event_number(&ev, "phase", rx->state.live->phase);
	event_number(&ev, "consumed", rx->state.live->position);
	/* The register counts from the last reading, gprc from the start */
	event_number(&ev, "gprc", sum->gprc);
	event_number(&ev, "gprc_register", read.gprc);
	if (all) {
		event_number(&ev, "tpr", sum->tpr);
		event_number(&ev, "tpr_register", read.tpr);
		event_number(&ev, "mpc", sum->mpc);
		event_number(&ev, "rnbc", sum->rnbc);
	}
	add_registers(&ev, &rx->nic);
	event_send(&ev);
}

void report_addresses(const struct receiver *rx, uint64_t wrong)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", "addresses");
	event_bool(&ev, "equal", !wrong);
	event_number(&ev, "pages", rx->state.fixed->pages_count);
	event_number(&ev, "wrong", wrong);
	event_send(&ev);
}

static void report_phases(const struct summary *sum)
{
	struct event ev;

	for (unsigned int i = 0; i < sum->phases; i++) {
		event_begin(&ev, "phase");
		event_number(&ev, "phase", i);
		event_string(&ev, "kind", i & 1 ? "gap" : "running");
		event_number(&ev, "received", sum->phase[i].received);
		if (sum->phase[i].received) {
			event_number(&ev, "first", sum->phase[i].first);
			event_number(&ev, "last", sum->phase[i].last);
		}
		event_send(&ev);
	}
}

static void report_holes(const struct state *state, uint64_t end)
{
	uint64_t from = 0, first, last;
	struct event ev;

	for (int i = 0; i < HOLES_MAX &&
	     account_next_hole(state, from, end, &first, &last); i++) {
		event_begin(&ev, "hole");
		event_number(&ev, "first", first);
		event_number(&ev, "last", last);
		event_send(&ev);
		from = last + 1;
	}
}

/* Frames received per BIN_MS of the sender's time, as several lines */
static void report_timeline(const struct state *state)
{
	const struct record *record = state->records;
	const struct record *end = record + state->fixed->records_count;
	uint64_t start = 0, bin = 0, count = 0, in_line = 0;
	struct event ev;

	for (; record < end; record++) {
		uint64_t at;

		if (!record->copies)
			continue;
		if (!start)
			start = record->sent_ns;
		if (record->sent_ns < start)
			continue;
		at = (record->sent_ns - start) / (BIN_MS * 1000000ull);
		if (at >= BINS_MAX)
			break;
		for (; bin < at; bin++, count = 0) {
			if (!in_line) {
				event_begin(&ev, "timeline");
				event_number(&ev, "bin_ms", BIN_MS);
				event_number(&ev, "start_ns", start +
					     bin * BIN_MS * 1000000ull);
				event_array_begin(&ev, "received");
			}
			event_array_number(&ev, count);
			if (++in_line == BINS_PER_LINE ||
			    event_room(&ev) < NUMBER_ROOM) {
				event_array_end(&ev);
				event_send(&ev);
				in_line = 0;
			}
		}
		count++;
	}
	/* The last bin is cut short by the end and not shown */
	if (in_line) {
		event_array_end(&ev);
		event_send(&ev);
	}
}

int report_result(const struct state *state, uint64_t expected,
		  const char *end, const char *path)
{
	const struct state_live *live = state->live;
	struct summary sum;
	struct event ev;
	bool clean;

	account_summary(state, expected, &sum);
	report_phases(&sum);
	report_holes(state, sum.received + sum.lost);
	report_timeline(state);

	clean = !sum.lost && !sum.duplicated && !live->corrupt &&
		!live->beyond && (!expected || sum.received >= expected);
	event_begin(&ev, "result");
	event_string(&ev, "end", end);
	event_bool(&ev, "clean", clean);
	event_number(&ev, "received", sum.received);
	event_number(&ev, "lost", sum.lost);
	event_number(&ev, "duplicated", sum.duplicated);
	event_number(&ev, "corrupt", live->corrupt);
	event_number(&ev, "foreign", live->foreign);
	event_number(&ev, "beyond", live->beyond);
	event_number(&ev, "first", sum.first);
	event_number(&ev, "last", sum.last);
	event_number(&ev, "sent_gap_us", sum.sent_gap_ns / 1000);
	event_number(&ev, "sent_gap_at", sum.sent_gap_at);
	event_number(&ev, "found_gap_us", sum.found_gap_ns / 1000);
	event_number(&ev, "found_gap_at", sum.found_gap_at);
	event_number(&ev, "gprc", live->statistics.gprc);
	event_number(&ev, "mpc", live->statistics.mpc);
	add_wake(&ev, state);
	event_send(&ev);
	if (path && event_write_file(&ev, path))
		return 1;
	return clean ? 0 : 1;
}
