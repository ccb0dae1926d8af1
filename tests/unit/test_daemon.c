// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfastd as a process, on a machine without live update: configuration,
 * clients, names, the record of an update that was lost, files that are damaged,
 * and programs that break its rules. $HOLDFASTD and $ROGUE are run; what needs a
 * kernel is in tests/vm.
 */
#include <grp.h>
#include <netinet/in.h>

#include <linux/capability.h>
#include <dirent.h>
#include <sys/syscall.h>

#include "daemon_run.h"

/* --- tests --- */

static void configuration(void)
{
	static const struct {
		const char *text, *want;
	} v[] = {
		{ "", NULL },
		{ "# nothing\n\n  \n", NULL },
		{ "ready-timeout-ms = 5000 # ms\nretry-ms=0\n", NULL },
		{ "users = all\nlog-level = debug\n", NULL },
		{ "users = 0 1000-1999 7\n", NULL },
		{ "retry-ms = 60001\n", "conf:1: retry-ms takes 0 to 60000" },
		{ "\nhistory = 0\n", "conf:2: history takes 1 to" },
		{ "history = -1\n", "not \"-1\"" },
		{ "history = 5x\n", "not \"5x\"" },
		{ "history =\n", "not \"\"" },
		{ "history\n", "\"history\" is no \"key = value\"" },
		{ "colour = red\n", "there is no key \"colour\"" },
		{ "log-level = loud\n", "log-level takes info or debug" },
		{ "users = 5-2\n", "not \"5-2\"" },
		{ "users = bob\n", "not \"bob\"" },
		{ "users = 4294967295\n", "not \"4294967295\"" },
		{ "users = \n", "users names nobody" },
	};
	char line[1024];
	size_t i;

	fresh();
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		write_text(path_of("conf"), v[i].text);
		unlink(path_of("log"));
		CHECK(wait_for_end(run("--check")) == (v[i].want ? 1 : 0));
		if (v[i].want)
			CHECK_HAS(read_text(path_of("log")), v[i].want);
	}
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	write_text(path_of("conf"), line);
	CHECK(wait_for_end(run("--check")) == 1);
	CHECK_HAS(read_text(path_of("log")), "the line is too long");
	unlink(path_of("conf"));
	CHECK(wait_for_end(run("--check")) == 1);
}

