// SPDX-License-Identifier: GPL-2.0
/*
 * A slot has one command at a time and blocks of its own, so the k-th command for a slot's blocks
 * that the device takes must be the k-th of the workload: none is lost, repeated or made up. The
 * namespace has 512-byte logical blocks, the driver's blocks are larger.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nvme.h"

#define DISK "disk.img"
#define DISK_SIZE (256L << 20)

#define REGISTER_CC 0x14
#define CC_ENABLE 1

#define MAX_QUEUES 32
#define MAX_CIDS 65536 /* the driver uses all of them */

/*
 * QEMU's main loop may be held up for some 200 ms on a busy host, and the throttle of the disk has
 * a grain of its own.
 */
#define ALLOWED_HOLE_MS 800

struct nvme_look {
	struct nvme *n;
	struct record *r;
	const struct driver_marks *marks;
	bool (*busy)[MAX_CIDS]; /* of each queue */
	ns_t last;
};

static void note(struct nvme *n, const struct trace_record *t, const char *what)
{
	if (!n->first[0])
		snprintf(n->first, sizeof(n->first), "trace.log:%d %s", t->line, what);
}

static void look_at_command(struct nvme_look *l, const struct trace_record *t)
{
	struct nvme *n = l->n;
	bool *busy;

	n->submitted++;
	if (t->size >= MAX_QUEUES || t->offset >= MAX_CIDS) {
		n->wrong++;
		note(n, t, "queue or command identifier beyond all bounds");
		return;
	}
	busy = &l->busy[t->size][t->offset];
	if (*busy) {
		n->wrong++;
		note(n, t, "taken again while in flight");
	}
	*busy = true;
	if (n->submitted - n->completed == 1)
		l->last = t->t;
}

/* Which block a command is for comes in a record of its own. */
static void look_at_blocks(struct nvme_look *l, const struct trace_record *t)
{
	struct nvme *n = l->n;
	uint64_t block, slot, k;

	if (t->value != BLOCK_SIZE || !t->size || !n->work.span ||
	    t->address * (t->value / t->size) % BLOCK_SIZE) {
		n->wrong++;
		note(n, t, "not one block");
		return;
	}
	block = t->address * (t->value / t->size) / BLOCK_SIZE;
	slot = block / n->work.span;
	if (slot >= n->work.slots) {
		n->wrong++;
		note(n, t, "block of no slot");
		return;
	}
	k = n->done[slot]++;
	if (k >= workload_count(&n->work, slot) || workload_block(&n->work, slot, k) != block ||
	    workload_is_write(&n->work, slot, k) != (t->kind == TRACE_NVME_WRITE)) {
		n->wrong++;
		note(n, t, "not the next command of its slot");
	}
}

static void look_at_completion(struct nvme_look *l, const struct trace_record *t)
{
	struct nvme *n = l->n;
	double ms;

	if (!t->size) /* of the admin queue */
		return;
	if (t->size >= MAX_QUEUES || t->offset >= MAX_CIDS || !l->busy[t->size][t->offset]) {
		n->stray++;
		note(n, t, "completion of no command");
		return;
	}
	l->busy[t->size][t->offset] = false;
	n->completed++;
	if (t->value) {
		n->failed++;
		note(n, t, "command failed");
	}
	ms = ns_to_ms(t->t - l->last);
	n->longest_ms = ms > n->longest_ms ? ms : n->longest_ms;
	l->last = t->t;
}

static void count_gap(struct nvme_look *l, const struct trace_record *t)
{
	const struct update *u;
	struct nvme_gap *g;
	int i;

	for (i = 0; i < l->r->n_updates; i++) {
		u = &l->r->update[i];
		g = &l->n->gap[i];
		if (t->t < u->reboot) {
			g->in_flight += t->kind == TRACE_NVME_COMMAND;
			g->in_flight -= t->kind == TRACE_NVME_COMPLETION && t->size;
		} else if (u->init != NO_TIME && t->t <= u->init) {
			g->completed += t->kind == TRACE_NVME_COMPLETION && t->size;
		}
	}
}

static bool nobody_owns_it(const struct nvme_look *l, ns_t t)
{
	const struct update *u;
	int i;

	for (i = 0; i < l->r->n_updates; i++) {
		u = &l->r->update[i];
		if (t >= u->reboot &&
		    (l->marks->resumed[i] == NO_TIME || t < l->marks->resumed[i] - LOOK_NS))
			return true;
	}
	return false;
}

