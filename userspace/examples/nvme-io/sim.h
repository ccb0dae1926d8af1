/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulated controller for the tests: registers in ordinary memory, queues and
 * buffers reached by bus addresses, completions in any order.
 *
 * It may run in the same process as the driver, a step at a time, or in another
 * one with which it shares registers and memory.
 */
#ifndef NVME_IO_SIM_H
#define NVME_IO_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "nvme.h"
#include "state.h"

#define SIM_BAR_SIZE		NVME_BAR_MIN
#define SIM_DISK_BLOCKS		256
#define SIM_IN_FLIGHT		2048

/* Where the device sees the queues; the buffers lie somewhere above */
#define SIM_QUEUES_PA		0x40000000ull

struct sim_queue {
	bool created;
	uint64_t sq_pa, cq_pa;
	uint32_t depth;
	uint32_t vector;	/* -1 without interrupts */
	uint32_t sq_head;
	uint64_t cq_tail;	/* position */
};

/* A command that was fetched and has not completed */
struct sim_command {
	uint32_t queue;
	struct nvme_command command;
};

/**
 * struct sim - the controller
 * @bar: its registers, shared with the driver
 * @queues: the queues memfd
 * @queues_size: its bytes
 * @buffers: the buffers memfd
 * @pages: bus address of each page of it
 * @pages_count: their number
 * @max_pairs: I/O queue pairs that there are
 * @enabled: CC.EN as last seen
 * @queue: 0 is the admin queue
 * @pending: commands fetched
 * @pending_count: their number
 * @disk: what is stored
 * @irq_fd: eventfd of each vector, -1 for none; NULL without
 * @mute: raise no interrupts
 * @fetched: I/O commands fetched
 * @resets: times CC.EN went to 0
 * @admin: admin commands executed
 * @wrong: things that a driver must not do
 * @corrupt_next: damage what the next read finds
 * @fail_next: fail the next command
 * @drop_next: let the next command never complete
 * @twice_next: complete the next command twice
 * @random: state of the generator
 */
struct sim {
	volatile uint32_t *bar;
	uint8_t *queues;
	uint64_t queues_size;
	uint8_t *buffers;
	const uint64_t *pages;
	uint64_t pages_count;
	uint32_t max_pairs;
	bool enabled;
	struct sim_queue queue[QUEUES_MAX + 1];
	struct sim_command pending[SIM_IN_FLIGHT];
	uint32_t pending_count;
	uint8_t disk[SIM_DISK_BLOCKS][BLOCK_SIZE];
	const int *irq_fd;
	bool mute;
	uint64_t fetched;
	uint32_t resets;
	uint32_t admin;
	uint32_t wrong;
	bool corrupt_next, fail_next, drop_next, twice_next;
	unsigned int random;
};

/* sim_power_on() - reset registers and forget everything but the disk */
void sim_power_on(struct sim *sim);

/* sim_page() - bus address that page @i of @count buffers has in the tests */
uint64_t sim_page(uint64_t i, uint64_t count);

/* A number below @below */
unsigned int sim_draw(struct sim *sim, unsigned int below);

/**
 * sim_step() - look at the registers, fetch commands, complete some
 * @sim: the controller
 * @complete: I/O commands to complete at most
 */
void sim_step(struct sim *sim, unsigned int complete);

#endif /* NVME_IO_SIM_H */