static void one_client(void)
{
	struct json_object *o;
	int fd, mem = some_memfd(), second = dup(mem), other, pipes[2];
	struct hf_msg a;

	fresh();
	if (!start())
		return;
	CHECK(!pipe(pipes));
	fd = hello("nic.0");
	CHECK(ask(fd, HF_OP_STATE, "", 0, -1, &a, NULL) &&
	      a.arg[0] == HF_CLIENT_NEW);
	CHECK(status_of(fd, HF_OP_READY, "", 0, -1) == -EINVAL);
	CHECK(status_of(fd, HF_OP_PUT, "ring", 0, -1) == -EBADF);
	CHECK(status_of(fd, HF_OP_PUT, "ring", 0, mem) == 0);
	CHECK(ask(fd, HF_OP_PUT, "copy", 0, second, &a, NULL) &&
	      a.status == -EEXIST);
	CHECK_HAS(a.text, "given already, as ring");
	CHECK(status_of(fd, HF_OP_PUT, "ring", 0, second) == -EEXIST);
	CHECK(status_of(fd, HF_OP_PUT, "a b", 0, mem) == -EINVAL);
	CHECK(status_of(fd, HF_OP_PUT, "pipe", 0, pipes[0]) == -EOPNOTSUPP);
	CHECK(status_of(fd, HF_OP_DROP, "pipe", 0, -1) == -ENOENT);
	CHECK(status_of(fd, HF_OP_READY, "", 2, -1) == -EINVAL);
	CHECK(!ftruncate(mem, 4 << 20));
	CHECK(ask(fd, HF_OP_READY, "", 0, -1, &a, NULL) &&
	      a.status == -ENODATA);
	CHECK_HAS(a.text, "memfd ring has 4190208 bytes that nobody has written");
	CHECK(!ftruncate(mem, 1 << 20));
	CHECK(status_of(fd, HF_OP_READY, "", HF_READY_UNASKED, -1) == 0);
	CHECK(status_of(fd, HF_OP_ANSWER, "", 0, -1) == -ETIMEDOUT);
	CHECK(status_of(fd, HF_OP_CLAIM, "", 0, -1) == -ENOENT);
	CHECK(status_of(fd, HF_OP_FETCH, "", 0, -1) == -ENOENT);
	CHECK(status_of(fd, HF_OP_RESUMED, "", 0, -1) == -ENOENT);

	/* Its name is its own. */
	other = dial();
	CHECK(ask(other, HF_OP_HELLO, "nic.0", 0, -1, &a, NULL) &&
	      a.status == -EBUSY);
	CHECK_HAS(a.text, "connected already, as process");
	close(other);
	o = report();
	CHECK(!strcmp(at(o, "version"), "1"));
	CHECK(!strcmp(at(o, "state"), "idle"));
	CHECK(!strcmp(at(o, "clients.0.name"), "nic.0"));
	CHECK(!strcmp(at(o, "clients.0.state"), "ready"));
	CHECK(!strcmp(at(o, "clients.0.unasked"), "true"));
	CHECK(atoi(at(o, "clients.0.pid")) == getpid());
	CHECK(!strcmp(at(o, "clients.0.descriptors.0.name"), "ring"));
	CHECK(!strcmp(at(o, "clients.0.descriptors.0.kind"), "memfd"));
	CHECK(!strcmp(at(o, "clients.0.descriptors.1.name"), ""));
	json_object_put(o);

	CHECK(status_of(fd, HF_OP_UNREADY, "", 0, -1) == 0);
	CHECK(status_of(fd, HF_OP_DROP, "ring", 0, -1) == 0);
	close(fd);
	/* Gone, and all that it gave */
	do {
		o = report();
		json_object_put(o);
	} while (o && *at(o = report(), "clients.0.name") &&
		 !json_object_put(o));
	json_object_put(o);
	close(mem);
	close(second);
	close(pipes[0]);
	close(pipes[1]);
	stop();
}

/* How many clients it can have at a time */
static int crowd(void)
{
	char name[16];
	int n;

	for (n = 0; n < 20; n++) {
		snprintf(name, sizeof(name), "n%d", n);
		if (status_of(dial(), HF_OP_HELLO, name, 0, -1) == -ENOSPC)
			break;
	}
	return n;
}

/* As another user, in a child: what it exits with is the errno */
static int as_user(uid_t uid, const char *name, unsigned int op)
{
	struct hf_msg a;
	pid_t pid;
	int fd;

	fflush(NULL);
	pid = fork();
	if (pid)
		return wait_for_end(pid);
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(97);
	if (name[0] == '+')
		_exit(crowd());
	fd = dial();
	if (fd < 0)
		_exit(96);
	if (!ask(fd, op, name, 0, -1, &a, NULL))
		_exit(95);
	_exit(-a.status & 0x7f);
}

static void users(void)
{
	int fd;

	if (geteuid())
		SKIP("not root");
	fresh();
	write_text(path_of("conf"), "users = 1000-1009\n");
	if (!start())
		return;
	fd = hello("mine");
	CHECK(as_user(1000, "mine", HF_OP_HELLO) == EPERM);
	CHECK(as_user(1000, "other", HF_OP_HELLO) == 0);
	CHECK(as_user(1010, "other", HF_OP_HELLO) == EPERM);
	write_text(path_of("conf"), "clients-per-user = 3\n");
	CHECK(status_of(fd, HF_CTL_RELOAD, "", 0, -1) == 0);
	CHECK(as_user(1000, "+more", HF_OP_HELLO) == 3);
	CHECK(as_user(1000, "other", HF_OP_HELLO) == 0);
	CHECK(as_user(1000, "", HF_CTL_STATUS) == EPERM);
	CHECK(as_user(1000, "", HF_CTL_PRESERVE) == EPERM);
	CHECK(as_user(1000, "", HF_CTL_CANCEL) == EPERM);
	CHECK(as_user(1000, "", HF_CTL_KEXEC) == EPERM);
	CHECK(as_user(1000, "mine", HF_CTL_FINISH) == EPERM);
	CHECK(as_user(1000, "", HF_CTL_RELOAD) == EPERM);
	close(fd);
	stop();
}

