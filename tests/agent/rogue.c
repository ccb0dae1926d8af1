// SPDX-License-Identifier: GPL-2.0-only
/*
 * rogue - what a client of holdfastd must not do, and its operator's questions
 * one by one
 *
 * It speaks to the socket itself, not through the library, which would keep it
 * from most of this. Each attack ends with a question that has to be answered:
 * the daemon is still there for others.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <holdfast/fdpass.h>
#include <holdfast/message.h>

#define HEAD		offsetof(struct hf_msg, text)
#define WAIT_MS		20000

static const char *path = HF_PROTO_SOCKET;
static uint64_t state;

static void die(const char *what)
{
	fprintf(stderr, "rogue: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint32_t rnd(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static int dial(void)
{
	const struct timeval limit = { .tv_sec = WAIT_MS / 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(path);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* The answer, skipping events. Returns false when it disconnected us. */
static bool answer_to(int fd, struct hf_msg *a, int *got)
{
	int ret, in;

	do {
		ret = hf_msg_recv(fd, a, &in, NULL);
		if (ret == -EAGAIN) {
			errno = ETIMEDOUT;
			die("no answer");
		}
		if (ret <= 0)
			return false;
		if (got)
			*got = in;
		else if (in >= 0)
			close(in);
	} while (!a->serial);
	return true;
}

static bool ask(int fd, unsigned int op, const char *name, uint64_t arg,
		int out, struct hf_msg *a, int *got)
{
	struct hf_msg q;

	hf_msg_init(&q, op, 1 + rnd() % 1000);
	hf_msg_set_name(&q, name);
	q.arg[0] = arg;
	return !hf_msg_send(fd, &q, out) && answer_to(fd, a, got);
}

/* --- one question --- */

static int report(const struct hf_msg *a, int fd)
{
	char buf[4096];
	ssize_t n;

	if (a->status)
		fprintf(stderr, "rogue: %s: %s\n", strerror(-a->status),
			a->text);
	if (fd >= 0) {
		lseek(fd, 0, SEEK_SET);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			fwrite(buf, 1, (size_t)n, stdout);
		printf("\n");
	}
	return a->status ? 1 : 0;
}

static int control(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned int op;
	} ops[] = {
		{ "status", HF_CTL_STATUS },
		{ "preserve", HF_CTL_PRESERVE },
		{ "cancel", HF_CTL_CANCEL },
		{ "kexec", HF_CTL_KEXEC },
		{ "refused", HF_CTL_REFUSED },
		{ "restore", HF_CTL_RESTORE },
		{ "finish", HF_CTL_FINISH },
		{ "reload", HF_CTL_RELOAD },
	};
	struct hf_msg a;
	int got = -1;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (argc && !strcmp(argv[0], ops[i].name))
			break;
	if (i == sizeof(ops) / sizeof(ops[0]))
		return 2;
	if (!ask(dial(), ops[i].op, argc > 2 ? argv[2] : "",
		 argc > 1 ? strtoull(argv[1], NULL, 0) : 0, -1, &a, &got)) {
		fprintf(stderr, "rogue: disconnected\n");
		return 4;
	}
	return report(&a, got);
}

/* claim NAME ERRNO - of somebody else: has to be refused so */
static int claim(int argc, char **argv)
{
	int fd = dial(), want = argc > 1 ? atoi(argv[1]) : 0;
	struct hf_msg a;

	if (argc < 2)
		return 2;
	if (!ask(fd, HF_OP_HELLO, argv[0], 0, -1, &a, NULL))
		return 4;
	if (!a.status && !ask(fd, HF_OP_CLAIM, "", 0, -1, &a, NULL))
		return 4;
	printf("claim of %s: %d (%s)\n", argv[0], -a.status, a.text);
	return a.status == -want ? 0 : 1;
}

/* --- attacks --- */

static int some_memfd(void)
{
	int fd = memfd_create("rogue", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 4096))
		die("memfd");
	return fd;
}

