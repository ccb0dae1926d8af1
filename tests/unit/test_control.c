// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking the daemon: what is sent, what is made of the answer, and of daemons
 * that answer otherwise, too late, never, or die.
 */
#include <errno.h>
#include <fcntl.h>

#include <json-c/json.h>

#include <holdfast/clock.h>
#include <holdfast/control.h>
#include <holdfast/fdpass.h>

#include "fake_daemon.h"
#include "ktap.h"

static char dir[] = "/tmp/hf-control-XXXXXX";
static char sock[64];

/* A question with a time-out that no test waits for */
static int ask(struct hf_control *c, uint16_t op, struct hf_answer *a,
	       struct hf_error *err)
{
	struct hf_question q = { .op = op, .timeout_ms = 30000 };

	err->text[0] = '\0';
	return hf_control_ask(c, &q, a, err);
}

/* --- daemons --- */

static void polite(int fd, const struct hf_msg *q)
{
	struct hf_msg ev;

	hf_msg_init(&ev, HF_EV_PRESERVED, 0);
	/* Events are for clients; they may come between. */
	hf_msg_send(fd, &ev, -1);
	if (q->op == HF_CTL_STATUS)
		fake_answer(fd, q, 0, "", "{\"version\":1,\"state\":\"idle\"}\n");
	else if (q->op == HF_CTL_FINISH)
		fake_answer(fd, q, -ENOENT, "there is no client \"x\"", NULL);
	else
		fake_answer(fd, q, 0, "done", NULL);
}

static const char *report;	/* what reporting() sends */

static void reporting(int fd, const struct hf_msg *q)
{
	fake_answer(fd, q, 0, "", report);
}

static void silent(int fd, const struct hf_msg *q)
{
	(void)fd;
	(void)q;
}

static void dying(int fd, const struct hf_msg *q)
{
	(void)q;
	shutdown(fd, SHUT_RDWR);
	_exit(0);
}

static void slow(int fd, const struct hf_msg *q)
{
	usleep(1200 * 1000);
	fake_answer(fd, q, 0, "at last", NULL);
}

enum lie {
	MAGIC,
	VERSION,
	SHORT,
	SHORTER,
	LONG,
	TEXT_LEN,
	TEXT_ZERO,
	SERIAL,
	OP,
	POSITIVE,
	TWO_FDS,
	NO_FILE,
	N_LIES,
};

static enum lie lie;

static void lying(int fd, const struct hf_msg *q)
{
	struct {
		struct hf_msg m;
		char more[8];
	} a = { .m = *q };
	size_t len, fds = 0;
	int fd2[2];

	a.m.text_len = 4;
	memcpy(a.m.text, "text", 4);
	len = hf_msg_size(&a.m);
	fd2[0] = fd2[1] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	switch (lie) {
	case MAGIC:
		a.m.magic++;
		break;
	case VERSION:
		a.m.version++;
		break;
	case SHORT:
		len--;
		break;
	case SHORTER:
		len = 7;
		break;
	case LONG:
		len = sizeof(a);
		break;
	case TEXT_LEN:
		a.m.text_len = 0x80000004u;
		break;
	case TEXT_ZERO:
		a.m.text[1] = '\0';
		break;
	case SERIAL:
		a.m.serial += 1;
		break;
	case OP:
		a.m.op = HF_CTL_CANCEL;
		break;
	case POSITIVE:
		a.m.status = 5;
		break;
	case TWO_FDS:
		fds = 2;
		break;
	case NO_FILE:
		fds = 1;
		break;
	default:
		break;
	}
	hf_fdpass_send(fd, &a, len, fd2, fds);
	close(fd2[0]);
}

/* --- tests --- */

static void nobody(void)
{
	struct hf_control c;
	struct hf_error err;
	char longer[200];
	struct hf_answer a;
	pid_t pid;

	unlink(sock);
	CHECK(hf_control_open(&c, sock, &err) == -ENOENT);
	CHECK_HAS(err.text, "does not run");
	CHECK_HAS(err.text, sock);
	/* A socket that its daemon left behind */
	pid = fake_start(sock, polite);
	fake_stop(pid);
	CHECK(hf_control_open(&c, sock, &err) == -ECONNREFUSED);
	CHECK_HAS(err.text, "nobody listens");
	CHECK(ask(&c, HF_CTL_STATUS, &a, &err) == -ENOTCONN);
	hf_control_close(&c);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	CHECK(hf_control_open(&c, longer, &err) == -ENAMETOOLONG);
	CHECK(hf_control_open(&c, "/dev/null", &err) == -ECONNREFUSED ||
	      hf_control_open(&c, "/dev/null", &err) == -ENOTSOCK);
}

static void path(void)
{
	unsetenv("HOLDFAST_SOCKET");
	CHECK(!strcmp(hf_control_path(NULL), HF_PROTO_SOCKET));
	setenv("HOLDFAST_SOCKET", "/a", 1);
	CHECK(!strcmp(hf_control_path(NULL), "/a"));
	CHECK(!strcmp(hf_control_path("/b"), "/b"));
	setenv("HOLDFAST_SOCKET", "", 1);
	CHECK(!strcmp(hf_control_path(NULL), HF_PROTO_SOCKET));
	unsetenv("HOLDFAST_SOCKET");
}

