// SPDX-License-Identifier: GPL-2.0-only
/* Looking at a running driver from outside, see status.h */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
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

static int open_state(long pid)
{
	static const char want[] = "/memfd:state";
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = opendir(path);
	if (!dir)
		return fail("no process %ld: %m", pid);
	while (fd < 0 && (entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%ld/fd/%.32s", pid,
			 entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < (ssize_t)sizeof(want) - 1 ||
		    strncmp(target, want, sizeof(want) - 1))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail("%s: %m", path);
	}
	closedir(dir);
	return fd >= 0 ? fd : fail("process %ld has no memfd 'state'", pid);
}

int status_show(long pid, uint64_t count, uint64_t timeout_ms)
{
	uint64_t start = clock_local_ns();
	struct state state;
	struct summary sum;
	struct event ev;
	const char *wrong;
	struct stat st;
	void *map;
	int fd;

	fd = open_state(pid);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || st.st_size <= 0)
		return fail("memfd state of process %ld is empty", pid);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return fail("memfd state of process %ld: %m", pid);
	wrong = state_check(&state, map, (uint64_t)st.st_size);
	if (wrong)
		return fail("memfd state of process %ld: %s", pid, wrong);

	while (__atomic_load_n(&state.live->position, __ATOMIC_ACQUIRE) <
	       count) {
		if (clock_local_ns() - start > timeout_ms * 1000000)
			return fail("only %llu frames instead of %llu after %llu ms",
				    (unsigned long long)state.live->position,
				    (unsigned long long)count,
				    (unsigned long long)timeout_ms);
		if (access("/proc/self", F_OK) == 0) {
			char path[64];

			snprintf(path, sizeof(path), "/proc/%ld", pid);
			if (access(path, F_OK))
				return fail("process %ld ended after %llu frames",
					    pid, (unsigned long long)
					    state.live->position);
		}
		usleep(POLL_US);
	}

	account_summary(&state, 0, &sum);
	event_begin(&ev, "status");
	event_number(&ev, "position", state.live->position);
	event_number(&ev, "received", sum.received);
	event_number(&ev, "lost", sum.lost);
	event_number(&ev, "duplicated", sum.duplicated);
	event_number(&ev, "corrupt", state.live->corrupt);
	event_number(&ev, "phase", state.live->phase);
	event_bool(&ev, "detached", state.live->detached);
	event_send(&ev);
	return 0;
}
