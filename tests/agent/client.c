// SPDX-License-Identifier: GPL-2.0-only
/*
 * client - a client of holdfastd for tests
 *
 * It gives memfds with a pattern, and a device if it is told one, is ready,
 * answers, and after the update claims everything and checks it. It can be told
 * to misbehave: not to answer, to refuse, to die at a point.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/capability.h>

#include <holdfast.h>

#include "event.h"
#include "memory.h"
#include "option.h"
#include "pattern.h"

/* Exit codes beyond those of option.h */
enum {
	EXIT_REFUSED = 4,	/* the daemon said no, errno is in the event */
	EXIT_WRONG = 5,		/* what came through is not what it was */
};

#define TICK_MS		10
#define POINTS "open, put, ready, asked, answered, preserved, cancelled, lost, claimed, verified, resumed"

enum answer { ANSWER_YES, ANSWER_NO, ANSWER_NEVER };

static struct {
	struct test_owner own;
	const char *socket;
	const char *die;
	const char *end;
	const char *stop;
	uint64_t delay_ms;
	uint64_t wait_ms;
	uint64_t uid;
	uint64_t gid;
	uint64_t size;
	uint64_t memfds;
	enum answer answer;
	bool unasked;
	bool expect;
	bool unready;
} opt = {
	.wait_ms = 0,
	.uid = UINT64_MAX,
	.gid = UINT64_MAX,
	.size = 65536,
	.own.dma = 65536,
};

static volatile sig_atomic_t asked_to_end;

static void usage(FILE *to)
{
	fputs("usage: client --name NAME [OPTIONS]\n"
"  --socket PATH      of the daemon\n"
"  --events FILE      append JSON lines to FILE instead of stdout\n"
"  --memfds N         memfds to give, m0 to m(N-1) (default 1, or 0 with --device)\n"
"  --size BYTES       of each (default 65536)\n"
"  --device BDF       give a device, its iommufd and its memory as well\n"
"  --dma BYTES        memory of the device (default 65536)\n"
"  --uid N, --gid N   be that user, with all capabilities\n"
"  --unasked          be preserved without being asked\n"
"  --answer WORD      yes (default), no, never\n"
"  --delay MS         before each answer\n"
"  --expect           something has to be claimed; else it starts anew\n"
"  --wait MS          for the daemon to be there, and for devices, so long\n"
"  --unready          do not declare ready after a claim\n"
"  --die POINT        kill itself by SIGKILL at a point of its life\n"
"  --end POINT        end by itself there, with exit code 0\n"
"  --stop POINT       stop itself by SIGSTOP there\n"
"points: " POINTS "\n"
"Without --end it runs until SIGTERM.\n"
"exit status: 0 ended as told, 2 usage, 3 could not run, 4 the daemon refused,\n"
"5 what came through is not what it was\n", to);
}

