// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record.h"

/* An event can arrive that much later than it was sent. */
#define LAST_WORDS_NS (500 * NSEC_PER_MSEC)

const char *event_string(const struct event *e, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(e->json, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return "";
	return json_object_get_string(v);
}

int64_t event_int(const struct event *e, const char *key, int64_t missing)
{
	struct json_object *v;

	if (!json_object_object_get_ex(e->json, key, &v))
		return missing;
	/* Registers come as "0x..." strings. */
	if (json_object_is_type(v, json_type_string))
		return strtoll(json_object_get_string(v), NULL, 0);
	return json_object_get_int64(v);
}

bool event_is(const struct event *e, const char *ev, const char *state)
{
	if (strcmp(event_string(e, "ev"), ev))
		return false;
	return !state || !strcmp(event_string(e, "state"), state) ||
	       !strcmp(event_string(e, "name"), state) || !strcmp(event_string(e, "when"), state);
}

enum driver event_driver(const struct event *e)
{
	return strcmp(event_string(e, "driver"), "nvme-io") ? DRIVER_NIC : DRIVER_NVME;
}

struct event *event_find(struct record *r, size_t from, const char *ev, const char *state)
{
	size_t i;

	for (i = from; i < r->n_event; i++)
		if (event_is(&r->event[i], ev, state))
			return &r->event[i];
	return NULL;
}

typedef void (*line_fn)(struct record *r, ns_t t, const char *text);

static int load_lines(struct record *r, const char *dir, const char *name, line_fn fn)
{
	FILE *f = open_in(dir, name, "r");
	char *line = NULL, *text;
	size_t room = 0;
	ns_t t;

	if (!f)
		return -1;
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		t = parse_time(line, &text);
		if (t == NO_TIME || *text != ' ')
			continue;
		fn(r, t, text + 1);
	}
	free(line);
	fclose(f);
	return 0;
}

static void add_console(struct record *r, ns_t t, const char *text)
{
	VEC_RESERVE(r->console, r->n_console, r->cap_console);
	r->console[r->n_console++] = (struct console_line){ .t = t, .text = xstrdup(text) };
}

static void add_event(struct record *r, ns_t t, const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	if (!json || !json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		r->bad_events++;
		return;
	}
	VEC_RESERVE(r->event, r->n_event, r->cap_event);
	r->event[r->n_event] = (struct event){ .t = t, .json = json };
	if (event_is(&r->event[r->n_event], "init", NULL))
		r->kernels++;
	r->event[r->n_event++].kernel = r->kernels;
}

static void add_frame(struct record *r, ns_t t, const char *text)
{
	VEC_RESERVE(r->sent, r->n_sent, r->cap_sent);
	r->sent[r->n_sent++] = (struct sent_frame){ .t = t, .seq = strtoull(text, NULL, 10) };
}

static ns_t first_console(const struct record *r, ns_t from, ns_t to, const char *a, const char *b)
{
	const char *p;
	size_t i;

	for (i = 0; i < r->n_console; i++) {
		if (r->console[i].t < from || (to != NO_TIME && r->console[i].t > to))
			continue;
		p = strcasestr(r->console[i].text, a);
		if (p && (!b || strcasestr(p, b)))
			return r->console[i].t;
	}
	return NO_TIME;
}

/* After the update whose new kernel begins with @init; NULL if none came up. */
static void find_resumed(struct record *r, struct driver_marks *m, enum driver driver,
			 const struct event *init, int update)
{
	struct event *e;

	m->resumed[update] = NO_TIME;
	m->resumed_event[update] = NULL;
	for (e = init ? &r->event[init - r->event] : NULL; e && e < &r->event[r->n_event]; e++) {
		if (e->kernel != init->kernel || !event_is(e, "driver", "resumed") ||
		    event_driver(e) != driver)
			continue;
		m->resumed[update] = e->t;
		m->resumed_event[update] = e;
		return;
	}
}

