// SPDX-License-Identifier: GPL-2.0-only
/* A simulated controller, see sim.h */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

#define CAP_LOW		(1023u | 1u << 24)	/* 1024 entries, 500 ms */
#define CAP_HIGH	(1u << 5)		/* NVM commands, stride 4 */

#define STATUS_FAILED	0x281			/* unrecovered read error */
#define STATUS_INVALID	0x002			/* invalid field */

uint64_t sim_page(uint64_t i, uint64_t count)
{
	return (0x80000 + (i * 7 + 3) % count) * NVME_PAGE;
}

unsigned int sim_draw(struct sim *sim, unsigned int below)
{
	sim->random = sim->random * 1103515245u + 12345u;
	return (sim->random >> 8) % below;
}

static uint32_t reg(const struct sim *sim, uint32_t offset)
{
	return __atomic_load_n(&sim->bar[offset / 4], __ATOMIC_ACQUIRE);
}

static void set_reg(struct sim *sim, uint32_t offset, uint32_t value)
{
	__atomic_store_n(&sim->bar[offset / 4], value, __ATOMIC_RELEASE);
}

static void wrong(struct sim *sim, const char *what)
{
	if (sim->wrong++ < 8)
		printf("# controller: %s\n", what);
}

static void forget_queues(struct sim *sim)
{
	memset(sim->queue, 0, sizeof(sim->queue));
	sim->pending_count = 0;
	for (uint32_t i = 0; i < 2 * (QUEUES_MAX + 1); i++)
		set_reg(sim, REG_DOORBELLS + 4 * i, 0);
}

void sim_power_on(struct sim *sim)
{
	for (uint32_t i = 0; i < SIM_BAR_SIZE; i += 4)
		set_reg(sim, i, 0);
	set_reg(sim, REG_CAP, CAP_LOW);
	set_reg(sim, REG_CAP + 4, CAP_HIGH);
	set_reg(sim, REG_VS, 0x10400);
	sim->enabled = false;
	forget_queues(sim);
}

/* A page of memory by its bus address, the slow way */
static uint8_t *at_bus_address(struct sim *sim, uint64_t pa)
{
	if (pa >= SIM_QUEUES_PA && pa - SIM_QUEUES_PA < sim->queues_size)
		return sim->queues + (pa - SIM_QUEUES_PA);
	for (uint64_t i = 0; i < sim->pages_count; i++)
		if (sim->pages[i] == pa)
			return sim->buffers + i * NVME_PAGE;
	wrong(sim, "no memory at a bus address");
	return NULL;
}

static void enable(struct sim *sim)
{
	uint32_t aqa = reg(sim, REG_AQA);

	sim->enabled = true;
	sim->queue[0] = (struct sim_queue){
		.created = true,
		.sq_pa = reg(sim, REG_ASQ) |
			 (uint64_t)reg(sim, REG_ASQ + 4) << 32,
		.cq_pa = reg(sim, REG_ACQ) |
			 (uint64_t)reg(sim, REG_ACQ + 4) << 32,
		.depth = (aqa & 0xfff) + 1,
		.vector = 0,
	};
	set_reg(sim, REG_CSTS, CSTS_RDY);
}

static void look_at_registers(struct sim *sim)
{
	uint32_t cc = reg(sim, REG_CC);

	if (sim->enabled && !(cc & CC_EN)) {
		sim->resets++;
		sim->enabled = false;
		forget_queues(sim);
		set_reg(sim, REG_CSTS, 0);
	} else if (!sim->enabled && (cc & CC_EN)) {
		enable(sim);
	}
	if ((cc & CC_SHN_MASK) == CC_SHN_NORMAL)
		set_reg(sim, REG_CSTS, reg(sim, REG_CSTS) | CSTS_SHST_DONE);
}

static void interrupt(struct sim *sim, uint32_t vector)
{
	uint64_t one = 1;

	if (sim->irq_fd && !sim->mute && vector != ~0u &&
	    write(sim->irq_fd[vector], &one, sizeof(one)) != sizeof(one))
		wrong(sim, "an interrupt is not taken");
}

static bool cq_full(const struct sim *sim, uint32_t id)
{
	const struct sim_queue *queue = &sim->queue[id];
	uint32_t head = reg(sim, REG_DOORBELLS + 4 * (2 * id + 1));

	return (queue->cq_tail + 1) % queue->depth == head;
}

static void post(struct sim *sim, uint32_t id, uint16_t cid, uint16_t status,
		 uint32_t result)
{
	struct sim_queue *queue = &sim->queue[id];
	uint16_t phase = !(queue->cq_tail / queue->depth & 1);
	volatile struct nvme_completion *cq =
		(volatile struct nvme_completion *)
		at_bus_address(sim, queue->cq_pa) +
		queue->cq_tail % queue->depth;

	cq->result = result;
	cq->sq_head = (uint16_t)queue->sq_head;
	cq->sq_id = (uint16_t)id;
	cq->cid = cid;
	/* Last: with the phase it counts */
	__atomic_store_n(&cq->status, (uint16_t)(status << 1 | phase),
			 __ATOMIC_RELEASE);
	queue->cq_tail++;
	interrupt(sim, queue->vector);
}