static void look_at_hands(struct nvme_look *l, const struct trace_record *t)
{
	struct nvme *n = l->n;

	if (t->kind == TRACE_NVME_MMIO && t->address == REGISTER_CC) {
		n->enables++;
		note(n, t, "controller configuration written");
	} else if (t->kind == TRACE_NVME_ADMIN) {
		n->admin++;
		note(n, t, "admin command");
	} else if (t->kind == TRACE_NVME_RESET) {
		n->resets++;
		note(n, t, "reset");
	} else if (t->kind == TRACE_NVME_FATAL) {
		n->fatal++;
		note(n, t, "fatal status");
	}
	if (t->kind == TRACE_NVME_MMIO && nobody_owns_it(l, t->t)) {
		n->writes_in_gap++;
		note(n, t, "register or doorbell written while nobody owned the device");
	}
}

/* Firmware has used the controller before; the driver begins by enabling it anew. */
static size_t find_begin(const struct record *r, ns_t ready)
{
	size_t begin = 0, i;

	for (i = 0; i < r->trace.n && r->trace.rec[i].t <= ready; i++)
		if (r->trace.rec[i].kind == TRACE_NVME_MMIO &&
		    r->trace.rec[i].address == REGISTER_CC &&
		    (r->trace.rec[i].value & CC_ENABLE))
			begin = i + 1;
	return begin;
}

static void look_at_trace(struct nvme_look *l)
{
	const struct trace_record *t;
	size_t i;

	for (i = find_begin(l->r, l->marks->ready); i < l->r->trace.n; i++) {
		t = &l->r->trace.rec[i];
		switch (t->kind) {
		case TRACE_NVME_COMMAND:
			look_at_command(l, t);
			count_gap(l, t);
			break;
		case TRACE_NVME_READ:
		case TRACE_NVME_WRITE:
			look_at_blocks(l, t);
			break;
		case TRACE_NVME_COMPLETION:
			look_at_completion(l, t);
			count_gap(l, t);
			break;
		default:
			break;
		}
		/* The driver's last words come after its last command. */
		if (t->t >= l->marks->ready && t->t <= l->marks->last_result)
			look_at_hands(l, t);
	}
}

void nvme_look(struct nvme *n, struct record *r)
{
	struct nvme_look l = { .n = n, .r = r, .marks = &r->marks[DRIVER_NVME] };
	struct event *ready = l.marks->ready_event;

	memset(n, 0, sizeof(*n));
	if (!ready)
		return;
	n->work = (struct workload){
		.seed = event_int(ready, "seed", 0),
		.commands = event_int(ready, "commands", 0),
		.slots = event_int(ready, "slots", 0),
		.span = event_int(ready, "span", 0),
	};
	if (!n->work.slots || n->work.slots > MAX_CIDS)
		return;
	n->done = calloc(n->work.slots, sizeof(*n->done));
	l.busy = calloc(MAX_QUEUES, sizeof(*l.busy));
	if (!n->done || !l.busy)
		die("out of memory");
	look_at_trace(&l);
	free(l.busy);
}

void nvme_make_disk(const char *dir)
{
	char *path = xasprintf("%s/" DISK, dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || ftruncate(fd, DISK_SIZE))
		die("%s: %s", path, strerror(errno));
	close(fd);
	free(path);
}

/* Every block must hold what the last write to it that the device took gave it. */
static void check_disk(const struct nvme *n, const char *dir, struct checks *c)
{
	uint64_t blocks = n->done ? workload_blocks(&n->work) : 0, block, writer;
	long good = 0, torn = 0, damaged = 0, other = 0;
	static uint64_t data[BLOCK_SIZE / sizeof(uint64_t)];
	struct block_header want;
	FILE *f = open_in(dir, DISK, "re");

	for (block = 0; f && block < blocks; block++) {
		if (fread(data, sizeof(data), 1, f) != 1)
			break;
		writer = workload_writer(&n->work, block, n->done[block / n->work.span]);
		want = (struct block_header){ .block = block,
					      .sequence = writer,
					      .seed = n->work.seed };
		/* Nobody wrote to it: zeros. */
		if (writer == WORKLOAD_NONE)
			good += !data[0];
		else if (block_check(data, &want) == BLOCK_GOOD)
			good++;
		else if (block_check(data, &want) == BLOCK_TORN)
			torn++;
		else if (block_check(data, &want) == BLOCK_OTHER)
			other++;
		else
			damaged++;
	}
	if (f)
		fclose(f);
	check_add(c, "nvme-disk", blocks && good == (long)blocks,
		  "%ld of %llu blocks hold what they must; %ld torn, %ld of another write, %ld no block",
		  good, (unsigned long long)blocks, torn, other, damaged);
}