/* Nothing to preserve with, and nothing preserved */
static void without_a_kernel(void)
{
	int fd, mem = some_memfd(), ctl;
	struct hf_msg a;

	if (!access("/dev/liveupdate", F_OK))
		SKIP("this kernel has live update");
	fresh();
	if (!start())
		return;
	CHECK_HAS(read_text(path_of("log")), "/dev/liveupdate does not exist");
	ctl = dial();
	CHECK(ask(ctl, HF_CTL_PRESERVE, "", 0, -1, &a, NULL) &&
	      a.status == -ENOENT);
	CHECK_HAS(a.text, "no client has given anything");
	fd = hello("a");
	CHECK(status_of(fd, HF_OP_PUT, "m", 0, mem) == 0);
	CHECK(status_of(fd, HF_OP_READY, "", 0, -1) == 0);
	CHECK(ask(ctl, HF_CTL_PRESERVE, "", 0, -1, &a, NULL) && a.status);
	CHECK_HAS(a.text, "/dev/liveupdate does not exist");
	CHECK(status_of(ctl, HF_CTL_CANCEL, "", 0, -1) == -ENOENT);
	CHECK(status_of(ctl, HF_CTL_KEXEC, "", 0, -1) == -ENOENT);
	CHECK(status_of(ctl, HF_CTL_REFUSED, "", 0, -1) == -ENOENT);
	CHECK(status_of(ctl, HF_CTL_FINISH, "a", 0, -1) == -ENOENT);
	CHECK(status_of(ctl, HF_CTL_FINISH, "", 0, -1) == 0);
	CHECK(status_of(ctl, HF_CTL_RESTORE, "", 0, -1) == 0);
	CHECK(status_of(fd, HF_OP_STATE, "", 0, -1) == 0);
	close(fd);
	close(ctl);
	close(mem);
	stop();
}

/* What a line of /proc/PID/status says, as a hexadecimal number */
static unsigned long long of_status(pid_t pid, const char *key)
{
	char path[64];
	char *at_key;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	at_key = strstr(read_text(path), key);
	return at_key ? strtoull(at_key + strlen(key), NULL, 16) : ~0ull;
}

/* No more rights than docs/daemon.md says, and no way to get others */
static void rights(void)
{
	const unsigned long long kept = 1ull << CAP_SYS_RAWIO |
		1ull << CAP_IPC_LOCK | 1ull << CAP_SYS_RESOURCE |
		1ull << CAP_SYSLOG;

	if (geteuid())
		SKIP("not root");
	fresh();
	if (!start())
		return;
	CHECK(!(of_status(daemon_pid, "CapPrm:") & ~kept));
	CHECK(!(of_status(daemon_pid, "CapEff:") & ~kept));
	CHECK(!(of_status(daemon_pid, "CapBnd:") & ~kept));
	CHECK(of_status(daemon_pid, "NoNewPrivs:") == 1);
	/* This process has more, or the test would say nothing. */
	CHECK(of_status(getpid(), "CapBnd:") & ~kept);
	stop();
}

/* Folders in which others could put a holder's socket, or a record */
static void folders(void)
{
	static const char *const names[] = { "run", "state", "run/sessions" };
	size_t i;

	fresh();
	if (!start())
		return;
	stop();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct stat st;

		CHECK(!stat(path_of("%s", names[i]), &st));
		CHECK(!chmod(path_of("%s", names[i]), st.st_mode | S_IWGRP));
		unlink(path_of("log"));
		CHECK(wait_for_end(run(NULL)) == 1);
		CHECK_HAS(read_text(path_of("log")), "can be written by others");
		CHECK(!chmod(path_of("%s", names[i]), st.st_mode));
	}
	if (start())
		stop();
}

