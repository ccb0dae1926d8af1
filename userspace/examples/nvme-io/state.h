/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver knows, in a memfd that travels with queues and buffers.
 *
 * Layout of the "state" memfd:
 *
 *	0			struct state_fixed: written once, with a checksum
 *	STATE_LIVE_OFFSET	struct state_live: changes with every command
 *	fixed.pages_offset	physical address of each page of "buffers", u64
 *	fixed.records_offset	one struct record per command
 *
 * The driver which comes up in the next kernel believes nothing in here before
 * state_check() has passed: magic, version, every size and offset, and a
 * checksum over the fixed part and the table of pages.
 */
#ifndef NVME_IO_STATE_H
#define NVME_IO_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"
#include "workload.h"

#define STATE_MAGIC		"hfnvmio"	/* 8 bytes with the NUL */
#define STATE_VERSION		1
#define STATE_LIVE_OFFSET	4096
#define STATE_PAGES_OFFSET	8192

#define QUEUES_MAX		16		/* I/O queue pairs */
#define DEPTH_MIN		4
#define DEPTH_MAX		1024
#define SPAN_MAX		1024
#define COMMANDS_MAX		(1u << 24)
#define GAPS_MAX		64		/* more are counted in the last */

/**
 * struct state_fixed - what does not change once the controller runs
 * @magic: STATE_MAGIC
 * @version: STATE_VERSION
 * @size: sizeof(struct state_fixed)
 * @total_size: bytes of the memfd
 * @queues_iova: IOVA of the queues memfd
 * @queues_size: bytes of the queues memfd
 * @queues_pa: physical address of it; what is where says queue.h
 * @buffers_iova: IOVA of the buffers memfd
 * @buffers_size: bytes of the buffers memfd, a page for each slot
 * @pages_offset: where the table of pages is in this memfd
 * @pages_count: its entries
 * @records_offset: where the records are in this memfd
 * @records_count: their number, which is that of the commands of the run
 * @clock_khz: ticks of clock.h's counter per millisecond
 * @seed: of the workload
 * @cap: the controller's capabilities
 * @cc: its configuration, once enabled
 * @aqa: its admin queue attributes
 * @queues: I/O queue pairs
 * @depth: entries of each queue
 * @span: blocks that belong to a slot
 * @lba_shift: log2 of the bytes of a logical block
 * @ioas_id: the I/O address space everything is mapped into
 * @vendor: PCI vendor ID
 * @device: PCI device ID
 * @bdf: address of the device, "0000:00:03.0"
 * @interrupts: completions raise interrupts, one vector per queue
 * @checksum: of all of this with @checksum zero, and of the table of pages
 */
struct state_fixed {
	char magic[8];
	uint32_t version;
	uint32_t size;
	uint64_t total_size;
	uint64_t queues_iova;
	uint64_t queues_size;
	uint64_t queues_pa;
	uint64_t buffers_iova;
	uint64_t buffers_size;
	uint64_t pages_offset;
	uint64_t pages_count;
	uint64_t records_offset;
	uint64_t records_count;
	uint64_t clock_khz;
	uint64_t seed;
	uint64_t cap;
	uint32_t cc;
	uint32_t aqa;
	uint32_t queues;
	uint32_t depth;
	uint32_t span;
	uint32_t lba_shift;
	uint32_t ioas_id;
	uint16_t vendor;
	uint16_t device;
	char bdf[BDF_LEN];
	uint32_t interrupts;
	uint32_t checksum;
};

_Static_assert(sizeof(struct state_fixed) == 176, "layout of state_fixed");
_Static_assert(sizeof(struct state_fixed) <= STATE_LIVE_OFFSET, "fixed fits");

/**
 * struct live_queue - how far a queue pair has come
 * @tail: commands submitted since the queue was created
 * @head: completions consumed since then; both never wrap
 * @tail_rung: what the device was last told of @tail
 * @head_rung: what it was last told of @head
 * @gap_end: completions below this had landed while nobody looked
 */
struct live_queue {
	uint64_t tail;
	uint64_t head;
	uint64_t tail_rung;
	uint64_t head_rung;
	uint64_t gap_end;
};

/**
 * struct gap - a time in which nobody drove the device
 * @let_go_ns: when the driver let go, by clock.h; 0 when it was killed
 * @looked_ns: when somebody looked again
 * @in_flight: commands in flight as the gap began
 * @landed: how many of them had completed at the first look
 */
