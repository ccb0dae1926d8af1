// SPDX-License-Identifier: GPL-2.0-only
/* Looking at a running driver from outside, see status.h */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "event.h"
#include "status.h"

#define POLL_US		2000

/* The state in a memfd of another process, if it is one */
static bool map_state(const char *path, struct state *state)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd,
			   0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	if (!state_check(state, map, (uint64_t)st.st_size))
		return true;
	munmap(map, (size_t)st.st_size);
	return false;
}

/*
 * A memfd that came through an update has lost its name, so the state is known
 * by its contents. Only regular files are looked into: opening a device does
 * something.
 */
static int find_state(long pid, struct state *state)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = opendir(path);
	if (!dir)
		return fail("no process %ld: %m", pid);
	while (!found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%ld/fd/%.32s", pid,
			 entry->d_name);
		if (!stat(path, &st) && S_ISREG(st.st_mode))
			found = map_state(path, state);
	}
	closedir(dir);
	return found ? 0 : fail("process %ld has no state of nic-rx", pid);
}

static bool is_alive(long pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld", pid);
	return !access(path, F_OK);
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
		if (!is_alive(pid))
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

	if (find_state(pid, &state) ||
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
