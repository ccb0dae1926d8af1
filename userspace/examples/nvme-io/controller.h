/* SPDX-License-Identifier: GPL-2.0-only */
/* The controller, at register level, and its admin commands */
#ifndef NVME_IO_CONTROLLER_H
#define NVME_IO_CONTROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nvme.h"
#include "state.h"

/* A controller whose BAR 0 is mapped; @bar is NULL when there is only memory */
struct controller {
	volatile uint32_t *bar;
	size_t bar_len;
	uint64_t cap;
};

/* What IDENTIFY tells; texts have no blanks at their end */
struct controller_identity {
	char model[41];
	char serial[21];
	char firmware[9];
	uint32_t namespaces;
	uint64_t bytes;			/* of namespace 1 */
	uint32_t lba_shift;
};

/* Registers which can be read without any effect on the device */
struct controller_registers {
	uint64_t cap, asq, acq;
	uint32_t vs, cc, csts, aqa;
};

void controller_read_registers(const struct controller *ctrl,
			       struct controller_registers *out);

/**
 * controller_prepare() - read what the controller can do
 * @ctrl: with its BAR
 * @queues: I/O queue pairs wanted
 * @depth: entries of each
 *
 * Return: 0, or -1 after fail() if it cannot be driven like that.
 */
int controller_prepare(struct controller *ctrl, uint32_t queues,
		       uint32_t depth);

/**
 * controller_start() - reset the controller and create its queues
 * @ctrl: prepared
 * @fixed: queues_pa, queues, depth and interrupts are set; cap, cc, aqa and
 *	lba_shift are filled in
 * @memory: the queues memfd, zeroed
 * @identity: out
 *
 * This is the only function that writes to registers which are no doorbells,
 * but for controller_stop().
 *
 * Return: 0, or -1 after fail().
 */
int controller_start(struct controller *ctrl, struct state_fixed *fixed,
		     uint8_t *memory, struct controller_identity *identity);

/**
 * controller_check() - whether the controller runs as it was set up
 * @ctrl: with its BAR
 * @fixed: how it was set up
 *
 * A reset clears CC.EN and takes CSTS.RDY with it; whoever had enabled the
 * controller since had to give it other queues.
 *
 * Return: 0, or -1 after fail().
 */
int controller_check(const struct controller *ctrl,
		     const struct state_fixed *fixed);

/* Doorbells of pair @index (from 0); positions as in queue.h */
void controller_ring_sq(struct controller *ctrl, uint32_t index,
			uint32_t depth, uint64_t tail);
void controller_ring_cq(struct controller *ctrl, uint32_t index,
			uint32_t depth, uint64_t head);

/**
 * controller_stop() - orderly shutdown: the controller stops and has stored
 *	what it had in its cache
 *
 * Return: 0, or -1 after fail().
 */
int controller_stop(struct controller *ctrl);

#endif /* NVME_IO_CONTROLLER_H */
