/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A daemon of a test's own: it listens, and a function of the test answers. What
 * it was asked is kept in memory that both can see.
 */
#ifndef FAKE_DAEMON_H
#define FAKE_DAEMON_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast/memfd.h>
#include <holdfast/message.h>

#define FAKE_MAX	64

/* What the daemon was asked, in order; the last one counts on */
static struct fake_seen {
	unsigned int n;
	struct hf_msg q[FAKE_MAX];
} *fake_seen;

typedef void (*fake_fn)(int fd, const struct hf_msg *q);

static inline void fake_serve(int fd, fake_fn fn)
{
	struct hf_msg q;
	int got;

	while (hf_msg_recv(fd, &q, &got, NULL) == 1) {
		if (got >= 0)
			close(got);
		fake_seen->q[__atomic_fetch_add(&fake_seen->n, 1,
						__ATOMIC_SEQ_CST) % FAKE_MAX] = q;
		fn(fd, &q);
	}
}

/* Each connection has a process of its own, so that @fn may take its time. */
static inline pid_t fake_start(const char *path, fake_fn fn)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd;
	pid_t pid;

	if (!fake_seen)
		fake_seen = mmap(NULL, sizeof(*fake_seen),
				 PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(fake_seen, 0, sizeof(*fake_seen));
	strcpy(addr.sun_path, path);
	unlink(path);
	if (l < 0 || fake_seen == MAP_FAILED ||
	    bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 8))
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		signal(SIGCHLD, SIG_IGN);
		alarm(60);
		for (;;) {
			fd = accept4(l, NULL, NULL, SOCK_CLOEXEC);
			if (!fork()) {
				alarm(60);
				close(l);
				fake_serve(fd, fn);
				_exit(0);
			}
			close(fd);
		}
	}
	setpgid(pid, pid);
	close(l);
	return pid;
}

static inline void fake_stop(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* An answer as the protocol wants it; @json: NULL for none */
static inline void fake_answer(int fd, const struct hf_msg *q, int status,
			       const char *text, const char *json)
{
	struct hf_msg a = *q;
	int report = -1;

	a.status = status;
	hf_msg_set_name(&a, "");
	hf_msg_set_text(&a, text);
	if (json)
		report = hf_memfd_sealed("report", json, strlen(json), NULL);
	hf_msg_send(fd, &a, report);
	if (json)
		close(report);
}

/* How often was @op asked? */
static inline unsigned int fake_asked(uint16_t op)
{
	unsigned int i, n = 0;

	for (i = 0; i < fake_seen->n && i < FAKE_MAX; i++)
		n += fake_seen->q[i].op == op;
	return n;
}

/* The last question of a kind, or NULL */
static inline const struct hf_msg *fake_last(uint16_t op)
{
	unsigned int i = fake_seen->n < FAKE_MAX ? fake_seen->n : FAKE_MAX;

	while (i--)
		if (fake_seen->q[i].op == op)
			return &fake_seen->q[i];
	return NULL;
}

#endif
