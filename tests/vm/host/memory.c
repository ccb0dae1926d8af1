// SPDX-License-Identifier: GPL-2.0
/*
 * What is available once everything was finished, closed and dropped, against what was available in
 * the first kernel before anything began. The root file system is in memory too, and the first
 * kernel's holds the files of the next ones: the guest reports their size (boot_kB), which is
 * added.
 */
#include "memory.h"

/*
 * The first kernel's figure is taken before programs were run and caches filled, the last one's
 * after.
 */
#define SLACK_KB 4096

/*
 * MemTotal counts the pages the kernel was ever given: preserved pages that were never freed are
 * missing in it.
 */
#define TOTAL_SLACK_KB 256

static struct event *find(struct record *r, int kernel, const char *when)
{
	size_t i;

	for (i = 0; i < r->n_event; i++)
		if (r->event[i].kernel == kernel && event_is(&r->event[i], "meminfo", when))
			return &r->event[i];
	return NULL;
}

static long available(const struct event *e)
{
	return event_int(e, "MemAvailable_kB", 0) + event_int(e, "boot_kB", 0);
}

void memory_check(struct record *r, const struct scenario *sc, struct checks *c)
{
	struct event *first = find(r, 1, "start"), *last = find(r, sc->updates + 1, "end");
	long total_first, total_last;

	if (!first || !last) {
		check_add(c, "memory-back", false, "not reported");
		return;
	}
	total_first = event_int(first, "MemTotal_kB", 0);
	total_last = event_int(last, "MemTotal_kB", 0);
	check_add(c, "memory-back",
		  available(last) + SLACK_KB > available(first) &&
			  total_last + TOTAL_SLACK_KB > total_first,
		  "available at first %ld kB, at last %ld kB; total %ld kB, %ld kB",
		  available(first), available(last), total_first, total_last);
}