static void answers(void)
{
	struct hf_question q = {
		.op = HF_CTL_REFUSED,
		.arg = { 1, 2, 3, ~0ull },
		.name = "nic0",
		.text = "because",
		.timeout_ms = 30000,
	};
	struct hf_control c;
	struct hf_error err;
	const struct hf_msg *m;
	struct hf_answer a;
	pid_t pid = fake_start(sock, polite);

	if (!CHECK(!hf_control_open(&c, sock, &err)))
		goto out;
	CHECK(!ask(&c, HF_CTL_STATUS, &a, &err));
	CHECK(a.answered && a.object && a.report);
	CHECK(!strcmp(a.report, "{\"version\":1,\"state\":\"idle\"}"));
	hf_answer_free(&a);
	CHECK(!a.object && !a.report);
	/* Its own words, and the connection goes on. */
	CHECK(ask(&c, HF_CTL_FINISH, &a, &err) == -ENOENT);
	CHECK(a.answered && a.status == -ENOENT);
	CHECK(!strcmp(err.text, "there is no client \"x\""));
	hf_answer_free(&a);
	CHECK(!hf_control_ask(&c, &q, &a, &err));
	CHECK(!strcmp(a.text, "done") && a.arg[3] == ~0ull);
	hf_answer_free(&a);
	m = fake_last(HF_CTL_REFUSED);
	if (CHECK(m)) {
		CHECK(m->arg[0] == 1 && m->arg[3] == ~0ull);
		CHECK(!strcmp(m->name, "nic0") && m->text_len == 7);
		CHECK(!memcmp(m->text, "because", 7));
		CHECK(m->serial == 3);
	}
out:
	hf_control_close(&c);
	fake_stop(pid);
}

static void long_words(void)
{
	struct hf_question q = { .op = HF_CTL_REFUSED, .timeout_ms = 30000 };
	struct hf_control c;
	const struct hf_msg *m;
	struct hf_answer a;
	struct hf_error err;
	char text[4000];
	pid_t pid = fake_start(sock, polite);

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	if (!CHECK(!hf_control_open(&c, sock, &err)))
		goto out;
	/* Words are cut short, a name is not. */
	q.text = text;
	CHECK(!hf_control_ask(&c, &q, &a, &err));
	hf_answer_free(&a);
	m = fake_last(HF_CTL_REFUSED);
	CHECK(m && m->text_len == HF_PROTO_TEXT - 1);
	q.name = text;
	CHECK(hf_control_ask(&c, &q, &a, &err) == -EINVAL);
	CHECK(fake_asked(HF_CTL_REFUSED) == 1);
	text[HF_PROTO_NAME - 1] = '\0';
	CHECK(!hf_control_ask(&c, &q, &a, &err));
	hf_answer_free(&a);
out:
	hf_control_close(&c);
	fake_stop(pid);
}

/* A client may call itself what it likes; a terminal must not obey it. */
static void escape(int fd, const struct hf_msg *q)
{
	fake_answer(fd, q, -EBUSY, "client \033[2J\233x\x7f\r: no\nsecond line", NULL);
}

static void words_are_harmless(void)
{
	struct hf_control c;
	struct hf_answer a;
	struct hf_error err;
	pid_t pid = fake_start(sock, escape);

	if (CHECK(!hf_control_open(&c, sock, &err))) {
		CHECK(ask(&c, HF_CTL_PRESERVE, &a, &err) == -EBUSY);
		CHECK(!strcmp(a.text, "client ?[2J?x??: no\nsecond line"));
		CHECK(!strcmp(err.text, a.text));
		hf_answer_free(&a);
	}
	hf_control_close(&c);
	fake_stop(pid);
}

static void reports(void)
{
	static const struct {
		const char *text;
		int ret;
		const char *words;
	} cases[] = {
		{ "{\"version\":1}", 0, "" },
		{ "{\"version\":1}  \n\n", 0, "" },
		{ "{\"version\":1,\"more\":[{},{}]}", 0, "" },
		{ "", -EPROTO, "no JSON object" },
		{ "\n", -EPROTO, "no JSON object" },
		{ "[1]", -EPROTO, "no JSON object" },
		{ "1", -EPROTO, "no JSON object" },
		{ "{\"version\":1", -EPROTO, "no JSON object" },
		{ "{\"version\":1}}", -EPROTO, "no JSON object" },
		{ "{\"version\":1} {}", -EPROTO, "no JSON object" },
		{ " {\"version\":1}", -EPROTO, "no JSON object" },
		{ "{\"version\":1,\"a\":\"\xff\"}", -EPROTO, "no JSON object" },
		{ "{\"version\":1,\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}",
		  -EPROTO, "no JSON object" },
		{ "{}", -EPROTO, "no version" },
		{ "{\"version\":\"1\"}", -EPROTO, "no version" },
		{ "{\"version\":2}", -EPROTONOSUPPORT, "of version 2" },
	};
	struct hf_control c;
	struct hf_answer a;
	struct hf_error err;
	size_t i;
	pid_t pid;
	int ret;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report = cases[i].text;
		pid = fake_start(sock, reporting);
		if (CHECK(!hf_control_open(&c, sock, &err))) {
			ret = ask(&c, HF_CTL_STATUS, &a, &err);
			if (ret != cases[i].ret)
				printf("# %s: %d\n", cases[i].text, ret);
			CHECK(ret == cases[i].ret);
			CHECK_HAS(err.text, cases[i].words);
			CHECK(!a.object == !!ret && !a.report == !!ret);
			CHECK(a.answered == !ret);
			hf_answer_free(&a);
		}
		hf_control_close(&c);
		fake_stop(pid);
	}
}

