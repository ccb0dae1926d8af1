// SPDX-License-Identifier: GPL-2.0-only
/*
 * The holder: the process that keeps a session open until the reboot.
 *
 * LUO drops a session when its last descriptor is closed, so some process must
 * have it open at the moment of the reboot call. This one does nothing else. It
 * is made to outlive the end of a system's services and to be in nobody's way:
 *
 *  - argv[0] begins with '@': systemd-shutdown spares such processes of root;
 *  - SIGTERM, SIGHUP and SIGINT are ignored: a stray one would cost the update
 *    silently. It ends by "holdfast cancel" only (or by SIGKILL, which is a
 *    cancel as well: the kernel gives everything back);
 *  - it runs from a memfd, statically linked, locked in memory, with / as its
 *    folder and no file of a disk open, so that file systems can be unmounted
 *    under it;
 *  - the OOM killer does not choose it.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast/exitcode.h>
#include <holdfast/fdpass.h>
#include <holdfast/holder.h>
#include <holdfast/spawn.h>

#include "holder_proto.h"

enum {
	FD_SESSION = 3,
	FD_LISTEN,
	FD_READY,
	FD_MANIFEST,
	FD_IOMMUFD,
};

#define HOLDER_ARGV0	"@holdfast"
#define MAX_CLIENTS	16
#ifndef MFD_EXEC
#define MFD_EXEC	0x0010U
#endif

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

/*
 * A copy of this program in a sealed memfd; -1 when that cannot be made, and the
 * holder then runs from the file.
 */
static int copy_of_self(void)
{
	struct stat st;
	off_t at = 0;
	int src, fd;

	src = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (src < 0)
		return -1;
	fd = memfd_create("holdfast",
			  MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (fd < 0 || fstat(src, &st))
		goto fail;
	while (at < st.st_size)
		if (sendfile(fd, src, &at, (size_t)(st.st_size - at)) <= 0)
			goto fail;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
				   F_SEAL_SEAL))
		goto fail;
	close(src);
	return fd;
fail:
	close(src);
	if (fd >= 0)
		close(fd);
	return -1;
}

static void exec_holder(const char *socket, const char *name, const int *fds,
			size_t n)
{
	char count[16];
	char *argv[] = {
		(char *)HOLDER_ARGV0, (char *)"holder",
		(char *)"--session", (char *)name,
		(char *)"--socket", (char *)socket,
		(char *)"--iommufds", count, NULL,
	};
	char *envp[] = { NULL };
	int self;

	snprintf(count, sizeof(count), "%zu", n - (FD_IOMMUFD - FD_SESSION));
	setsid();
	self = copy_of_self();
	if (self >= 0)
		self = fcntl(self, F_DUPFD_CLOEXEC, FD_SESSION + (int)n);
	if (spawn_place(fds, n))
		return;
	if (self >= 0)
		fexecve(self, argv, envp);
	execve("/proc/self/exe", argv, envp);
}

pid_t holder_start(const char *socket, const char *name, int session,
		   int listener, int manifest, const int *iommufd, size_t n,
		   struct hf_error *err)
{
	size_t total = FD_IOMMUFD - FD_SESSION + n;
	int *fds = calloc(total, sizeof(*fds));
	char text[256];
	int ready[2];
	ssize_t got;
	pid_t pid;

	if (!fds || pipe2(ready, O_CLOEXEC)) {
		free(fds);
		return hf_fail(err, -ENOMEM, "cannot start the holder");
	}
	fds[FD_SESSION - FD_SESSION] = session;
	fds[FD_LISTEN - FD_SESSION] = listener;
	fds[FD_READY - FD_SESSION] = ready[1];
	fds[FD_MANIFEST - FD_SESSION] = manifest;
	memcpy(fds + (FD_IOMMUFD - FD_SESSION), iommufd, n * sizeof(*fds));

	fflush(NULL);
	pid = fork();
	if (!pid) {
		exec_holder(socket, name, fds, total);
		_exit(127);
	}
	free(fds);
	close(ready[1]);
	if (pid < 0) {
		close(ready[0]);
		return hf_fail(err, -EAGAIN, "cannot start the holder: fork: %s",
			       strerror(errno));
	}
	do {
		got = read(ready[0], text, sizeof(text) - 1);
	} while (got < 0 && errno == EINTR);
	close(ready[0]);
	if (got == 1 && text[0] == 'R')
		return pid;
	text[got > 0 ? got : 0] = '\0';
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return hf_fail(err, -ECHILD, "the holder did not start%s%s",
		       text[0] ? ": " : "", text);
}

/* --- the holder itself --- */

struct client {
	int fd;
};

static struct client clients[MAX_CLIENTS];
static size_t n_clients;

static void not_ready(const char *what)
{
	dprintf(FD_READY, "%s: %s", what, strerror(errno));
	_exit(EXIT_FAILED);
}

static void settle(void)
{
	static const int ignored[] = { SIGTERM, SIGHUP, SIGINT, SIGPIPE,
				       SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM };
	size_t i;
	int fd;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "holdfast");
	umask(077);
	if (chdir("/"))
		not_ready("chdir");
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		not_ready("/dev/null");
	close(fd);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		/* Without it the holder works, only less safely. */
		if (write(fd, "-1000", 5) < 0)
			errno = 0;
		close(fd);
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		not_ready("mlockall");
}

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
	settle();
	if (write(FD_READY, "R", 1) != 1)
		_exit(EXIT_FAILED);
	close(FD_READY);
	loop(socket, n_iommufd);
	return EXIT_FAILED;
}