static bool hello(int fd, const char *name)
{
	struct hf_msg a;

	return ask(fd, HF_OP_HELLO, name, 0, -1, &a, NULL) && !a.status;
}

/* Is the daemon there, for a client that behaves? */
static void still_serves(const char *after)
{
	struct hf_msg a;
	int fd = dial(), mem = some_memfd();
	char name[48];

	snprintf(name, sizeof(name), "honest.%d.%u", getpid(), rnd());
	if (!hello(fd, name) ||
	    !ask(fd, HF_OP_PUT, "m", 0, mem, &a, NULL) || a.status ||
	    !ask(fd, HF_OP_DROP, "m", 0, -1, &a, NULL) || a.status) {
		fprintf(stderr, "rogue: nobody serves others after: %s\n",
			after);
		exit(5);
	}
	close(mem);
	close(fd);
	printf("%s: others are served\n", after);
}

static void expect_end(int fd, const char *what)
{
	struct hf_msg a;

	if (answer_to(fd, &a, NULL)) {
		fprintf(stderr, "rogue: %s was answered with %d\n", what,
			a.status);
		exit(5);
	}
	close(fd);
	still_serves(what);
}

/* Sends a message that is wrong in one field. */
static void wrong(const char *what, size_t at, uint64_t value, size_t size,
		  size_t len)
{
	char buf[sizeof(struct hf_msg) + 4096] = {};
	struct hf_msg q;
	int fd = dial();

	hf_msg_init(&q, HF_OP_HELLO, 1);
	hf_msg_set_name(&q, "rogue");
	memcpy(buf, &q, HEAD);
	memcpy(buf + at, &value, size);
	if (send(fd, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
		die(what);
	expect_end(fd, what);
}

#define FIELD(f)	offsetof(struct hf_msg, f), (uint64_t)

static void malformed(void)
{
	struct hf_msg a;
	int fd;

	wrong("wrong magic", FIELD(magic) 0xdeadbeef, 4, HEAD);
	wrong("huge length of text", FIELD(text_len) 0xffffffff, 4, HEAD);
	wrong("text that is not there", FIELD(text_len) 100, 4, HEAD);
	wrong("text of the full size", FIELD(text_len) HF_PROTO_TEXT, 4,
	      HEAD + HF_PROTO_TEXT);
	wrong("longer than a message", FIELD(text_len) 3000, 4, HEAD + 3000);
	wrong("half a message", FIELD(magic) HF_PROTO_MAGIC, 4, HEAD / 2);
	wrong("one byte", FIELD(magic) HF_PROTO_MAGIC, 4, 1);
	wrong("reserved field", FIELD(reserved) 1, 4, HEAD);
	wrong("no serial number", FIELD(serial) 0, 4, HEAD);
	wrong("something behind the name",
	      offsetof(struct hf_msg, name) + HF_PROTO_NAME - 8, ~0ull, 8, HEAD);
	wrong("no such question", FIELD(op) 0x99, 2, HEAD);
	wrong("an event as a question", FIELD(op) HF_EV_PRESERVED, 2, HEAD);
	wrong("a question before the first", FIELD(op) HF_OP_CLAIM, 2, HEAD);

	/* Of another version: said so, and then the end */
	fd = dial();
	hf_msg_init(&a, HF_OP_HELLO, 7);
	a.version = 2;
	if (hf_msg_send(fd, &a, -1) || !answer_to(fd, &a, NULL) ||
	    a.status != -EPROTONOSUPPORT)
		die("another version");
	expect_end(fd, "another version");

	fd = dial();
	if (!hello(fd, "rogue.twice") ||
	    ask(fd, HF_OP_HELLO, "rogue.twice", 0, -1, &a, NULL))
		die("hello twice");
	close(fd);
	still_serves("hello twice");
}

/* Names that are none, and descriptors where none belongs */
static void bad_names(void)
{
	static const char *const names[] = {
		"", "a b", "a/b", "../x", "\033[2J", "a:b",
		"0123456789012345678901234567890123456789012345678",
	};
	struct hf_msg a;
	size_t i;
	int fd = dial(), mem = some_memfd();

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!ask(fd, HF_OP_HELLO, names[i], 0, -1, &a, NULL) ||
		    a.status != -EINVAL)
			die("a bad name of a client");
	if (!hello(fd, "rogue.names"))
		die("a good name");
	for (i = 0; i < 3; i++)
		if (!ask(fd, HF_OP_PUT, i == 2 ? "a:b" : names[i], 0, mem, &a,
			 NULL) || a.status != -EINVAL)
			die("a bad name of a descriptor");
	if (ask(fd, HF_OP_STATE, "", 0, mem, &a, NULL))
		die("a descriptor with a question that takes none");
	close(fd);
	close(mem);
	still_serves("bad names");
}

/* As many descriptors as there can be, of one file and of many */
static void flood(void)
{
	int fd = dial(), mem, fds[HF_FDPASS_MAX], i, pipes[2];
	struct hf_msg a, q;

	if (!hello(fd, "rogue.flood"))
		die("hello");
	for (i = 0; i < 300; i++) {
		char name[32];

		snprintf(name, sizeof(name), "m%d", i);
		mem = some_memfd();
		if (!ask(fd, HF_OP_PUT, name, 0, mem, &a, NULL))
			die("a flood of descriptors");
		if (a.status != (i < 64 ? 0 : -EMFILE))
			die("the limit of descriptors");
		close(mem);
	}
	/* Of no kind that is carried */
	if (pipe(pipes))
		die("pipe");
	for (i = 0; i < 300; i++)
		if (!ask(fd, HF_OP_PUT, "pipe", 0, pipes[0], &a, NULL) || !a.status)
			die("a flood of pipes");
	close(fd);
	still_serves("a flood of descriptors");

	/* Many with one message */
	fd = dial();
	for (i = 0; i < HF_FDPASS_MAX; i++)
		fds[i] = pipes[0];
	hf_msg_init(&q, HF_OP_HELLO, 1);
	hf_msg_set_name(&q, "rogue.many");
	if (hf_fdpass_send(fd, &q, HEAD, fds, HF_FDPASS_MAX))
		die("many descriptors");
	expect_end(fd, "many descriptors with one message");
	close(pipes[0]);
	close(pipes[1]);
}

/* A socket that lingers: to close it is to wait for nobody */
static void lingering(void)
{
	const struct linger l = { .l_onoff = 1, .l_linger = 600 };
	struct hf_msg a;
	int fd = dial(), s, i;

	if (!hello(fd, "rogue.linger"))
		die("hello");
	for (i = 0; i < 64; i++) {
		s = socket(AF_UNIX, SOCK_STREAM, 0);
		setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		if (!ask(fd, HF_OP_PUT, "s", 0, s, &a, NULL) ||
		    a.status != -EOPNOTSUPP)
			die("a socket");
		close(s);
	}
	close(fd);
	still_serves("sockets");
}

/* Asks and never reads the answers */
static void deaf(void)
{
	struct pollfd p = { .events = POLLOUT };
	struct hf_msg q;
	int fd = dial(), i;

	if (!hello(fd, "rogue.deaf"))
		die("hello");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	p.fd = fd;
	hf_msg_init(&q, HF_OP_STATE, 1);
	for (i = 0; i < 20000; i++) {
		if (hf_msg_send(fd, &q, -1) != -EAGAIN)
			continue;
		if (poll(&p, 1, 100) <= 0)
			break;
	}
	still_serves("a client that does not read");
	close(fd);
}

/* Connections that say nothing */
static void crowd(void)
{
	const int yes = 1;
	int fd[400], i, n = 0;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)yes;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	for (i = 0; i < 400; i++) {
		fd[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
			       SOCK_NONBLOCK, 0);
		n += !connect(fd[i], (struct sockaddr *)&addr, sizeof(addr));
	}
	printf("%d of 400 connected\n", n);
	for (i = 0; i < 400; i++)
		close(fd[i]);
	still_serves("a crowd");
}

