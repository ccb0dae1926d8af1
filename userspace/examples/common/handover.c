// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that were handed over, see handover.h */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "handover.h"
#include "vfio.h"

#define FIRST_FD	3
#define NAME_MAX_LEN	64
#define BDF_CHARS	12

static bool get_number(const char *variable, long *value)
{
	const char *text = getenv(variable);
	char *end;

	if (!text || !*text)
		return false;
	errno = 0;
	*value = strtol(text, &end, 10);
	return !errno && !*end;
}

/* Cuts the next name off a list; an address counts as one name */
static const char *next_name(const char *list, char *name)
{
	char head[BDF_CHARS + 1];
	size_t len;

	snprintf(head, sizeof(head), "%.*s", BDF_CHARS, list);
	if (vfio_bdf_valid(head) &&
	    (!list[BDF_CHARS] || list[BDF_CHARS] == ':'))
		len = BDF_CHARS;
	else
		len = strcspn(list, ":");
	snprintf(name, NAME_MAX_LEN, "%.*s", (int)len, list);
	list += len;
	return *list == ':' ? list + 1 : list;
}

/* "0000_00_02.0" and "0000:00:02.0" are the same address */
static void restore_colons(char *name)
{
	char address[BDF_CHARS + 1];

	if (strlen(name) != BDF_CHARS)
		return;
	for (int i = 0; i <= BDF_CHARS; i++)
		address[i] = name[i] == '_' ? ':' : name[i];
	if (vfio_bdf_valid(address))
		memcpy(name, address, sizeof(address));
}

/* Where the descriptor of a name belongs, NULL when it is not known */
static int *find_place(struct handover *out, const char *const *memfds,
		       const char *name)
{
	for (int i = 0; memfds[i]; i++)
		if (!strcmp(name, memfds[i]))
			return &out->memfd[i];
	if (!strcmp(name, "iommufd"))
		return &out->iommufd;
	if (!vfio_bdf_valid(name))
		return NULL;
	if (out->device < 0)
		memcpy(out->bdf, name, BDF_CHARS + 1);
	return strcmp(name, out->bdf) ? NULL : &out->device;
}

static int place(struct handover *out, const char *const *memfds,
		 const char *name, int fd)
{
	int *where = find_place(out, memfds, name);

	if (!where)
		return fail("a descriptor named '%s' was handed over, which means nothing to this driver",
			    name);
	if (*where >= 0)
		return fail("two descriptors named '%s' were handed over",
			    name);
	*where = fd;
	return 0;
}

int handover_take(struct handover *out, const char *const *memfds)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char name[NAME_MAX_LEN];
	long pid, count;
	int ret = 0;

	*out = (struct handover){ .iommufd = -1, .device = -1 };
	for (int i = 0; i < HANDOVER_MEMFDS; i++)
		out->memfd[i] = -1;
	if (!get_number("LISTEN_PID", &pid) ||
	    !get_number("LISTEN_FDS", &count) || !names)
		return fail("no descriptors were handed over: LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES is missing (is this started by 'holdfast restore'?)");
	if (pid != getpid())
		return fail("the descriptors were handed to process %ld, not to this one",
			    pid);

	for (int fd = FIRST_FD; fd < FIRST_FD + count && !ret; fd++) {
		if (!*names)
			return fail("%ld descriptors were handed over, but not that many names",
				    count);
		names = next_name(names, name);
		restore_colons(name);
		if (fcntl(fd, F_SETFD, FD_CLOEXEC))
			return fail("descriptor %d ('%s') is not open", fd,
				    name);
		ret = place(out, memfds, name, fd);
	}
	if (!ret && *names)
		ret = fail("more names than the %ld descriptors were handed over",
			   count);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return ret;
}
