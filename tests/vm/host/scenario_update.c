// SPDX-License-Identifier: GPL-2.0
/* Updates of one NIC, what the agent and the driver do in them, and the controls. */
#include <stddef.h>

#include "scenario.h"

/*
 * Rates: the ring has 65520 descriptors, so it holds 65 s of frames at 1000/s, far more than an
 * update takes here. The debug kernel (KASAN, lockdep under emulation) is slower by an order of
 * magnitude and gets a rate to match. KHO's scratch areas are by default twice as large, each, as
 * what the early boot allocated, and with KASAN that is an eighth of memory: they would not fit.
 */
const struct scenario scenarios_update[] = {
	{
		.name = "igb-root-bus", .device = "igb", .topology = TOPO_ROOT_BUS,
		.kernel = KERNEL_HOLDFAST, .guest = "update", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "igb-root-port", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "update", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "e1000e-root-bus", .device = "e1000e", .topology = TOPO_ROOT_BUS,
		.kernel = KERNEL_HOLDFAST, .guest = "update", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "igb-switch", .device = "igb", .topology = TOPO_SWITCH,
		.kernel = KERNEL_HOLDFAST, .guest = "update", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "update-twice", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "update", .updates = 2, .resumes = 2,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 180,
	},
	{
		.name = "abort", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "abort", .cancels = 2,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "control", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_STOCK, .guest = "control", .updates = 1,
		.judged = JUDGED_CONTROL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "no-update", .suite = SUITE_NONE,
		.device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_STOCK, .guest = "plain",
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 60,
	},
	{
		.name = "resume", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "resume", .resumes = 2,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 90,
	},
	{
		.name = "refuse", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "refuse",
		.judged = JUDGED_BY_GUEST, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "agent-refuse", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "agent-refuse", .cancels = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "agent-off", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "agent-off",
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 90, .append = "kho=off",
	},
	{
		.name = "agent-off-luo", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "agent-off",
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 90, .append = "liveupdate=off",
	},
	{
		.name = "agent-killed", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "agent-killed", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "agent-damaged", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "agent-damaged", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "agent-mismatch", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "agent-mismatch", .updates = 1,
		.judged = JUDGED_STOPPED, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "preflight", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "preflight", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "inspect", .device = "igb", .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_HOLDFAST, .guest = "inspect", .updates = 1, .resumes = 1,
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "debug-update", .suite = SUITE_NONE,
		.device = "igb", .iops = 30, .topology = TOPO_ROOT_PORT,
		.kernel = KERNEL_DEBUG, .guest = "update", .updates = 2, .resumes = 2,
		.judged = JUDGED_ALL, .rate = 100, .timeout_s = 1200,
		.append = "kho_scratch=256M,384M,64M hf.irq=msix",
	},
	{ .name = NULL },
};