/* --- messages at random --- */

/* Near to sense: the further a message gets, the more of the daemon it sees. */
static void random_message(struct hf_msg *q)
{
	static const uint16_t ops[] = {
		HF_OP_HELLO, HF_OP_PUT, HF_OP_DROP, HF_OP_READY, HF_OP_UNREADY,
		HF_OP_ANSWER, HF_OP_CLAIM, HF_OP_FETCH, HF_OP_RESUMED,
		HF_OP_STATE, HF_EV_UPDATE, HF_CTL_STATUS, HF_CTL_PRESERVE,
		HF_CTL_CANCEL, HF_CTL_KEXEC, HF_CTL_FINISH, HF_CTL_RELOAD,
	};
	static const uint64_t odd[] = {
		0, 1, 2, 63, 64, 0x7fffffff, 0x80000000, ~0ull, 1ull << 63,
	};
	size_t i;

	hf_msg_init(q, ops[rnd() % (sizeof(ops) / sizeof(ops[0]))],
		    1 + rnd() % 5);
	q->status = rnd() % 4 ? 0 : (int32_t)rnd();
	for (i = 0; i < 4; i++)
		q->arg[i] = odd[rnd() % (sizeof(odd) / sizeof(odd[0]))];
	if (rnd() % 4)
		snprintf(q->name, sizeof(q->name), "f%u", rnd() % 40);
	if (!(rnd() % 4))
		hf_msg_set_text(q, "some words");
	/* One time in four something is wrong with it. */
	if (rnd() % 4)
		return;
	for (i = 0; i < 1 + rnd() % 4; i++)
		((uint8_t *)q)[rnd() % (HEAD + 16)] = (uint8_t)rnd();
}

