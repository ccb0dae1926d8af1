// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is handed over, without a device in it: what the kernel must refuse to hand over, and
 * when the next one must not boot on. Most ask the kernel by guest/khotest. What begins with "stock"
 * shows what happens without the series.
 */
#include <stddef.h>

#include "console.h"
#include "scenario.h"
#include "spells.h"

/* So that the next kernel has little memory but this to allocate from until all is reserved. */
#define LITTLE_SCRATCH "mem=1G kho_scratch=4M,96M,4M"

/* Live update would find what it left missing. */
#define EMPTY "hf.next=empty liveupdate=off"
#define ASTRAY "hf.next=astray liveupdate=off"

/* It takes a while for all memory. */
#define MEMTEST "hf.next=memtest mem=1G"

/* Above 4 GiB, where nothing else is */
static const char *const dimm[] = {
	"-m", "slots=1,maxmem=8G", "-object", "memory-backend-ram,id=dimm,size=512M",
	"-device", "pc-dimm,id=dimm0,memdev=dimm", NULL
};

/* The nodes meet at an odd multiple of 2 MiB. */
static const char *const nodes[] = {
	"-object", "memory-backend-ram,id=m0,size=1026M",
	"-object", "memory-backend-ram,id=m1,size=1022M",
	"-numa", "node,memdev=m0,cpus=0", "-numa", "node,memdev=m1", NULL
};

static void check_panic(struct verdict *v, const char *why)
{
	const struct console_line *panic = console_find(&v->record, "Kernel panic", why);

	check_add(&v->checks, "next-kernel-panics", panic, "%s",
		  panic ? panic->text : "not, or not for the right reason");
}

static void check_unusable(struct verdict *v, const struct scenario *sc)
{
	(void)sc;
	check_panic(v, "KHO: FDT is not compatible");
}

static void check_invalid(struct verdict *v, const struct scenario *sc)
{
	(void)sc;
	check_panic(v, "KHO: FDT is invalid");
}

static void check_damaged(struct verdict *v, const struct scenario *sc)
{
	(void)sc;
	check_panic(v, "KHO: preserved memory map is damaged");
}

static void check_require(struct verdict *v, const struct scenario *sc)
{
	(void)sc;
	check_panic(v, "KHO: nothing was handed over");
}

static void check_taken(struct verdict *v, const struct scenario *sc)
{
	(void)sc;
	check_panic(v, "KHO: preserved memory is in use");
}

static void check_lost(struct verdict *v, const struct scenario *sc)
{
	(void)sc;
	check_panic(v, "KHO: cannot reserve the preserved memory");
}

#define OURS(name_) .name = name_, .kernel = KERNEL_HOLDFAST
#define STOCK(name_) .name = name_, .kernel = KERNEL_STOCK
#define COMMON(guest_) .suite = SUITE_MEMORY, .device = "igb", .topology = TOPO_ROOT_PORT, \
	.guest = guest_, .judged = JUDGED_BY_GUEST, .rate = 200, .timeout_s = 120

const struct scenario scenarios_kho[] = {
	{ OURS("kho-twice"), COMMON("kho-twice") },
	{ STOCK("kho-twice-stock"), COMMON("kho-twice") },
	{ OURS("kho-unusable"), COMMON("kho-unusable"), .panics = true, .check = check_unusable },
	{ OURS("kho-unusable-off"), COMMON("kho-unusable"), .updates = 1, .append = "hf.next=off" },
	{ STOCK("kho-unusable-stock"), COMMON("kho-unusable"), .updates = 1 },
	{ OURS("kho-invalid"), COMMON("kho-unusable"), .panics = true, .check = check_invalid,
	  .append = "hf.next=invalid" },
	{ STOCK("kho-invalid-stock"), COMMON("kho-unusable"), .updates = 1,
	  .append = "hf.next=invalid" },
	{ OURS("kho-astray"), COMMON("kho-unusable"), .panics = true, .check = check_damaged,
	  .append = ASTRAY },
	{ OURS("kho-empty"), COMMON("kho-unusable"), .panics = true, .check = check_damaged,
	  .append = EMPTY },
	{ STOCK("kho-empty-stock"), COMMON("kho-unusable"), .updates = 1,
	  .append = EMPTY },
	{ OURS("kho-require"), COMMON("kho-require"), .updates = 1, .panics = true,
	  .check = check_require },
	{ STOCK("kho-require-stock"), COMMON("kho-require"), .updates = 1 },
	{ OURS("kho-cma"), COMMON("kho-early"), .panics = true, .check = check_taken },
	{ STOCK("kho-cma-stock"), COMMON("kho-early"), .updates = 1 },
	{ OURS("kho-memtest"), COMMON("kho-early"), .updates = 1, .append = MEMTEST },
	{ OURS("kho-lost"), COMMON("kho-lost"), .panics = true, .check = check_lost,
	  .append = LITTLE_SCRATCH },
	{ STOCK("kho-lost-stock"), COMMON("kho-lost"), .updates = 1, .append = LITTLE_SCRATCH },
	{ OURS("kho-full"), COMMON("kho-full"), .updates = 1, .append = "kho_scratch=4M,100M,4M" },
	{ OURS("kho-orders"), COMMON("kho-orders"), .updates = 1 },
	{ OURS("kho-hotplug"), COMMON("kho-hotplug"), .updates = 1, .args = dimm },
	{ STOCK("kho-hotplug-stock"), COMMON("kho-hotplug"), .args = dimm },
	{ OURS("kho-nodes"), COMMON("kho-nodes"), .updates = 1, .args = nodes },
	{ STOCK("kho-nodes-stock"), COMMON("kho-nodes"), .updates = 1, .args = nodes },
	{ .name = NULL },
};
