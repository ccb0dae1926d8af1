/* SPDX-License-Identifier: GPL-2.0 */
/* What a run is: the machine, what the guest does in it, and what must come out. */
#ifndef HF_VM_SCENARIO_H
#define HF_VM_SCENARIO_H

#include <stdbool.h>

enum topology {
	TOPO_ROOT_BUS, /* device on the root bus */
	TOPO_ROOT_PORT, /* behind a PCIe root port */
	TOPO_SWITCH, /* behind a root port and a switch */
};

enum kernel_kind {
	KERNEL_HOLDFAST,
	KERNEL_STOCK,
	KERNEL_DEBUG,
};

enum judgement {
	JUDGED_ALL, /* every check */
	JUDGED_CONTROL, /* passes only if the device or frames are lost */
	JUDGED_STOPPED, /* DMA goes on until the guest stops it on purpose, and not any longer */
	JUDGED_BY_GUEST, /* the guest's own points (refusal, point), and clean consoles */
};

/**
 * struct scenario - one run of a VM
 * @name: name in KTAP output and of the run's folder
 * @device: QEMU's name of the NIC
 * @topology: where it is
 * @kernel: which of the builds runs
 * @guest: what the guest is told to do (hf.scenario=)
 * @updates: kexecs that must happen
 * @cancels: preserves that are taken back
 * @resumes: times a driver takes the device up from another one
 * @judged: what makes it pass
 * @rate: frames per second
 * @timeout_s: bound of the whole run in seconds
 * @append: for the kernel's command line; NULL for nothing
 */
struct scenario {
	const char *name;
	const char *device;
	enum topology topology;
	enum kernel_kind kernel;
	const char *guest;
	int updates, cancels, resumes;
	enum judgement judged;
	int rate;
	int timeout_s;
	const char *append;
};

/* All scenarios; the last one has a NULL name. */
extern const struct scenario scenarios[];

const struct scenario *scenario_find(const char *name);
const char *kernel_kind_name(enum kernel_kind kind);

/* QEMU's names of the bridges above a device, as trace records carry them. */
bool is_bridge_model(const char *model);

#endif