static int fuzz(int argc, char **argv)
{
	unsigned long n = argc ? strtoul(argv[0], NULL, 0) : 10000, i, calls = 0;
	int fd = -1, mem = some_memfd(), out, connections = 0;
	struct hf_msg q, a;
	size_t len;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	for (i = 0; i < n; i++) {
		char name[32];

		if (fd < 0 || !(rnd() % 50)) {
			if (fd >= 0)
				close(fd);
			fd = dial();
			connections++;
			snprintf(name, sizeof(name), "fuzz.%u", rnd() % 8);
			if (rnd() % 4 && !hello(fd, name)) {
				close(fd);
				fd = -1;
				continue;
			}
		}
		random_message(&q);
		len = rnd() % 8 ? hf_msg_size(&q) : rnd() % sizeof(q);
		if (len > sizeof(q))
			len = sizeof(q);
		out = rnd() % 3 ? -1 : mem;
		if (hf_fdpass_send(fd, &q, len, &out, out < 0 ? 0 : 1) ||
		    !answer_to(fd, &a, NULL)) {
			close(fd);
			fd = -1;
		} else {
			calls++;
		}
	}
	if (fd >= 0)
		close(fd);
	close(mem);
	printf("%lu messages, %lu answered, %d connections\n", n, calls,
	       connections);
	still_serves("messages at random");
	return 0;
}

static int attacks(void)
{
	malformed();
	bad_names();
	flood();
	lingering();
	deaf();
	crowd();
	return 0;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };

	if (getenv("HOLDFAST_SOCKET"))
		path = getenv("HOLDFAST_SOCKET");
	setrlimit(RLIMIT_NOFILE, &files);
	setvbuf(stdout, NULL, _IOLBF, 0);
	state = (uint64_t)getpid();
	if (argc > 1 && !strcmp(argv[1], "ctl"))
		return control(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "claim"))
		return claim(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "fuzz"))
		return fuzz(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "attack"))
		return attacks();
	fprintf(stderr,
		"usage: rogue ctl WHAT [ARG [NAME]] | claim NAME ERRNO | fuzz N [SEED] | attack\n");
	return 2;
}
