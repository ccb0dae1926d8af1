/* SPDX-License-Identifier: GPL-2.0 */
/* Starting QEMU so that it cannot outlive us. */
#ifndef HF_VM_QEMU_H
#define HF_VM_QEMU_H

#include <sys/types.h>

#include "scenario.h"

/**
 * struct qemu_config - what the machine is made of
 * @kernel, @initrd: what it boots; @initrd may be NULL
 * @append: kernel command line
 * @accel: "kvm" or "tcg"
 * @scenario: the NIC and other devices; NULL for a machine without
 * @mem_mb, @cpus: size
 * @console_fd, @event_fd: sockets for the serial ports, inherited; @event_fd -1 for none
 * @qmp_fd: socket for QMP, inherited; -1 for none
 * @net_fd: connected UDP socket, inherited; -1 for none
 * @dir: where trace and standard error go
 * @extra: further arguments, ended by NULL; may be NULL itself
 */
struct qemu_config {
	const char *kernel, *initrd, *append, *accel;
	const struct scenario *scenario;
	int mem_mb, cpus;
	int console_fd, event_fd, qmp_fd, net_fd;
	const char *dir;
	const char *const *extra;
};

/* Start it; returns its process ID, or dies. The command is left in @dir/cmd. */
pid_t qemu_start(const struct qemu_config *c);

/* Kill it if it still runs; returns its wait status. */
int qemu_stop(pid_t pid);

/* Child side of fork(): die with the parent, whose process ID was @parent. */
void die_with_parent(pid_t parent);

#endif
