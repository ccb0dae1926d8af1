// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that nobody takes up, and who may touch them. The rates are low: while nobody takes
 * frames out, 65520 of them are as many as the ring holds. Scratch areas are by default twice as
 * large, each, as what the early boot allocated, which the memory for a crash kernel counts as.
 */
#include <stddef.h>
#include <string.h>

#include "console.h"
#include "scenario.h"
#include "spells.h"

/* To be filled and read again and again by the guard. */
#define LITTLE_MEMORY "mem=1G"

/* Slots are the port driver's and not the firmware's. */
static const char *const native_hotplug[] = {
	"-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off", NULL
};

/* The guest ends by going into a kernel that must stop before it finds a device. */
static void check_list_panic(struct verdict *v, const struct scenario *sc)
{
	const struct console_line *panic =
		console_find(&v->record, "Kernel panic", "list of running functions is damaged");

	(void)sc;
	check_add(&v->checks, "next-kernel-panics", panic, "%s",
		  panic ? panic->text : "it did not say that the list is damaged");
}

/* The guest ends by a reset, which ends QEMU, too: it must not have to be killed. */
static void check_reboot(struct verdict *v, const struct scenario *sc)
{
	struct json_object *end;
	const char *how = "not known";

	(void)sc;
	if (v->record.info && json_object_object_get_ex(v->record.info, "end", &end))
		how = json_object_get_string(end);
	check_add(&v->checks, "rebooted",
		  console_find(&v->record, "reboot: ", "Restarting system") && !strcmp(how, "done"),
		  "the run's end: %s", how);
}

const struct scenario scenarios_orphan[] = {
	{
		.name = "orphan-kept", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-kept",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .check = spells_check,
		.rate = 200, .timeout_s = 240, .append = LITTLE_MEMORY " page_poison=1",
	},
	{
		.name = "orphan-control", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_STOCK, .guest = "orphan-control",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY, .runs = 3,
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
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY " hf.refuse=digest",
	},
	{
		.name = "orphan-refused-version", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY " hf.refuse=version",
	},
	{
		.name = "orphan-refused-damage", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY " hf.refuse=damage",
	},
	{
		.name = "orphan-refused-device", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-refused",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY " hf.refuse=device",
	},
	{
		.name = "orphan-agent", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-agent",
		.cancels = 1, .judged = JUDGED_ALL, .check = spells_check,
		.rate = 500, .timeout_s = 150,
	},
	{
		.name = "orphan-freeze", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-freeze",
		.updates = 1, .resumes = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 500, .timeout_s = 150,
	},
	{
		.name = "orphan-next-stock", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .next = KERNEL_STOCK,
		.guest = "orphan-next", .updates = 1, .judged = JUDGED_BY_GUEST,
		.check = spells_check, .rate = 200, .timeout_s = 180,
		.append = LITTLE_MEMORY " hf.without=stock",
	},
	{
		.name = "orphan-next-luo", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-next",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY " hf.without=liveupdate=off",
	},
	{
		.name = "orphan-next-kho", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-next",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY " hf.without=kho=off",
	},
	{
		.name = "orphan-finish-untouched", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-finish",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 240, .append = LITTLE_MEMORY " hf.finish=untouched",
	},
	{
		.name = "orphan-finish-unbound", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-finish",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 240, .append = LITTLE_MEMORY " hf.finish=unbound",
	},
	{
		.name = "orphan-finish-bound", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-finish",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 240, .append = LITTLE_MEMORY " hf.finish=bound",
	},
	{
		.name = "orphan-finish-closed", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-finish",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 240, .append = LITTLE_MEMORY " hf.finish=closed",
	},
	{
		.name = "orphan-crash", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-crash",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 120, .append = "crashkernel=256M kho_scratch=64M,128M,64M",
		.panics = true,
	},
	{
		.name = "orphan-list", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-list",
		.judged = JUDGED_BY_GUEST, .check = check_list_panic,
		.rate = 200, .timeout_s = 120, .panics = true,
	},
	{
		.name = "orphan-removed", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-removed",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY,
	},
	{
		.name = "orphan-removed-unbound", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST,
		.guest = "orphan-removed-held", .updates = 1, .judged = JUDGED_BY_GUEST,
		.check = spells_check, .rate = 200, .timeout_s = 180,
		.append = LITTLE_MEMORY " hf.held=unbound",
	},
	{
		.name = "orphan-removed-adopted", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST,
		.guest = "orphan-removed-held", .updates = 1, .judged = JUDGED_BY_GUEST,
		.check = spells_check, .rate = 200, .timeout_s = 180,
		.append = LITTLE_MEMORY " hf.held=adopted",
	},
	{
		.name = "orphan-unbound-adopted", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST,
		.guest = "orphan-removed-held", .updates = 1, .judged = JUDGED_BY_GUEST,
		.check = spells_check, .rate = 200, .timeout_s = 180,
		.append = LITTLE_MEMORY " hf.held=kept",
	},
	{
		.name = "orphan-removed-used", .suite = SUITE_ALL, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST,
		.guest = "orphan-removed-held", .updates = 1, .judged = JUDGED_BY_GUEST,
		.check = spells_check, .rate = 200, .timeout_s = 180,
		.append = LITTLE_MEMORY " hf.held=used",
	},
	{
		.name = "orphan-replaced", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .args = native_hotplug,
		.kernel = KERNEL_HOLDFAST, .guest = "orphan-replaced",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = spells_check,
		.rate = 200, .timeout_s = 180, .append = LITTLE_MEMORY,
	},
	{
		.name = "orphan-reboot", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "orphan-reboot",
		.judged = JUDGED_BY_GUEST, .check = check_reboot, .rate = 200, .timeout_s = 120,
	},
	{ .name = NULL },
};
