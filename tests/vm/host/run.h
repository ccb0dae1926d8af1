/* SPDX-License-Identifier: GPL-2.0 */
/* One run of a VM, recorded into a folder (files: see record.h). Nothing is judged here. */
#ifndef HF_VM_RUN_H
#define HF_VM_RUN_H

#include <stdbool.h>

#include "scenario.h"

/**
 * struct run_config - what to run
 * @scenario: what
 * @kernel: bzImage
 * @initrd: initramfs
 * @accel: "kvm" or "tcg"
 * @append: more for the kernel command line, "" for nothing
 * @dir: folder for the records, made if missing
 * @rate: frames per second
 * @timeout_s: bound in seconds
 * @mem_mb: memory of the machine
 * @cpus: its CPUs
 * @qemu_args: further arguments of QEMU, ended by NULL; may be NULL itself
 * @progress: say on stderr what happens
 */
struct run_config {
	const struct scenario *scenario;
	const char *kernel, *initrd, *accel, *append, *dir;
	int rate, timeout_s, mem_mb, cpus;
	const char *const *qemu_args;
	bool progress;
};

/* Run it to its end. True when the guest said "done" in time, whatever its status. */
bool run_vm(const struct run_config *c);

#endif
