// SPDX-License-Identifier: GPL-2.0-only
/* What verbs share that ask the daemon. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/message.h>

#include "daemon.h"

/*
 * Preserving and restoring take as long as memory is large; a daemon that takes
 * longer than this hangs.
 */
#define WORK_MS		600000
/* A look while another question waits: never worth waiting for */
#define LOOK_MS		300

static volatile sig_atomic_t interrupted;

struct progress {
	struct cli *cli;
	uint16_t op;
	double since;
	bool shown;
};

/*
 * Holders that the daemon left: how many? Only root can look; for others a
 * session without the daemon is out of reach as well.
 */
static size_t sessions_left(void)
{
	const char *path = hf_control_path(NULL);
	const char *slash = strrchr(path, '/');
	char dir[256];
	struct dirent *de;
	size_t n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%.*s/sessions",
		 slash ? (int)(slash - path) : 1, slash ? path : ".");
	d = opendir(dir);
	if (!d)
		return 0;
	while ((de = readdir(d)))
		n += strstr(de->d_name, ".sock") ? 1 : 0;
	closedir(d);
	return n;
}

int daemon_find(struct cli *cli, struct hf_control *c, struct hf_error *err)
{
	int ret;

	c->sock = -1;
	if (cli->alone && cli->daemon)
		return hf_fail(err, -EINVAL,
			       "--daemon goes neither with --session nor with --socket: those are about a session that holdfastd does not have");
	if (cli->alone)
		return 0;
	ret = hf_control_open(c, cli->daemon, err);
	if (!ret)
		return 1;
	if (cli->daemon)
		return ret;
	/* Stopped in an orderly way it takes its socket along. */
	if (ret == -ENOENT && !sessions_left())
		return 0;
	if (ret == -ENOENT)
		hf_fail_add(err, "sessions that it had preserved are still held");
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		hf_fail_add(err, "for a session without it, name it by --session or --socket");
	return ret;
}

static void caught(int sig)
{
	(void)sig;
	interrupted = 1;
}

void daemon_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = caught };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

bool daemon_interrupted(void)
{
	return interrupted;
}

/* Who is waited for, as far as a line has room */
static void name_asked(struct json_object *o, char *buf, size_t len)
{
	char name[132];
	size_t i, at = 0;

	buf[0] = '\0';
	for (i = 0; i < report_count(o, "clients") && at < len; i++) {
		struct json_object *c = report_at(o, "clients", i);

		if (report_is(c, "state", "asked"))
			at += (size_t)snprintf(buf + at, len - at, "%s%s",
					       at ? ", " : " for ",
					       report_text(c, "name", name,
							   sizeof(name)));
	}
}

static void show_progress(struct progress *p)
{
	double s = (hf_now_ms() - p->since) / 1000;
	struct hf_question q = { .op = HF_CTL_STATUS, .timeout_ms = LOOK_MS };
	struct hf_control c;
	struct hf_answer a;
	char names[48] = "";

	if (p->op == HF_CTL_PRESERVE &&
	    !hf_control_open(&c, p->cli->daemon, NULL)) {
		if (!hf_control_ask(&c, &q, &a, NULL))
			name_asked(a.object, names, sizeof(names));
		hf_answer_free(&a);
		hf_control_close(&c);
	}
	fprintf(stderr, "\rholdfast %s: waiting%s, %.0f s\033[K",
		p->cli->verb, names, s);
	p->shown = true;
}

static int tick(void *ctx)
{
	struct progress *p = ctx;

	if (interrupted)
		return 1;
	if (!p->cli->json && isatty(STDERR_FILENO))
		show_progress(p);
	return 0;
}

int daemon_ask(struct cli *cli, struct hf_control *c, struct hf_question *q,
	       struct hf_answer *a, struct hf_error *err)
{
	struct progress p = {
		.cli = cli,
		.op = q->op,
		.since = hf_now_ms(),
	};
	int ret;

	q->timeout_ms += WORK_MS;
	q->tick = tick;
	q->ctx = &p;
	ret = hf_control_ask(c, q, a, err);
	if (p.shown)
		fprintf(stderr, "\r\033[K");
	return ret;
}

int daemon_status(struct cli *cli, struct hf_control *c, bool verify,
		  struct hf_answer *a, struct hf_error *err)
{
	struct hf_question q = { .op = HF_CTL_STATUS, .arg = { verify } };
	int ret;

	ret = daemon_ask(cli, c, &q, a, err);
	if (!ret && !a->object)
		ret = hf_fail(err, -EPROTO, "holdfastd sent no report");
	return ret;
}

int daemon_cancel(struct cli *cli, struct hf_control *c, struct hf_error *err)
{
	struct hf_question q = { .op = HF_CTL_CANCEL };
	struct hf_error why;
	struct hf_answer a = {};
	int ret = 0;

	/* A second signal must not keep it from being taken back. */
	interrupted = 0;
	if (c->sock < 0)
		ret = hf_control_open(c, cli->daemon, &why);
	if (!ret)
		ret = daemon_ask(cli, c, &q, &a, &why);
	hf_answer_free(&a);
	if (ret && !(a.answered && ret == -ENOENT)) {
		hf_fail_add(err, "it could not be taken back: %s; see \"holdfast status\", and do it by \"holdfast cancel\"",
			    why.text);
		return ret;
	}
	hf_fail_add(err, "everything was given back, the clients carry on");
	return 0;
}

int daemon_without(const struct cli *cli, char names[HF_PROTO_TEXT],
		   const char *name)
{
	size_t at = strlen(names);

	if (!hf_client_name_valid(name))
		return cli_usage(cli, "--without takes the name of a client, as \"holdfast clients\" shows it");
	if (at + 1 + strlen(name) >= HF_PROTO_TEXT)
		return cli_usage(cli, "--without names too many clients");
	snprintf(names + at, HF_PROTO_TEXT - at, "%s%s", at ? " " : "", name);
	return -1;
}

int daemon_preserve(struct cli *cli, struct hf_control *c, long timeout_s,
		    const char *without, struct hf_answer *a,
		    struct hf_error *err)
{
	struct hf_question q = {
		.op = HF_CTL_PRESERVE,
		.arg = { (uint64_t)timeout_s * 1000 },
		.text = without,
		.timeout_ms = (int)(timeout_s ? timeout_s : ANSWER_S_MAX) * 1000,
	};
	int ret = daemon_ask(cli, c, &q, a, err);

	/* It may have been preserved all the same, a moment later. */
	if (ret == -EINTR || (ret == -ETIMEDOUT && !a->answered))
		daemon_cancel(cli, c, err);
	return ret;
}

int daemon_end(struct cli *cli, struct hf_control *c, int code,
	       const struct hf_error *err, struct hf_answer *a,
	       void (*show)(struct json_object *o))
{
	struct hf_json j;

	if (cli->json) {
		cli_begin_json(cli, &j, code, err);
		if (a->report)
			hf_json_members(&j, a->report);
		hf_json_object_end(&j);
		show_json(&j);
	} else if (a->object && show) {
		show(a->object);
	}
	fflush(stdout);
	if (code)
		cli_complain(cli, err);
	hf_answer_free(a);
	hf_control_close(c);
	return code;
}

int daemon_end_now(struct cli *cli, struct hf_control *c, int code,
		   const struct hf_error *err, struct hf_answer *a,
		   void (*show)(struct json_object *o))
{
	struct hf_error none;

	hf_answer_free(a);
	/* Without a report the verb has done, or not, what it has */
	if (c->sock >= 0)
		daemon_status(cli, c, false, a, &none);
	return daemon_end(cli, c, code, err, a, show);
}
