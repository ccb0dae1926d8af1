// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "console.h"
#include "judge.h"
#include "memory.h"

/* manifest, memfd, iommufd, device, bind, attach */
#define MIN_STEPS 6

static bool event_true(const struct event *e, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(e->json, key, &v) && json_object_get_boolean(v);
}

static void check_end(struct verdict *v, const struct scenario *sc)
{
	struct event *done = event_find(&v->record, 0, "done", NULL), *e, *failed = NULL;
	const char *why = "";
	size_t i;

	/* The first complaint is the cause, the guest's "failed" says where it gave up. */
	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		if (!*why && (event_is(e, "driver", "error") || event_is(e, "error", NULL)))
			why = event_string(e, "message");
		if (event_is(e, "failed", NULL) || event_is(e, "timeout", NULL))
			failed = e;
	}
	check_add(&v->checks, "guest-done", done && !event_int(done, "status", 1),
		  "%s, status %lld%s%.100s%s%.150s",
		  done ? "ended by itself" : "never came to its end",
		  done ? (long long)event_int(done, "status", -1) : -1LL,
		  failed ? "; gave up while " : "", failed ? event_string(failed, "doing") : "",
		  *why ? "; first error: " : "", why);
	check_add(&v->checks, "kernels", v->record.kernels == sc->updates + 1,
		  "%d of %d kernels came up", v->record.kernels, sc->updates + 1);
}

/*
 * Every update must have been verified by the agent, and every verification must have found
 * everything equal.
 */
static void check_verify(struct verdict *v, const struct scenario *sc)
{
	long pages = 0, extents = 0;
	int seen = 0, pa = 0, ids = 0, later = 0;
	struct event *e;
	size_t i;

	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		if (!event_is(e, "verify", NULL))
			continue;
		seen++;
		pa += event_true(e, "pa_table_equal");
		ids += event_true(e, "ids_equal");
		later += e->kernel > 1;
		pages = event_int(e, "pages", 0);
		extents = event_int(e, "extents", 0);
	}
	v->pa_table_equal = later >= sc->updates && seen && pa == seen && pages > 0;
	v->ids_equal = later >= sc->updates && seen && ids == seen;
	if (!sc->updates)
		return;
	check_add(&v->checks, "pa-table-equal", v->pa_table_equal,
		  "%d of %d comparisons equal, %ld pages in %ld extents", pa, seen, pages, extents);
	check_add(&v->checks, "ids-equal", v->ids_equal, "%d of %d comparisons equal", ids, seen);
}

/*
 * The guest makes each new kernel move all it may move after each step of a restore; that addresses
 * are equal afterwards means something only if this was done.
 */
static void check_compaction(struct verdict *v, const struct scenario *sc)
{
	long migrated = 0;
	int times = 0;
	size_t i;

	for (i = 0; i < v->record.n_event; i++) {
		if (!event_is(&v->record.event[i], "compaction", NULL))
			continue;
		times += event_true(&v->record.event[i], "ran");
		migrated += event_int(&v->record.event[i], "migrated", 0);
	}
	check_add(&v->checks, "compaction-forced", times >= MIN_STEPS * sc->updates,
		  "%d times during restore, %ld pages of others moved%s", times, migrated,
		  migrated ? "" : " (or the kernel does not count them)");
}

/*
 * The control shows that the harness sees a device that is lost. It must have received at first and
 * been kexec'd, or its failure would prove nothing.
 */
static void check_control(struct verdict *v, const struct scenario *sc)
{
	const struct account *a = &v->account;
	long stored_before =
		v->record.n_updates ? account_stored_until(a, v->record.update[0].reboot) : 0;
	bool lost_device = v->hands.bus_master_edges || v->hands.device_resets;

	check_add(&v->checks, "control-kexec",
		  v->record.kernels > sc->updates && v->record.n_updates, "%d kernels came up",
		  v->record.kernels);
	if (sc->iops)
		nvme_check_control(&v->nvme, &v->record, &v->checks);
	if (!scenario_has_nic(sc))
		return;
	check_add(&v->checks, "control-received-before", stored_before > 0,
		  "%ld frames stored before the kexec", stored_before);
	check_add(
		&v->checks, "control-loses", lost_device && (long)a->n_stored < a->sent,
		"%ld sent, %zu stored, %ld lost; %d bus-master edges, %d resets; longest time without a write %.0f ms",
		a->sent, a->n_stored, a->sent - (long)a->n_stored, v->hands.bus_master_edges,
		v->hands.device_resets, a->longest_gap_ms);
}

/*
 * What the guest itself found: what was to be refused, and was, and other points. It ends at the
 * first that does not hold.
 */