struct gap {
	uint64_t let_go_ns;
	uint64_t looked_ns;
	uint32_t in_flight;
	uint32_t landed;
};

/* state_live.running */
enum {
	RUNNING_NOT,		/* not enabled yet, or shut down */
	RUNNING_YES,
	RUNNING_STOPPING,	/* all is done, and it is being shut down */
};

/**
 * struct state_live - how far the driver has come
 * @gaps: how often the device was taken up again
 * @detached: the driver keeps its hands off the device
 * @running: where the controller is in its life
 * @enables: how often this driver enabled it
 * @strays: completions of commands that nobody submitted
 * @wakeups: times the driver was woken by an interrupt
 * @let_go_ns: when the driver let go, 0 while it is at work
 * @queue: the queue pairs
 * @gap: the gaps
 */
struct state_live {
	uint32_t gaps;
	uint32_t detached;
	uint32_t running;
	uint32_t enables;
	uint64_t strays;
	uint64_t wakeups;
	uint64_t let_go_ns;
	struct live_queue queue[QUEUES_MAX];
	struct gap gap[GAPS_MAX];
};

_Static_assert(sizeof(struct state_live) == 2216, "layout of state_live");
_Static_assert(STATE_LIVE_OFFSET + sizeof(struct state_live) <=
	       STATE_PAGES_OFFSET, "live fits");

/**
 * struct record - what is known of one command
 * @submitted_ns: when it was submitted, by clock.h
 * @completed_ns: when its completion was found
 * @ticket: its place among the commands of its queue, from 1; 0 before
 * @position: low bits of its completion's place in the queue
 * @status: what the device says of it, 0 is success
 * @copies: completions found; 0 is a command that did not complete
 * @gap: the gap (from 1) in which it completed, 0 for none
 * @corrupt: data that was read is not what it has to be
 * @reserved: zero
 *
 * A command counts as submitted when @ticket is in live_queue.tail.
 */
struct record {
	uint64_t submitted_ns;
	uint64_t completed_ns;
	uint32_t ticket;
	uint32_t position;
	uint16_t status;
	uint16_t copies;
	uint16_t gap;
	uint8_t corrupt;
	uint8_t reserved;
};

_Static_assert(sizeof(struct record) == 32, "layout of record");

/* The parts of a mapped state memfd */
struct state {
	struct state_fixed *fixed;
	struct state_live *live;
	uint64_t *pages;
	struct record *records;
	struct workload work;
};

/* Slots of a queue: a queue of N entries holds N - 1 commands */
static inline uint32_t state_queue_slots(const struct state_fixed *fixed)
{
	return fixed->depth - 1;
}

/* The queue pair that a slot of the workload belongs to */
static inline struct live_queue *state_queue_of(const struct state *state,
						uint32_t slot)
{
	return &state->live->queue[slot / state_queue_slots(state->fixed)];
}

/* Whether a command was given to the device, for good */
static inline bool state_submitted(const struct state *state, uint64_t number)
{
	uint32_t slot = (uint32_t)(number % state->work.slots);
	uint32_t ticket = state->records[number].ticket;

	return ticket && ticket <= state_queue_of(state, slot)->tail;
}

/**
 * state_size() - bytes a state memfd needs
 * @pages_count: pages of the buffers memfd
 * @records_count: commands of the run
 */
uint64_t state_size(uint64_t pages_count, uint64_t records_count);

/**
 * state_init() - lay out an empty state
 * @state: out, pointers into @memory
 * @memory: state_size() zeroed bytes
 * @shape: queues, depth, span, seed and records_count of the run
 *
 * The caller fills in the rest of the fixed part and the pages, then seals
 * them with state_seal().
 */
void state_init(struct state *state, void *memory,
		const struct state_fixed *shape);

void state_seal(struct state *state);

/**
 * state_attach() - believe the fixed part of a state, or not
 * @state: out, pointers into @memory
 * @memory: the mapped memfd
 * @size: its size in bytes
 *
 * For looking at a driver that is at work, whose live part changes meanwhile.
 *
 * Return: NULL when all is well, else what is wrong.
 */
const char *state_attach(struct state *state, void *memory, uint64_t size);

/* state_check() - believe all of a state that was handed over, or not; as above */
const char *state_check(struct state *state, void *memory, uint64_t size);

#endif /* NVME_IO_STATE_H */
