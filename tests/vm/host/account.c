// SPDX-License-Identifier: GPL-2.0
/*
 * Three independent counts: frames sent (the source's log), frames the NIC wrote to memory (QEMU's
 * trace), frames the driver found (its own events). Frames are sent in order, the ring is filled in
 * order, so while nothing is lost the k-th write carries the k-th frame; that gives each frame its
 * own time of arrival in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"

#define DESCRIPTOR_SIZE 16

/* Receive ring registers of queue 0: base low, base high, length in bytes. */
#define IGB_RING 0xc000
#define E1000_RING 0x2800

/*
 * QEMU's main loop, which passes the frames on, is held up now and then for up to some 200 ms on a
 * busy host; the source's own pauses tell how busy it is. With nothing lost, a hole in the writes
 * longer than its longest one, twice, and this much is one of the device.
 */
#define ALLOWED_HOLE_MS 400
#define ALLOWED_PAUSES 2

struct ring {
	uint64_t base, length;
};

static void look_at_ring(struct ring *ring, const struct trace_record *t)
{
	switch (t->address) {
	case IGB_RING:
	case E1000_RING:
		ring->base = (ring->base & ~0xffffffffULL) | t->value;
		break;
	case IGB_RING + 4:
	case E1000_RING + 4:
		ring->base = (ring->base & 0xffffffffULL) | t->value << 32;
		break;
	case IGB_RING + 8:
	case E1000_RING + 8:
		ring->length = t->value;
		break;
	}
}

static void add_stored(struct account *a, ns_t t, int64_t slot)
{
	int64_t last = a->n_stored ? a->stored[a->n_stored - 1].slot : -1;

	VEC_RESERVE(a->stored, a->n_stored, a->cap_stored);
	a->stored[a->n_stored++] = (struct stored_frame){ .t = t, .slot = slot };
	if (a->ring_size && (slot < 0 || (a->n_stored > 1 && slot != (last + 1) % a->ring_size)))
		a->slot_breaks++;
}

/*
 * A frame is stored when a buffer write follows its descriptor. igb reports the write twice (frame
 * and checksum, or the same twice behind a port), so what counts is one write for each descriptor
 * taken.
 */
static void find_stored(struct account *a, const struct record *r)
{
	const struct driver_marks *m = &r->marks[DRIVER_NIC];
	struct ring ring = { 0 };
	bool pending = false, descriptors = false;
	int64_t slot = -1;
	size_t i;

	for (i = 0; i < r->trace.n; i++) {
		const struct trace_record *t = &r->trace.rec[i];

		if (t->kind == TRACE_REGISTER_WRITE && (m->ready == NO_TIME || t->t <= m->ready)) {
			look_at_ring(&ring, t);
			a->ring_size = ring.length / DESCRIPTOR_SIZE;
		}
		if (m->ready == NO_TIME || t->t < m->ready || t->t > m->last_result)
			continue;
		if (t->kind == TRACE_DESCRIPTOR) {
			descriptors = true;
			pending = true;
			slot = -1;
			if (ring.length && t->address >= ring.base &&
			    t->address < ring.base + ring.length)
				slot = (t->address - ring.base) / DESCRIPTOR_SIZE;
		} else if (t->kind == TRACE_STORED && (pending || !descriptors)) {
			add_stored(a, t->t, slot);
			pending = false;
		}
	}
}

