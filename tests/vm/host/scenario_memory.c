// SPDX-License-Identifier: GPL-2.0
/* Memory that is in no memfd: drivers that allocate as they always did. */
#include <stddef.h>

#include "scenario.h"

static const char *const much_memory[] = { "-m", "4096M", NULL };

#define COMMON(name_) .name = name_, .suite = SUITE_DEVICE, .device = "igb", \
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
	{ .name = "all-kinds", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
	  .args = much_memory, .topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST,
	  .guest = "all-kinds", .updates = 2, .resumes = 2, .judged = JUDGED_ALL, .rate = 300,
	  .timeout_s = 300, .append = "hf.memory=anon hf.irq=msix" },
	{ COMMON("pages-drop"), .guest = "pages-drop", .updates = 1, .judged = JUDGED_BY_GUEST },
	{ COMMON("limits"), .guest = "limits", .updates = 1, .judged = JUDGED_BY_GUEST },
	{ COMMON("scattered"), .guest = "scattered", .updates = 1, .judged = JUDGED_BY_GUEST,
	  .args = much_memory, .append = "hugepagesz=1G hugepages=1" },
	{ .name = NULL },
};
