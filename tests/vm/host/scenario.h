/* SPDX-License-Identifier: GPL-2.0 */
/* What a run is: the machine, what the guest does in it, and what must come out. */
#ifndef HF_VM_SCENARIO_H
#define HF_VM_SCENARIO_H

#include <stdbool.h>

enum topology {
	TOPO_ROOT_BUS, /* device on the root bus */
	TOPO_ROOT_PORT, /* behind a PCIe root port */
	TOPO_SWITCH, /* behind a root port and a switch */
	TOPO_PCI_BRIDGE, /* on a conventional bus: behind a root port and a PCIe-to-PCI bridge */
};

enum kernel_kind {
	KERNEL_SAME, /* as the first one */
	KERNEL_HOLDFAST,
	KERNEL_STOCK,
	KERNEL_DEBUG,
	KERNEL_KINDS
};

enum suite {
	SUITE_VM, /* make check-vm */
	SUITE_DEVICE, /* make check-device */
	SUITE_MEMORY, /* make check-memory */
	SUITE_AGENT, /* make check-agent */
	SUITE_SYSTEMD, /* make check-systemd, with an initramfs and an image of its own */
	SUITE_ALL, /* make check-all only */
	SUITE_NONE, /* when it is named */
	SUITES
};

enum judgement {
	JUDGED_ALL, /* every check */
	JUDGED_CONTROL, /* passes only if the device or frames are lost */
	JUDGED_STOPPED, /* DMA goes on until the guest stops it on purpose, and not any longer */
	JUDGED_BY_GUEST, /* the guest's own points (refusal, point), and clean consoles */
};

struct verdict;

/**
 * struct scenario - one run of a VM
 * @name: name in KTAP output and of the run's folder
 * @suite: which list it is on
 * @device: QEMU's name of the NIC, whose ID is "nic0"; or "nvme"
 * @device_more: more properties of it, with a comma before each; NULL for none
 * @topology: where it is; the port above it is "port0"
 * @iops: commands per second of an NVMe disk; it is behind a root port of its own, "port1", unless
 *	it is @device. 0 for no such disk
 * @args: further arguments of QEMU, ended by NULL; NULL for none. @DIR@ is the run's folder
 * @also: QEMU's names of other devices that are carried and thus judged, ended by NULL; NULL for none
 * @functions: how many functions these are, with the bridges above them
 * @kernel: which of the builds runs
 * @next: which runs after each update
 * @guest: what the guest is told to do (hf.scenario=)
 * @updates: kexecs that must happen
 * @cancels: preserves that are taken back
 * @resumes: times a driver takes the device up from another one
 * @judged: what makes it pass
 * @panics: a kernel is to panic; everything else on the console still counts
 * @check: adds checks of its own; NULL for none
 * @rate: frames per second
 * @timeout_s: bound of the whole run in seconds
 * @append: for the kernel's command line; NULL for nothing
 * @runs: the most there are of it until one passes, for a control whose guest may be hit by the
 *	damage that it is to show; 0 is 1
 */
struct scenario {
	const char *name;
	enum suite suite;
	const char *device, *device_more;
	enum topology topology;
	int iops;
	const char *const *args;
	const char *const *also;
	int functions;
	enum kernel_kind kernel, next;
	const char *guest;
	int updates, cancels, resumes;
	enum judgement judged;
	bool panics;
	void (*check)(struct verdict *v, const struct scenario *sc);
	int rate;
	int timeout_s;
	const char *append;
	int runs;
};

/* Tables, each ended by an entry without a name. */
extern const struct scenario scenarios_update[];
extern const struct scenario scenarios_device[];
extern const struct scenario scenarios_orphan[];
extern const struct scenario scenarios_kho[];
extern const struct scenario scenarios_memory[];
extern const struct scenario scenarios_fault[];
extern const struct scenario scenarios_agent[];
extern const struct scenario scenarios_systemd[];

/* The scenario behind @sc in all tables; the first one for NULL; NULL behind the last one. */
const struct scenario *scenario_next(const struct scenario *sc);

const struct scenario *scenario_find(const char *name);
const char *kernel_kind_name(enum kernel_kind kind);
const char *suite_name(enum suite suite);

/* The kernel that runs after each update: what the initramfs must hold. */
enum kernel_kind scenario_next_kernel(const struct scenario *sc);

bool scenario_has_nic(const struct scenario *sc);

/* The guest's drivers, as hf.drivers= has them. */
const char *scenario_drivers(const struct scenario *sc);

/* Functions that are judged: those carried, and the bridges above them. */
int scenario_functions(const struct scenario *sc);

/* Is @model the NIC or another device that is carried? */
bool scenario_carries(const struct scenario *sc, const char *model);

/* QEMU's names of the bridges above a device, as trace records carry them. */
bool is_bridge_model(const char *model);

#endif