static void check_driver(const struct nvme *n, struct record *r, struct checks *c)
{
	const struct event *e = r->marks[DRIVER_NVME].result;

	check_add(c, "nvme-driver-agrees",
		  e && event_int(e, "submitted", -1) == n->submitted &&
			  event_int(e, "completed", -1) == n->completed &&
			  !event_int(e, "duplicated", -1) && !event_int(e, "corrupt", -1) &&
			  !event_int(e, "errors", -1),
		  "driver: %lld submitted, %lld completed, %lld twice, %lld corrupt, %lld errors",
		  e ? (long long)event_int(e, "submitted", -1) : -1LL,
		  e ? (long long)event_int(e, "completed", -1) : -1LL,
		  e ? (long long)event_int(e, "duplicated", -1) : -1LL,
		  e ? (long long)event_int(e, "corrupt", -1) : -1LL,
		  e ? (long long)event_int(e, "errors", -1) : -1LL);
}

void nvme_check_work(const struct nvme *n, struct record *r, struct checks *c)
{
	check_add(c, "nvme-commands",
		  n->submitted > 0 && !n->wrong,
		  "%ld taken by the device, %ld not the next of their slot %s", n->submitted,
		  n->wrong, n->first);
	check_add(c, "nvme-completions",
		  n->submitted && n->completed == n->submitted && !n->stray && !n->failed,
		  "%ld completed, %ld of no command, %ld failed", n->completed, n->stray,
		  n->failed);
	check_add(c, "nvme-not-reset", n->work.commands && !n->resets && !n->fatal && !n->enables && !n->admin,
		  "%d resets, %d completions not delivered, %d writes to its configuration, %d admin commands",
		  n->resets, n->fatal, n->enables, n->admin);
	check_driver(n, r, c);
}

void nvme_check(const struct nvme *n, struct record *r, const struct scenario *sc, const char *dir,
		double pause_ms, struct checks *c)
{
	char name[48], suffix[16] = "";
	int u;

	nvme_check_work(n, r, c);
	check_add(c, "nvme-continuous",
		  n->completed > 1 && n->longest_ms < ALLOWED_HOLE_MS + pause_ms,
		  "longest time without a completion %.1f ms", n->longest_ms);
	check_disk(n, dir, c);
	if (!sc->updates)
		return;
	check_add(c, "nvme-untouched", n->work.commands && !n->writes_in_gap,
		  "%d registers or doorbells written while nobody owned the device",
		  n->writes_in_gap);
	for (u = 0; u < sc->updates; u++) {
		if (sc->updates > 1)
			snprintf(suffix, sizeof(suffix), "-%d", u + 1);
		snprintf(name, sizeof(name), "nvme-in-gap%s", suffix);
		check_add(c, name, u < r->n_updates && n->gap[u].completed > 0,
			  "%ld in flight at the reboot call, %ld completed in the gap",
			  n->gap[u].in_flight, n->gap[u].completed);
	}
}

/* A completion that cannot be delivered is in the trace all the same; the driver has not got it. */
void nvme_check_control(const struct nvme *n, struct record *r, struct checks *c)
{
	const struct event *e = r->marks[DRIVER_NVME].result;
	long long found = e ? event_int(e, "completed", -1) : -1;

	check_add(c, "control-completed-before", n->completed > 0 && r->n_updates,
		  "%ld completed, %ld in flight at the reboot call", n->completed,
		  n->gap[0].in_flight);
	check_add(c, "control-loses-commands",
		  n->gap[0].in_flight > 0 && (n->fatal || n->resets) && found >= 0 &&
			  found < n->submitted,
		  "%ld taken, the driver found %lld completed; %d completions not delivered, %d resets",
		  n->submitted, found, n->fatal, n->resets);
}

void nvme_free(struct nvme *n)
{
	free(n->done);
	memset(n, 0, sizeof(*n));
}
