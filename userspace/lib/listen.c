// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Descriptors by the LISTEN_FDS protocol: LISTEN_PID is this process, descriptors
 * 3 onward are open, and LISTEN_FDNAMES has a name for each, separated by colons.
 *
 * A device is named by its address. As that has colons itself, they are written
 * as '_' ("0000_00_02.0"); left as they are they are understood, too, because an
 * address has a fixed shape. It is called "0000_00_02.0" here in either case.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/vfio.h>

#include "client.h"

#define FIRST_FD	3

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

static bool is_address(const char *text)
{
	static const char shape[] = "xxxx:xx:xx.x";
	size_t i;

	for (i = 0; shape[i]; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)text[i]) :
				      text[i] != shape[i])
			return false;
	return !text[i] || text[i] == ':';
}

/* Cuts the next name off a list. Return: the rest, or NULL if it is too long */
static const char *next_name(const char *list, char name[HF_PROTO_NAME])
{
	size_t len = strcspn(list, ":"), i;
	bool address = is_address(list);

	if (address)
		len = strlen("0000:00:00.0");
	if (len >= HF_PROTO_NAME)
		return NULL;
	for (i = 0; i < len; i++)
		name[i] = address && list[i] == ':' ? '_' : list[i];
	name[len] = '\0';
	list += len;
	return *list == ':' ? list + 1 : list;
}

int hf_kind(int fd)
{
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return HOLDFAST_MEMFD;
	if (hf_iommu_is(fd))
		return HOLDFAST_IOMMUFD;
	return hf_vfio_is_bound(fd) ? HOLDFAST_DEVICE : HOLDFAST_OTHER;
}

static int take_one(struct holdfast *hf, int fd, const char *name,
		    struct hf_error *err)
{
	struct hf_item *item;

	if (!hf_item_name_valid(name))
		return hf_fail(err, -EINVAL,
			       "LISTEN_FDNAMES: \"%s\" is not a name", name);
	if (hf_item_find(hf, name))
		return hf_fail(err, -EEXIST,
			       "two descriptors named \"%s\" were handed over",
			       name);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC))
		return hf_fail(err, -errno,
			       "descriptor %d (\"%s\") was said to be handed over: %s",
			       fd, name, strerror(errno));
	item = hf_item_add(hf, name, fd, err);
	if (!item)
		return -ENOMEM;
	item->kind = hf_kind(fd);
	return 0;
}

static int take_all(struct holdfast *hf, long count, const char *names,
		    struct hf_error *err)
{
	char name[HF_PROTO_NAME];
	int fd, ret;

	for (fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
		if (!*names)
			return hf_fail(err, -EINVAL,
				       "%ld descriptors were handed over, but not that many names",
				       count);
		names = next_name(names, name);
		if (!names)
			return hf_fail(err, -EINVAL,
				       "LISTEN_FDNAMES: a name is longer than %d characters",
				       HF_PROTO_NAME - 1);
		ret = take_one(hf, fd, name, err);
		if (ret)
			return ret;
	}
	if (*names)
		return hf_fail(err, -EINVAL,
			       "more names than the %ld descriptors were handed over",
			       count);
	return 1;
}

int hf_listen_take(struct holdfast *hf, struct hf_error *err)
{
	const char *names = getenv("LISTEN_FDNAMES");
	long pid, count;
	int ret;

	/* Those of a parent are not meant */
	if (!get_number("LISTEN_PID", &pid) || pid != getpid() ||
	    !get_number("LISTEN_FDS", &count))
		return 0;
	if (!names || count < 1 || count > HF_ITEMS_MAX)
		ret = hf_fail(err, -EINVAL,
			      "LISTEN_FDS says %ld descriptors, %s names: was this started by \"holdfast restore\"?",
			      count, names ? "with" : "without");
	else
		ret = take_all(hf, count, names, err);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return ret;
}
