/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeping until the device or an order wants something.
 *
 * Vector 0 is that of the admin queue, which is not used once the controller
 * runs; the queue pairs have the vectors from 1 on. Each vector has an eventfd.
 */
#ifndef NVME_IO_IRQS_H
#define NVME_IO_IRQS_H

#include <stdbool.h>
#include <stdint.h>

#include "orders.h"
#include "state.h"
#include "vfio.h"

/**
 * struct irqs - the vectors of a device
 * @armed: interrupts are used
 * @count: vectors
 * @fd: their eventfds
 */
struct irqs {
	bool armed;
	uint32_t count;
	int fd[QUEUES_MAX + 1];
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
 * irqs_resume() - the same after an update, and have every queue looked at
 *
 * An interrupt which the device raised while nothing was armed is gone.
 *
 * Return: 0, or -1 after fail().
 */
int irqs_resume(struct irqs *irqs, const struct vfio_device *vdev,
		uint32_t queues);

/**
 * irqs_wait() - sleep until an interrupt or an order
 * @irqs: armed
 * @timeout_ms: at most so long, for ever when negative
 * @queues: out, bit i is set when queue pair i raised an interrupt
 *
 * Return: the order, or ORDER_NONE.
 */
enum order irqs_wait(struct irqs *irqs, int timeout_ms, uint32_t *queues);

#endif /* NVME_IO_IRQS_H */
