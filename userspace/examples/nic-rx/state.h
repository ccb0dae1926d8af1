/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver knows, in a memfd that travels with the ring.
 *
 * Layout of the "state" memfd:
 *
 *	0			struct state_fixed: written once, with a checksum
 *	STATE_LIVE_OFFSET	struct state_live: changes as frames come in
 *	fixed.pages_offset	physical address of each page of "buffers", u64
 *	fixed.records_offset	one struct record per sequence number
 *
 * The driver which comes up in the next kernel believes nothing in here before
 * state_check() has passed: magic, version, every size and offset, and a
 * checksum over the fixed part and the table of pages.
 */
#ifndef NIC_RX_STATE_H
#define NIC_RX_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "nic.h"
#include "vfio.h"
#include "wake.h"

#define STATE_MAGIC		"hfnicrx"	/* 8 bytes with the NUL */
#define STATE_VERSION		1
#define STATE_LIVE_OFFSET	4096
#define STATE_PAGES_OFFSET	8192

/**
 * struct state_fixed - what does not change once the ring runs
 * @magic: STATE_MAGIC
 * @version: STATE_VERSION
 * @size: sizeof(struct state_fixed)
 * @total_size: bytes of the memfd
 * @ring_iova: IOVA of the ring memfd
 * @ring_size: bytes of the ring memfd
 * @ring_pa: physical address of descriptor 0, which is what RDBA holds
 * @buffers_iova: IOVA of the buffers memfd
 * @buffers_size: bytes of the buffers memfd
 * @pages_offset: where the table of pages is in this memfd
 * @pages_count: its entries
 * @records_offset: where the records are in this memfd
 * @records_count: their number; higher sequence numbers cannot be accounted
 * @clock_khz: ticks of clock.h's counter per millisecond
 * @descriptors: descriptors in the ring
 * @buffer_size: bytes per descriptor
 * @ioas_id: the I/O address space everything is mapped into
 * @vendor: PCI vendor ID
 * @device: PCI device ID
 * @bdf: address of the device, "0000:00:02.0"
 * @irq: enum nic_irq, what the device was set up to raise when a frame comes
 * @checksum: of all of this with @checksum zero, and of the table of pages
 */
struct state_fixed {
	char magic[8];
	uint32_t version;
	uint32_t size;
	uint64_t total_size;
	uint64_t ring_iova;
	uint64_t ring_size;
	uint64_t ring_pa;
	uint64_t buffers_iova;
	uint64_t buffers_size;
	uint64_t pages_offset;
	uint64_t pages_count;
	uint64_t records_offset;
	uint64_t records_count;
	uint64_t clock_khz;
	uint32_t descriptors;
	uint32_t buffer_size;
	uint32_t ioas_id;
	uint16_t vendor;
	uint16_t device;
	char bdf[BDF_LEN];
	uint32_t irq;
	uint32_t checksum;
};

_Static_assert(sizeof(struct state_fixed) == 144, "layout of state_fixed");
_Static_assert(sizeof(struct state_fixed) <= STATE_LIVE_OFFSET, "fixed fits");

/**
 * struct state_live - how far the driver has come
 * @position: descriptors consumed since the ring was started
 * @gap_end: with an odd @phase, the position up to which frames had landed
 *	while nobody consumed
 * @phase: even while a driver consumes, odd for what landed without one
 * @detached: the driver keeps its hands off the device
 * @running: the device receives
 * @reserved: zero
 * @foreign: frames that are not test frames
 * @corrupt: test frames with a wrong length, pattern or receive status
 * @beyond: good frames with a sequence number for which there is no record
 * @statistics: sum of all readings of the device's statistics
 * @wake: what woke the driver
 */
struct state_live {
	uint64_t position;
	uint64_t gap_end;
	uint32_t phase;
	uint32_t detached;
	uint32_t running;
	uint32_t reserved;
	uint64_t foreign;
	uint64_t corrupt;
	uint64_t beyond;
	struct nic_statistics statistics;
	struct wake_counts wake;
};

_Static_assert(sizeof(struct state_live) == 152, "layout of state_live");

/**
 * struct record - what is known of one sequence number
 * @sent_ns: the sender's time stamp
 * @found_ns: when the driver found the frame, by clock.h
 * @position: low bits of the position where it was found last
 * @copies: how often it was found; 0 is a frame that never came
 * @phase: state_live.phase when it was found first
 * @reserved: zero
 */
struct record {
	uint64_t sent_ns;
	uint64_t found_ns;
	uint32_t position;
	uint16_t copies;
	uint8_t phase;
	uint8_t reserved;
};

_Static_assert(sizeof(struct record) == 24, "layout of record");

/* The parts of a mapped state memfd */
struct state {
	struct state_fixed *fixed;
	struct state_live *live;
	uint64_t *pages;
	struct record *records;
};

/**
 * state_size() - bytes a state memfd needs
 * @pages_count: pages of the buffers memfd
 * @records_count: sequence numbers to account
 */
uint64_t state_size(uint64_t pages_count, uint64_t records_count);

/**
 * state_init() - lay out an empty state
 * @state: out, pointers into @memory
 * @memory: state_size() zeroed bytes
 * @pages_count: pages of the buffers memfd
 * @records_count: sequence numbers to account
 *
 * The caller fills in the rest of the fixed part and the pages, then seals
 * them with state_seal().
 */
void state_init(struct state *state, void *memory, uint64_t pages_count,
		uint64_t records_count);

void state_seal(struct state *state);

/**
 * state_check() - believe a state that was handed over, or not
 * @state: out, pointers into @memory
 * @memory: the mapped memfd
 * @size: its size in bytes
 *
 * Return: NULL when all is well, else what is wrong.
 */
const char *state_check(struct state *state, void *memory, uint64_t size);

#endif /* NIC_RX_STATE_H */
