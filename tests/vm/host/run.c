// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nvme.h"
#include "qemu.h"
#include "request.h"
#include "run.h"
#include "source.h"
#include "stamp.h"

/* Frames go on that long after the last update, so that there are some "after". */
#define AFTER_RESUME_NS (2 * NSEC_PER_SEC)

/* The control's driver may never resume; its frames end that long after the last kernel's init. */
#define AFTER_INIT_NS (5 * NSEC_PER_SEC)

/* The driver takes that long without a frame for the end of the source. */
#define IDLE_MS 5000

/* Where nothing happens but receiving. */
#define PLAIN_NS (3 * NSEC_PER_SEC)

/* From "done" to power off. */
#define POWER_OFF_NS (10 * NSEC_PER_SEC)

struct run {
	const struct run_config *c;
	struct stamper console, events;
	struct source source;
	struct requests requests;
	ns_t begun;
	int kernel, resumed, cancels;
	bool done;
	ns_t stop_source_at, kill_at;
	char last_event[256], last_step[64];
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

static void say(const struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct run *r, const char *fmt, ...)
{
	va_list ap;

	if (!r->c->progress)
		return;
	fprintf(stderr, "[%s %6.2f s] ", r->c->scenario->name,
		ns_to_ms(now_real() - r->begun) / 1000);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void end_source_in(struct run *r, ns_t delay)
{
	ns_t at = now_mono() + delay;

	if (r->stop_source_at == NO_TIME || at < r->stop_source_at)
		r->stop_source_at = at;
}

/* Everything that was to happen while frames come has happened. */
static void end_source_if_through(struct run *r)
{
	const struct scenario *sc = r->c->scenario;

	if (sc->judged != JUDGED_CONTROL && r->kernel > sc->updates && r->resumed >= sc->resumes &&
	    r->cancels >= sc->cancels && (sc->resumes || sc->cancels))
		end_source_in(r, AFTER_RESUME_NS);
}

/* Dumps are long and say nothing to a person. */
static void show_event(struct run *r, const char *ev, const char *line)
{
	static const char *const silent[] = { "cfg",	  "meminfo", "regs",
					      "timeline", "phase",   "compaction", "storm" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(silent); i++)
		if (!strcmp(ev, silent[i]))
			return;
	say(r, "kernel %d: %.160s", r->kernel, line);
}

static void on_event(void *ctx, ns_t t, const char *line)
{
	struct json_object *o = json_tokener_parse(line);
	const struct scenario *sc;
	struct run *r = ctx;
	const char *ev;

	(void)t;
	if (!o || !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return;
	}
	sc = r->c->scenario;
	ev = member(o, "ev");
	snprintf(r->last_event, sizeof(r->last_event), "%.250s", line);
	if (!strcmp(ev, "init")) {
		r->kernel++;
		if (sc->judged == JUDGED_CONTROL && r->kernel > sc->updates)
			end_source_in(r, AFTER_INIT_NS);
	} else if (!strcmp(ev, "step")) {
		snprintf(r->last_step, sizeof(r->last_step), "%s", member(o, "name"));
	} else if (!strcmp(ev, "cancel")) {
		r->cancels++;
		end_source_if_through(r);
	} else if (!strcmp(member(o, "driver"), "nvme-io")) {
		/* The frame source has nothing to do with it. */
	} else if (!strcmp(ev, "driver") && !strcmp(member(o, "state"), "ready")) {
		source_start(&r->source);
		if (sc->judged == JUDGED_ALL && !sc->resumes && !sc->cancels)
			end_source_in(r, PLAIN_NS);
	} else if (!strcmp(ev, "driver") && !strcmp(member(o, "state"), "resumed")) {
		r->resumed++;
		end_source_if_through(r);
	} else if (!strcmp(ev, "host")) {
		requests_take(&r->requests, o);
	} else if (!strcmp(ev, "done")) {
		r->done = true;
		r->kill_at = now_mono() + POWER_OFF_NS;
		end_source_in(r, 0);
	}
	show_event(r, ev, line);
	json_object_put(o);
}

static void pair_of_sockets(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair: %s", strerror(errno));
}

static pid_t start(struct run *r)
{
	const struct run_config *c = r->c;
	struct qemu_config q = {
		.kernel = c->kernel,
		.initrd = c->initrd,
		.accel = c->accel,
		.scenario = c->scenario,
		.mem_mb = c->mem_mb,
		.cpus = c->cpus,
		.dir = c->dir,
		.extra = c->qemu_args,
	};
	char *append = xasprintf(
		"console=ttyS0,115200 earlyprintk=serial,ttyS0,115200 panic=-1 loglevel=7 kho=on liveupdate=on "
		"vfio.enable_unsafe_noiommu_mode=1 hf.kernel=1 hf.scenario=%s hf.updates=%d hf.first=%s hf.next=%s hf.drivers=%s hf.frames=0 hf.warm=%d hf.between=%d "
		"hf.idle=%d hf.timeout=%d %s %s",
		c->scenario->guest, c->scenario->updates, kernel_kind_name(c->scenario->kernel),
		kernel_kind_name(scenario_next_kernel(c->scenario)), scenario_drivers(c->scenario),
		c->rate, c->rate, IDLE_MS, c->timeout_s * 3 / 4,
		c->scenario->append ? c->scenario->append : "", c->append);
	int console[2], events[2], qmp[2];
	pid_t pid;

	pair_of_sockets(console);
	pair_of_sockets(events);
	pair_of_sockets(qmp);
	source_open(&r->source, c->rate, c->dir);
	if (c->scenario->iops)
		nvme_make_disk(c->dir);
	stamper_open(&r->console, console[0], c->dir, "console.log", NULL, NULL);
	stamper_open(&r->events, events[0], c->dir, "events.log", on_event, r);
	requests_open(&r->requests, qmp[0], c->dir, &r->source);
	q.append = append;
	q.console_fd = console[1];
	q.event_fd = events[1];
	q.qmp_fd = qmp[1];
	q.net_fd = r->source.qemu_fd;
	pid = qemu_start(&q);
	close(console[1]);
	close(events[1]);
	close(qmp[1]);
	free(append);
	return pid;
}

static void explain_timeout(struct run *r)
{
	fprintf(stderr,
		"%s: no end after %d s. The guest was in kernel %d, last step \"%s\", last event:\n  %s\nlast console lines:\n",
		r->c->scenario->name, r->c->timeout_s, r->kernel,
		r->last_step[0] ? r->last_step : "none", r->last_event[0] ? r->last_event : "none");
	stamper_print_tail(&r->console, stderr, "  ");
	fprintf(stderr, "logs: %s\n", r->c->dir);
}

/* Returns why the run ended. */
static const char *watch(struct run *r, pid_t pid)
{
	struct stamper *ports[] = { &r->console, &r->events, &r->requests.qmp };
	struct pollfd p[ARRAY_SIZE(ports)];
	ns_t limit = now_mono() + r->c->timeout_s * NSEC_PER_SEC, now;
	siginfo_t gone = { 0 };
	size_t open = ARRAY_SIZE(ports), i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		p[i] = (struct pollfd){ .fd = ports[i]->fd, .events = POLLIN };
	while (open) {
		poll(p, ARRAY_SIZE(ports), 50);
		for (i = 0; i < ARRAY_SIZE(ports); i++) {
			if (!p[i].revents)
				continue;
			if (!stamper_read(ports[i])) {
				p[i].fd = -1;
				open--;
			}
			p[i].revents = 0;
		}
		requests_run(&r->requests);
		now = now_mono();
		if (r->stop_source_at != NO_TIME && now >= r->stop_source_at) {
			r->stop_source_at = NO_TIME;
			if (!r->source.running)
				continue;
			source_stop(&r->source);
			say(r, "frame source stopped after %ld frames", (long)r->source.sent);
		}
		if (interrupted)
			return "interrupted";
		if (r->kill_at != NO_TIME && now >= r->kill_at)
			return "done, power-off late";
		if (now >= limit) {
			explain_timeout(r);
			return "timeout";
		}
	}
	waitid(P_PID, pid, &gone, WEXITED | WNOWAIT);
	return r->done ? "done" : "QEMU exited";
}

static void write_info(const struct run *r, const char *end, int status, long drops)
{
	const struct run_config *c = r->c;
	struct json_object *o = json_object_new_object();
	char *path = xasprintf("%s/run.json", c->dir);
	FILE *f = open_in(c->dir, "drops", "we");

	if (f) {
		fprintf(f, "%ld\n", drops);
		fclose(f);
	}
	json_object_object_add(o, "scenario", json_object_new_string(c->scenario->name));
	json_object_object_add(o, "device", json_object_new_string(c->scenario->device));
	json_object_object_add(o, "kernel",
			       json_object_new_string(kernel_kind_name(c->scenario->kernel)));
	json_object_object_add(o, "accel", json_object_new_string(c->accel));
	json_object_object_add(o, "rate", json_object_new_int(c->rate));
	json_object_object_add(o, "end", json_object_new_string(end));
	json_object_object_add(o, "qemu_status", json_object_new_int(status));
	json_object_object_add(o, "requests", json_object_new_int(r->requests.done));
	json_object_object_add(o, "request_errors", json_object_new_int(r->requests.errors));
	json_object_object_add(o, "seconds",
			       json_object_new_double(ns_to_ms(now_real() - r->begun) / 1000));
	json_object_to_file_ext(path, o, JSON_C_TO_STRING_PRETTY);
	json_object_put(o);
	free(path);
}

/* What QEMU said is why it ended, if it did so before the guest spoke. */
static void explain_early_end(const struct run *r, int status)
{
	FILE *f = open_in(r->c->dir, "qemu.stderr", "r");
	char line[256];

	fprintf(stderr,
		"%s: QEMU ended early (status 0x%x); last step \"%s\", last event: %s\nlogs: %s\n",
		r->c->scenario->name, status, r->last_step, r->last_event, r->c->dir);
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		fprintf(stderr, "  %s", line);
	fclose(f);
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

bool run_vm(const struct run_config *c)
{
	struct run r = {
		.c = c, .begun = now_real(), .stop_source_at = NO_TIME, .kill_at = NO_TIME
	};
	const char *end;
	int status;
	long drops;
	pid_t pid;

	make_dirs(c->dir);
	catch_signals();
	pid = start(&r);
	end = watch(&r, pid);
	drops = source_drops(&r.source);
	status = qemu_stop(pid);
	source_close(&r.source);
	stamper_close(&r.console);
	stamper_close(&r.events);
	requests_close(&r.requests);
	write_info(&r, end, status, drops);
	say(&r, "ended: %s", end);
	if (!r.done && !strcmp(end, "QEMU exited"))
		explain_early_end(&r, status);
	return r.done;
}
