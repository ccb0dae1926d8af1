// SPDX-License-Identifier: GPL-2.0-only
/* The receiver's life while it runs, see receive.h */
#include "account.h"
#include "clock.h"
#include "event.h"
#include "receive.h"
#include "orders.h"
#include "report.h"

/* Descriptors to consume between two moves of the tail */
#define BUDGET		1024

unsigned int receiver_poll(struct receiver *rx, unsigned int budget)
{
	struct state_live *live = rx->state.live;
	uint64_t now = clock_now_ns(rx->state.fixed->clock_khz);
	struct rx_done done;
	unsigned int n;

	for (n = 0; n < budget; n++) {
		uint32_t index = ring_index(&rx->ring, live->position);

		if (!rx->nic.ops->done(&rx->ring.desc[index], &done))
			break;
		/* What landed while nobody consumed has a phase of its own */
		if ((live->phase & 1) && live->position >= live->gap_end)
			live->phase++;
		if (done.length > rx->ring.buffer_size)
			done.length = rx->ring.buffer_size;
		rx->received += account_frame(&rx->state,
					      ring_buffer(&rx->ring, index),
					      &done, live->position, now);
		if (!rx->memory_only)
			ring_arm(&rx->ring, index);
		/*
		 * Killed up to here, the next driver accounts the frame again,
		 * which changes nothing; killed after, it arms the descriptor
		 * again (ring_arm_consumed()).
		 */
		__atomic_store_n(&live->position, live->position + 1,
				 __ATOMIC_RELEASE);
	}
	if (n && !rx->memory_only)
		nic_set_tail(&rx->nic, ring_tail(&rx->ring, live->position));
	return n;
}

/* Frames that lie in memory from the current position on */
static uint32_t count_landed(const struct receiver *rx, uint32_t limit)
{
	uint64_t position = rx->state.live->position;
	struct rx_done done;
	uint32_t n;

	for (n = 0; n < limit; n++) {
		uint32_t index = ring_index(&rx->ring, position + n);

		if (!rx->nic.ops->done(&rx->ring.desc[index], &done))
			break;
	}
	return n;
}

void receiver_take_up(struct receiver *rx, const char *state_name)
{
	struct state_live *live = rx->state.live;
	uint32_t head = 0, landed;

	if (rx->memory_only) {
		landed = count_landed(rx, rx->ring.count);
	} else {
		head = nic_head(&rx->nic);
		landed = ring_landed(&rx->ring, live->position, head);
	}
	live->gap_end = live->position + landed;
	live->phase |= 1;
	live->detached = 0;
	report_resumed(rx, state_name, count_landed(rx, landed), head);
	if (!rx->memory_only)
		report_registers(rx, "after", true);
}

static void let_go(struct receiver *rx)
{
	struct state_live *live = rx->state.live;

	/* A gap that nothing landed in is over all the same */
	if ((live->phase & 1) && live->position >= live->gap_end)
		live->phase++;
	if (!rx->memory_only)
		report_registers(rx, "before", false);
	live->detached = 1;
	report_totals(rx, "stop");
}

/* Returns true to go on, false to end without touching the device */
static bool wait_detached(struct receiver *rx)
{
	bool gone = orders_let_go();

	while (gone) {
		switch (orders_wait(-1)) {
		case ORDER_GO_ON:
			gone = false;
			break;
		case ORDER_END:
		case ORDER_LEAVE:
			return false;
		case ORDER_LET_GO:
			/* Asked once more, for another update */
			gone = orders_let_go();
			break;
		case ORDER_NONE:
			break;
		}
	}
	receiver_take_up(rx, "continued");
	return true;
}

/* What an order leads to; END_GOES_ON when it is not the end */
#define END_GOES_ON	((enum receiver_end)-1)

