// SPDX-License-Identifier: GPL-2.0
/* What else can be carried, where it may be, how often, and what is refused. */
#include <stddef.h>
#include <string.h>

#include "judge.h"
#include "scenario.h"
#include "spells.h"

/*
 * The other function gets no frames: it has no network. With the routing that virtual functions need
 * (ARI) the first function says where the next one is.
 */
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

/* The NIC from its frames, the disk from its commands: the kexec that was refused touched neither. */
static void check_both(struct verdict *v, const struct scenario *sc)
{
	spells_check(v, sc);
	nvme_check_work(&v->nvme, &v->record, &v->checks);
}

/*
 * A driver that sleeps until it is woken has found everything because of an interrupt, or because it
 * looked once when interrupts were armed again.
 */
static void check_interrupts(struct verdict *v, const struct scenario *sc)
{
	const struct event *nic = v->record.marks[DRIVER_NIC].result,
			   *nvme = v->record.marks[DRIVER_NVME].result;
	long long received, woken, kicked, interrupts, wakeups, kicks;

	if (sc->iops)
		check_add(&v->checks, "nvme-interrupts", nvme && event_int(nvme, "wakeups", 0) > 0,
			  "woken %lld times", nvme ? (long long)event_int(nvme, "wakeups", 0) : -1);
	if (!nic) {
		check_add(&v->checks, "interrupts", false, "no result");
		return;
	}
	received = event_int(nic, "received", -1);
	woken = event_int(nic, "woken_frames", -1);
	kicked = event_int(nic, "kick_frames", -1);
	interrupts = event_int(nic, "interrupts", -1);
	wakeups = event_int(nic, "wakeups", -1);
	kicks = event_int(nic, "kicks", -1);
	check_add(&v->checks, "interrupts", interrupts > 0 && wakeups > 0 && wakeups <= interrupts,
		  "%lld interrupts woke the driver %lld times", interrupts, wakeups);
	check_add(&v->checks, "found-by-interrupt",
		  received > 0 && woken > 0 && woken + kicked == received,
		  "%lld frames: %lld found when woken, %lld when armed again", received, woken,
		  kicked);
	check_add(&v->checks, "armed-again", kicks == 1 + sc->resumes,
		  "%lld times, with the first", kicks);
}

/* What came in the gap was found when interrupts were armed again, and not by one of them. */
static void check_late(struct verdict *v, const struct scenario *sc)
{
	const struct event *nic = v->record.marks[DRIVER_NIC].result;
	long long kicked = nic ? event_int(nic, "kick_frames", 0) : 0;

	check_interrupts(v, sc);
	check_add(&v->checks, "found-when-armed", kicked > 0 && kicked >= v->account.gap[0].stored,
		  "%lld frames, %ld of them were stored in the gap", kicked,
		  v->account.gap[0].stored);
}

/* The NIC has written them all, the driver never looks. */
static void check_late_control(struct verdict *v, const struct scenario *sc)
{
	const struct account *a = &v->account;

	(void)sc;
	check_add(&v->checks, "control-never-looks",
		  a->sent > 0 && (long)a->n_stored == a->sent && a->received >= 0 &&
			  a->received < a->sent,
		  "%ld frames sent, %zu stored, the driver found %ld", a->sent, a->n_stored,
		  a->received);
}

static const char *const second_igb[] = { "-device", "pcie-root-port,id=port8,bus=pcie.0,addr=0x8,chassis=8,slot=8",
					  "-device", "igb,id=nic1,bus=port8,romfile=", NULL };

/* A state that was not walked through leaves nothing behind: the kexec may have been faster. */
static void check_ioctls(struct verdict *v, const struct scenario *sc)
{
	static const char *const states[] = { "ioctls: frozen",	   "freeze is traced",
					      "ioctls: incoming",  "ioctls: retrieved",
					      "ioctls: adopted" };
	const struct event *e;
	size_t i, n = 0;

	(void)sc;
	for (i = 0; i < v->record.n_event; i++) {
		e = &v->record.event[i];
		if (n < sizeof(states) / sizeof(states[0]) && event_is(e, "point", NULL) &&
		    strstr(event_string(e, "name"), states[n]))
			n++;
	}
	check_add(&v->checks, "ioctls", n == sizeof(states) / sizeof(states[0]),
		  "%zu of %zu points reached", n, sizeof(states) / sizeof(states[0]));
}

/* The other device is lost on purpose; the NIC does not notice. */
static void check_nic(struct verdict *v, const struct scenario *sc)
{
	account_check(&v->account, &v->record, sc, &v->checks);
}