long account_stored_until(const struct account *a, ns_t t)
{
	size_t lo = 0, hi = a->n_stored;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (a->stored[mid].t <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static long sent_until(const struct record *r, ns_t t)
{
	size_t lo = 0, hi = r->n_sent;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (r->sent[mid].t <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void find_gap(struct account *a, const struct record *r, int u)
{
	ns_t from = r->update[u].reboot, to = r->update[u].init, last = from, hole, longest = 0;
	struct gap *g = &a->gap[u];
	long k;

	*g = (struct gap){ 0 };
	if (to == NO_TIME)
		return;
	g->sent = sent_until(r, to) - sent_until(r, from);
	g->stored = account_stored_until(a, to) - account_stored_until(a, from);
	g->in_flight_before = sent_until(r, from) - account_stored_until(a, from);
	g->in_flight_after = sent_until(r, to) - account_stored_until(a, to);
	for (k = sent_until(r, from); k < sent_until(r, to - IN_FLIGHT_NS); k++)
		if (k >= (long)a->n_stored || a->stored[k].t > to)
			g->missing++;
	for (k = account_stored_until(a, from); k < account_stored_until(a, to); k++) {
		hole = a->stored[k].t - last;
		longest = hole > longest ? hole : longest;
		last = a->stored[k].t;
	}
	longest = to - last > longest ? to - last : longest;
	g->longest_ms = ns_to_ms(longest);
}

static void find_phases(struct account *a, const struct record *r, int u)
{
	const struct update *up = &r->update[u];
	ns_t frozen = up->frozen != NO_TIME ? up->frozen : up->reboot;
	struct phases *p = &a->phases[u];

	*p = (struct phases){ -1, -1, -1, -1, -1 };
	if (up->preserve != NO_TIME)
		p->preserve = ns_to_ms(up->preserved - up->preserve);
	if (up->frozen != NO_TIME)
		p->freeze = ns_to_ms(up->frozen - up->reboot);
	if (up->linux_starts != NO_TIME)
		p->kexec = ns_to_ms(up->linux_starts - frozen);
	if (up->linux_starts != NO_TIME && up->init != NO_TIME)
		p->boot = ns_to_ms(up->init - up->linux_starts);
	if (up->init != NO_TIME && up->resumed != NO_TIME)
		p->restore = ns_to_ms(up->resumed - up->init);
}

static void find_longest(struct account *a, const struct record *r)
{
	ns_t longest = 0, pause = 0, last_sent;
	size_t i;

	for (i = 1; i < a->n_stored; i++)
		if (a->stored[i].t - a->stored[i - 1].t > longest)
			longest = a->stored[i].t - a->stored[i - 1].t;
	for (i = 1; i < r->n_sent; i++)
		if (r->sent[i].t - r->sent[i - 1].t > pause)
			pause = r->sent[i].t - r->sent[i - 1].t;
	/* Frames sent after the last write: a device that stopped for good. */
	if (r->n_sent && a->n_stored) {
		last_sent = r->sent[r->n_sent - 1].t;
		if (last_sent - a->stored[a->n_stored - 1].t > longest)
			longest = last_sent - a->stored[a->n_stored - 1].t;
	}
	a->longest_gap_ms = ns_to_ms(longest);
	a->longest_pause_ms = ns_to_ms(pause);
}

static void find_driver_counts(struct account *a, struct record *r)
{
	struct event *e, *result = r->marks[DRIVER_NIC].result,
			 *resumed = r->n_updates ? r->marks[DRIVER_NIC].resumed_event[0] : NULL;
	size_t i;

	a->received = a->before = a->during = a->after = -1;
	for (i = 0; i < r->n_event; i++) {
		e = &r->event[i];
		if (event_is(e, "driver", "stop") && e->kernel == 1 &&
		    event_driver(e) == DRIVER_NIC)
			a->before = event_int(e, "received", -1);
	}
	if (result) {
		a->received = event_int(result, "received", -1);
		a->duplicated = event_int(result, "duplicated", 0);
		a->corrupt = event_int(result, "corrupt", 0);
	}
	if (resumed) {
		long found = event_int(resumed, "received", -1);

		if (found >= 0 && a->before >= 0)
			a->during = found - a->before;
		if (found >= 0 && a->received >= 0)
			a->after = a->received - found;
	}
}

void account_make(struct account *a, struct record *r)
{
	int u;

	memset(a, 0, sizeof(*a));
	find_stored(a, r);
	find_driver_counts(a, r);
	find_longest(a, r);
	a->sent = r->n_sent;
	a->lost = a->sent - (a->received >= 0 ? a->received : (long)a->n_stored);
	for (u = 0; u < r->n_updates; u++) {
		find_gap(a, r, u);
		find_phases(a, r, u);
	}
}

static void check_totals(const struct account *a, struct record *r, struct checks *c)
{
	const struct event *e = r->marks[DRIVER_NIC].result;

	check_add(
		c, "frames-lost", e && a->sent > 0 && !a->lost && !event_int(e, "lost", -1),
		"%ld sent, %ld received, %ld lost; the driver misses %lld; the host's socket dropped %ld",
		a->sent, a->received, a->lost, e ? (long long)event_int(e, "lost", -1) : -1LL,
		r->drops);
	check_add(c, "frames-good", e && !a->duplicated && !a->corrupt,
		  "%ld duplicated, %ld corrupt", a->duplicated, a->corrupt);
	check_add(c, "frames-stored", a->sent > 0 && (long)a->n_stored == a->sent,
		  "%zu writes by the NIC for %ld frames", a->n_stored, a->sent);
	check_add(c, "ring-in-order", a->ring_size > 0 && !a->slot_breaks,
		  "ring of %lld, %ld breaks in the order of descriptors", (long long)a->ring_size,
		  a->slot_breaks);
	check_add(c, "dma-continuous",
		  a->n_stored > 1 && a->longest_gap_ms < ALLOWED_PAUSES * a->longest_pause_ms + ALLOWED_HOLE_MS,
		  "longest time without a write %.1f ms, longest pause of the source %.1f ms",
		  a->longest_gap_ms, a->longest_pause_ms);
}

static void check_gap(const struct account *a, struct record *r, int u, const char *suffix,
		      struct checks *c)
{
	const struct gap *g = &a->gap[u];
	char name[48];

	snprintf(name, sizeof(name), "frames-in-gap%s", suffix);
	check_add(
		c, name,
		r->update[u].init != NO_TIME && g->stored > 0 && !g->missing &&
			g->stored == g->sent + g->in_flight_before - g->in_flight_after,
		"%ld sent, %ld stored, in flight %ld at its begin and %ld at its end, %ld missing; longest time without a write %.1f ms",
		g->sent, g->stored, g->in_flight_before, g->in_flight_after, g->missing,
		g->longest_ms);
}

/*
 * Event before @e on the channel; a count in @e was taken after that one was sent and before @e
 * was. It may have arrived a little later than it was sent, and a trace record comes a little later
 * than the write it tells of: IN_FLIGHT_NS is for both.
 */
static ns_t time_before(const struct record *r, const struct event *e)
{
	return e > r->event ? e[-1].t : 0;
}

/*
 * The driver's count at its first look against the NIC's writes: it was taken between the event
 * before and this one.
 */
static void check_resumed(const struct account *a, struct record *r, int u, const char *suffix,
			  struct checks *c)
{
	struct event *e = r->marks[DRIVER_NIC].resumed_event[u];
	long low, high, found;
	char name[48];

	snprintf(name, sizeof(name), "driver-agrees%s", suffix);
	if (!e) {
		check_add(c, name, false, "the driver did not resume");
		return;
	}
	found = event_int(e, "received", -1);
	low = account_stored_until(a, time_before(r, e) - IN_FLIGHT_NS);
	high = account_stored_until(a, e->t + IN_FLIGHT_NS);
	check_add(c, name, found >= low && found <= high,
		  "first look found %ld frames, the NIC had written %ld to %ld by then", found, low,
		  high);
}

/*
 * The device's own statistics, read by the driver before the update and after it. Reading clears
 * them, so the driver reads only the counter of good packets before, and adds up; the counter of
 * all packets (TPR) it leaves alone, so what that holds afterwards was counted in both kernels. A
 * reset would have set it to zero. With them goes the head of the ring.
 */
static void check_statistics(const struct account *a, struct record *r, int u, const char *suffix,
			     struct checks *c)
{
	struct event *e, *before = NULL, *after = NULL;
	long stored_low, stored_high;
	int64_t good, all, all_low, head = -1;
	char name[48];
	size_t i;

	snprintf(name, sizeof(name), "statistics-count-on%s", suffix);
	for (i = 0; i < r->n_event; i++) {
		e = &r->event[i];
		if (event_driver(e) != DRIVER_NIC)
			continue;
		if (event_is(e, "regs", "before") && e->t <= r->update[u].reboot)
			before = e;
		if (event_is(e, "regs", "after") && e->kernel == u + 2 && !after)
			after = e;
	}
	if (!before || !after) {
		check_add(c, name, false, "registers not reported");
		return;
	}
	stored_low = account_stored_until(a, time_before(r, after) - IN_FLIGHT_NS) -
		     account_stored_until(a, before->t);
	stored_high = account_stored_until(a, after->t + IN_FLIGHT_NS) -
		      account_stored_until(a, time_before(r, before) - IN_FLIGHT_NS);
	good = event_int(after, "gprc", -1) - event_int(before, "gprc", 0);
	all = event_int(after, "tpr", -1);
	all_low = account_stored_until(a, time_before(r, after) - IN_FLIGHT_NS);
	if (a->ring_size)
		head = (event_int(after, "rdh", 0) - event_int(before, "rdh", 0) + a->ring_size) %
		       a->ring_size;
	check_add(
		c, name,
		good >= stored_low && all >= all_low && head >= stored_low && head <= stored_high,
		"good packets +%lld, ring head +%lld, stored in between %ld to %ld; all packets since the start %lld of %lld",
		(long long)good, (long long)head, stored_low, stored_high, (long long)all,
		(long long)all_low);
}

void account_check(const struct account *a, struct record *r, const struct scenario *sc,
		   struct checks *c)
{
	char suffix[16] = "";
	int u;

	check_totals(a, r, c);
	for (u = 0; u < sc->updates; u++) {
		if (sc->updates > 1)
			snprintf(suffix, sizeof(suffix), "-%d", u + 1);
		if (u >= r->n_updates) {
			check_add(c, "update", false, "update %d did not happen", u + 1);
			continue;
		}
		check_gap(a, r, u, suffix, c);
		check_resumed(a, r, u, suffix, c);
		check_statistics(a, r, u, suffix, c);
	}
}

void account_free(struct account *a)
{
	free(a->stored);
	memset(a, 0, sizeof(*a));
}
