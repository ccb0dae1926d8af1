// SPDX-License-Identifier: GPL-2.0
/*
 * What is available once everything was finished, closed and dropped, against what was available in
 * the first kernel before anything began. Free pages that wait on lists of the CPUs, megabytes of
 * them after a lot was freed, are not in the kernel's own figure. The root file system is in memory
 * too, and the first kernel's holds the files of the next ones: the guest reports their size
 * (boot_kB), which is added.
 */
#include <stdlib.h>

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
	return event_int(e, "MemAvailable_kB", 0) + event_int(e, "Lists_kB", 0) +
	       event_int(e, "boot_kB", 0);
}

/* From so many updates on it is looked whether each costs something. */
#define MIN_UPDATES 4

/*
 * What all of them may seem to cost, in kB. Available memory goes up and down by some MiB from
 * kernel to kernel, the total by two pages. So the more updates, the smaller a leak that is seen:
 * with 25 it is one page with each. A few kernels say nothing about available memory.
 */
#define AVAILABLE_LOSS_KB 2048
#define TOTAL_LOSS_KB 16
#define AVAILABLE_MIN_KERNELS 10

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * By how much does @y change from one place to the next? The median over all pairs: one kernel
 * that has far more or far less does not matter.
 */
static double slope(const long *y, int n)
{
	static double of[MAX_UPDATES * (MAX_UPDATES - 1) / 2];
	int pairs = 0, i, k;

	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			of[pairs++] = (double)(y[k] - y[i]) / (k - i);
	qsort(of, pairs, sizeof(of[0]), compare_doubles);
	return (of[(pairs - 1) / 2] + of[pairs / 2]) / 2;
}

/*
 * Compared right after each restore, without the first kernel, which restores nothing, and the last
 * one, which holds no files for another.
 */
static void check_flat(struct record *r, const struct scenario *sc, struct checks *c)
{
	long free[MAX_UPDATES] = { 0 }, total[MAX_UPDATES] = { 0 };
	double free_slope, total_slope;
	struct event *e;
	int n;

	for (n = 0; n < sc->updates - 1 && n < MAX_UPDATES; n++) {
		e = find(r, n + 2, "restored");
		if (!e) {
			check_add(c, "memory-flat", false, "kernel %d did not report", n + 2);
			return;
		}
		free[n] = available(e);
		total[n] = event_int(e, "MemTotal_kB", 0);
	}
	free_slope = slope(free, n);
	total_slope = slope(total, n);
	check_add(c, "memory-flat",
		  (n < AVAILABLE_MIN_KERNELS || free_slope * (n - 1) > -AVAILABLE_LOSS_KB) &&
			  total_slope * (n - 1) > -TOTAL_LOSS_KB,
		  "%d kernels: available %ld to %ld kB, %+.1f kB with each; total %ld to %ld kB, %+.1f",
		  n, free[0], free[n - 1], free_slope, total[0], total[n - 1], total_slope);
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
	if (sc->updates >= MIN_UPDATES)
		check_flat(r, sc, c);
}
