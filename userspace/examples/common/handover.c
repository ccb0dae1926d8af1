// SPDX-License-Identifier: GPL-2.0-only
/* What a driver keeps over an update, see handover.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "event.h"
#include "handover.h"
#include "orders.h"

/* How long to wait for vfio-pci to be bound to the device */
#define BOUND_MS	30000
#define BOUND_STEP_MS	100
#define RETRY_NS	1000000000ull

int handover_open(struct handover *h, const char *name, const char *socket,
		  bool resume)
{
	const char *pid;

	if (!name && !resume)
		return 0;
	h->stay = name;
	/* Without a name nobody but who started this process can have any */
	if (!name && !getenv("LISTEN_FDS"))
		return fail("no descriptors were handed over: LISTEN_FDS is not set (is this started by 'holdfast restore'?), and no --name was given");
	if (!holdfast_open(&h->hf, name ? name : PROGRAM, socket))
		return 0;
	if (name)
		return fail("%s: %s", name, holdfast_error());
	pid = getenv("LISTEN_PID");
	return fail("no descriptors were handed over (LISTEN_PID is %s, this is process %d): %s",
		    pid ? pid : "not set", getpid(), holdfast_error());
}

static void swap(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

static int *find_memfd(struct descriptors *out, const char *const *memfds,
		       const char *name)
{
	for (int i = 0; memfds[i]; i++)
		if (!strcmp(name, memfds[i]))
			return &out->memfd[i];
	return NULL;
}

static int *find_device(struct descriptors *out, const char *name)
{
	char bdf[BDF_LEN];

	if (strlen(name) >= sizeof(bdf))
		return NULL;
	strcpy(bdf, name);
	swap(bdf, '_', ':');
	if (!vfio_bdf_valid(bdf))
		return NULL;
	if (out->device < 0)
		memcpy(out->bdf, bdf, sizeof(bdf));
	return &out->device;
}

static int place(struct handover *h, struct descriptors *out,
		 const char *const *memfds, const char *name)
{
	int *where = find_memfd(out, memfds, name);

	if (!where && !strcmp(name, "iommufd"))
		where = &out->iommufd;
	if (!where)
		where = find_device(out, name);
	if (!where)
		return fail("a descriptor named '%s' was handed over, which means nothing to this driver",
			    name);
	if (*where >= 0)
		return fail("two descriptors for '%s' were handed over", name);
	*where = holdfast_take(h->hf, name);
	return *where < 0 ? fail("%s", holdfast_error()) : 0;
}

/* A device may wait for its driver to be bound, the daemon be restarted. */
static int claim(struct handover *h)
{
	uint64_t end = clock_local_ns() + BOUND_MS * 1000000ull;
	int ret;

	for (;;) {
		ret = holdfast_claim(h->hf);
		if ((ret != -EAGAIN && ret != -ECONNREFUSED &&
		     ret != -ECONNRESET) || clock_local_ns() > end)
			return ret;
		usleep(BOUND_STEP_MS * 1000);
	}
}

int handover_claim(struct handover *h, struct descriptors *out,
		   const char *const *memfds)
{
	const char *name;
	int ret;

	*out = (struct descriptors){ .iommufd = -1, .device = -1 };
	for (int i = 0; i < HANDOVER_MEMFDS; i++)
		out->memfd[i] = -1;
	ret = claim(h);
	/* Lost, it has to be said, but starting anew is all that can be done */
	if (ret == -ENODATA)
		fail("%s", holdfast_error());
	if (ret == -ENOENT || ret == -ENODATA)
		return 1;
	if (ret < 0)
		return fail("%s", holdfast_error());
	for (int i = 0; i < ret; i++)
		if (holdfast_claimed(h->hf, (size_t)i, &name, NULL) ||
		    place(h, out, memfds, name))
			return -1;
	h->pending = true;
	return 0;
}

static int be_ready(struct handover *h)
{
	if (holdfast_ready(h->hf, 0))
		return fail("%s", holdfast_error());
	orders_follow(h->hf);
	return 0;
}

int handover_give(struct handover *h, const struct descriptors *given,
		  const char *const *memfds)
{
	char name[BDF_LEN];

	if (!h->hf)
		return 0;
	for (int i = 0; memfds[i]; i++)
		if (given->memfd[i] >= 0 &&
		    holdfast_put(h->hf, memfds[i], given->memfd[i]))
			return fail("%s", holdfast_error());
	memcpy(name, given->bdf, sizeof(name));
	swap(name, ':', '_');
	if (holdfast_put(h->hf, "iommufd", given->iommufd) ||
	    holdfast_put(h->hf, name, given->device))
		return fail("%s", holdfast_error());
	return be_ready(h);
}

static void report(const struct handover *h)
{
	struct event ev;

	event_begin(&ev, "driver");
	event_string(&ev, "state", "finished");
	if (h->first_ns && h->last_ns)
		event_number(&ev, "gap_us", (h->first_ns - h->last_ns) / 1000);
	event_send(&ev);
}

/* The daemon may be restarted right now. */
static void be_ready_again(struct handover *h)
{
	h->unready = be_ready(h);
	h->retry_ns = clock_local_ns() + RETRY_NS;
}

void handover_taken_up(struct handover *h, bool found)
{
	struct holdfast_gap gap;

	if ((!h->pending && !h->unready) || clock_local_ns() < h->retry_ns)
		return;
	if (h->unready) {
		be_ready_again(h);
		return;
	}
	if (!h->looked && found)
		h->first_ns = clock_now_ns(h->khz);
	h->looked = true;
	gap.last_tsc = clock_ticks_at(h->last_ns, h->khz);
	gap.first_tsc = clock_ticks_at(h->first_ns, h->khz);
	/* The device works either way: nothing is lost by doing it later */
	if (holdfast_resumed(h->hf, &gap)) {
		fail("%s", holdfast_error());
		h->retry_ns = clock_local_ns() + RETRY_NS;
		return;
	}
	h->pending = false;
	if (!h->stay)
		return;
	report(h);
	be_ready_again(h);
}

int handover_timeout(const struct handover *h, int timeout_ms)
{
	uint64_t now = clock_local_ns();
	int ms;

	if (!h->unready && (!h->pending || !h->retry_ns))
		return timeout_ms;
	ms = now < h->retry_ns ? (int)((h->retry_ns - now) / 1000000) + 1 : 0;
	return timeout_ms < 0 || ms < timeout_ms ? ms : timeout_ms;
}

bool handover_withdraw(struct handover *h)
{
	if (!h->stay)
		return true;
	/* The session is not finished: the device is for the next to claim */
	if (h->pending)
		return false;
	if (!holdfast_detached(h->hf) || !holdfast_unready(h->hf))
		return true;
	fail("the device is left as it is: %s", holdfast_error());
	return false;
}
