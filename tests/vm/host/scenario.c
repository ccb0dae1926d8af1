// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "scenario.h"

static const struct scenario *const tables[] = { scenarios_update, scenarios_device,
						 scenarios_orphan, scenarios_kho,
						 scenarios_memory, scenarios_fault,
						 scenarios_agent, scenarios_systemd };

const struct scenario *scenario_next(const struct scenario *sc)
{
	const struct scenario *first;
	bool found = !sc;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (first = tables[i]; first->name; first++) {
			if (found)
				return first;
			found = first == sc;
		}
	}
	return NULL;
}

const struct scenario *scenario_find(const char *name)
{
	const struct scenario *s = NULL;

	while ((s = scenario_next(s)))
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

const char *kernel_kind_name(enum kernel_kind kind)
{
	static const char *const names[] = { "same", "holdfast", "stock", "debug" };

	return names[kind];
}

const char *suite_name(enum suite suite)
{
	static const char *const names[] = { "vm", "device", "memory", "agent", "systemd", "all", "none" };

	return names[suite];
}

enum kernel_kind scenario_next_kernel(const struct scenario *sc)
{
	return sc->next == KERNEL_SAME ? sc->kernel : sc->next;
}

bool scenario_has_nic(const struct scenario *sc)
{
	return strcmp(sc->device, "nvme");
}

const char *scenario_drivers(const struct scenario *sc)
{
	if (!scenario_has_nic(sc))
		return "nvme-io";
	return sc->iops ? "nic-rx,nvme-io" : "nic-rx";
}

int scenario_functions(const struct scenario *sc)
{
	static const int of[] = { [TOPO_ROOT_BUS] = 1,
				  [TOPO_ROOT_PORT] = 2,
				  [TOPO_SWITCH] = 4,
				  [TOPO_PCI_BRIDGE] = 3 };

	/* The second device and its port */
	return of[sc->topology] + sc->functions + (sc->iops && scenario_has_nic(sc) ? 2 : 0);
}

bool scenario_carries(const struct scenario *sc, const char *model)
{
	const char *const *also;

	if (!strcmp(model, sc->device) || (sc->iops && !strcmp(model, "nvme")))
		return true;
	for (also = sc->also; also && *also; also++)
		if (!strcmp(model, *also))
			return true;
	return false;
}

bool is_bridge_model(const char *model)
{
	static const char *const bridges[] = { "pcie-root-port", "x3130-upstream",
					       "xio3130-downstream", "pcie-pci-bridge" };
	size_t i;

	for (i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++)
		if (!strcmp(model, bridges[i]))
			return true;
	return false;
}
