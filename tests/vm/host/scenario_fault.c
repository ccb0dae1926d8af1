// SPDX-License-Identifier: GPL-2.0
/* Calls that fail in all ways before they succeed: needs the kernel with fault injection. */
#include <stddef.h>

#include "scenario.h"
#include "spells.h"

#define COMMON(name_) .name = name_, .suite = SUITE_NONE, .device = "igb", \
	.topology = TOPO_ROOT_PORT, .kernel = KERNEL_DEBUG, .rate = 100, .timeout_s = 1200

/* Binding a device asks ACPI for its INTx, which takes 2000 allocations, each of which would fail */
#define WITHOUT_INTX " acpi=noirq"

#define SCRATCH "kho_scratch=256M,384M,64M"

const struct scenario scenarios_fault[] = {
	{ COMMON("fault-retrieve"), .guest = "fault-retrieve", .updates = 2, .resumes = 2,
	  .judged = JUDGED_ALL, .append = SCRATCH WITHOUT_INTX },
	{ COMMON("fault-finish"), .guest = "fault-finish", .updates = 1,
	  .judged = JUDGED_BY_GUEST, .check = spells_check, .append = SCRATCH },
	{ COMMON("fault-pages"), .guest = "fault-pages", .updates = 2,
	  .judged = JUDGED_BY_GUEST, .append = SCRATCH },
	{ .name = NULL },
};
