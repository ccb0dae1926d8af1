// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that nobody takes up, and who may touch them. The rates are low: while nobody takes
 * frames out, 65520 of them are as many as the ring holds.
 */
#include <stddef.h>

#include "scenario.h"
#include "spells.h"

const struct scenario scenarios_orphan[] = {
	{
		.name = "orphan-kept", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-kept",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .check = spells_check,
		.rate = 200, .timeout_s = 240, .append = "page_poison=1",
	},
	{
		.name = "orphan-control", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_STOCK, .guest = "orphan-control",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180,
	},
	{
		.name = "native-driver", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "native-driver",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .check = spells_check,
		.rate = 500, .timeout_s = 150,
	},
	{
		.name = "native-control", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_STOCK, .guest = "native-control",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 500, .timeout_s = 120,
	},
	{
		.name = "orphan-refused-digest", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = "hf.refuse=digest",
	},
	{
		.name = "orphan-refused-version", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = "hf.refuse=version",
	},
	{
		.name = "orphan-refused-damage", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = "hf.refuse=damage",
	},
	{
		.name = "orphan-refused-device", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = "hf.refuse=device",
	},
	{ .name = NULL },
};
