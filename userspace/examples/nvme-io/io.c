// SPDX-License-Identifier: GPL-2.0-only
/* The work, see io.h */
#include <string.h>

#include "account.h"
#include "clock.h"
#include "dma.h"
#include "io.h"
#include "orders.h"
#include "queue.h"
#include "report.h"

/* What the buffer of a read holds until the device has written to it */
#define POISON		0xa5

static uint64_t now(const struct io *io)
{
	return clock_now_ns(io->state.fixed->clock_khz);
}

/* Slot of the workload; the queues have equal shares of them */
static uint32_t whole_slot(const struct io *io, const struct io_queue *queue,
			   uint32_t slot)
{
	return queue->index * state_queue_slots(io->state.fixed) + slot;
}

static uint8_t *slot_buffer(const struct io *io, uint32_t whole)
{
	return io->buffers + (uint64_t)whole * DMA_PAGE;
}

/*
 * The driver before was killed when it had accounted a completion and not
 * consumed it yet. As its slot is free, the queue could get one command more
 * than fits into it: consume it, too.
 */
static void consume_accounted(struct io_queue *queue,
			      const struct record *record)
{
	struct live_queue *live = queue->live;

	if (record->copies && record->position == (uint32_t)live->head)
		__atomic_store_n(&live->head, live->head + 1, __ATOMIC_RELEASE);
}

static void attach_slot(struct io *io, struct io_queue *queue, uint32_t slot)
{
	const struct workload *work = &io->state.work;
	uint32_t whole = whole_slot(io, queue, slot);
	uint64_t all = workload_count(work, whole), k = 0;
	bool busy = false;

	for (; k < all; k++) {
		uint64_t number = workload_number(work, whole, k);

		if (!state_submitted(&io->state, number))
			break;
		busy = !io->state.records[number].copies;
		io->submitted++;
		io->completed += !busy;
		consume_accounted(queue, &io->state.records[number]);
	}
	queue->count[slot] = k;
	queue->in_flight += busy;
	if (k < all)
		/* Its ticket is that of a command which another may become */
		io->state.records[workload_number(work, whole, k)].ticket = 0;
	if (k < all && !busy)
		queue->free[queue->free_count++] = (uint16_t)slot;
}

void io_attach(struct io *io, uint8_t *queues, uint8_t *buffers)
{
	const struct state_fixed *fixed = io->state.fixed;

	io->buffers = buffers;
	io->submitted = 0;
	io->completed = 0;
	for (uint32_t i = 0; i < fixed->queues; i++) {
		struct io_queue *queue = &io->queue[i];

		memset(queue, 0, sizeof(*queue));
		queue->index = i;
		queue->sq = (volatile struct nvme_command *)
			(queues + queue_sq_offset(i, fixed->depth));
		queue->cq = (const volatile struct nvme_completion *)
			(queues + queue_cq_offset(i, fixed->depth));
		queue->live = &io->state.live->queue[i];
		for (uint32_t s = 0; s < state_queue_slots(fixed); s++)
			attach_slot(io, queue, s);
	}
}

/* What a block has to hold before the @k-th command of its slot */
static struct block_header expected(const struct io *io, uint64_t block,
				    uint64_t k)
{
	const struct workload *work = &io->state.work;

	return (struct block_header){
		.block = block,
		.sequence = workload_writer(work, block, k),
		.seed = work->seed,
	};
}

/*
 * Puts the next command of a slot into the queue. Until the tail moves on,
 * nothing of it counts; once it has, the command is submitted, whether or not
 * this driver lives to ring the doorbell.
 */
static void submit_slot(struct io *io, struct io_queue *queue, uint32_t slot)
{
	const struct state_fixed *fixed = io->state.fixed;
	const struct workload *work = &io->state.work;
	uint32_t whole = whole_slot(io, queue, slot);
	uint64_t k = queue->count[slot], tail = queue->live->tail;
	uint64_t block = workload_block(work, whole, k);
	uint64_t number = workload_number(work, whole, k);
	uint64_t lba = block * BLOCK_SIZE >> fixed->lba_shift;
	struct record *record = &io->state.records[number];
	struct nvme_command command = {
		.cid = queue_command_id(fixed->depth, slot, k),
		.nsid = 1,
		.prp1 = io->state.pages[whole],
		.cdw10 = (uint32_t)lba,
		.cdw11 = (uint32_t)(lba >> 32),
		.cdw12 = (BLOCK_SIZE >> fixed->lba_shift) - 1,
	};

	if (workload_is_write(work, whole, k)) {
		struct block_header header = { block, number, work->seed };

		command.opcode = IO_WRITE;
		block_fill(slot_buffer(io, whole), &header);
	} else {
		command.opcode = IO_READ;
		memset(slot_buffer(io, whole), POISON, BLOCK_SIZE);
	}
	queue->sq[tail % fixed->depth] = command;
	record->submitted_ns = now(io);
	record->ticket = (uint32_t)tail + 1;
	__atomic_store_n(&queue->live->tail, tail + 1, __ATOMIC_RELEASE);

	queue->count[slot]++;
	queue->in_flight++;
	io->submitted++;
}

