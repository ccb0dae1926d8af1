// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "spells.h"

#define COMMAND 0x04
#define COMMAND_MASTER 0x04

/**
 * struct spell - from one event to the next of that kind
 * @dma: "on": each frame is stored, and nobody touches the device; "off": no frame is; "reset": the
 * device is reset; anything else is not judged
 * @from, @to: time
 */
struct spell {
	const char *dma;
	ns_t from, to;
};

static long sent_until(const struct record *r, ns_t t)
{
	size_t low = 0, high = r->n_sent, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (r->sent[mid].t <= t)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_reset(const struct trace_record *t, const struct scenario *sc)
{
	return t->kind == TRACE_SW_RESET ||
	       (t->kind == TRACE_RESET && !strcmp(t->model, sc->device));
}

static void count_hands(const struct record *r, const struct scenario *sc, const struct spell *s,
			int *resets, int *stops)
{
	const struct trace_record *t;
	size_t i;

	*resets = *stops = 0;
	for (i = 0; i < r->trace.n; i++) {
		t = &r->trace.rec[i];
		if (t->t < s->from || t->t > s->to)
			continue;
		*resets += is_reset(t, sc);
		*stops += t->kind == TRACE_CONFIG_WRITE && !strcmp(t->model, sc->device) &&
			  t->offset == COMMAND && !(t->value & COMMAND_MASTER);
	}
}

/*
 * A frame is stored less than IN_FLIGHT_NS after it was sent: those sent in a spell, but for the
 * last ones, were stored in it. Up to as many as came in before it may be stored in it, too.
 */
static void judge_on(const struct account *a, const struct record *r, const struct scenario *sc,
		     const struct spell *s, const char *name, struct checks *c)
{
	long sent = sent_until(r, s->to - IN_FLIGHT_NS) - sent_until(r, s->from);
	long stored = account_stored_until(a, s->to) -
		      account_stored_until(a, s->from);
	int resets, stops;

	count_hands(r, sc, s, &resets, &stops);
	check_add(c, name, sent > 0 && stored >= sent && !resets && !stops,
		  "%.1f s, %ld frames sent, %ld stored; %d resets, bus mastering switched off %d times",
		  ns_to_ms(s->to - s->from) / 1000, sent, stored, resets, stops);
}

static void judge_off(const struct account *a, const struct record *r, const struct spell *s,
		      const char *name, struct checks *c)
{
	long sent = sent_until(r, s->to) - sent_until(r, s->from);
	long stored = account_stored_until(a, s->to) - account_stored_until(a, s->from);

	check_add(c, name, sent > 0 && !stored, "%.1f s, %ld frames sent, %ld stored",
		  ns_to_ms(s->to - s->from) / 1000, sent, stored);
}

static void judge_reset(const struct record *r, const struct scenario *sc, const struct spell *s,
			const char *name, struct checks *c)
{
	int resets, stops;

	count_hands(r, sc, s, &resets, &stops);
	check_add(c, name, resets > 0, "%.1f s, %d resets", ns_to_ms(s->to - s->from) / 1000,
		  resets);
}

static void judge_spell(const struct account *a, const struct record *r, const struct scenario *sc,
			const struct spell *s, int number, struct checks *c)
{
	char name[48];

	snprintf(name, sizeof(name), "spell-%d-%s", number, s->dma);
	if (!strcmp(s->dma, "on"))
		judge_on(a, r, sc, s, name, c);
	else if (!strcmp(s->dma, "off"))
		judge_off(a, r, s, name, c);
	else if (!strcmp(s->dma, "reset"))
		judge_reset(r, sc, s, name, c);
}

/* A guard that had little to guard proves nothing. */
#define GUARDED_MIN_KB (64 << 10)

static void check_guard(const struct event *e, int number, struct checks *c)
{
	long long bad = event_int(e, "bad_pages", -1), kb = event_int(e, "kB", 0);
	struct json_object *v;
	bool damage = json_object_object_get_ex(e->json, "damage", &v) &&
		      json_object_get_boolean(v);
	char name[48];

	snprintf(name, sizeof(name), "%s-%d", damage ? "guard-sees-damage" : "guard", number);
	check_add(c, name, kb >= GUARDED_MIN_KB && (damage ? bad > 0 : !bad),
		  "%lld kB of free memory read %lld times, %lld kB left, %lld pages written to", kb,
		  (long long)event_int(e, "rounds", 0), (long long)event_int(e, "free_kB", -1),
		  bad);
}

void spells_check(struct verdict *v, const struct scenario *sc)
{
	const struct record *r = &v->record;
	struct spell s = { .dma = NULL };
	int spells = 0, guards = 0;
	const struct event *e;
	size_t i;

	for (i = 0; i < r->n_event; i++) {
		e = &r->event[i];
		if (event_is(e, "guard", NULL))
			check_guard(e, ++guards, &v->checks);
		if (!event_is(e, "spell", NULL) && !event_is(e, "done", NULL) &&
		    !event_is(e, "reboot", NULL))
			continue;
		if (s.dma) {
			s.to = e->t;
			judge_spell(&v->account, r, sc, &s, spells, &v->checks);
		}
		s.dma = NULL;
		if (event_is(e, "spell", NULL)) {
			s = (struct spell){ .dma = event_string(e, "dma"), .from = e->t };
			spells++;
		}
	}
	if (!spells)
		check_add(&v->checks, "spells", false, "the guest did not get that far");
}
