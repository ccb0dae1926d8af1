// SPDX-License-Identifier: GPL-2.0-only
/* The process that starts survivors for another one. See launcher.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <holdfast/exitcode.h>
#include <holdfast/fdpass.h>
#include <holdfast/launcher.h>
#include <holdfast/survivor.h>

#define FD_SOCKET	3
#define TEXT_MAX	1024
/* Over what it takes to start one */
#define MARGIN_S	30
#define GONE		"the launcher does not answer: was it killed? holdfastd starts anew; try again"

/* One datagram each way; descriptors but that of @ready come along. */
struct request {
	uint32_t n_fds;
	uint32_t ready;
	uint32_t n_args;
	uint32_t len;
	char text[TEXT_MAX];	/* arguments, each with its terminator */
};

struct reply {
	int32_t ret;		/* process ID, whose pidfd comes along, or errno */
	char text[TEXT_MAX];
};

static int to_launcher = -1;

bool launcher_there(void)
{
	return to_launcher >= 0;
}

int launcher_socket(void)
{
	return to_launcher;
}

/* --- the process itself --- */

static void answer(int ret, const struct hf_error *err, int pidfd)
{
	struct reply a = { .ret = ret };

	if (ret < 0)
		snprintf(a.text, sizeof(a.text), "%.*s", TEXT_MAX - 1,
			 err->text);
	hf_fdpass_send(FD_SOCKET, &a, sizeof(a), &pidfd, ret > 0);
}

static int start(const struct request *q, const int *got, size_t n,
		 int *pidfd, struct hf_error *err)
{
	const char *args[SURVIVOR_ARGS + 1] = {};
	int fds[HF_FDPASS_MAX + 1];
	const char *p = q->text;
	size_t i, k = 0;

	if (q->n_fds != n + 1 || q->ready > n || !q->n_args ||
	    q->n_args > SURVIVOR_ARGS || q->len > TEXT_MAX || !q->len ||
	    q->text[q->len - 1])
		return hf_fail(err, -EPROTO, "the launcher was asked nonsense");
	for (i = 0; i < q->n_args; i++) {
		if (p >= q->text + q->len)
			return hf_fail(err, -EPROTO,
				       "the launcher was asked nonsense");
		args[i] = p;
		p += strlen(p) + 1;
	}
	for (i = 0; i <= n; i++)
		fds[i] = i == q->ready ? -1 : got[k++];
	return survivor_fork(args, fds, n + 1, q->ready, pidfd, err);
}

int launcher_main(int argc, char **argv)
{
	int got[HF_FDPASS_MAX], pidfd, ret;
	struct hf_error err;
	struct request q;
	size_t n, i;
	ssize_t len;

	(void)argv;
	if (argc != 1 || fcntl(FD_SOCKET, F_GETFD) < 0) {
		fprintf(stderr, "launcher: this is started by holdfastd, not by people\n");
		return EXIT_USAGE;
	}
	fcntl(FD_SOCKET, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_NAME, "holdfast-launch");
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* What it starts ends by itself or is told to; nobody waits. */
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		n = HF_FDPASS_MAX;
		memset(&q, 0, sizeof(q));
		len = hf_fdpass_recv(FD_SOCKET, &q, sizeof(q), got, &n);
		if (len <= 0)
			return EXIT_DONE;
		pidfd = -1;
		ret = start(&q, got, n, &pidfd, &err);
		for (i = 0; i < n; i++)
			close(got[i]);
		answer(ret, &err, pidfd);
		if (pidfd >= 0)
			close(pidfd);
	}
}

/* --- who asks it --- */

int launcher_start(struct hf_error *err)
{
	const struct timeval limit = {
		.tv_sec = survivor_start_ms / 1000 + MARGIN_S,
	};
	const char *const args[] = { "launcher", NULL };
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return hf_fail(err, -errno, "socketpair: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		survivor_exec("holdfast-launcher", args, &pair[1], 1);
		_exit(127);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return hf_fail(err, -EAGAIN, "cannot start the launcher: fork: %s",
			       strerror(errno));
	}
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	to_launcher = pair[0];
	return 0;
}

static int pack(struct request *q, const char *const *args)
{
	size_t len;

	for (; args[q->n_args]; q->n_args++) {
		len = strlen(args[q->n_args]) + 1;
		if (q->n_args == SURVIVOR_ARGS || q->len + len > TEXT_MAX)
			return -E2BIG;
		memcpy(q->text + q->len, args[q->n_args], len);
		q->len += (uint32_t)len;
	}
	return 0;
}

pid_t launcher_ask(const char *const *args, const int *fds, size_t n,
		   size_t ready, int *pidfd, struct hf_error *err)
{
	struct request q = { .n_fds = (uint32_t)n, .ready = (uint32_t)ready };
	int out[HF_FDPASS_MAX], got = -1, ret;
	size_t i, k = 0, one = 1;
	struct reply a = {};
	ssize_t len;

	ret = n > HF_FDPASS_MAX ? -E2BIG : pack(&q, args);
	for (i = 0; !ret && i < n; i++)
		if (i != ready)
			out[k++] = fds[i];
	if (!ret)
		ret = hf_fdpass_send(to_launcher, &q, sizeof(q), out, k);
	if (ret == -EPIPE)
		return hf_fail(err, ret, GONE);
	if (ret)
		return hf_fail(err, ret, "the launcher cannot be asked for the %s: %s",
			       args[0], strerror(-ret));
	len = hf_fdpass_recv(to_launcher, &a, sizeof(a), &got, &one);
	if (len != sizeof(a) || (a.ret > 0) != (one == 1)) {
		/* An answer that comes later would be taken for the next. */
		shutdown(to_launcher, SHUT_RDWR);
		if (one && got >= 0)
			close(got);
		return hf_fail(err, len == -EAGAIN ? -ETIMEDOUT : -EPIPE,
			       GONE);
	}
	if (a.ret < 0)
		return hf_fail(err, a.ret, "%.*s", TEXT_MAX - 1, a.text);
	if (pidfd)
		*pidfd = got;
	else
		close(got);
	return a.ret;
}
