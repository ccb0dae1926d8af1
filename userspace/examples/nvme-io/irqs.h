/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeping until the device or a signal wants something.
 *
 * Vector 0 is that of the admin queue, which is not used once the controller
 * runs; the queue pairs have the vectors from 1 on. Each vector has an eventfd.
 */
#ifndef NVME_IO_IRQS_H
#define NVME_IO_IRQS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "state.h"
#include "vfio.h"

/**
 * struct irqs - the vectors of a device
 * @armed: interrupts are used
 * @count: vectors
 * @fd: their eventfds
 * @signal_fd: signalfd for the signals that steer the driver
 */
struct irqs {
	bool armed;
	uint32_t count;
	int fd[QUEUES_MAX + 1];
	int signal_fd;
};

/**
 * irqs_arm() - get interrupts of all vectors, in one call to the kernel
 * @irqs: out
 * @vdev: the device
 * @queues: I/O queue pairs
 *
 * Return: 0, or -1 after fail().
 */
int irqs_arm(struct irqs *irqs, const struct vfio_device *vdev,
	     uint32_t queues);

/**
 * irqs_kick() - have every queue looked at, as if its interrupt had come
 *
 * An interrupt which the device raised while nothing was armed is gone.
 *
 * Return: 0, or -1 after fail().
 */
int irqs_kick(const struct irqs *irqs, const struct vfio_device *vdev);

/**
 * irqs_wait() - sleep until an interrupt or a signal
 * @irqs: armed
 * @timeout_ms: at most so long, for ever when negative
 * @queues: out, bit i is set when queue pair i raised an interrupt
 *
 * Return: the signal, or 0.
 */
int irqs_wait(struct irqs *irqs, int timeout_ms, uint32_t *queues);

#endif /* NVME_IO_IRQS_H */