static enum receiver_end obey(struct receiver *rx, enum order order)
{
	switch (order) {
	case ORDER_GO_ON:
		report_totals(rx, "totals");
		break;
	case ORDER_LET_GO:
		let_go(rx);
		if (!wait_detached(rx))
			return END_DETACHED;
		break;
	case ORDER_LEAVE:
		let_go(rx);
		return END_DETACHED;
	case ORDER_END:
		return END_ASKED;
	case ORDER_NONE:
		break;
	}
	return END_GOES_ON;
}

static enum receiver_end run_polling(struct receiver *rx)
{
	uint64_t last_ns = clock_local_ns();

	for (;;) {
		unsigned int n = receiver_poll(rx, BUDGET);
		uint64_t now_ns = clock_local_ns();
		enum receiver_end end;
		enum order order;

		handover_taken_up(&rx->handover, n);
		if (n)
			last_ns = now_ns;
		else if (rx->expected && rx->received >= rx->expected)
			return END_COMPLETE;
		else if (rx->idle_ms && rx->received &&
			 now_ns - last_ns > rx->idle_ms * 1000000)
			return END_IDLE;

		order = orders_wait(n ? 0 : (int64_t)rx->poll_us * 1000);
		/* The device will need every descriptor it can get */
		if (order == ORDER_LET_GO || order == ORDER_LEAVE)
			while (receiver_poll(rx, BUDGET) == BUDGET)
				;
		end = obey(rx, order);
		if (end != END_GOES_ON)
			return end;
		if (order == ORDER_LET_GO)
			last_ns = clock_local_ns();
	}
}

static uint64_t poll_empty(struct receiver *rx)
{
	uint64_t frames = 0;
	unsigned int n;

	while ((n = receiver_poll(rx, BUDGET)))
		frames += n;
	return frames;
}

/*
 * The order that misses nothing: look until the ring is empty, have the device
 * raise an interrupt for the next frame, and look once more for what came in
 * between. That second look may find a frame whose interrupt is on its way,
 * which then wakes the driver for nothing.
 */
static int look(struct receiver *rx)
{
	const struct nic_ops *ops = rx->nic.ops;
	uint64_t first, second;

	ops->irq_ack(&rx->nic, rx->wake.mode);
	first = poll_empty(rx);
	ops->irq_enable(&rx->nic, rx->wake.mode);
	if (wake_unmask(&rx->wake, &rx->vdev))
		return -1;
	second = poll_empty(rx);
	wake_account(&rx->wake, first, second);
	handover_taken_up(&rx->handover, first + second);
	return 0;
}

static enum receiver_end run_woken(struct receiver *rx)
{
	enum receiver_end end = END_GOES_ON;
	enum order order;

	while (end == END_GOES_ON) {
		/* Of its own accord it only ends, without looking */
		int idle_ms = rx->received && rx->idle_ms ? (int)rx->idle_ms : -1;
		int ms = handover_timeout(&rx->handover, idle_ms);

		switch (wake_wait(&rx->wake, ms, &order)) {
		case WAKE_INTERRUPT:
			if (look(rx))
				return END_FAILED;
			if (rx->expected && rx->received >= rx->expected)
				return END_COMPLETE;
			break;
		case WAKE_ORDER:
			end = obey(rx, order);
			break;
		case WAKE_NOTHING:
			if (ms == idle_ms)
				return END_IDLE;
			handover_taken_up(&rx->handover, false);
			break;
		case WAKE_FAILED:
			return END_FAILED;
		}
	}
	return end;
}

enum receiver_end receiver_run(struct receiver *rx)
{
	return rx->wake.mode == IRQ_NONE ? run_polling(rx) : run_woken(rx);
}

int receiver_stop(struct receiver *rx)
{
	if (rx->wake.mode != IRQ_NONE) {
		rx->nic.ops->irq_disable(&rx->nic);
		wake_disarm(&rx->wake, &rx->vdev);
	}
	rx->nic.ops->stop(&rx->nic);
	rx->state.live->running = 0;
	return vfio_set_bus_master(&rx->vdev, false);
}
