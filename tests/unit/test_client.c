// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library against a daemon that keeps the rules, that dies at each message,
 * that is slow or silent, and that answers nonsense.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast.h>

#include "../../userspace/lib/client.h"
#include "model_daemon.h"
#include "ktap.h"

#define SOON	20000	/* ms: much longer than anything takes here */

/* The daemon runs meanwhile. */
#define LOCKED(f, statement) do {					\
	pthread_mutex_lock(&(f)->lock);					\
	statement;							\
	pthread_mutex_unlock(&(f)->lock);				\
} while (0)

static int lowest(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static struct holdfast *opened(struct model *f)
{
	struct holdfast *hf;
	int ret = holdfast_open(&hf, "me", f->path);

	if (!CHECK(!ret))
		printf("# %s\n", holdfast_error());
	return hf;
}

/* As a driver does that calls nothing unless the descriptor can be read */
static int next_type(struct holdfast *hf)
{
	struct pollfd p = { .fd = holdfast_fd(hf), .events = POLLIN };
	struct holdfast_event ev = { 0 };
	int ret = 0;

	while (!ret && poll(&p, 1, SOON) == 1)
		ret = holdfast_next(hf, &ev, 0);
	return ret > 0 ? ev.type : ret;
}

static int memfd(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

static void give_and_take_back(void)
{
	struct model f = { 0 };
	struct holdfast *hf;
	int fd = memfd("a");

	model_start(&f);
	hf = opened(&f);
	CHECK(holdfast_state(hf) == HOLDFAST_NEW);
	CHECK(!holdfast_put(hf, "ring", fd));
	CHECK(!strcmp(holdfast_error(), ""));
	CHECK(!holdfast_put(hf, "0000_00_02.0", fd));
	CHECK(model_has(&f, "ring") && model_has(&f, "0000_00_02.0"));
	CHECK(holdfast_put(hf, "ring", fd) == -EEXIST);
	CHECK_HAS(holdfast_error(), "ring");
	CHECK(holdfast_put(hf, "a b", fd) == -EINVAL);
	CHECK(holdfast_put(hf, NULL, fd) == -EINVAL);
	CHECK(holdfast_put(hf, "x", -1) == -EBADF);
	CHECK(!holdfast_drop(hf, "ring"));
	CHECK(!model_has(&f, "ring"));
	CHECK(holdfast_drop(hf, "ring") == -ENOENT);
	CHECK(!holdfast_put(hf, "ring", fd));
	CHECK(!holdfast_detached(hf));
	CHECK(holdfast_ready(hf, 2) == -EINVAL);
	CHECK(!holdfast_ready(hf, 0));
	CHECK(holdfast_detached(hf));
	CHECK(holdfast_state(hf) == HOLDFAST_READY);
	CHECK(!holdfast_unready(hf));
	CHECK(!holdfast_detached(hf));
	close(fd);
	holdfast_close(hf);
	model_stop(&f);
}

static void update(void)
{
	struct holdfast_event ev = { 0 };
	struct model f = { 0 };
	struct holdfast *hf;

	model_start(&f);
	hf = opened(&f);
	CHECK(!holdfast_ready(hf, HOLDFAST_UNASKED));
	CHECK(!holdfast_next(hf, &ev, 0));
	CHECK(holdfast_answer(hf, 0, NULL) == -ETIMEDOUT);
	CHECK(holdfast_answer(hf, 1, NULL) == -EINVAL);
	CHECK(model_tell(&f, HF_EV_UPDATE, 1234));
	CHECK(holdfast_next(hf, &ev, SOON) == 1);
	CHECK(ev.type == HOLDFAST_EV_UPDATE && ev.timeout_ms == 1234);
	CHECK(!holdfast_answer(hf, -EBUSY, "in the middle of it"));
	LOCKED(&f, CHECK(f.answer == -EBUSY &&
			 !strcmp(f.why, "in the middle of it")));
	CHECK(model_tell(&f, HF_EV_UPDATE, 1));
	CHECK(next_type(hf) == HOLDFAST_EV_UPDATE);
	CHECK(!holdfast_answer(hf, 0, NULL));
	CHECK(holdfast_state(hf) == HOLDFAST_AGREED);
	CHECK(model_tell(&f, HF_EV_PRESERVED, 0));
	CHECK(next_type(hf) == HOLDFAST_EV_PRESERVED);
	CHECK(holdfast_put(hf, "late", 0) == -EBUSY);
	CHECK(holdfast_unready(hf) == -EBUSY && holdfast_detached(hf));
	CHECK(model_tell(&f, HF_EV_CANCELLED, 0));
	CHECK(next_type(hf) == HOLDFAST_EV_CANCELLED);
	CHECK(!holdfast_next(hf, &ev, 0));
	holdfast_close(hf);
	model_stop(&f);
}

/* The driver polls; an event that came during another call must not be missed. */
static void polled(void)
{
	struct pollfd p = { .events = POLLIN };
	struct model f = { 0 };
	struct holdfast *hf;

	model_start(&f);
	hf = opened(&f);
	p.fd = holdfast_fd(hf);
	CHECK(p.fd >= 0);
	CHECK(poll(&p, 1, 0) == 0);
	CHECK(model_tell(&f, HF_EV_UPDATE, 1));
	CHECK(poll(&p, 1, SOON) == 1);
	CHECK(holdfast_state(hf) == HOLDFAST_ASKED);
	CHECK(poll(&p, 1, SOON) == 1);
	CHECK(next_type(hf) == HOLDFAST_EV_UPDATE);
	CHECK(poll(&p, 1, 0) == 0);
	/* A daemon that is restarted wakes, too, until the connection is made */
	model_restart(&f);
	CHECK(poll(&p, 1, SOON) == 1);
	CHECK(next_type(hf) == HOLDFAST_EV_LOST);
	CHECK(poll(&p, 1, SOON) == 1);
	CHECK(next_type(hf) == HOLDFAST_EV_CANCELLED);
	CHECK(holdfast_fd(hf) == p.fd);
	CHECK(poll(&p, 1, 0) == 0);
	holdfast_close(hf);
	model_stop(&f);
}

static void prepare_claim(struct model *f)
{
	f->state = HF_CLIENT_WAITING;
	strcpy(f->wait[0], "ring");
	strcpy(f->wait[1], "state");
	f->n_wait = 2;
}

static bool holds(int fd, const char *text)
{
	char buf[32] = "";

	return pread(fd, buf, sizeof(buf) - 1, 0) >= 0 && !strcmp(buf, text);
}

static void claims(void)
{
	const struct holdfast_gap gap = { 5, 7 };
	struct model f = { 0 };
	struct holdfast *hf;
	const char *name;
	int kind, fd, again;

	prepare_claim(&f);
	model_start(&f);
	hf = opened(&f);
	CHECK(holdfast_state(hf) == HOLDFAST_WAITING);
	CHECK(holdfast_resumed(hf, NULL) == -EINVAL);
	CHECK(holdfast_claimed(hf, 0, NULL, NULL) == -ENOENT);
	CHECK(holdfast_claim(hf) == 2);
	CHECK(holdfast_claim(hf) == 2);
	CHECK(holdfast_detached(hf));
	CHECK(!holdfast_claimed(hf, 1, &name, &kind));
	CHECK(!strcmp(name, "state") && kind == HOLDFAST_MEMFD);
	CHECK(holdfast_claimed(hf, 2, &name, &kind) == -ENOENT);
	fd = holdfast_take(hf, "ring");
	again = holdfast_take(hf, "ring");
	CHECK(fd >= 0 && again >= 0 && fd != again);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(holds(fd, "ring") && holds(again, "ring"));
	close(fd);
	close(again);
	CHECK(holdfast_take(hf, "rings") == -ENOENT);
	CHECK(!holdfast_resumed(hf, &gap));
	LOCKED(&f, CHECK(f.gap[0] == 5 && f.gap[1] == 7));
	CHECK(!holdfast_detached(hf));
	CHECK(holdfast_state(hf) == HOLDFAST_NEW);

	/* They count as given: for a new daemon as well */
	CHECK(holdfast_put(hf, "ring", 0) == -EEXIST);
	model_restart(&f);
	CHECK(holdfast_state(hf) == HOLDFAST_NEW);
	CHECK(model_has(&f, "ring") && model_has(&f, "state"));
	CHECK(!holdfast_drop(hf, "state"));
	CHECK(!strcmp(name, "state"));
	CHECK(holdfast_take(hf, "state") == -ENOENT);
	holdfast_close(hf);
	model_stop(&f);
}

static void nothing_to_claim(void)
{
	static const struct {
		int state;
		int code;
		const char *words;
	} cases[] = {
		{ HF_CLIENT_NEW, -ENOENT, "start anew" },
		{ HF_CLIENT_LOST, -ENODATA, "lost" },
		{ HF_CLIENT_FAILED, -EBADE, "not what it was" },
	};
	struct model f = { 0 };
	struct holdfast *hf;

	model_start(&f);
	hf = opened(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LOCKED(&f, f.state = cases[i].state);
		CHECK(holdfast_claim(hf) == cases[i].code);
		CHECK_HAS(holdfast_error(), cases[i].words);
	}
	LOCKED(&f, f.refuse = -EAGAIN);
	CHECK(holdfast_claim(hf) == -EAGAIN);
	CHECK_HAS(holdfast_error(), "vfio-pci");
	LOCKED(&f, f.text = "device 0000:00:02.0 is bound to igb");
	CHECK(holdfast_claim(hf) == -EAGAIN);
	CHECK_HAS(holdfast_error(), "bound to igb");
	holdfast_close(hf);
	model_stop(&f);
}

static void refused_opens(void)
{
	struct model f = { .refuse = 0 };
	struct holdfast *hf = (void *)1;

	CHECK(holdfast_open(&hf, "me", "/nonexistent/socket") == -ECONNREFUSED);
	CHECK(!hf);
	CHECK_HAS(holdfast_error(), "holdfastd");
	CHECK(holdfast_open(&hf, "", NULL) == -EINVAL);
	CHECK(holdfast_open(&hf, NULL, NULL) == -EINVAL);
	CHECK(holdfast_open(&hf, "a b", NULL) == -EINVAL);
	CHECK(holdfast_open(&hf, "me", "") == -EINVAL);
	setenv("HOLDFAST_TIMEOUT_MS", "5s", 1);
	CHECK(holdfast_open(&hf, "me", NULL) == -EINVAL);
	CHECK_HAS(holdfast_error(), "HOLDFAST_TIMEOUT_MS");
	unsetenv("HOLDFAST_TIMEOUT_MS");
	setenv("HOLDFAST_SOCKET", "/nonexistent/other", 1);
	CHECK(holdfast_open(&hf, "me", NULL) == -ECONNREFUSED);
	CHECK_HAS(holdfast_error(), "/nonexistent/other");
	unsetenv("HOLDFAST_SOCKET");
	holdfast_close(NULL);

	model_start(&f);
	model_down(&f);
	close(open(f.path, O_CREAT | O_WRONLY, 0600));
	CHECK(holdfast_open(&hf, "me", f.path) == -ECONNREFUSED);
	model_stop(&f);
}

/*
 * A whole life, in which the daemon dies once, at whichever message: all calls do
 * what they should in the end.
 */
static void live(struct model *f)
{
	struct holdfast *hf;
	int fd = memfd("a"), ret;

	prepare_claim(f);
	model_start(f);
	/* Only hello has nobody yet to try it again */
	ret = holdfast_open(&hf, "me", f->path);
	if (ret)
		CHECK(!holdfast_open(&hf, "me", f->path));
	CHECK(holdfast_state(hf) == HOLDFAST_WAITING);
	CHECK(holdfast_claim(hf) == 2);
	CHECK(!holdfast_resumed(hf, NULL));
	CHECK(!holdfast_put(hf, "more", fd));
	CHECK(!holdfast_ready(hf, 0));
	CHECK(holdfast_state(hf) == HOLDFAST_READY);
	CHECK(model_has(f, "ring") && model_has(f, "state"));
	CHECK(model_has(f, "more"));
	CHECK(!holdfast_unready(hf));
	CHECK(!holdfast_drop(hf, "ring"));
	CHECK(!model_has(f, "ring") && model_has(f, "more"));
	CHECK(holdfast_state(hf) == HOLDFAST_NEW);
	close(fd);
	holdfast_close(hf);
}

static void dies(bool done)
{
	int at, last;

	for (at = 0, last = 1; at <= last && !ktap_failed; at++) {
		struct model f = { .die_at = at, .die_done = done };
		int before = lowest();

		live(&f);
		model_stop(&f);
		/* Without a death: so many messages are there to die at */
		if (!at)
			last = f.seen;
		CHECK(f.hellos >= (at && (at > 1 || done) ? 2 : 1));
		CHECK(lowest() == before);
		if (ktap_failed)
			printf("# died at message %d of %d\n", at, last);
	}
	CHECK(last > 10);
}

static void dies_before(void)
{
	dies(false);
}

static void dies_after(void)
{
	dies(true);
}

/* The daemon is gone for a while: errors, then everything once more */
static void away(void)
{
	struct holdfast_event ev;
	struct model f = { 0 };
	struct holdfast *hf;
	int fd = memfd("a");

	model_start(&f);
	hf = opened(&f);
	CHECK(!holdfast_put(hf, "ring", fd));
	CHECK(!holdfast_ready(hf, 0));
	model_down(&f);
	CHECK(holdfast_put(hf, "more", fd) == -ECONNREFUSED);
	CHECK(holdfast_state(hf) == -ECONNREFUSED);
	CHECK(holdfast_unready(hf) == -ECONNREFUSED);
	CHECK(holdfast_detached(hf));
	/* Not to be taken for "nothing was preserved" */
	CHECK(holdfast_claim(hf) == -ECONNREFUSED);
	CHECK(holdfast_drop(hf, "ring") == -ECONNREFUSED);
	CHECK(next_type(hf) == HOLDFAST_EV_LOST);
	CHECK(!holdfast_next(hf, &ev, 300));
	model_up(&f);
	/* By itself, as a driver that only waits for events would */
	for (int i = 0; i < SOON && !model_has(&f, "ring"); i += 10)
		CHECK(holdfast_next(hf, &ev, 10) == 0);
	CHECK(model_has(&f, "ring") && !model_has(&f, "more"));
	CHECK(holdfast_state(hf) == HOLDFAST_READY);
	close(fd);
	holdfast_close(hf);
	model_stop(&f);
}

/* The daemon dies while an update is under way: the driver learns the outcome. */
static void restarted_during_update(void)
{
	struct model f = { 0 };
	struct holdfast *hf;

	model_start(&f);
	hf = opened(&f);
	CHECK(!holdfast_put(hf, "ring", 0));
	CHECK(!holdfast_ready(hf, 0));
	CHECK(model_tell(&f, HF_EV_UPDATE, 1));
	CHECK(next_type(hf) == HOLDFAST_EV_UPDATE);
	model_restart(&f);
	CHECK(holdfast_answer(hf, 0, NULL) == -ETIMEDOUT);
	CHECK(next_type(hf) == HOLDFAST_EV_LOST);
	CHECK(next_type(hf) == HOLDFAST_EV_CANCELLED);
	CHECK(model_has(&f, "ring"));

	CHECK(model_tell(&f, HF_EV_UPDATE, 1));
	CHECK(next_type(hf) == HOLDFAST_EV_UPDATE);
	CHECK(!holdfast_answer(hf, 0, NULL));
	LOCKED(&f, f.state = HF_CLIENT_PRESERVED);
	model_restart(&f);
	CHECK(next_type(hf) == HOLDFAST_EV_LOST);
	CHECK(next_type(hf) == HOLDFAST_EV_PRESERVED);
	/* This one has no descriptors of ours, and says so when it cancels */
	CHECK(!model_has(&f, "ring"));
	LOCKED(&f, f.state = HF_CLIENT_NEW);
	CHECK(model_tell(&f, HF_EV_CANCELLED, 0));
	LOCKED(&f, f.state = HF_CLIENT_NEW);
	CHECK(next_type(hf) == HOLDFAST_EV_CANCELLED);
	CHECK(model_has(&f, "ring"));
	CHECK(holdfast_state(hf) == HOLDFAST_READY);
	holdfast_close(hf);
	model_stop(&f);
}

/* What was lost stays so for a daemon that knows of nothing later. */
static void lost_and_restarted(void)
{
	struct model f = { .state = HF_CLIENT_LOST };
	struct holdfast *hf;

	model_start(&f);
	hf = opened(&f);
	CHECK(holdfast_claim(hf) == -ENODATA);
	CHECK(!holdfast_put(hf, "ring", 0));
	CHECK(!holdfast_ready(hf, 0));
	model_restart(&f);
	LOCKED(&f, f.state = HF_CLIENT_LOST);
	CHECK(holdfast_state(hf) == HOLDFAST_READY);
	CHECK(model_has(&f, "ring"));
	holdfast_close(hf);
	model_stop(&f);
}

static void slow(void)
{
	struct model f = { .slow_ms = 60 };
	struct holdfast *hf;

	model_start(&f);
	hf = opened(&f);
	CHECK(!holdfast_put(hf, "ring", 0));
	CHECK(!holdfast_ready(hf, 0));
	CHECK(model_has(&f, "ring"));
	holdfast_close(hf);
	model_stop(&f);
}

/* Short where it has to end, long where an answer has to come */
static void patience(struct holdfast *hf, unsigned int ms)
{
	hf->timeout_ms = ms;
}

/* Silent from each message on: no call takes longer than it may. */
static void silent(void)
{
	struct holdfast *hf;

	for (int at = 1; at <= 4; at++) {
		struct model f = { .mute_at = at };
		int before = lowest();

		prepare_claim(&f);
		model_start(&f);
		if (at == 1) {
			setenv("HOLDFAST_TIMEOUT_MS", "50", 1);
			CHECK(holdfast_open(&hf, "me", f.path) == -ETIMEDOUT);
			CHECK_HAS(holdfast_error(), "50 ms");
			unsetenv("HOLDFAST_TIMEOUT_MS");
		} else {
			hf = opened(&f);
			patience(hf, 50);
			if (at == 2)
				CHECK(holdfast_state(hf) == -ETIMEDOUT);
			CHECK(holdfast_claim(hf) == -ETIMEDOUT);
			CHECK(holdfast_put(hf, "x", 0) == -ETIMEDOUT);
			CHECK(!holdfast_detached(hf));
			CHECK(holdfast_ready(hf, 0) == -ETIMEDOUT);
			CHECK(!holdfast_detached(hf));
			/* It speaks again: everything works */
			LOCKED(&f, f.mute_at = 0);
			patience(hf, 30000);
			CHECK(holdfast_claim(hf) == 2);
			LOCKED(&f, f.mute_at = 1);
			patience(hf, 50);
			CHECK(holdfast_resumed(hf, NULL) == -ETIMEDOUT);
			CHECK(holdfast_detached(hf));
			holdfast_close(hf);
		}
		model_stop(&f);
		CHECK(lowest() == before);
	}
}

/* A daemon that is stopped accepts nothing once the queue is full. */
static void never_accepts(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct holdfast *hf;
	int sock, i, ret = 0;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/hf-stopped-%d",
		 getpid());
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK(!bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	CHECK(!listen(sock, 0));
	setenv("HOLDFAST_TIMEOUT_MS", "50", 1);
	for (i = 0; i < 3; i++) {
		ret = holdfast_open(&hf, "me", addr.sun_path);
		CHECK(ret == -ETIMEDOUT);
	}
	CHECK_HAS(holdfast_error(), "stopped");
	unsetenv("HOLDFAST_TIMEOUT_MS");
	close(sock);
	unlink(addr.sun_path);
}

static bool is_protocol_error(int ret)
{
	return ret == -EPROTO || ret == -EPROTONOSUPPORT || ret == -ECONNRESET;
}

static int ask(struct holdfast *hf, int op)
{
	switch (op) {
	case HF_OP_PUT:
		return holdfast_put(hf, "x", 0);
	case HF_OP_READY:
		return holdfast_ready(hf, 0);
	case HF_OP_UNREADY:
		return holdfast_unready(hf);
	case HF_OP_STATE:
		return holdfast_state(hf);
	default:
		return holdfast_claim(hf);
	}
}

/* One nonsense as an answer to one question */
static void nonsense(enum model_wrong wrong, int op)
{
	struct model f = { .wrong = wrong, .wrong_op = op };
	int before = lowest(), ret;
	struct holdfast *hf;

	prepare_claim(&f);
	if (op != HF_OP_CLAIM && op != HF_OP_FETCH)
		f.state = HF_CLIENT_NEW;
	model_start(&f);
	ret = holdfast_open(&hf, "me", f.path);
	if (op == HF_OP_HELLO) {
		CHECK(is_protocol_error(ret) && !hf);
	} else if (CHECK(!ret)) {
		ret = ask(hf, op);
		CHECK(is_protocol_error(ret));
		CHECK(strlen(holdfast_error()) > 10);
		LOCKED(&f, f.wrong = WRONG_NONE);
		CHECK(ask(hf, op) >= 0);
	}
	holdfast_close(hf);
	model_stop(&f);
	CHECK(lowest() == before);
	if (ktap_failed)
		printf("# nonsense %d as an answer to %d: %d\n", wrong, op,
		       ret);
}

static void wrong_answers(void)
{
	static const int ops[] = {
		HF_OP_HELLO, HF_OP_PUT, HF_OP_READY, HF_OP_STATE, HF_OP_CLAIM,
		HF_OP_FETCH,
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		for (int w = WRONG_MAGIC; w <= WRONG_TWO_FDS; w++)
			if (!ktap_failed)
				nonsense((enum model_wrong)w, ops[i]);
		if (ops[i] != HF_OP_FETCH)
			nonsense(WRONG_FD, ops[i]);
		nonsense(WRONG_EVENT, ops[i]);
		nonsense(WRONG_EVENT_FD, ops[i]);
	}
	nonsense(WRONG_NO_FD, HF_OP_FETCH);
	nonsense(WRONG_KIND, HF_OP_FETCH);
	nonsense(WRONG_NO_NAME, HF_OP_FETCH);
	nonsense(WRONG_TWICE, HF_OP_FETCH);
	nonsense(WRONG_COUNT, HF_OP_CLAIM);
	nonsense(WRONG_STATE, HF_OP_STATE);
	nonsense(WRONG_STATE, HF_OP_HELLO);
}

/* Several threads with one connection, one of them waiting for events */
static void *put_and_drop(void *arg)
{
	struct holdfast *hf = arg;
	static int number;
	char name[16];

	snprintf(name, sizeof(name), "t%d",
		 __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
	for (int i = 0; i < 50; i++) {
		if (holdfast_put(hf, name, 0) || *holdfast_error() ||
		    holdfast_state(hf) < 0 || holdfast_detached(hf) ||
		    holdfast_drop(hf, name))
			return "failed";
	}
	return NULL;
}

static void *count_events(void *arg)
{
	struct holdfast_event ev;
	intptr_t n = 0;
	int ret;

	/* Until the event that says so */
	do {
		ret = holdfast_next(arg, &ev, -1);
		n += ret == 1;
	} while (ret == 1 && ev.type != HOLDFAST_EV_PRESERVED);
	return (void *)n;
}

static void threads(void)
{
	pthread_t t[4], waiter;
	struct model f = { 0 };
	struct holdfast *hf;
	void *ret;

	model_start(&f);
	hf = opened(&f);
	pthread_create(&waiter, NULL, count_events, hf);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, put_and_drop, hf);
	for (int i = 0; i < 20; i++)
		CHECK(model_tell(&f, HF_EV_CANCELLED, 0));
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		CHECK(!ret);
	}
	CHECK(model_tell(&f, HF_EV_PRESERVED, 0));
	pthread_join(waiter, &ret);
	CHECK((intptr_t)ret >= 2);
	LOCKED(&f, CHECK(f.n_put == 0));
	holdfast_close(hf);
	model_stop(&f);
}

/* The daemon may be gone twice in a row: then a call says so. */
static bool tolerable(int ret)
{
	return !ret || ret == -ECONNRESET || ret == -EEXIST || ret == -ENOENT;
}

static void *put_and_drop_meanwhile(void *arg)
{
	struct holdfast *hf = arg;
	static int number;
	char name[16];
	int ret = 0;

	snprintf(name, sizeof(name), "s%d",
		 __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
	for (int i = 0; i < 100; i++) {
		ret = i % 2 ? holdfast_drop(hf, name) :
			      holdfast_put(hf, name, 0);
		if (!tolerable(ret))
			return "failed";
	}
	do {
		ret = holdfast_put(hf, name, 0);
	} while (ret == -ECONNRESET);
	return ret && ret != -EEXIST ? "failed" : NULL;
}

static void storm(void)
{
	unsigned int seed = 1;
	struct model f = { 0 };
	struct holdfast *hf;
	pthread_t t[4];
	void *ret;

	model_start(&f);
	hf = opened(&f);
	CHECK(!holdfast_put(hf, "always", 0));
	CHECK(!holdfast_ready(hf, 0));
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, put_and_drop_meanwhile, hf);
	for (int i = 0; i < 100; i++) {
		usleep((useconds_t)rand_r(&seed) % 2000);
		model_restart(&f);
		CHECK(holdfast_detached(hf));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		CHECK(!ret);
	}
	CHECK(holdfast_state(hf) == HOLDFAST_READY);
	CHECK(model_has(&f, "always"));
	LOCKED(&f, CHECK(f.n_put == 5));
	holdfast_close(hf);
	model_stop(&f);
}

static void ignore(int signal)
{
	(void)signal;
}

static bool woken;

/* Until one of them has met it asleep */
static void *poke(void *arg)
{
	while (!__atomic_load_n(&woken, __ATOMIC_RELAXED)) {
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		usleep(1000);
	}
	return NULL;
}

static void interrupted(void)
{
	struct sigaction sa = { .sa_handler = ignore };
	pthread_t self = pthread_self(), t;
	struct holdfast_event ev;
	struct model f = { 0 };
	struct holdfast *hf;

	sigaction(SIGUSR1, &sa, NULL);
	model_start(&f);
	hf = opened(&f);
	pthread_create(&t, NULL, poke, &self);
	CHECK(holdfast_next(hf, &ev, -1) == -EINTR);
	__atomic_store_n(&woken, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	holdfast_close(hf);
	model_stop(&f);
}

static const struct ktap_test tests[] = {
	{ "descriptors are given and taken back", give_and_take_back },
	{ "an update: asked, answered, preserved, cancelled", update },
	{ "a driver that polls misses nothing", polled },
	{ "claim, take, resume, and given for the next time", claims },
	{ "each reason why nothing is claimed", nothing_to_claim },
	{ "each reason why a connection is refused", refused_opens },
	{ "the daemon dies at each message, before it acts", dies_before },
	{ "the daemon dies at each message, after it acted", dies_after },
	{ "the daemon is away and comes back", away },
	{ "the daemon is restarted during an update", restarted_during_update },
	{ "lost, started anew, and the daemon is restarted",
	  lost_and_restarted },
	{ "a slow daemon is waited for", slow },
	{ "a silent daemon is not waited for without an end", silent },
	{ "a daemon that accepts nobody is not either", never_accepts },
	{ "each wrong answer to each question", wrong_answers },
	{ "threads share a connection", threads },
	{ "the daemon is restarted 100 times under threads", storm },
	{ "waiting ends by a signal", interrupted },
};

KTAP_MAIN(tests)