void io_submit(struct io *io, struct io_queue *queue)
{
	struct live_queue *live = queue->live;

	if (io->memory_only)
		return;
	while (queue->free_count && !io->draining)
		submit_slot(io, queue, queue->free[--queue->free_count]);
	if (live->tail_rung == live->tail)
		return;
	controller_ring_sq(&io->ctrl, queue->index, io->state.fixed->depth,
			   live->tail);
	/*
	 * Killed between these two, the next driver says the same again. A
	 * controller may find that odd, and at worst reports it as an event that
	 * nobody asked for.
	 */
	__atomic_store_n(&live->tail_rung, live->tail, __ATOMIC_RELEASE);
}

/* Whether a read found what has to be there */
static bool is_corrupt(const struct io *io, uint32_t whole, uint64_t k)
{
	const struct workload *work = &io->state.work;
	struct block_header want;

	if (workload_is_write(work, whole, k))
		return false;
	want = expected(io, workload_block(work, whole, k), k);
	return block_check(slot_buffer(io, whole), &want) != BLOCK_GOOD;
}

static void complete(struct io *io, struct io_queue *queue,
		     const struct nvme_completion *done, uint64_t now_ns)
{
	const struct state_fixed *fixed = io->state.fixed;
	uint16_t status = STATUS_CODE(done->status);
	uint32_t slot, whole;
	bool corrupt = false;
	uint64_t number, k;

	if (done->sq_id != queue->index + 1 ||
	    !queue_command_of(fixed->depth, done->cid, queue->count, &slot,
			      &k)) {
		io->state.live->strays++;
		return;
	}
	whole = whole_slot(io, queue, slot);
	number = workload_number(&io->state.work, whole, k);
	/* The buffer is the last command's, and only until that completes */
	if (!status && !io->state.records[number].copies)
		corrupt = is_corrupt(io, whole, k);
	if (!account_completion(&io->state, number, queue->live->head, status,
				corrupt, now_ns))
		return;
	io->completed++;
	queue->in_flight--;
	if (queue->count[slot] < workload_count(&io->state.work, whole))
		queue->free[queue->free_count++] = (uint16_t)slot;
}

uint32_t io_consume(struct io *io, struct io_queue *queue)
{
	uint32_t depth = io->state.fixed->depth, n = 0;
	struct live_queue *live = queue->live;
	struct nvme_completion done;
	uint64_t now_ns = now(io);

	/* One lap at most: there are other queues, and signals */
	while (n < depth && queue_completion(queue->cq, depth, live->head,
					     &done)) {
		complete(io, queue, &done, now_ns);
		/*
		 * Killed up to here, the next driver accounts the completion
		 * again, which changes nothing. The slot is not used again
		 * before.
		 */
		__atomic_store_n(&live->head, live->head + 1, __ATOMIC_RELEASE);
		n++;
	}
	if (live->head_rung != live->head && !io->memory_only) {
		controller_ring_cq(&io->ctrl, queue->index, depth, live->head);
		__atomic_store_n(&live->head_rung, live->head,
				 __ATOMIC_RELEASE);
	}
	return n;
}

uint32_t io_consume_all(struct io *io)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < io->state.fixed->queues; i++) {
		n += io_consume(io, &io->queue[i]);
		io_submit(io, &io->queue[i]);
	}
	return n;
}

void io_let_go(struct io *io)
{
	struct state_live *live = io->state.live;

	if (!io->memory_only)
		report_registers(io, "before");
	live->let_go_ns = now(io);
	live->detached = 1;
	report_totals(io, "stop");
}

void io_take_up(struct io *io, const char *state_name)
{
	const struct state_fixed *fixed = io->state.fixed;
	struct state_live *live = io->state.live;
	struct gap gap = { .let_go_ns = live->let_go_ns };
	uint32_t index;

	for (uint32_t i = 0; i < fixed->queues; i++) {
		struct io_queue *queue = &io->queue[i];
		uint32_t landed = queue_landed(queue->cq, fixed->depth,
					       queue->live->head);

		queue->live->gap_end = queue->live->head + landed;
		gap.in_flight += queue->in_flight;
		gap.landed += landed;
	}
	gap.looked_ns = now(io);
	index = live->gaps < GAPS_MAX ? live->gaps : GAPS_MAX - 1;
	live->gap[index] = gap;
	live->gaps++;
	live->let_go_ns = 0;
	live->detached = 0;
	report_resumed(io, state_name, &gap);
	if (!io->memory_only)
		report_registers(io, "after");
}