static void check_guest_points(struct verdict *v)
{
	struct event *e;
	char name[64];
	bool refusal;
	size_t i, k;

	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		refusal = event_is(e, "refusal", NULL);
		if (!refusal && !event_is(e, "point", NULL))
			continue;
		snprintf(name, sizeof(name), "%s%s", refusal ? "refused-" : "",
			 event_string(e, "name"));
		for (k = 0; name[k]; k++)
			if (name[k] == ' ')
				name[k] = '-';
		if (event_true(e, "skipped"))
			check_skip(&v->checks, name, "cannot be had here");
		else if (refusal)
			check_add(&v->checks, name, true, "status %lld",
				  (long long)event_int(e, "status", -1));
		else
			check_add(&v->checks, name, true, "found by the guest");
	}
}

static struct event *find_point(struct verdict *v, const char *name)
{
	struct event *e;
	size_t i;

	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		if (event_is(e, "point", NULL) && !strcmp(event_string(e, "name"), name))
			return e;
	}
	return NULL;
}

static long sent_until(const struct record *r, ns_t t)
{
	size_t i;

	for (i = 0; i < r->n_sent && r->sent[i].t <= t; i++)
		;
	return i;
}

/*
 * The guest looks at the bit that lets the device write; this looks at the writes. Frames sent less
 * than IN_FLIGHT_NS before the first look may be stored after it. When the guest powers off, QEMU
 * gives the NIC what was queued, whatever the bit is, so the time up to the guest's end counts.
 */
static void check_stopped(struct verdict *v)
{
	struct event *works = find_point(v, "DMA until then"),
		     *stopped = find_point(v, "DMA stopped"),
		     *done = event_find(&v->record, 0, "done", NULL);
	long sent, stored, late, ignored;

	if (!works || !stopped || !done) {
		check_add(&v->checks, "writes-stop", false, "the guest did not get that far");
		return;
	}
	sent = sent_until(&v->record, works->t - IN_FLIGHT_NS);
	stored = account_stored_until(&v->account, works->t);
	check_add(&v->checks, "writes-until-then", sent > 0 && stored >= sent,
		  "%ld frames sent until the new kernel looks, %ld stored", sent, stored);
	late = account_stored_until(&v->account, done->t) -
	       account_stored_until(&v->account, stopped->t);
	ignored = sent_until(&v->record, done->t) - sent_until(&v->record, stopped->t);
	check_add(&v->checks, "writes-stop", !late && ignored > 0,
		  "%ld frames stored after the stop, of %ld sent", late, ignored);
}

/* What the guest asked of the host must have been possible. */
static void check_requests(struct verdict *v)
{
	struct json_object *done, *errors;

	if (!event_find(&v->record, 0, "host", NULL))
		return;
	if (!json_object_object_get_ex(v->record.info, "requests", &done) ||
	    !json_object_object_get_ex(v->record.info, "request_errors", &errors)) {
		check_add(&v->checks, "host-requests", false, "not recorded");
		return;
	}
	check_add(&v->checks, "host-requests",
		  json_object_get_int(done) > 0 && !json_object_get_int(errors),
		  "%d done, %d failed", json_object_get_int(done), json_object_get_int(errors));
}

static void make_checks(struct verdict *v, const struct scenario *sc, const char *dir)
{
	int cancels = 0;
	size_t i;

	check_end(v, sc);
	console_check(&v->record, sc->panics, &v->checks);
	if (scenario_has_nic(sc))
		account_check(&v->account, &v->record, sc, &v->checks);
	if (sc->iops)
		nvme_check(&v->nvme, &v->record, sc, dir, v->account.longest_pause_ms,
			   &v->checks);
	hands_check(&v->hands, sc, &v->checks);
	check_verify(v, sc);
	if (sc->updates)
		check_compaction(v, sc);
	memory_check(&v->record, sc, &v->checks);
	if (sc->cancels) {
		for (i = 0; i < v->record.n_event; i++)
			cancels += event_is(&v->record.event[i], "cancel", NULL);
		check_add(&v->checks, "cancelled", cancels == sc->cancels,
			  "%d of %d preserves taken back", cancels, sc->cancels);
	}
	check_guest_points(v);
}

int judge(struct verdict *v, const char *dir, const struct scenario *sc,
	  const struct cfg_rules *rules)
{
	memset(v, 0, sizeof(*v));
	if (record_load(&v->record, dir))
		return -1;
	account_make(&v->account, &v->record);
	hands_look(&v->hands, &v->record, sc, rules);
	if (sc->iops)
		nvme_look(&v->nvme, &v->record);
	switch (sc->judged) {
	case JUDGED_ALL:
		make_checks(v, sc, dir);
		break;
	case JUDGED_CONTROL:
		check_control(v, sc);
		break;
	case JUDGED_STOPPED:
		check_stopped(v);
		/* fallthrough */
	case JUDGED_BY_GUEST:
		check_end(v, sc);
		console_check(&v->record, sc->panics, &v->checks);
		check_guest_points(v);
		break;
	}
	check_requests(v);
	if (sc->check)
		sc->check(v, sc);
	return 0;
}

