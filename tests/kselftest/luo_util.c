// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/liveupdate.h>

#include "util.h"

int luo_open(void)
{
	int fd = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int luo_create_session(int luo, const char *name)
{
	struct liveupdate_ioctl_create_session cmd = { .size = sizeof(cmd) };

	/* Not terminated if it is too long: that is for the kernel to find */
	memcpy(cmd.name, name, strnlen(name, sizeof(cmd.name)));
	return ioctl(luo, LIVEUPDATE_IOCTL_CREATE_SESSION, &cmd) ? -errno : cmd.fd;
}

int luo_retrieve_session(int luo, const char *name)
{
	struct liveupdate_ioctl_retrieve_session cmd = { .size = sizeof(cmd) };

	memcpy(cmd.name, name, strnlen(name, sizeof(cmd.name)));
	return ioctl(luo, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &cmd) ? -errno : cmd.fd;
}

int luo_preserve_fd(int session, int fd, __u64 token)
{
	struct liveupdate_session_preserve_fd cmd = {
		.size = sizeof(cmd),
		.fd = fd,
		.token = token,
	};

	return ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &cmd) ? -errno : 0;
}

int luo_retrieve_fd(int session, __u64 token)
{
	struct liveupdate_session_retrieve_fd cmd = {
		.size = sizeof(cmd),
		.token = token,
	};

	return ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &cmd) ? -errno : cmd.fd;
}

int luo_finish(int session)
{
	struct liveupdate_session_finish cmd = { .size = sizeof(cmd) };

	return ioctl(session, LIVEUPDATE_SESSION_FINISH, &cmd) ? -errno : 0;
}

int luo_get_name(int session, char *name, size_t len)
{
	struct liveupdate_session_get_name cmd = { .size = sizeof(cmd) };

	if (ioctl(session, LIVEUPDATE_SESSION_GET_NAME, &cmd))
		return -errno;
	snprintf(name, len, "%s", (char *)cmd.name);
	return 0;
}
