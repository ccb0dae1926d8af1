/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running the daemon from a test, in a folder of its own, and asking it.
 * $HOLDFASTD names it.
 */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

#include <holdfast/clock.h>
#include <holdfast/memfd.h>
#include <holdfast/message.h>

#include "ktap.h"

static char dir[64];
static pid_t daemon_pid;

static inline const char *path_of(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* In the folder of the test; the last eight stay valid. */
static inline const char *path_of(const char *fmt, ...)
{
	static char buf[8][256];
	static unsigned int at;
	char *p = buf[at++ % 8];
	size_t n = (size_t)snprintf(p, 256, "%s/", dir);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p + n, 256 - n, fmt, ap);
	va_end(ap);
	return p;
}

static inline void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static inline char *read_text(const char *path)
{
	static char buf[1 << 20];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;

	if (f)
		fclose(f);
	buf[n] = '\0';
	return buf;
}

/* --- the daemon --- */

static inline int dial(void)
{
	/* Several times what it waits for a holder that does not answer */
	const struct timeval limit = { .tv_sec = 60 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path_of("s"));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static inline int wait_for_end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* Runs it until it ends (@more: --check), what it says is in the file "log". */
static inline pid_t run(const char *more)
{
	const char *program = getenv("HOLDFASTD");
	const char *argv[] = {
		program, "--socket", path_of("s"), "--run-dir", path_of("run"),
		"--state-dir", path_of("state"), "--config", NULL, more, NULL,
	};
	char config[256];
	pid_t pid;

	snprintf(config, sizeof(config), "%s", path_of("conf"));
	argv[8] = config;
	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	if (!freopen(path_of("log"), "a", stderr))
		_exit(99);
	execv(program, (char **)argv);
	_exit(98);
}

/* SIGTERM: it ends well, and with no complaint of a sanitizer. */
static inline void stop(void)
{
	kill(daemon_pid, SIGTERM);
	CHECK(wait_for_end(daemon_pid) == 0);
	CHECK(!strstr(read_text(path_of("log")), "Sanitizer"));
}

/* A folder without anything of the tests before */
static inline void fresh(void)
{
	char command[128];

	if (dir[0]) {
		snprintf(command, sizeof(command), "rm -rf %s", dir);
		CHECK(!system(command));
	}
	strcpy(dir, "/tmp/hf-daemon-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		abort();
}

/* --- asking --- */

static inline bool ask(int fd, unsigned int op, const char *name, uint64_t arg,
		int out, struct hf_msg *a, int *got)
{
	struct hf_msg q;
	int in;

	hf_msg_init(&q, op, 5);
	hf_msg_set_name(&q, name);
	q.arg[0] = arg;
	if (hf_msg_send(fd, &q, out))
		return false;
	do {
		if (hf_msg_recv(fd, a, &in, NULL) <= 0)
			return false;
		if (got)
			*got = in;
		else if (in >= 0)
			close(in);
	} while (!a->serial);
	return a->op == op && a->serial == 5;
}

/* The status of the answer, 1 when it was disconnected */
static inline int status_of(int fd, unsigned int op, const char *name, uint64_t arg,
		     int out)
{
	struct hf_msg a;

	return ask(fd, op, name, arg, out, &a, NULL) ? a.status : 1;
}

static inline bool start(void)
{
	double until = hf_now_ms() + 10000;
	int fd;

	if (access(path_of("conf"), F_OK))
		write_text(path_of("conf"), "");
	daemon_pid = run(NULL);
	while ((fd = dial()) < 0 && hf_now_ms() < until)
		usleep(5000);
	if (fd >= 0) {
		/* It answers once all is done that comes before. */
		CHECK(status_of(fd, HF_CTL_STATUS, "", 0, -1) == 0);
		close(fd);
	} else {
		kill(daemon_pid, SIGKILL);
		wait_for_end(daemon_pid);
	}
	return CHECK(fd >= 0);
}

static inline int hello(const char *name)
{
	int fd = dial();

	CHECK(status_of(fd, HF_OP_HELLO, name, 0, -1) == 0);
	return fd;
}

static inline struct json_object *report(void)
{
	struct json_object *o = NULL;
	struct hf_msg a;
	size_t len;
	int fd = dial(), got = -1;
	void *text;

	if (CHECK(ask(fd, HF_CTL_STATUS, "", 0, -1, &a, &got) && !a.status &&
		  got >= 0) &&
	    CHECK(!hf_memfd_read(got, 1 << 20, &text, &len, NULL))) {
		char *copy = strndup(text, len);

		o = json_tokener_parse(copy);
		free(copy);
		free(text);
	}
	CHECK(o);
	if (got >= 0)
		close(got);
	close(fd);
	return o;
}

/* What the report has at "key", or "key.key", or "key.0.key"; "" if nothing */
static inline const char *at(struct json_object *o, const char *path)
{
	char copy[128], *word, *rest;

	snprintf(copy, sizeof(copy), "%s", path);
	for (word = strtok_r(copy, ".", &rest); word && o;
	     word = strtok_r(NULL, ".", &rest)) {
		if (json_object_is_type(o, json_type_array))
			o = json_object_array_get_idx(o, (size_t)atoi(word));
		else if (!json_object_object_get_ex(o, word, &o))
			o = NULL;
	}
	return o ? json_object_get_string(o) : "";
}

static inline int some_memfd(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || fallocate(fd, 0, 0, 4096))
		abort();
	return fd;
}

#endif