static const struct option long_options[] = {
	{ "name", required_argument, NULL, 'n' },
	{ "socket", required_argument, NULL, 's' },
	{ "events", required_argument, NULL, 'e' },
	{ "memfds", required_argument, NULL, 'm' },
	{ "size", required_argument, NULL, 'z' },
	{ "device", required_argument, NULL, 'd' },
	{ "dma", required_argument, NULL, 'D' },
	{ "uid", required_argument, NULL, 'u' },
	{ "gid", required_argument, NULL, 'g' },
	{ "unasked", no_argument, NULL, 'U' },
	{ "answer", required_argument, NULL, 'a' },
	{ "delay", required_argument, NULL, 'y' },
	{ "expect", no_argument, NULL, 'x' },
	{ "wait", required_argument, NULL, 'w' },
	{ "unready", no_argument, NULL, 'r' },
	{ "die", required_argument, NULL, 'k' },
	{ "end", required_argument, NULL, 'E' },
	{ "stop", required_argument, NULL, 'S' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static int parse_answer(const char *word)
{
	static const char *const words[] = {
		[ANSWER_YES] = "yes",
		[ANSWER_NO] = "no",
		[ANSWER_NEVER] = "never",
	};

	for (int i = 0; i <= ANSWER_NEVER; i++)
		if (!strcmp(word, words[i])) {
			opt.answer = (enum answer)i;
			return 0;
		}
	return option_complain("--answer takes yes, no or never");
}

static int parse_point(const char *word, const char **point)
{
	static const char points[] = " " POINTS;
	size_t len = strlen(word);
	const char *p = points;

	while (len && (p = strstr(p + 1, word)))
		if (p[-1] == ' ' &&
		    (p[len] == ',' || !p[len])) {
			*point = word;
			return 0;
		}
	return option_complain("points are: " POINTS);
}

/* Returns 0, an exit status, or -1 when there is nothing left to do */
static int parse_option(int c)
{
	switch (c) {
	case 'n':
		opt.own.client = optarg;
		return 0;
	case 's':
		opt.socket = optarg;
		return 0;
	case 'e':
		return event_open(optarg) ? EXIT_FAILED : 0;
	case 'd':
		snprintf(opt.own.bdf, sizeof(opt.own.bdf), "%s", optarg);
		return 0;
	case 'U':
		opt.unasked = true;
		return 0;
	case 'a':
		return parse_answer(optarg);
	case 'x':
		opt.expect = true;
		return 0;
	case 'r':
		opt.unready = true;
		return 0;
	case 'k':
		return parse_point(optarg, &opt.die);
	case 'E':
		return parse_point(optarg, &opt.end);
	case 'S':
		return parse_point(optarg, &opt.stop);
	case 'm':
		return option_number("memfds", optarg, 0, MEMORY_MAX - 2,
				     &opt.memfds) ? EXIT_USAGE : 0;
	case 'z':
		return option_number("size", optarg, PATTERN_MIN, 1ull << 32,
				     &opt.size) ? EXIT_USAGE : 0;
	case 'D':
		return option_number("dma", optarg, PATTERN_MIN, 1ull << 30,
				     &opt.own.dma) ? EXIT_USAGE : 0;
	case 'u':
		return option_number("uid", optarg, 0, UINT32_MAX - 1,
				     &opt.uid) ? EXIT_USAGE : 0;
	case 'g':
		return option_number("gid", optarg, 0, UINT32_MAX - 1,
				     &opt.gid) ? EXIT_USAGE : 0;
	case 'y':
		return option_number("delay", optarg, 0, 600000,
				     &opt.delay_ms) ? EXIT_USAGE : 0;
	case 'w':
		return option_number("wait", optarg, 0, 600000, &opt.wait_ms) ?
		       EXIT_USAGE : 0;
	case 'h':
		usage(stdout);
		return -1;
	}
	return EXIT_USAGE;
}

static int parse_options(int argc, char **argv)
{
	int c, ret;

	opt.memfds = UINT64_MAX;
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		ret = parse_option(c);
		if (ret)
			return ret;
	}
	if (argc != optind || !opt.own.client) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (opt.memfds == UINT64_MAX)
		opt.memfds = opt.own.bdf[0] ? 0 : 1;
	for (uint64_t i = 0; i < opt.memfds; i++) {
		struct test_memory *m = &opt.own.memory[opt.own.n_memory++];

		snprintf(m->name, sizeof(m->name), "m%u", (unsigned int)i);
		m->size = opt.size & ~7ull;
		m->fd = -1;
	}
	return 0;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec t = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	nanosleep(&t, NULL);
}

static void say(const char *point, const char *key, const char *value)
{
	struct event ev;

	event_begin(&ev, "client");
	event_string(&ev, "name", opt.own.client);
	event_string(&ev, "state", point);
	if (key)
		event_string(&ev, key, value);
	event_send(&ev);
}

static bool is(const char *point, const char *here)
{
	return point && !strcmp(point, here);
}

/* The client may end at a point of its life. */
static void pass(const char *point)
{
	if (is(opt.die, point))
		kill(getpid(), SIGKILL);
	if (is(opt.end, point))
		exit(EXIT_CLEAN);
	if (is(opt.stop, point))
		kill(getpid(), SIGSTOP);
}

static void reach(const char *point)
{
	say(point, NULL, NULL);
	pass(point);
}

static int refused(const char *what, int code)
{
	struct event ev;

	event_begin(&ev, "client");
	event_string(&ev, "name", opt.own.client);
	event_string(&ev, "state", "refused");
	event_string(&ev, "what", what);
	event_number(&ev, "errno", (uint64_t)-code);
	event_string(&ev, "message", holdfast_error());
	event_send(&ev);
	fprintf(stderr, "client %s: %s: %s\n", opt.own.client, what,
		holdfast_error());
	return EXIT_REFUSED;
}

/* Another user that may still do everything, as a service with capabilities */
static int become(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];
	gid_t gid = (gid_t)opt.gid;
	uid_t uid = (uid_t)opt.uid;

	if (opt.gid != UINT64_MAX && (setgroups(0, NULL) ||
				      setresgid(gid, gid, gid)))
		return fail("cannot become group %u: %m", gid);
	if (opt.uid == UINT64_MAX)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1) || setresuid(uid, uid, uid) ||
	    syscall(SYS_capget, &head, caps))
		return fail("cannot become user %u: %m", uid);
	caps[0].effective = caps[0].permitted;
	caps[1].effective = caps[1].permitted;
	if (syscall(SYS_capset, &head, caps))
		return fail("cannot keep capabilities: %m");
	return 0;
}