static void find_update(struct record *r, size_t at, struct update *u)
{
	struct event *e, *init = event_find(r, at, "init", NULL);
	enum driver d;
	double ms;
	size_t i;

	*u = (struct update){ .preserve = NO_TIME,
			      .preserved = NO_TIME,
			      .reboot = r->event[at].t,
			      .init = NO_TIME,
			      .verified = NO_TIME,
			      .resumed = 0 };
	for (i = 0; i < at; i++) {
		struct json_object *v;

		e = &r->event[i];
		if (e->kernel != r->event[at].kernel || !event_is(e, "step", "preserve"))
			continue;
		ms = json_object_object_get_ex(e->json, "ms", &v) ? json_object_get_double(v) : 0;
		u->preserved = e->t;
		u->preserve = e->t - (ns_t)(ms * NSEC_PER_MSEC);
	}
	if (init)
		u->init = init->t;
	for (e = init; e && e < &r->event[r->n_event] && e->kernel == init->kernel; e++)
		if (event_is(e, "step", "verify") && u->verified == NO_TIME)
			u->verified = e->t;
	for (d = 0; d < DRIVERS; d++) {
		if (!r->has[d])
			continue;
		find_resumed(r, &r->marks[d], d, init, u - r->update);
		if (r->marks[d].resumed[u - r->update] == NO_TIME || u->resumed == NO_TIME)
			u->resumed = NO_TIME;
		else if (r->marks[d].resumed[u - r->update] > u->resumed)
			u->resumed = r->marks[d].resumed[u - r->update];
	}
	if (!u->resumed)
		u->resumed = NO_TIME;
	u->frozen = first_console(r, u->reboot, u->init, "luo", "froze");
	u->linux_starts = first_console(r, u->reboot, u->init, "Linux version", NULL);
}

/*
 * Before its last words a driver was idle for seconds; behind them it stops the device, which is
 * not judged.
 */
static void find_driver(struct record *r, enum driver driver)
{
	struct driver_marks *m = &r->marks[driver];
	bool ended = false;
	struct event *e;
	size_t i;

	*m = (struct driver_marks){ .ready = NO_TIME, .last_result = NO_TIME };
	for (i = 0; i < r->n_event; i++) {
		e = &r->event[i];
		if (event_driver(e) != driver)
			continue;
		if (event_is(e, "driver", "ready") && !m->ready_event) {
			m->ready = e->t;
			m->ready_event = e;
		}
		if (event_is(e, "regs", "end") || (event_is(e, "result", NULL) && !ended))
			m->last_result = e->t - LAST_WORDS_NS;
		if (event_is(e, "result", NULL))
			m->result = e;
		ended |= event_is(e, "regs", "end");
	}
	if (m->last_result == NO_TIME && r->trace.n)
		m->last_result = r->trace.rec[r->trace.n - 1].t;
	r->has[driver] = m->ready_event || m->result;
}

static void find_marks(struct record *r)
{
	enum driver d;
	size_t i;

	for (d = 0; d < DRIVERS; d++)
		find_driver(r, d);
	for (i = 0; i < r->n_event; i++)
		if (event_is(&r->event[i], "reboot", NULL) && r->n_updates < MAX_UPDATES)
			find_update(r, i, &r->update[r->n_updates++]);
}

static long load_drops(const char *dir)
{
	FILE *f = open_in(dir, "drops", "r");
	long n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

int record_load(struct record *r, const char *dir)
{
	char *path;

	memset(r, 0, sizeof(*r));
	if (load_lines(r, dir, "events.log", add_event)) {
		fprintf(stderr, "%s/events.log: %s\n", dir, strerror(errno));
		return -1;
	}
	load_lines(r, dir, "console.log", add_console);
	load_lines(r, dir, "frames.log", add_frame);
	path = xasprintf("%s/trace.log", dir);
	trace_load(&r->trace, path);
	free(path);
	path = xasprintf("%s/run.json", dir);
	r->info = json_object_from_file(path);
	free(path);
	r->drops = load_drops(dir);
	find_marks(r);
	return 0;
}

void record_free(struct record *r)
{
	size_t i;

	for (i = 0; i < r->n_console; i++)
		free(r->console[i].text);
	for (i = 0; i < r->n_event; i++)
		json_object_put(r->event[i].json);
	free(r->console);
	free(r->event);
	free(r->sent);
	trace_free(&r->trace);
	json_object_put(r->info);
	memset(r, 0, sizeof(*r));
}
