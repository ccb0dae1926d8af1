// SPDX-License-Identifier: GPL-2.0-only
/* Looking at a running driver from outside, see status.h */
#include <stdbool.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "event.h"
#include "peek.h"
#include "status.h"

#define POLL_US		2000

static bool is_state(void *state, void *memory, uint64_t size)
{
	return !state_check(state, memory, size);
}

static int wait_position(long pid, const struct state *state, uint64_t count,
			 uint64_t timeout_ms)
{
	uint64_t start = clock_local_ns(), position;

	for (;;) {
		position = __atomic_load_n(&state->live->position,
					   __ATOMIC_ACQUIRE);
		if (position >= count)
			return 0;
		if (!peek_alive(pid))
			return fail("process %ld ended after %llu frames, before %llu",
				    pid, (unsigned long long)position,
				    (unsigned long long)count);
		if (clock_local_ns() - start > timeout_ms * 1000000)
			return fail("%llu frames instead of %llu after %llu ms",
				    (unsigned long long)position,
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
	    wait_position(pid, &state, count, timeout_ms))
		return -1;

	account_summary(&state, 0, &sum);
	event_begin(&ev, "status");
	event_number(&ev, "position", state.live->position);
	event_number(&ev, "received", sum.received);
	event_number(&ev, "lost", sum.lost);
	event_number(&ev, "duplicated", sum.duplicated);
	event_number(&ev, "corrupt", state.live->corrupt);
	event_number(&ev, "phase", state.live->phase);
	event_bool(&ev, "running", state.live->running);
	event_bool(&ev, "detached", state.live->detached);
	event_send(&ev);
	return 0;
}
