/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hands off (I5): what was done to the device and to the bridges above it, as QEMU's trace and the
 * dumps show it.
 */
#ifndef HF_VM_HANDS_H
#define HF_VM_HANDS_H

#include <json-c/json.h>

#include "cfgspace.h"
#include "checks.h"
#include "record.h"
#include "scenario.h"

/**
 * struct hands - findings; the arrays are JSON for the report
 * @device_resets: device resets seen while the driver owned the device
 * @bus_master_edges: times COMMAND.BUS_MASTER went from 1 to 0, or the NIC said it may not master
 * the bus
 * @bridge_bus_master_edges: the same for bridges
 * @power_changes: D-state changes or writes that ask for one
 * @bus_number_changes: writes that changed a bridge's primary, secondary or subordinate bus number
 * @bus_resets: secondary bus resets
 * @link_changes: writes to link control that disable or retrain a link
 * @register_writes: writes to NIC registers after the reboot call other than the ring's tail
 * @loud: times interrupts were let through from a reboot call to the end of the agent's restore
 * @unlisted_changes: differences in configuration space no rule explains
 * @unlisted_writes: configuration writes between reboot call and resume no rule explains
 * @changes: array of differences before and after each update
 * @writes: array of places written between reboot call and resume
 * @dumps: functions of which there is a dump before and after
 * @first: text of the first finding of each kind, for messages
 */
struct hands {
	int device_resets, bus_master_edges, bridge_bus_master_edges, power_changes;
	int bus_number_changes, bus_resets, link_changes, register_writes, loud, unlisted_changes,
		unlisted_writes;
	struct json_object *changes, *writes;
	int dumps;
	char first_reset[128], first_edge[128], first_power[128], first_bus[128],
		first_register[128], first_link[128], first_loud[128];
	char first_change[128], first_write[128];
};

void hands_look(struct hands *h, struct record *r, const struct scenario *sc,
		const struct cfg_rules *rules);
void hands_check(const struct hands *h, const struct scenario *sc, struct checks *c);
void hands_free(struct hands *h);

#endif
