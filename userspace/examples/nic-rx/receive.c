// SPDX-License-Identifier: GPL-2.0-only
/* The receiver's life while it runs, see receive.h */
#include "account.h"
#include "clock.h"
#include "event.h"
#include "receive.h"
#include "report.h"
#include "signals.h"

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
static bool wait_detached(struct receiver *rx, const sigset_t *set)
{
	for (;;) {
		switch (signals_wait(set, -1)) {
		case SIGUSR1:
			receiver_take_up(rx, "continued");
			return true;
		case SIGTERM:
		case SIGINT:
			return false;
		}
	}
}

enum receiver_end receiver_run(struct receiver *rx)
{
	uint64_t last_ns = clock_local_ns();
	sigset_t set;

	signals_fill(&set);
	for (;;) {
		unsigned int n = receiver_poll(rx, BUDGET);
		uint64_t now_ns = clock_local_ns();

		if (n)
			last_ns = now_ns;
		else if (rx->expected && rx->received >= rx->expected)
			return END_COMPLETE;
		else if (rx->idle_ms && rx->received &&
			 now_ns - last_ns > rx->idle_ms * 1000000)
			return END_IDLE;

		switch (signals_wait(&set, n ? 0 : (int64_t)rx->poll_us * 1000)) {
		case SIGUSR1:
			report_totals(rx, "totals");
			break;
		case SIGUSR2:
			/* The device will need every descriptor it can get */
			while (receiver_poll(rx, BUDGET) == BUDGET)
				;
			let_go(rx);
			if (!wait_detached(rx, &set))
				return END_DETACHED;
			last_ns = clock_local_ns();
			break;
		case SIGTERM:
		case SIGINT:
			return END_ASKED;
		}
	}
}

int receiver_stop(struct receiver *rx)
{
	rx->nic.ops->stop(&rx->nic);
	rx->state.live->running = 0;
	return vfio_set_bus_master(&rx->vdev, false);
}
