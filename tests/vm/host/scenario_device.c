// SPDX-License-Identifier: GPL-2.0
/* What else can be carried, where it may be, how often, and what is refused. */
#include <stddef.h>
#include <string.h>

#include "judge.h"
#include "scenario.h"

/* The other function gets no frames: it has no network. */
static const char *const sibling[] = { "-device", "igb,id=nic1,bus=port0,addr=0x0.0x1,romfile=",
				       NULL };

static const char *const uncarried[] = { "-device", "VGA,id=vga0,bus=pcie.0,addr=0x8,romfile=",
					 "-device", "qemu-xhci,id=usb0,bus=pcie.0,addr=0x9",
					 NULL };

/* Every second update was given up once. */
static void check_given_up(struct verdict *v, const struct scenario *sc)
{
	int wanted = (sc->updates + 1) / 2, n = 0;
	const struct event *e;
	size_t i;

	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		n += event_is(e, "point", NULL) && strstr(event_string(e, "name"), "gave up");
	}
	check_add(&v->checks, "given-up", n == wanted, "%d of %d updates given up before", n,
		  wanted);
}

const struct scenario scenarios_device[] = {
	{
		.name = "igb-pci-bridge", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_PCI_BRIDGE, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "siblings", .suite = SUITE_DEVICE, .device = "igb",
		.device_more = ",addr=0x0.0x0,multifunction=on", .args = sibling,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "siblings",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "power-auto", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_SWITCH, .kernel = KERNEL_HOLDFAST, .guest = "power-auto",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "refuse-device", .suite = SUITE_DEVICE, .device = "igb", .args = uncarried,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "refuse-device",
		.judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "nvme", .suite = SUITE_DEVICE, .device = "nvme", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 1, .judged = JUDGED_ALL, .rate = 300, .timeout_s = 120,
	},
	{
		.name = "nvme-control", .suite = SUITE_DEVICE, .device = "nvme", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_STOCK, .guest = "control",
		.updates = 1, .judged = JUDGED_CONTROL, .rate = 300, .timeout_s = 120,
	},
	{
		.name = "nic-nvme", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 150,
	},
	{
		.name = "updates", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 4, .resumes = 4, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 240,
	},
	{
		.name = "updates-given-up", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "many-abort",
		.updates = 4, .resumes = 4, .judged = JUDGED_ALL, .check = check_given_up,
		.rate = 500, .timeout_s = 240,
	},
	{
		.name = "many", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 25, .resumes = 25, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 900,
	},
	{
		.name = "many-given-up", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "many-abort",
		.updates = 25, .resumes = 25, .judged = JUDGED_ALL, .check = check_given_up,
		.rate = 500, .timeout_s = 900,
	},
	{ .name = NULL },
};