static uint16_t create(struct sim *sim, const struct nvme_command *command)
{
	uint32_t id = command->cdw10 & 0xffff;
	struct sim_queue *queue = &sim->queue[id];

	if (!id || id > sim->max_pairs ||
	    !(command->cdw11 & QUEUE_CONTIGUOUS))
		return STATUS_INVALID;
	queue->depth = (command->cdw10 >> 16) + 1;
	if (command->opcode == ADMIN_CREATE_CQ) {
		queue->cq_pa = command->prp1;
		queue->vector = command->cdw11 & QUEUE_INTERRUPTS ?
				command->cdw11 >> 16 : ~0u;
		return 0;
	}
	if (command->cdw11 >> 16 != id || !queue->cq_pa)
		return STATUS_INVALID;
	queue->sq_pa = command->prp1;
	queue->created = true;
	return 0;
}

static uint16_t identify(struct sim *sim, const struct nvme_command *command)
{
	uint8_t *data = at_bus_address(sim, command->prp1);
	uint64_t blocks = SIM_DISK_BLOCKS * BLOCK_SIZE / 512;
	uint32_t format = 9 << 16;

	if (!data)
		return STATUS_INVALID;
	memset(data, 0, NVME_PAGE);
	if (command->cdw10 == IDENTIFY_CONTROLLER) {
		memcpy(data + 4, "serial              ", 20);
		memcpy(data + 24, "a model                                 ",
		       40);
		data[516] = 1;
		return 0;
	}
	memcpy(data, &blocks, sizeof(blocks));
	memcpy(data + 128, &format, sizeof(format));
	return 0;
}

static void run_admin(struct sim *sim, const struct nvme_command *command)
{
	uint32_t pairs = sim->max_pairs - 1, result = 0;
	uint16_t status = STATUS_INVALID;

	sim->admin++;
	switch (command->opcode) {
	case ADMIN_IDENTIFY:
		status = identify(sim, command);
		break;
	case ADMIN_SET_FEATURES:
		status = 0;
		result = pairs << 16 | pairs;
		break;
	case ADMIN_CREATE_CQ:
	case ADMIN_CREATE_SQ:
		status = create(sim, command);
		break;
	}
	post(sim, 0, command->cid, status, result);
}

static void take(struct sim *sim, uint32_t id,
		 const struct nvme_command *command)
{
	if (!id) {
		run_admin(sim, command);
		return;
	}
	sim->fetched++;
	for (uint32_t i = 0; i < sim->pending_count; i++)
		if (sim->pending[i].queue == id &&
		    sim->pending[i].command.cid == command->cid)
			wrong(sim, "two commands in flight have one name");
	if (sim->pending_count == SIM_IN_FLIGHT) {
		wrong(sim, "too many commands in flight");
		return;
	}
	sim->pending[sim->pending_count++] = (struct sim_command){
		id, *command,
	};
}

static void fetch(struct sim *sim, uint32_t id)
{
	struct sim_queue *queue = &sim->queue[id];
	uint32_t tail = reg(sim, REG_DOORBELLS + 4 * (2 * id));
	struct nvme_command command;

	if (!queue->created)
		return;
	if (tail >= queue->depth) {
		wrong(sim, "a tail is outside of its queue");
		return;
	}
	while (queue->sq_head != tail) {
		const uint8_t *sq = at_bus_address(sim, queue->sq_pa);

		if (!sq)
			return;
		memcpy(&command, sq + queue->sq_head * sizeof(command),
		       sizeof(command));
		queue->sq_head = (queue->sq_head + 1) % queue->depth;
		take(sim, id, &command);
	}
}

static uint16_t transfer(struct sim *sim, const struct nvme_command *command)
{
	uint64_t lba = command->cdw10 | (uint64_t)command->cdw11 << 32;
	uint64_t block = lba * 512 / BLOCK_SIZE;
	uint8_t *memory = at_bus_address(sim, command->prp1);

	if (!memory || block >= SIM_DISK_BLOCKS || lba % 8 ||
	    command->cdw12 != 7 || command->nsid != 1) {
		wrong(sim, "a command makes no sense");
		return STATUS_INVALID;
	}
	if (command->opcode == IO_WRITE) {
		memcpy(sim->disk[block], memory, BLOCK_SIZE);
		return 0;
	}
	memcpy(memory, sim->disk[block], BLOCK_SIZE);
	if (sim->corrupt_next)
		memory[sim_draw(sim, BLOCK_SIZE)] ^= 1;
	sim->corrupt_next = false;
	return 0;
}

static void complete(struct sim *sim, uint32_t which)
{
	struct sim_command done = sim->pending[which];
	uint16_t status;

	if (cq_full(sim, done.queue))
		return;
	sim->pending[which] = sim->pending[--sim->pending_count];
	if (sim->drop_next) {
		sim->drop_next = false;
		return;
	}
	status = sim->fail_next ? STATUS_FAILED : transfer(sim, &done.command);
	sim->fail_next = false;
	post(sim, done.queue, done.command.cid, status, 0);
	if (sim->twice_next && !cq_full(sim, done.queue)) {
		sim->twice_next = false;
		post(sim, done.queue, done.command.cid, status, 0);
	}
}

void sim_step(struct sim *sim, unsigned int count)
{
	look_at_registers(sim);
	if (!sim->enabled)
		return;
	for (uint32_t id = 0; id <= QUEUES_MAX; id++)
		fetch(sim, id);
	while (count-- && sim->pending_count)
		complete(sim, sim_draw(sim, sim->pending_count));
}
