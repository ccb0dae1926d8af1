/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an NVMe controller did with the commands of nvme-io: from QEMU's trace, from the disk's
 * image, and from what the driver says. What each command is for, and what each block holds in the
 * end, is computed (workload.h of nvme-io).
 */
#ifndef HF_VM_NVME_H
#define HF_VM_NVME_H

#include "checks.h"
#include "record.h"
#include "scenario.h"
#include "workload.h"

/**
 * struct nvme_gap - one update, from the reboot call to the first user instruction of the new kernel
 * @in_flight: commands in flight at its begin
 * @completed: of them, completed in it
 */
struct nvme_gap {
	long in_flight, completed;
};

/**
 * struct nvme - findings
 * @work: what the driver was to do; no commands if it never said
 * @done: commands of each slot that the device took
 * @submitted, @completed: commands the device took, and those it completed
 * @wrong: commands that are not the next one of their slot, or for nothing that has a slot
 * @stray: completions of no command
 * @failed: completions that say so
 * @longest_ms: longest time without a completion while commands were in flight
 * @resets: resets
 * @fatal: completions the controller could not deliver: it may not master the bus
 * @enables: writes to the configuration register after the driver was ready
 * @admin: admin commands after that
 * @writes_in_gap: registers and doorbells written from a reboot call to the driver's first look
 * @first: text of the first finding, for messages
 */
struct nvme {
	struct workload work;
	uint64_t *done;
	long submitted, completed, wrong, stray, failed;
	double longest_ms;
	int resets, fatal, enables, admin, writes_in_gap;
	char first[128];
	struct nvme_gap gap[MAX_UPDATES];
};

/* Make the disk's image in @dir: zeros, as large as the workload may need. Dies when it cannot. */
void nvme_make_disk(const char *dir);

void nvme_look(struct nvme *n, struct record *r);

/* The part of nvme_check() that holds whatever else happened: nothing lost, repeated or reset. */
void nvme_check_work(const struct nvme *n, struct record *r, struct checks *c);

/* @pause_ms: the host was held up for that long itself, as the frame source noticed. */
void nvme_check(const struct nvme *n, struct record *r, const struct scenario *sc, const char *dir,
		double pause_ms, struct checks *c);

/* The device must be lost, having worked before. */
void nvme_check_control(const struct nvme *n, struct record *r, struct checks *c);
void nvme_free(struct nvme *n);

#endif
