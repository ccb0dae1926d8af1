// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel with live update for holdfastd, which is linked with --wrap of ioctl,
 * open and held_connect: a folder, $FAKE_LUO. In it, "out/NAME" is a session that is being
 * filled, "in/NAME" one that the previous kernel left; the test moves them, and
 * that is its kexec. A file of such a folder is what was preserved under a token.
 *
 *   busy		/dev/liveupdate is somebody else's
 *   fail-NAME		session NAME cannot be retrieved: its text is the errno
 *   finish-NAME	session NAME cannot be finished: likewise
 *   deaf-SOCKET	the holder there cannot be asked what it has
 *   boot_id		is that of this kernel
 *
 * A session of "out" lives as long as somebody has it open: a lock on its folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#include <holdfast/holder.h>
#include <holdfast/luo.h>

int __real_ioctl(int fd, unsigned long op, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long op, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_held_connect(const char *socket, const char *session,
			struct held *h, struct hf_error *err);
int __wrap_held_connect(const char *socket, const char *session,
			struct held *h, struct hf_error *err);

static int fails(int code)
{
	errno = code;
	return -1;
}

/* The number in a file of the fake, or 0 */
static int told(int dir, const char *what, const char *name)
{
	char path[128], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "%s-%s", what, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoi(text);
}

static int create(int luo, struct liveupdate_ioctl_create_session *arg)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "out/%s", (char *)arg->name);
	if (mkdirat(luo, path, 0700) && errno != EEXIST)
		return -1;
	fd = openat(luo, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return fails(EEXIST);
	}
	arg->fd = fd;
	return 0;
}

static int retrieve(int luo, struct liveupdate_ioctl_retrieve_session *arg)
{
	int code = told(luo, "fail", (char *)arg->name), fd;
	char path[128];

	if (code)
		return fails(code);
	snprintf(path, sizeof(path), "in/%s", (char *)arg->name);
	fd = openat(luo, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!faccessat(fd, "finished", F_OK, 0)) {
		close(fd);
		return fails(ENOENT);
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return fails(EBUSY);
	}
	arg->fd = fd;
	return 0;
}

static int copy(int from, int to)
{
	char buf[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (pwrite(to, buf, (size_t)n, at) != n)
			return -1;
		at += n;
	}
	return n ? -1 : 0;
}

static int preserve(int session, const struct liveupdate_session_preserve_fd *arg)
{
	char name[32];
	int fd, ret;

	snprintf(name, sizeof(name), "%llu", (unsigned long long)arg->token);
	fd = openat(session, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	ret = copy(arg->fd, fd);
	close(fd);
	return ret;
}

static int retrieve_fd(int session, struct liveupdate_session_retrieve_fd *arg)
{
	char name[32];
	int fd, ret;

	snprintf(name, sizeof(name), "%llu", (unsigned long long)arg->token);
	fd = openat(session, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	arg->fd = memfd_create("fake", MFD_CLOEXEC);
	ret = arg->fd < 0 ? -1 : copy(fd, arg->fd);
	close(fd);
	return ret;
}

static int finish(int session)
{
	char link[64], path[PATH_MAX];
	int fd, up, code;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", session);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return -1;
	path[n] = '\0';
	up = openat(session, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	code = told(up, "finish", strrchr(path, '/') + 1);
	close(up);
	if (code)
		return fails(code);
	fd = openat(session, "finished", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int __wrap_ioctl(int fd, unsigned long op, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, op);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (op) {
	case LIVEUPDATE_IOCTL_CREATE_SESSION:
		return create(fd, arg);
	case LIVEUPDATE_IOCTL_RETRIEVE_SESSION:
		return retrieve(fd, arg);
	case LIVEUPDATE_SESSION_PRESERVE_FD:
		return preserve(fd, arg);
	case LIVEUPDATE_SESSION_RETRIEVE_FD:
		return retrieve_fd(fd, arg);
	case LIVEUPDATE_SESSION_FINISH:
		return finish(fd);
	default:
		return __real_ioctl(fd, op, arg);
	}
}

static int open_luo(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/busy", dir);
	if (!access(path, F_OK))
		return fails(EBUSY);
	fd = __real_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return fails(EBUSY);
	}
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	const char *dir = getenv("FAKE_LUO");
	char other[256];
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if (dir && !strcmp(path, HF_LUO_DEV))
		return open_luo(dir);
	if (dir && !strcmp(path, "/proc/sys/kernel/random/boot_id")) {
		snprintf(other, sizeof(other), "%s/boot_id", dir);
		if (!access(other, F_OK))
			path = other;
	}
	return __real_open(path, flags, mode);
}

int __wrap_held_connect(const char *socket, const char *session,
			struct held *h, struct hf_error *err)
{
	const char *dir = getenv("FAKE_LUO");
	char path[256];

	snprintf(path, sizeof(path), "%s/deaf-%s", dir ? dir : "",
		 strrchr(socket, '/') + 1);
	if (!access(path, F_OK)) {
		h->sock = -1;
		return hf_fail(err, -ETIMEDOUT, "the holder does not answer");
	}
	return __real_held_connect(socket, session, h, err);
}