/* Its log is a pipe that nobody reads and that takes no more. */
static void log_is_stopped(void)
{
	char full[4096];
	int fd;

	fresh();
	CHECK(!mkfifo(path_of("log"), 0600));
	fd = open(path_of("log"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	memset(full, '.', sizeof(full));
	while (write(fd, full, sizeof(full)) > 0)
		;
	CHECK(errno == EAGAIN);
	write_text(path_of("conf"), "log-level = debug\n");
	if (!start())
		return;
	close(hello("a"));
	/* Read again, it says how much is missing, as soon as there is more. */
	while (read(fd, full, sizeof(full)) > 0)
		;
	usleep(1100000);
	close(hello("a"));
	kill(daemon_pid, SIGTERM);
	CHECK(wait_for_end(daemon_pid) == 0);
	memset(full, 0, sizeof(full));
	CHECK(read(fd, full, sizeof(full) - 1) > 0);
	CHECK_HAS(full, "lines left out");
	close(fd);
}

static void only_one(void)
{
	pid_t first;

	fresh();
	if (!start())
		return;
	first = daemon_pid;
	CHECK(wait_for_end(run(NULL)) == 1);
	CHECK_HAS(read_text(path_of("log")), "another holdfastd runs");
	/* Killed, it leaves its socket behind, which is nobody's. */
	kill(first, SIGKILL);
	wait_for_end(first);
	if (start())
		stop();
}

static void reload(void)
{
	int ctl;
	struct hf_msg a;

	fresh();
	if (!start())
		return;
	ctl = dial();
	write_text(path_of("conf"), "history = many\n");
	CHECK(ask(ctl, HF_CTL_RELOAD, "", 0, -1, &a, NULL) &&
	      a.status == -EINVAL);
	CHECK_HAS(a.text, "conf:1: history takes");
	write_text(path_of("conf"), "log-level = debug\n");
	CHECK(status_of(ctl, HF_CTL_RELOAD, "", 0, -1) == 0);
	CHECK(status_of(ctl, HF_CTL_STATUS, "", 0, -1) == 0);
	CHECK_HAS(read_text(path_of("log")), "asks 0x200");
	close(ctl);
	stop();
}

/* --- what is left on the disk --- */

#define PENDING "{\"version\":1,\"written_by\":\"%s\"," \
	"\"id\":\"20261123T200000.123\",\"state\":\"rebooting\"," \
	"\"started_ns\":1795464000123000000," \
	"\"from\":{\"kernel\":\"7.3.4\",\"boot_id\":\"%s\"}," \
	"\"preserved_tsc\":1000,\"reboot_tsc\":2000,\"restored_tsc\":0," \
	"\"phases\":[{\"name\":\"preserve\",\"ms\":12.5}],\"steps\":[]," \
	"\"clients\":[{\"name\":\"nic\",\"uid\":%u,\"gid\":%u,\"state\":\"preserved\"}," \
	"{\"name\":\"disk\",\"uid\":4711,\"gid\":4711,\"state\":\"preserved\"}]}"

static void write_pending(const char *boot_id)
{
	char text[2048];

	snprintf(text, sizeof(text), PENDING, boot_id, boot_id, getuid(),
		 getgid());
	mkdir(path_of("state"), 0700);
	mkdir(path_of("state/history"), 0700);
	write_text(path_of("state/pending.json"), text);
}

/* The machine was reset after the reboot call was announced. */
static void lost(void)
{
	struct json_object *o;
	int fd, mem = some_memfd();
	struct hf_msg a;

	fresh();
	write_pending("another-boot");
	if (!start())
		return;
	o = report();
	CHECK(!strcmp(at(o, "state"), "lost"));
	CHECK(!strcmp(at(o, "update.id"), "20261123T200000.123"));
	CHECK(!strcmp(at(o, "update.state"), "lost"));
	CHECK(!strcmp(at(o, "update.phases.0.name"), "preserve"));
	CHECK(!strcmp(at(o, "update.clients.1.name"), "disk"));
	CHECK(!strcmp(at(o, "update.clients.1.state"), "lost"));
	CHECK(!strcmp(at(o, "clients.0.name"), "disk"));
	CHECK(!strcmp(at(o, "clients.0.uid"), "4711"));
	CHECK(!strcmp(at(o, "clients.1.state"), "lost"));
	CHECK_HAS(at(o, "clients.1.error"), "did not come through");
	json_object_put(o);
	CHECK(access(path_of("state/pending.json"), F_OK));
	CHECK(!access(path_of("state/history/20261123T200000.123.json"), F_OK));

	fd = dial();
	CHECK(ask(fd, HF_OP_HELLO, "disk", 0, -1, &a, NULL) &&
	      a.status == -EPERM);
	CHECK(ask(fd, HF_OP_HELLO, "nic", 0, -1, &a, NULL) && !a.status &&
	      a.arg[0] == HF_CLIENT_LOST);
	CHECK_HAS(a.text, "did not come through");
	CHECK(status_of(fd, HF_OP_CLAIM, "", 0, -1) == -ENODATA);
	/* It begins anew. */
	CHECK(status_of(fd, HF_OP_PUT, "m", 0, mem) == 0);
	CHECK(ask(fd, HF_OP_STATE, "", 0, -1, &a, NULL) &&
	      a.arg[0] == HF_CLIENT_NEW);
	close(fd);
	close(mem);
	fd = dial();
	CHECK(status_of(fd, HF_CTL_FINISH, "disk", 0, -1) == 0);
	close(fd);
	o = report();
	CHECK(!strcmp(at(o, "state"), "idle"));
	json_object_put(o);
	stop();

	/* Reported once, and remembered */
	if (!start())
		return;
	o = report();
	CHECK(!strcmp(at(o, "state"), "idle"));
	CHECK(!strcmp(at(o, "update.state"), "lost"));
	json_object_put(o);
	stop();
}

/* The same kernel, but nobody holds anything any more. */
static void given_back(void)
{
	struct json_object *o;
	char boot_id[64];

	fresh();
	snprintf(boot_id, sizeof(boot_id), "%.63s",
		 read_text("/proc/sys/kernel/random/boot_id"));
	boot_id[strcspn(boot_id, "\n")] = '\0';
	write_pending(boot_id);
	if (!start())
		return;
	o = report();
	CHECK(!strcmp(at(o, "state"), "idle"));
	CHECK(!strcmp(at(o, "update.state"), "cancelled"));
	CHECK_HAS(at(o, "update.error"), "holders of all sessions ended");
	json_object_put(o);
	CHECK(access(path_of("state/pending.json"), F_OK));
	stop();
}

/* Whatever is in these files: it starts, answers and ends. */
static void damaged_files(void)
{
	static const char *const whole[] = {
		"", "{", "[]", "null", "{}", "{\"version\":2}",
		"{\"version\":1}", "{\"version\":1,\"clients\":5}",
		"{\"version\":1,\"written_by\":7,\"clients\":[1,null,[],{}]}",
		"{\"version\":1,\"clients\":[{\"name\":\"../x\"},{\"name\":\"a\",\"uid\":-5}]}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	};
	char text[2048], copy[2048];
	unsigned int seed = 11, i, k;
	struct json_object *o;

	snprintf(text, sizeof(text), PENDING, "x", "x", 0u, 0u);
	for (i = 0; i < 40; i++) {
		fresh();
		write_pending("x");
		if (i < sizeof(whole) / sizeof(whole[0])) {
			strcpy(copy, whole[i]);
		} else {
			strcpy(copy, text);
			for (k = 0; k < 3; k++)
				copy[rand_r(&seed) % strlen(copy)] =
					(char)(1 + rand_r(&seed) % 255);
			if (i % 3 == 0)
				copy[rand_r(&seed) % strlen(copy)] = '\0';
		}
		write_text(path_of("state/pending.json"), copy);
		write_text(path_of("state/history/20250101T000000.000.json"),
			   copy);
		if (!start())
			return;
		o = report();
		json_object_put(o);
		stop();
		if (ktap_failed) {
			printf("# %s\n", copy);
			return;
		}
	}
}

/*
 * A loss is reported to a daemon that keeps three updates and has nine of @year.
 * Return: the report, NULL if it does not start.
 */
static struct json_object *lost_after(int year)
{
	char name[64];
	int i;

	fresh();
	write_text(path_of("conf"), "history = 3\n");
	write_pending("another-boot");
	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "state/history/%d010%dT000000.000.json",
			 year, i);
		write_text(path_of("%s", name), "{\"version\":1,\"id\":\"old\"}");
	}
	return start() ? report() : NULL;
}

/* The last update and @n before it are told */
static void tells(struct json_object *o, int n)
{
	char where[32];
	int i;

	CHECK(!strcmp(at(o, "update.state"), "lost"));
	for (i = 0; i < 3; i++) {
		snprintf(where, sizeof(where), "history.%d.id", i);
		CHECK(!strcmp(at(o, where), i < n ? "old" : ""));
	}
	json_object_put(o);
}

/* As many as are to be kept */
static void short_history(void)
{
	struct json_object *o = lost_after(2025);

	if (!o)
		return;
	tells(o, 2);
	stop();
}

/* The one that is recorded is kept, though its clock was behind */
static void clock_behind(void)
{
	struct json_object *o = lost_after(2027);

	if (!o)
		return;
	tells(o, 3);
	CHECK(!access(path_of("state/history/20261123T200000.123.json"), F_OK));
	stop();
}

/* --- clients that mean harm --- */

static int rogue(const char *what)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "HOLDFAST_SOCKET=%s %s %s >%s 2>&1 </dev/null", path_of("s"),
		 getenv("ROGUE"), what, path_of("out"));
	return system(command);
}