static bool is_done(const struct io *io)
{
	return io->completed == (io->draining ? io->submitted :
				 io->state.work.commands);
}

static enum io_end ended(const struct io *io)
{
	return io->completed < io->state.work.commands ?
	       END_ASKED : END_COMPLETE;
}

/* Polls all queues; sleeps a little when nothing was new */
static enum order step_polling(struct io *io, uint32_t *found)
{
	*found = io_consume_all(io);
	if (*found && !is_done(io))
		return orders_wait(0);
	return orders_wait(is_done(io) ? 0 : (int64_t)io->poll_us * 1000);
}

/*
 * Looks only at queues whose interrupt came, until they are empty, and sleeps
 * until one does.
 */
static enum order step_sleeping(struct io *io, uint32_t *found)
{
	int idle_ms = io->idle_ms ? (int)io->idle_ms : -1;
	int timeout_ms = handover_timeout(&io->handover, idle_ms);
	uint32_t queues = 0;
	enum order order = irqs_wait(&io->irqs, is_done(io) || io->again ? 0 :
				     timeout_ms, &queues);

	*found = 0;
	if (queues)
		io->state.live->wakeups++;
	queues |= io->again;
	io->again = 0;
	for (uint32_t i = 0; i < io->state.fixed->queues; i++) {
		struct io_queue *queue = &io->queue[i];
		uint32_t n;

		if (!(queues & 1u << i))
			continue;
		n = io_consume(io, queue);
		io_submit(io, queue);
		*found += n;
		/* An interrupt may be for more than was there to be seen */
		if (n)
			io->again |= 1u << i;
	}
	return order;
}

static void submit_all(struct io *io)
{
	for (uint32_t i = 0; i < io->state.fixed->queues; i++)
		io_submit(io, &io->queue[i]);
}

/* Returns how to end, or END_NOT to go on */
static enum io_end wait_detached(struct io *io)
{
	bool gone = orders_let_go();

	while (gone) {
		switch (orders_wait(-1)) {
		case ORDER_GO_ON:
			gone = false;
			break;
		case ORDER_END:
		case ORDER_LEAVE:
			return END_DETACHED;
		case ORDER_LET_GO:
			/* Asked once more, for another update */
			gone = orders_let_go();
			break;
		case ORDER_NONE:
			break;
		}
	}
	if (!io->memory_only && controller_check(&io->ctrl, io->state.fixed))
		return END_FAILED;
	io_take_up(io, "continued");
	/* Interrupts that came meanwhile may be used up */
	io_consume_all(io);
	return END_NOT;
}

enum io_end io_run(struct io *io)
{
	uint64_t last_ns = clock_local_ns();
	enum io_end end;

	/* The driver before was killed at its very end */
	if (io->state.live->running != RUNNING_YES) {
		handover_taken_up(&io->handover, false);
		return ended(io);
	}
	/* Nothing can come of what is in memory alone but what is in flight */
	io->draining = io->memory_only;
	submit_all(io);
	for (;;) {
		uint32_t found;
		enum order order = io->irqs.armed ? step_sleeping(io, &found) :
				   step_polling(io, &found);
		uint64_t now_ns = clock_local_ns();

		if (found)
			last_ns = now_ns;
		handover_taken_up(&io->handover, found);
		switch (order) {
		case ORDER_GO_ON:
			report_totals(io, "totals");
			break;
		case ORDER_LET_GO:
			io_let_go(io);
			end = wait_detached(io);
			if (end != END_NOT)
				return end;
			last_ns = now_ns = clock_local_ns();
			break;
		case ORDER_LEAVE:
			io_let_go(io);
			return END_DETACHED;
		case ORDER_END:
			io->draining = true;
			break;
		case ORDER_NONE:
			break;
		}
		if (is_done(io))
			return ended(io);
		if (io->idle_ms && now_ns - last_ns >= io->idle_ms * 1000000)
			return END_IDLE;
	}
}

int io_stop(struct io *io)
{
	struct state_live *live = io->state.live;

	/* First, so that a driver which comes after this one does the same */
	__atomic_store_n(&live->running, RUNNING_STOPPING, __ATOMIC_RELEASE);
	if (controller_stop(&io->ctrl) ||
	    vfio_set_bus_master(&io->vdev, false))
		return -1;
	live->running = RUNNING_NOT;
	return 0;
}
