/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The work: keep all queues full, account what completes, let go of the device
 * and take it up again.
 *
 * Signals steer it:
 *	SIGUSR2	let go ("detach"): touch neither registers nor queues; what
 *		completes meanwhile lands in memory
 *	SIGUSR1	take it up again after that; while running: print totals
 *	SIGTERM, SIGINT	end: submit no more, wait for what is in flight, shut the
 *		controller down; if it was let go of, end without touching it
 */
#ifndef NVME_IO_IO_H
#define NVME_IO_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "controller.h"
#include "handover.h"
#include "irqs.h"
#include "nvme.h"
#include "state.h"
#include "vfio.h"

/**
 * struct io_queue - a queue pair
 * @index: from 0
 * @sq: submission queue
 * @cq: completion queue
 * @live: its positions, in the state memfd
 * @count: for each slot, commands submitted so far
 * @free: slots without a command in flight that have more to do
 * @free_count: entries of @free
 * @in_flight: commands in flight
 */
struct io_queue {
	uint32_t index;
	volatile struct nvme_command *sq;
	const volatile struct nvme_completion *cq;
	struct live_queue *live;
	uint64_t count[DEPTH_MAX];
	uint16_t free[DEPTH_MAX];
	uint32_t free_count;
	uint32_t in_flight;
};

/**
 * struct io - one device and its queues
 * @vdev: the device; without one (@memory_only) only memory is looked at
 * @ctrl: its registers
 * @state: what is known; lives in a memfd
 * @queue: the queue pairs
 * @buffers: a page for each slot
 * @irqs: vectors, when interrupts are used
 * @again: queues to look at again, a bit each
 * @memory_only: there is no device, or it must not be touched
 * @draining: nothing more is submitted
 * @kick: look once at every queue when interrupts were armed again
 * @idle_ms: give up when nothing completed for so long; 0 for never
 * @poll_us: how long to sleep when nothing is new, without interrupts
 * @submitted: commands submitted so far
 * @completed: commands accounted so far
 * @handover: how it survives an update
 */
struct io {
	struct vfio_device vdev;
	struct controller ctrl;
	struct state state;
	struct io_queue queue[QUEUES_MAX];
	uint8_t *buffers;
	struct irqs irqs;
	uint32_t again;
	bool memory_only;
	bool draining;
	bool kick;
	uint64_t idle_ms;
	uint64_t poll_us;
	uint64_t submitted;
	uint64_t completed;
	struct handover handover;
};

/**
 * io_attach() - make queues and slots from state and memory
 * @io: @state and @ctrl are set
 * @queues: the queues memfd
 * @buffers: the buffers memfd
 *
 * What a driver that was killed left half done is undone: a command that was
 * prepared, but not given to the device.
 */
void io_attach(struct io *io, uint8_t *queues, uint8_t *buffers);

/**
 * io_submit() - fill a queue and tell the device
 * @io: the driver
 * @queue: the queue
 *
 * Also tells the device what a driver that was killed did not come to tell.
 */
void io_submit(struct io *io, struct io_queue *queue);

/**
 * io_consume() - account what has completed in a queue
 *
 * Return: how many completions there were.
 */
uint32_t io_consume(struct io *io, struct io_queue *queue);

/* io_consume_all() - the same for all queues, which are filled again */
uint32_t io_consume_all(struct io *io);

/* io_let_go() - leave the device alone from now on */
void io_let_go(struct io *io);

/* io_take_up() - begin to consume after a time in which nobody did */
void io_take_up(struct io *io, const char *state_name);

/* How io_run() came to its end */
enum io_end {
	END_NOT,		/* it did not */
	END_COMPLETE,		/* all commands completed */
	END_IDLE,		/* nothing completed for idle_ms */
	END_ASKED,		/* by an order; what was in flight has completed */
	END_DETACHED,		/* the same, and the device was let go of */
	END_FAILED,		/* the device could not be taken up again */
};

enum io_end io_run(struct io *io);

/* io_stop() - shut the controller down and forbid it DMA; can be done again */
int io_stop(struct io *io);

#endif /* NVME_IO_IO_H */
