// SPDX-License-Identifier: GPL-2.0-only
/*
 * The holder: the process that keeps a session open until the reboot.
 *
 * LUO drops a session when its last descriptor is closed, so some process must
 * have it open at the moment of the reboot call. This one does nothing else, and
 * outlives the services (survivor.c). It ends by "holdfast cancel" only, or by
 * SIGKILL, which is a cancel as well: the kernel gives everything back.
 *
 * It starts with these descriptors: 3 session, 4 listening socket, 5 pipe to
 * report that it is ready, 6 manifest, 7... iommufds. The iommufds are there for
 * "verify"; the session has its own references. /dev/liveupdate, which one
 * process at a time can have open, is left to others and their sessions.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <holdfast/exitcode.h>
#include <holdfast/fdpass.h>
#include <holdfast/holder.h>
#include <holdfast/survivor.h>

#include "holder_proto.h"

enum {
	FD_SESSION = 3,
	FD_LISTEN,
	FD_READY,
	FD_MANIFEST,
	FD_IOMMUFD,
};

#define MAX_CLIENTS	16

/* --- the side that starts it --- */

/* 1 if somebody listens there, 0 if the socket is left over from a dead one */
static int is_served(const struct sockaddr_un *addr)
{
	int fd, ret = 1;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* EAGAIN: it has as many who wait as it allows */
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
	    errno != EAGAIN && errno != EPROTOTYPE)
		ret = errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
	close(fd);
	return ret;
}

int holder_listen(const char *path, struct hf_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return hf_fail(err, -ENAMETOOLONG,
			       "socket path %s is too long", path);
	strcpy(addr.sun_path, path);
	if (!lstat(path, &st)) {
		if (!S_ISSOCK(st.st_mode))
			return hf_fail(err, -EEXIST,
				       "%s exists and is no socket: take another --socket or remove it",
				       path);
		ret = is_served(&addr);
		if (ret < 0)
			return hf_fail(err, ret, "socket %s: %s", path,
				       strerror(-ret));
		if (ret)
			return hf_fail(err, -EBUSY,
				       "%s is in use: a holder has a session already.\n\"holdfast status\" shows it and \"holdfast cancel\" ends it; another session needs another --session and --socket",
				       path);
		unlink(path);
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hf_fail(err, -errno, "socket: %s", strerror(errno));
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!ret && listen(fd, MAX_CLIENTS)) {
		ret = -errno;
		unlink(path);
	}
	if (ret) {
		close(fd);
		return hf_fail(err, ret, "cannot listen on %s: %s", path,
			       strerror(-ret));
	}
	return fd;
}

pid_t holder_start(const char *socket, const char *name, int session,
		   int listener, int manifest, const int *iommufd, size_t n,
		   int *pidfd, struct hf_error *err)
{
	const char *const args[] = {
		"holder", "--session", name, "--socket", socket, "--iommufds",
		NULL, NULL,
	};
	const char *argv[sizeof(args) / sizeof(args[0])];
	int fds[FD_IOMMUFD - FD_SESSION + HF_FDPASS_MAX];
	char count[16];

	memcpy(argv, args, sizeof(args));
	snprintf(count, sizeof(count), "%zu", n);
	argv[6] = count;
	fds[FD_SESSION - FD_SESSION] = session;
	fds[FD_LISTEN - FD_SESSION] = listener;
	fds[FD_READY - FD_SESSION] = -1;
	fds[FD_MANIFEST - FD_SESSION] = manifest;
	if (n)
		memcpy(fds + (FD_IOMMUFD - FD_SESSION), iommufd,
		       n * sizeof(*fds));
	return survivor_start(argv, fds, FD_IOMMUFD - FD_SESSION + n,
			      FD_READY - FD_SESSION, pidfd, err);
}

/* --- the holder itself --- */

struct client {
	int fd;
};

static struct client clients[MAX_CLIENTS];
static size_t n_clients;

static bool is_root(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       cred.uid == 0;
}

static void add_client(void)
{
	int fd = accept4(FD_LISTEN, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (n_clients == MAX_CLIENTS || !is_root(fd)) {
		close(fd);
		return;
	}
	clients[n_clients++].fd = fd;
}

static void drop_client(size_t i)
{
	close(clients[i].fd);
	clients[i] = clients[--n_clients];
}

/* @with: the manifest and so many iommufds go along, -1: nothing does */
static void answer(int fd, int status, int with)
{
	struct holder_reply r = {
		.magic = HOLDER_MAGIC,
		.version = HOLDER_VERSION,
		.status = status,
		.pid = getpid(),
	};
	int fds[HF_FDPASS_MAX];
	size_t n = 0;
	int i;

	if (with >= 0)
		fds[n++] = FD_MANIFEST;
	for (i = 0; i < with; i++)
		fds[n++] = FD_IOMMUFD + i;
	hf_fdpass_send(fd, &r, sizeof(r), fds, n);
}

/* Returns false when the client is to be dropped. */
static bool serve(int fd, const char *socket, size_t n_iommufd)
{
	struct holder_request r;
	size_t none = 0;
	ssize_t n = hf_fdpass_recv(fd, &r, sizeof(r), NULL, &none);

	if (n == -EAGAIN)
		return true;
	if (n != sizeof(r) || r.magic != HOLDER_MAGIC)
		return false;
	if (r.version != HOLDER_VERSION || r.reserved) {
		answer(fd, -EPROTONOSUPPORT, -1);
		return false;
	}
	switch (r.op) {
	case HOLDER_GET:
		answer(fd, 0, (int)n_iommufd);
		return true;
	case HOLDER_CANCEL:
		/*
		 * The last reference: the kernel gives everything back before
		 * close() returns. Only then is it said to be done.
		 */
		close(FD_SESSION);
		unlink(socket);
		answer(fd, 0, -1);
		_exit(EXIT_DONE);
	default:
		answer(fd, -EOPNOTSUPP, -1);
		return true;
	}
}

static void loop(const char *socket, size_t n_iommufd)
{
	struct pollfd p[MAX_CLIENTS + 1];
	size_t i, n;

	for (;;) {
		p[0].fd = FD_LISTEN;
		p[0].events = POLLIN;
		for (i = 0; i < n_clients; i++) {
			p[i + 1].fd = clients[i].fd;
			p[i + 1].events = POLLIN;
		}
		n = n_clients;
		if (poll(p, n + 1, -1) < 0)
			continue;
		/* From the end: dropping moves the last one into the gap. */
		for (i = n; i-- > 0;)
			if (p[i + 1].revents &&
			    !serve(clients[i].fd, socket, n_iommufd))
				drop_client(i);
		if (p[0].revents)
			add_client();
	}
}

static int bad_call(void)
{
	fprintf(stderr, "holder: this is started by who preserves, not by people\n");
	return EXIT_USAGE;
}

int holder_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "session", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'p' },
		{ "iommufds", required_argument, NULL, 'n' },
		{}
	};
	const char *socket = NULL;
	size_t n_iommufd = HF_FDPASS_MAX;
	int opt;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case 's':	/* for people who look at the process */
			break;
		case 'p':
			socket = optarg;
			break;
		case 'n':
			n_iommufd = strtoul(optarg, NULL, 10);
			break;
		default:
			return bad_call();
		}
	}
	if (!socket || n_iommufd >= HF_FDPASS_MAX ||
	    fcntl(FD_SESSION, F_GETFD) < 0 || fcntl(FD_READY, F_GETFD) < 0)
		return bad_call();
	survivor_settle(FD_READY);
	survivor_ready(FD_READY);
	loop(socket, n_iommufd);
	return EXIT_FAILED;
}