static size_t open_files(pid_t pid)
{
	char command[128];

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l >%s", pid,
		 path_of("out"));
	return system(command) ? 0 : (size_t)atoi(read_text(path_of("out")));
}

static void attacks(void)
{
	size_t before, tries = 0;

	fresh();
	if (!start())
		return;
	before = open_files(daemon_pid);
	if (!CHECK(!rogue("attack")))
		printf("# %s\n", read_text(path_of("out")));
	/* Strangers are closed by others, when they get to it. */
	while (open_files(daemon_pid) > before && tries++ < 500)
		usleep(10000);
	if (!CHECK(open_files(daemon_pid) <= before))
		printf("# %zu instead of %zu\n", open_files(daemon_pid),
		       before);
	stop();
}

/*
 * A socket that takes an hour to close: what it sent nobody reads. @peer is the
 * other end, by whose end it is set free.
 */
static int lingering(int *peer)
{
	const struct linger hour = { 1, 3600 };
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char much[65536];

	setsockopt(l, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hour, sizeof(hour));
	if (bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&addr, &len) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		abort();
	*peer = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	close(l);
	while (send(fd, much, sizeof(much), MSG_DONTWAIT) > 0)
		;
	return fd;
}

/* Sends a question with so many descriptors, of which the last is @fd. */
static void send_many(int conn, unsigned int op, int fd, size_t n)
{
	int fds[253], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} ctl = {};
	struct hf_msg q;
	struct iovec iov = { &q, 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	size_t i;

	hf_msg_init(&q, op, 5);
	hf_msg_set_name(&q, "x");
	iov.iov_len = hf_msg_size(&q);
	for (i = 0; i < n; i++)
		fds[i] = i + 1 < n ? null : fd;
	ctl.align.cmsg_level = SOL_SOCKET;
	ctl.align.cmsg_type = SCM_RIGHTS;
	ctl.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&ctl.align), fds, n * sizeof(int));
	CHECK(sendmsg(conn, &msg, MSG_NOSIGNAL) == (ssize_t)iov.iov_len);
	close(null);
}

