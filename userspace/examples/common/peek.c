// SPDX-License-Identifier: GPL-2.0-only
/* Looking into the memfds of a running driver, see peek.h */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event.h"
#include "peek.h"

static bool map_state(const char *path,
		      bool (*check)(void *out, void *memory, uint64_t size),
		      void *out)
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
	if (check(out, map, (uint64_t)st.st_size))
		return true;
	munmap(map, (size_t)st.st_size);
	return false;
}

/* Only regular files are looked into: opening a device does something */
int peek_state(long pid, bool (*check)(void *out, void *memory, uint64_t size),
	       void *out)
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
			found = map_state(path, check, out);
	}
	closedir(dir);
	return found ? 0 : fail("process %ld has no state of " PROGRAM, pid);
}

bool peek_alive(long pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld", pid);
	return !access(path, F_OK);
}
