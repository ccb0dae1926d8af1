// SPDX-License-Identifier: GPL-2.0
/* Memory that is in no memfd: drivers that allocate as they always did. */
#include <stddef.h>

#include "scenario.h"

#define COMMON(name_) .name = name_, .suite = SUITE_DEVICE, .device = "igb", \
	.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .rate = 1000, \
	.timeout_s = 180

const struct scenario scenarios_memory[] = {
	{ COMMON("update-anon"), .guest = "update", .updates = 2, .resumes = 2,
	  .judged = JUDGED_ALL, .append = "hf.memory=anon" },
	{ COMMON("update-hugetlb"), .guest = "update", .updates = 2, .resumes = 2,
	  .judged = JUDGED_ALL, .append = "hf.memory=hugetlb" },
	{ COMMON("pages"), .guest = "pages", .updates = 2, .judged = JUDGED_BY_GUEST },
	{ COMMON("pages-drop"), .guest = "pages-drop", .updates = 1, .judged = JUDGED_BY_GUEST },
	{ .name = NULL },
};
