// SPDX-License-Identifier: GPL-2.0
/* Memory that is in no memfd: drivers that allocate as they always did. */
#include <stddef.h>

#include "judge.h"
#include "scenario.h"

/* Of each update, at the least */
#define MIN_STORMS 6

/* For a storm: so little that it is used up in no time, and a node to move pages to */
static const char *const two_nodes[] = {
	"-m", "768M",
	"-object", "memory-backend-ram,id=m0,size=384M",
	"-object", "memory-backend-ram,id=m1,size=384M",
	"-numa", "node,memdev=m0,cpus=0", "-numa", "node,memdev=m1", NULL
};

static const char *const much_memory[] = { "-m", "4096M", NULL };

/* Each storm says itself whether it was one; what it moved was not held. */
static void check_storms(struct verdict *v, const struct scenario *sc)
{
	static const char *const ways[] = { "compacted", "pressed", "cma",
					    "reclaimed", "moved", "collapsed" };
	long pages[ARRAY_SIZE(ways)] = { 0 };
	const struct event *e;
	bool each = true;
	int times = 0;
	size_t i, w;

	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		if (!event_is(e, "storm", NULL))
			continue;
		times++;
		for (w = 0; w < ARRAY_SIZE(ways); w++) {
			pages[w] += event_int(e, ways[w], 0);
			each &= w == 0 || event_int(e, ways[w], 0) > 0;
		}
	}
	check_add(&v->checks, "storms", each && pages[0] && times >= MIN_STORMS * sc->updates,
		  "%d; pages of others moved: %ld by compaction, %ld by pressure, %ld by CMA, %ld by reclaim, %ld to another node, %ld by collapsing",
		  times, pages[0], pages[1], pages[2], pages[3], pages[4], pages[5]);
}

static void check_update_storm(struct verdict *v, const struct scenario *sc)
{
	account_check(&v->account, &v->record, sc, &v->checks);
	check_storms(v, sc);
}

/* A storm takes seconds, during which nobody takes frames out: the ring has room for 130 s. */
#define STORM(name_) .name = name_, .suite = SUITE_MEMORY, .device = "igb", \
	.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .args = two_nodes, \
	.judged = JUDGED_BY_GUEST, .rate = 500, .timeout_s = 400

#define STORM_APPEND "cma=32M hf.storm=yes"

#define COMMON(name_) .name = name_, .suite = SUITE_MEMORY, .device = "igb", \
	.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .rate = 1000, \
	.timeout_s = 180

const struct scenario scenarios_memory[] = {
	{ COMMON("update-anon"), .guest = "update", .updates = 2, .resumes = 2,
	  .judged = JUDGED_ALL, .append = "hf.memory=anon" },
	{ COMMON("update-hugetlb"), .guest = "update", .updates = 2, .resumes = 2,
	  .judged = JUDGED_ALL, .append = "hf.memory=hugetlb" },
	{ COMMON("update-hugetlb-memfd"), .guest = "update", .updates = 2, .resumes = 2,
	  .judged = JUDGED_ALL, .append = "hf.memory=hugetlb-memfd" },
	{ COMMON("pages"), .guest = "pages", .updates = 2, .judged = JUDGED_BY_GUEST },
	{ STORM("pages-storm"), .guest = "pages", .updates = 2, .check = check_storms,
	  .append = STORM_APPEND },
	{ STORM("pages-movable"), .guest = "pages", .updates = 2, .check = check_storms,
	  .append = STORM_APPEND " hf.later=kernelcore=256M" },
	{ STORM("update-storm"), .guest = "update", .updates = 1, .resumes = 1,
	  .check = check_update_storm, .append = STORM_APPEND },
	{ .name = "all-kinds", .suite = SUITE_MEMORY, .device = "igb", .iops = 100,
	  .args = much_memory, .topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST,
	  .guest = "all-kinds", .updates = 2, .resumes = 2, .judged = JUDGED_ALL, .rate = 300,
	  .timeout_s = 300, .append = "hf.memory=anon hf.irq=msix" },
	{ COMMON("pages-drop"), .guest = "pages-drop", .updates = 1, .judged = JUDGED_BY_GUEST },
	{ COMMON("limits"), .guest = "limits", .updates = 1, .judged = JUDGED_BY_GUEST },
	{ COMMON("scattered"), .guest = "scattered", .updates = 1, .judged = JUDGED_BY_GUEST,
	  .args = much_memory, .append = "hugepagesz=1G hugepages=1" },
	{ .name = NULL },
};