/* The daemon does not run, or was killed just now */
static bool is_away(int ret)
{
	return ret == -ECONNREFUSED || ret == -ECONNRESET;
}

static int connect_daemon(struct holdfast **hf)
{
	uint64_t waited = 0;
	int ret;

	for (;;) {
		ret = holdfast_open(hf, opt.own.client, opt.socket);
		if (!is_away(ret) || waited >= opt.wait_ms)
			return ret;
		sleep_ms(TICK_MS);
		waited += TICK_MS;
	}
}

static int claim(struct holdfast *hf)
{
	uint64_t waited = 0;
	int ret;

	for (;;) {
		ret = holdfast_claim(hf);
		if ((ret != -EAGAIN && !is_away(ret)) ||
		    waited >= opt.wait_ms)
			return ret;
		sleep_ms(TICK_MS);
		waited += TICK_MS;
	}
}

/* The daemon may be restarted just then. */
static int resumed(struct holdfast *hf, const struct holdfast_gap *gap)
{
	uint64_t waited = 0;
	int ret;

	for (;;) {
		ret = holdfast_resumed(hf, gap);
		if (!is_away(ret) || waited >= opt.wait_ms)
			return ret;
		sleep_ms(TICK_MS);
		waited += TICK_MS;
	}
}

/* Return: 0: goes on; 1: starts anew; or an exit status above */
static int take_up(struct holdfast *hf)
{
	struct holdfast_gap gap;
	int ret = claim(hf);

	if ((ret == -ENOENT || ret == -ENODATA) && !opt.expect)
		return 1;
	if (ret < 0)
		return refused("claim", ret);
	reach("claimed");
	if (owner_adopt(&opt.own, hf))
		return EXIT_WRONG;
	gap.last_tsc = owner_last_tick(&opt.own);
	owner_tick(&opt.own);
	gap.first_tsc = owner_last_tick(&opt.own);
	reach("verified");
	ret = resumed(hf, &gap);
	if (ret)
		return refused("resumed", ret);
	reach("resumed");
	return 0;
}

static int start(struct holdfast *hf)
{
	int ret;

	if (owner_create(&opt.own))
		return EXIT_FAILED;
	ret = owner_give(&opt.own, hf);
	if (ret)
		return refused("put", ret);
	reach("put");
	return 0;
}

static int answer(struct holdfast *hf)
{
	int ret;

	reach("asked");
	sleep_ms(opt.delay_ms);
	if (opt.answer == ANSWER_NEVER)
		return 0;
	if (opt.answer == ANSWER_NO)
		ret = holdfast_answer(hf, -EBUSY, "told to refuse");
	else
		ret = holdfast_answer(hf, 0, NULL);
	if (ret && ret != -ETIMEDOUT)
		return refused("answer", ret);
	say("answered", "as", ret ? "late" :
	    opt.answer == ANSWER_NO ? "no" : "yes");
	pass("answered");
	return 0;
}

static int serve(struct holdfast *hf)
{
	struct holdfast_event ev;
	int ret;

	while (!asked_to_end) {
		owner_tick(&opt.own);
		ret = holdfast_next(hf, &ev, TICK_MS);
		if (ret == -EINTR || !ret)
			continue;
		if (ret < 0) {
			refused("next", ret);
			sleep_ms(TICK_MS);
			continue;
		}
		switch (ev.type) {
		case HOLDFAST_EV_UPDATE:
			ret = answer(hf);
			if (ret)
				return ret;
			break;
		case HOLDFAST_EV_PRESERVED:
			reach("preserved");
			break;
		case HOLDFAST_EV_CANCELLED:
			reach("cancelled");
			break;
		case HOLDFAST_EV_LOST:
			reach("lost");
			break;
		}
	}
	return EXIT_CLEAN;
}

static int run(struct holdfast *hf)
{
	int ret = take_up(hf);

	if (ret == 1)
		ret = start(hf);
	else if (!ret && opt.unready)
		return serve(hf);
	if (ret)
		return ret;
	ret = holdfast_ready(hf, opt.unasked ? HOLDFAST_UNASKED : 0);
	if (ret)
		return refused("ready", ret);
	reach("ready");
	return serve(hf);
}

static void note_end(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

int main(int argc, char **argv)
{
	struct sigaction end = { .sa_handler = note_end };
	struct holdfast *hf;
	int ret = parse_options(argc, argv);

	if (ret)
		return ret < 0 ? EXIT_CLEAN : ret;
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	if (become())
		return EXIT_FAILED;
	ret = connect_daemon(&hf);
	if (ret)
		return refused("open", ret);
	reach("open");
	ret = run(hf);
	holdfast_close(hf);
	return ret;
}
