// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "scenario.h"

/*
 * Rates: the ring has 65520 descriptors, so it holds 65 s of frames at 1000/s, far more than an update takes here.
 * The debug kernel (KASAN, lockdep under emulation) is slower by an order of magnitude and gets a rate to match.
 */
const struct scenario scenarios[] = {
	{ "igb-root-bus", "igb", TOPO_ROOT_BUS, KERNEL_HOLDFAST, "update", 1, 0, false, 1000, 120 },
	{ "igb-root-port", "igb", TOPO_ROOT_PORT, KERNEL_HOLDFAST, "update", 1, 0, false, 1000, 120 },
	{ "e1000e-root-bus", "e1000e", TOPO_ROOT_BUS, KERNEL_HOLDFAST, "update", 1, 0, false, 1000, 120 },
	{ "igb-switch", "igb", TOPO_SWITCH, KERNEL_HOLDFAST, "update", 1, 0, false, 1000, 120 },
	{ "update-twice", "igb", TOPO_ROOT_PORT, KERNEL_HOLDFAST, "update-twice", 2, 0, false, 1000, 180 },
	{ "abort", "igb", TOPO_ROOT_PORT, KERNEL_HOLDFAST, "abort", 0, 2, false, 1000, 120 },
	{ "control", "igb", TOPO_ROOT_PORT, KERNEL_STOCK, "control", 1, 0, true, 1000, 120 },
	{ "no-update", "igb", TOPO_ROOT_PORT, KERNEL_STOCK, "plain", 0, 0, false, 1000, 60 },
	{ "debug-update", "igb", TOPO_ROOT_PORT, KERNEL_DEBUG, "update", 1, 0, false, 100, 900 },
	{ NULL, NULL, TOPO_ROOT_BUS, KERNEL_HOLDFAST, NULL, 0, 0, false, 0, 0 },
};

const struct scenario *scenario_find(const char *name)
{
	const struct scenario *s;

	for (s = scenarios; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

const char *kernel_kind_name(enum kernel_kind kind)
{
	switch (kind) {
	case KERNEL_STOCK:
		return "stock";
	case KERNEL_DEBUG:
		return "debug";
	default:
		return "holdfast";
	}
}

bool is_bridge_model(const char *model)
{
	return !strcmp(model, "pcie-root-port") || !strcmp(model, "x3130-upstream") ||
	       !strcmp(model, "xio3130-downstream");
}
