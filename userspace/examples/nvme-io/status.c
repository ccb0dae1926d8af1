// SPDX-License-Identifier: GPL-2.0-only
/* Looking at a running driver from outside, see status.h */
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "event.h"
#include "peek.h"
#include "status.h"

#define POLL_US		2000

static bool is_state(void *state, void *memory, uint64_t size)
{
	return !state_attach(state, memory, size);
}

/* Completions consumed, by the positions: the records are many */
static uint64_t consumed(const struct state *state)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < state->fixed->queues; i++)
		sum += __atomic_load_n(&state->live->queue[i].head,
				       __ATOMIC_ACQUIRE);
	return sum;
}

static int wait_completed(long pid, const struct state *state, uint64_t count,
			  uint64_t timeout_ms)
{
	uint64_t start = clock_local_ns(), done;

	for (;;) {
		done = consumed(state);
		if (done >= count)
			return 0;
		if (!peek_alive(pid))
			return fail("process %ld ended after %llu completions, before %llu",
				    pid, (unsigned long long)done,
				    (unsigned long long)count);
		if (clock_local_ns() - start > timeout_ms * 1000000)
			return fail("%llu completions instead of %llu after %llu ms",
				    (unsigned long long)done,
				    (unsigned long long)count,
				    (unsigned long long)timeout_ms);
		usleep(POLL_US);
	}
}

int status_show(long pid, uint64_t count, uint64_t timeout_ms)
{
	struct state state;
	struct summary sum;
	struct event ev;

	if (peek_state(pid, is_state, &state) ||
	    wait_completed(pid, &state, count, timeout_ms) ||
	    account_summary(&state, &sum))
		return -1;

	event_begin(&ev, "status");
	event_number(&ev, "submitted", sum.submitted);
	event_number(&ev, "completed", sum.completed);
	event_number(&ev, "in_flight", sum.in_flight);
	event_number(&ev, "duplicated", sum.duplicated);
	event_number(&ev, "corrupt", sum.corrupt);
	event_number(&ev, "errors", sum.errors);
	event_number(&ev, "gaps", state.live->gaps);
	event_number(&ev, "wakeups", state.live->wakeups);
	event_bool(&ev, "running", state.live->running == RUNNING_YES);
	event_bool(&ev, "detached", state.live->detached);
	event_send(&ev);
	return 0;
}
