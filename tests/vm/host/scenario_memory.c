// SPDX-License-Identifier: GPL-2.0
/* Memory that is in no memfd: drivers that allocate as they always did. */
#include <stddef.h>

#include "scenario.h"

#define COMMON(name_) .name = name_, .suite = SUITE_DEVICE, .device = "igb", \
	.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .updates = 2, .rate = 1000, \
	.timeout_s = 180

const struct scenario scenarios_memory[] = {
	{ COMMON("update-anon"), .guest = "update", .resumes = 2, .judged = JUDGED_ALL,
	  .append = "hf.memory=anon" },
	{ COMMON("update-hugetlb"), .guest = "update", .resumes = 2, .judged = JUDGED_ALL,
	  .append = "hf.memory=hugetlb" },
	{ COMMON("pages"), .guest = "pages", .judged = JUDGED_BY_GUEST },
	{ .name = NULL },
};
