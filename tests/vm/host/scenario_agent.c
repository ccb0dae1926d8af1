// SPDX-License-Identifier: GPL-2.0
/* Many clients of one daemon: each gets what is its own, whatever the others do. */
#include <stddef.h>

#include "scenario.h"

/* They get no frames, and are carried for what they are. */
static const char *const two_more[] = {
	"-device", "igb,id=nic1,bus=pcie.0,addr=0x8,romfile=",
	"-device", "e1000e,id=nic2,bus=pcie.0,addr=0x9,romfile=",
	NULL
};

/*
 * More resumes than there are: the guest stops the source. A driver that ended since no more
 * frames come would be started anew.
 */
#define GUEST_STOPS 1000

const struct scenario scenarios_agent[] = {
	{
		.name = "daemon-ten", .suite = SUITE_AGENT, .device = "igb", .args = two_more, .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-ten",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 180,
		.append = "hf.bdf=0000:01:00.0",
	},
	{
		.name = "daemon-killed", .suite = SUITE_AGENT, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-killed",
		.updates = 1, .resumes = GUEST_STOPS, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 240,
		.append = "hf.kills=20 hf.timeout=200",
	},
	{
		.name = "daemon-late", .suite = SUITE_AGENT, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-late",
		.updates = 2, .resumes = 2, .judged = JUDGED_ALL, .rate = 300, .timeout_s = 180,
		.append = "hf.irq=msix hf.warm=500 hf.between=500",
	},
	{
		.name = "daemon-killed-long", .suite = SUITE_ALL, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-killed",
		.updates = 1, .resumes = GUEST_STOPS, .judged = JUDGED_ALL, .rate = 200, .timeout_s = 900,
		.append = "hf.kills=200 hf.timeout=800",
	},
	{
		.name = "daemon-rogue", .suite = SUITE_AGENT, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-rogue",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 200, .timeout_s = 240,
		.append = "hf.timeout=200",
	},
	{
		.name = "daemon-refused", .suite = SUITE_AGENT, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-refused",
		.cancels = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 120,
	},
	{
		.name = "daemon-lost", .suite = SUITE_AGENT, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-lost",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 120,
	},
	{
		.name = "daemon-update", .suite = SUITE_AGENT, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-update",
		.updates = 1, .judged = JUDGED_BY_GUEST, .rate = 500, .timeout_s = 180,
	},
	{
		.name = "daemon-mismatch", .suite = SUITE_AGENT, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "daemon-mismatch",
		.updates = 1, .judged = JUDGED_STOPPED, .rate = 500, .timeout_s = 120,
	},
	{
		.name = "gap", .suite = SUITE_NONE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "gap",
		.updates = 1, .resumes = GUEST_STOPS, .judged = JUDGED_BY_GUEST, .rate = 1000, .timeout_s = 120,
	},
	{}
};