static void lies(void)
{
	static const char *const want[N_LIES] = {
		[MAGIC] = "its magic",
		[VERSION] = "speaks version 2",
		[SHORT] = "another length",
		[SHORTER] = "shorter than a message",
		[LONG] = "too long",
		[TEXT_LEN] = "another length",
		[TEXT_ZERO] = "a 0 in its text",
		[SERIAL] = "another question",
		[OP] = "another question",
		[POSITIVE] = "status is positive",
		[TWO_FDS] = "more than one descriptor",
		[NO_FILE] = "no JSON object",
	};
	struct hf_control c;
	struct hf_answer a;
	struct hf_error err;
	pid_t pid;
	int ret;

	for (lie = MAGIC; lie < N_LIES; lie++) {
		pid = fake_start(sock, lying);
		if (CHECK(!hf_control_open(&c, sock, &err))) {
			ret = ask(&c, HF_CTL_STATUS, &a, &err);
			CHECK(ret == (lie == VERSION ? -EPROTONOSUPPORT :
						       -EPROTO));
			CHECK_HAS(err.text, want[lie]);
			/* Nothing more is asked on such a connection. */
			CHECK(!a.answered && c.sock < 0);
			hf_answer_free(&a);
		}
		hf_control_close(&c);
		fake_stop(pid);
	}
}

static void dead(void)
{
	struct hf_control c;
	struct hf_answer a;
	struct hf_error err;
	pid_t pid = fake_start(sock, dying);

	if (CHECK(!hf_control_open(&c, sock, &err))) {
		CHECK(ask(&c, HF_CTL_PRESERVE, &a, &err) == -EPIPE);
		CHECK_HAS(err.text, "kept by the holders");
		CHECK(!a.answered && c.sock < 0);
	}
	fake_stop(pid);
}

static int ticks;
static int stop_at;

static int count_ticks(void *ctx)
{
	CHECK(ctx == &ticks);
	return ++ticks == stop_at;
}

static void no_hang(void)
{
	struct hf_question q = {
		.op = HF_CTL_PRESERVE,
		.timeout_ms = 700,
		.tick = count_ticks,
		.ctx = &ticks,
	};
	struct hf_control c;
	struct hf_answer a;
	struct hf_error err;
	double t0;
	pid_t pid = fake_start(sock, silent);

	ticks = 0;
	stop_at = -1;
	if (CHECK(!hf_control_open(&c, sock, &err))) {
		t0 = hf_now_ms();
		CHECK(hf_control_ask(&c, &q, &a, &err) == -ETIMEDOUT);
		CHECK(hf_now_ms() - t0 >= 699);
		CHECK_HAS(err.text, "did not answer within 1 s");
		CHECK(ticks >= 1 && c.sock < 0);
	}
	ticks = 0;
	stop_at = 1;
	q.timeout_ms = 30000;
	if (CHECK(!hf_control_open(&c, sock, &err))) {
		CHECK(hf_control_ask(&c, &q, &a, &err) == -EINTR);
		CHECK(ticks == 1 && c.sock < 0);
	}
	fake_stop(pid);
}

static void patient(void)
{
	struct hf_question q = {
		.op = HF_CTL_PRESERVE,
		.timeout_ms = 30000,
		.tick = count_ticks,
		.ctx = &ticks,
	};
	struct hf_control c;
	struct hf_answer a;
	struct hf_error err;
	pid_t pid = fake_start(sock, slow);

	ticks = 0;
	stop_at = -1;
	if (CHECK(!hf_control_open(&c, sock, &err))) {
		CHECK(!hf_control_ask(&c, &q, &a, &err));
		CHECK(!strcmp(a.text, "at last") && ticks >= 1);
		hf_answer_free(&a);
	}
	hf_control_close(&c);
	fake_stop(pid);
}

static const struct ktap_test tests[] = {
	{ "control: which socket", path },
	{ "control: nobody there", nobody },
	{ "control: questions and answers", answers },
	{ "control: words that are too long", long_words },
	{ "control: words that are meant for a terminal", words_are_harmless },
	{ "control: reports", reports },
	{ "control: daemons that do not speak the protocol", lies },
	{ "control: a daemon that dies", dead },
	{ "control: a daemon that never answers", no_hang },
	{ "control: a daemon that takes its time", patient },
};

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(dir))
		return 1;
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	unlink(sock);
	rmdir(dir);
	return ret;
}