/* How many threads of the daemon are in close() */
static size_t closing(void)
{
	char path[64], line[64];
	struct dirent *e;
	size_t n = 0;
	DIR *tasks;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task", daemon_pid);
	tasks = opendir(path);
	while (tasks && (e = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/syscall",
			 daemon_pid, e->d_name);
		f = fopen(path, "r");
		if (f && fgets(line, sizeof(line), f))
			n += line[0] != 'r' && strtol(line, NULL, 10) == SYS_close;
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return n;
}

/* As many as it closes at a time for one user */
#define CLOSING	4
#define STUCK	300

/* Whatever a client leaves to be closed: others are answered. */
static void closing_takes_long(void)
{
	static int peer[3 + CLOSING + STUCK];
	struct hf_msg bad, a;
	size_t i, n = 0, tries = 0;
	int fd, conn;

	fresh();
	if (!start())
		return;
	/* In what nobody reads, because of the message before it */
	conn = dial();
	fd = lingering(&peer[n++]);
	hf_msg_init(&bad, HF_OP_STATE, 5);
	bad.magic = 1;
	kill(daemon_pid, SIGSTOP);
	CHECK(send(conn, &bad, hf_msg_size(&bad), 0) > 0);
	send_many(conn, HF_OP_PUT, fd, 1);
	close(fd);
	kill(daemon_pid, SIGCONT);
	json_object_put(report());
	close(conn);
	/* Behind an empty message */
	conn = dial();
	fd = lingering(&peer[n++]);
	kill(daemon_pid, SIGSTOP);
	CHECK(send(conn, &bad, hf_msg_size(&bad), 0) > 0);
	CHECK(send(conn, &bad, 0, 0) == 0);
	send_many(conn, HF_OP_PUT, fd, 1);
	close(fd);
	kill(daemon_pid, SIGCONT);
	json_object_put(report());
	close(conn);
	/* More than there is room for */
	conn = dial();
	fd = lingering(&peer[n++]);
	kill(daemon_pid, SIGSTOP);
	send_many(conn, HF_OP_PUT, fd, 253);
	close(fd);
	kill(daemon_pid, SIGCONT);
	json_object_put(report());
	close(conn);
	/* More of them than wait for anybody, one after the other */
	conn = hello("many");
	hf_msg_init(&a, HF_OP_PUT, 5);
	hf_msg_set_name(&a, "x");
	/* A signal ends the wait of a close(), so this is the last one. */
	kill(daemon_pid, SIGSTOP);
	for (i = 0; i < CLOSING; i++) {
		fd = lingering(&peer[n++]);
		CHECK(!hf_msg_send(conn, &a, fd));
		close(fd);
	}
	kill(daemon_pid, SIGCONT);
	for (i = 0; i < CLOSING; i++)
		CHECK(hf_msg_recv(conn, &a, &fd, NULL) > 0 &&
		      a.status == -EOPNOTSUPP);
	while (closing() < CLOSING && tries++ < 1000)
		usleep(10000);
	if (!CHECK(closing() == CLOSING))
		goto out;
	/* From here on it is not the last who has them, so this does not wait. */
	for (i = 0; i < STUCK; i++) {
		fd = lingering(&peer[n]);
		if (!ask(conn, HF_OP_PUT, "x", 0, fd, &a, NULL)) {
			close(peer[n]);
			close(fd);
			break;
		}
		CHECK(a.status == -EOPNOTSUPP);
		close(fd);
		n++;
	}
	/* He has to wait now, */
	CHECK(i < STUCK);
	CHECK_HAS(read_text(path_of("log")), "waits to be closed");
	close(conn);
	if (geteuid() == 0) {
		/* and others do not. */
		CHECK(as_user(1000, "other", HF_OP_HELLO) == 0);
		json_object_put(report());
	}
out:
	for (i = 0; i < n; i++)
		close(peer[i]);
	stop();
}

static void messages_at_random(void)
{
	const char *n = getenv("FUZZ_MESSAGES");
	char command[64];

	fresh();
	if (!start())
		return;
	snprintf(command, sizeof(command), "fuzz %s 5", n ? n : "10000");
	if (!CHECK(!rogue(command)))
		printf("# %s\n", read_text(path_of("out")));
	stop();
}

static const struct ktap_test tests[] = {
	{ "daemon: configuration", configuration },
	{ "daemon: one client", one_client },
	{ "daemon: users", users },
	{ "daemon: a kernel without live update", without_a_kernel },
	{ "daemon: rights", rights },
	{ "daemon: folders that others can write to", folders },
	{ "daemon: a log that nobody reads", log_is_stopped },
	{ "daemon: there is only one", only_one },
	{ "daemon: configuration read again", reload },
	{ "daemon: an update that was lost", lost },
	{ "daemon: an update that was given back", given_back },
	{ "daemon: damaged files", damaged_files },
	{ "daemon: history of three", short_history },
	{ "daemon: history by a clock that was behind", clock_behind },
	{ "daemon: messages that break the rules", attacks },
	{ "daemon: descriptors that take long to close", closing_takes_long },
	{ "daemon: messages at random", messages_at_random },
};

int main(void)
{
	char command[128];
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	if (dir[0]) {
		snprintf(command, sizeof(command), "rm -rf %s", dir);
		if (system(command))
			ret = 1;
	}
	return ret;
}