static void add_ms(struct json_object *o, const char *key, double ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", ms);
	json_object_object_add(o, key, ms < 0 ? NULL : json_object_new_double_s(ms, text));
}

static struct json_object *phases_to_json(const struct phases *p)
{
	struct json_object *o = json_object_new_object();

	add_ms(o, "preserve", p->preserve);
	add_ms(o, "freeze", p->freeze);
	add_ms(o, "kexec", p->kexec);
	add_ms(o, "boot", p->boot);
	add_ms(o, "restore", p->restore);
	return o;
}

static struct json_object *gap_to_json(const struct gap *g, const struct phases *p)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "frames_sent", json_object_new_int64(g->sent));
	json_object_object_add(o, "frames_stored", json_object_new_int64(g->stored));
	json_object_object_add(o, "in_flight_at_begin", json_object_new_int64(g->in_flight_before));
	json_object_object_add(o, "in_flight_at_end", json_object_new_int64(g->in_flight_after));
	json_object_object_add(o, "frames_missing", json_object_new_int64(g->missing));
	add_ms(o, "longest_gap_ms", g->longest_ms);
	json_object_object_add(o, "phases_ms", phases_to_json(p));
	return o;
}

static void add_count(struct json_object *o, const char *key, long n)
{
	json_object_object_add(o, key, n < 0 ? NULL : json_object_new_int64(n));
}

struct json_object *verdict_to_json(struct verdict *v, const struct scenario *sc)
{
	struct json_object *o = json_object_new_object(), *updates = json_object_new_array();
	const struct account *a = &v->account;
	long stored = 0, sent = 0;
	int u;

	for (u = 0; u < v->record.n_updates; u++) {
		stored += a->gap[u].stored;
		sent += a->gap[u].sent;
		json_object_array_add(updates, gap_to_json(&a->gap[u], &a->phases[u]));
	}
	json_object_object_add(o, "scenario", json_object_new_string(sc->name));
	json_object_object_add(o, "passed", json_object_new_boolean(!checks_failed(&v->checks)));
	add_count(o, "frames_sent", a->sent);
	add_count(o, "frames_received", a->received >= 0 ? a->received : (long)a->n_stored);
	add_count(o, "frames_lost", a->lost);
	add_count(o, "frames_duplicated", a->duplicated);
	add_count(o, "frames_corrupt", a->corrupt);
	add_count(o, "frames_before", a->before);
	add_count(o, "frames_found_after_gap", a->during);
	add_count(o, "frames_after", a->after);
	add_count(o, "frames_stored", a->n_stored);
	add_count(o, "frames_during_gap", stored);
	add_count(o, "frames_sent_during_gap", sent);
	add_ms(o, "longest_gap_ms", a->longest_gap_ms);
	json_object_object_add(o, "pa_table_equal", json_object_new_boolean(v->pa_table_equal));
	json_object_object_add(o, "ids_equal", json_object_new_boolean(v->ids_equal));
	add_count(o, "device_resets", v->hands.device_resets);
	add_count(o, "bus_resets", v->hands.bus_resets);
	add_count(o, "bus_master_edges",
		  v->hands.bus_master_edges + v->hands.bridge_bus_master_edges);
	add_count(o, "power_changes", v->hands.power_changes);
	add_count(o, "bus_number_changes", v->hands.bus_number_changes);
	add_count(o, "link_changes", v->hands.link_changes);
	add_count(o, "register_writes", v->hands.register_writes);
	json_object_object_add(o, "config_space_changes", json_object_get(v->hands.changes));
	json_object_object_add(o, "config_writes", json_object_get(v->hands.writes));
	json_object_object_add(o, "phases_ms",
			       v->record.n_updates ?
				       phases_to_json(&a->phases[0]) :
				       phases_to_json(&(struct phases){ -1, -1, -1, -1, -1 }));
	json_object_object_add(o, "updates", updates);
	json_object_object_add(o, "checks", checks_to_json(&v->checks));
	json_object_object_add(o, "run", json_object_get(v->record.info));
	return o;
}

void verdict_free(struct verdict *v)
{
	account_free(&v->account);
	hands_free(&v->hands);
	nvme_free(&v->nvme);
	checks_free(&v->checks);
	record_free(&v->record);
}