const struct scenario scenarios_device[] = {
	{
		.name = "igb-pci-bridge", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_PCI_BRIDGE, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	{
		.name = "ioctls", .suite = SUITE_DEVICE, .device = "igb", .args = second_igb,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "ioctls",
		.updates = 1, .judged = JUDGED_BY_GUEST, .check = check_ioctls, .rate = 100,
		.timeout_s = 90,
	},
	{
		.name = "siblings", .suite = SUITE_DEVICE, .device = "igb",
		.device_more = ",addr=0x0.0x0,multifunction=on,x-pcie-ari-nextfn-1=on", .args = sibling,
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
		.name = "nvme-resume", .suite = SUITE_DEVICE, .device = "nvme", .iops = 400,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "resume-nvme",
		.resumes = 9, .judged = JUDGED_ALL, .rate = 300, .timeout_s = 120,
		.append = "hf.irq=yes",
	},
	{
		.name = "nvme-refuse", .suite = SUITE_DEVICE, .device = "nvme", .iops = 400,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "refuse-nvme",
		.judged = JUDGED_BY_GUEST, .rate = 300, .timeout_s = 120,
	},
	{
		.name = "nvme-control", .suite = SUITE_DEVICE, .device = "nvme", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_STOCK, .guest = "control",
		.updates = 1, .judged = JUDGED_CONTROL, .rate = 300, .timeout_s = 120,
	},
	{
		.name = "updates", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 4, .resumes = 4, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 240,
	},
	{
		.name = "updates-both", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 3, .resumes = 3, .judged = JUDGED_ALL, .check = check_interrupts,
		.rate = 500, .timeout_s = 240, .append = "hf.irq=msix",
	},
	{
		.name = "updates-given-up", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "given-up",
		.updates = 4, .resumes = 4, .judged = JUDGED_ALL, .check = check_given_up,
		.rate = 500, .timeout_s = 300, .append = "hf.irq=msix",
	},
	{
		.name = "irq-late", .suite = SUITE_DEVICE, .device = "e1000e",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "irq-late",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .check = check_late,
		.rate = 500, .timeout_s = 120, .append = "hf.irq=msi",
	},
	{
		.name = "irq-late-control", .suite = SUITE_DEVICE, .device = "e1000e",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "irq-late",
		.updates = 1, .resumes = 1, .judged = JUDGED_BY_GUEST, .check = check_late_control,
		.rate = 500, .timeout_s = 120, .append = "hf.irq=msi hf.kick=no",
	},
	/* More resumes than there are: the guest stops the source */
	{
		.name = "two-partly", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-partly",
		.updates = 1, .resumes = 2, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 150,
	},
	{
		.name = "two-mismatch", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-mismatch",
		.updates = 1, .resumes = 2, .judged = JUDGED_BY_GUEST, .check = check_nic,
		.rate = 500, .timeout_s = 150,
	},
	{
		.name = "two-drop", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-drop",
		.updates = 1, .resumes = 2, .judged = JUDGED_BY_GUEST, .check = check_nic,
		.rate = 500, .timeout_s = 150,
	},
	{
		.name = "two-sessions", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-sessions",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 150,
		.append = "hf.irq=msix",
	},
	{
		.name = "two-lost", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-lost",
		.judged = JUDGED_BY_GUEST, .check = check_both, .rate = 500, .timeout_s = 150,
		.append = "hf.irq=msix",
	},
	{
		.name = "two-killed", .suite = SUITE_DEVICE, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-killed",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 240,
		.append = "hf.irq=msix hf.kills=20",
	},
	{
		.name = "two-killed-long", .suite = SUITE_ALL, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "two-killed",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 500, .timeout_s = 600,
		.append = "hf.irq=msix hf.kills=200",
	},
	{
		.name = "unbound", .suite = SUITE_DEVICE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "unbound",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .rate = 1000, .timeout_s = 120,
	},
	/* For the kernel of tests/build, where vfio-pci is a module */
	{
		.name = "modules-late", .suite = SUITE_NONE, .device = "igb",
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "modules-late",
		.updates = 1, .resumes = 1, .judged = JUDGED_ALL, .check = spells_check,
		.rate = 500, .timeout_s = 150,
	},
	{
		.name = "many", .suite = SUITE_ALL, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "update",
		.updates = 25, .resumes = 25, .judged = JUDGED_ALL, .check = check_interrupts,
		.rate = 500, .timeout_s = 900, .append = "hf.irq=msix",
	},
	{
		.name = "many-given-up", .suite = SUITE_ALL, .device = "igb", .iops = 100,
		.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .guest = "given-up",
		.updates = 25, .resumes = 25, .judged = JUDGED_ALL, .check = check_given_up,
		.rate = 500, .timeout_s = 900, .append = "hf.irq=msix",
	},
	{ .name = NULL },
};
