// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping until the device or a signal wants something, see irqs.h */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <holdfast.h>

#include "event.h"
#include "irqs.h"

/* @arm: holdfast_irq_arm(), or holdfast_irq_resume() */
static int arm(struct irqs *irqs, const struct vfio_device *vdev,
	       uint32_t queues,
	       int (*call)(int device, unsigned int index, const int *eventfd,
			   unsigned int n))
{
	irqs->count = queues + 1;
	for (uint32_t i = 0; i < irqs->count; i++) {
		irqs->fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (irqs->fd[i] < 0)
			return fail("eventfd: %m");
	}
	if (call(vdev->fd, VFIO_PCI_MSIX_IRQ_INDEX, irqs->fd, irqs->count))
		return fail("%s: %s", vdev->bdf, holdfast_error());
	irqs->armed = true;
	return 0;
}

int irqs_arm(struct irqs *irqs, const struct vfio_device *vdev, uint32_t queues)
{
	return arm(irqs, vdev, queues, holdfast_irq_arm);
}

int irqs_resume(struct irqs *irqs, const struct vfio_device *vdev,
		uint32_t queues)
{
	return arm(irqs, vdev, queues, holdfast_irq_resume);
}

enum order irqs_wait(struct irqs *irqs, int timeout_ms, uint32_t *queues)
{
	struct pollfd polled[QUEUES_MAX + 1 + ORDERS_FDS];
	uint64_t count;

	for (uint32_t i = 0; i < irqs->count; i++)
		polled[i] = (struct pollfd){ irqs->fd[i], POLLIN, 0 };

	*queues = 0;
	if (orders_poll(&polled[irqs->count]) ||
	    poll(polled, irqs->count + ORDERS_FDS, timeout_ms) <= 0)
		return ORDER_NONE;
	for (uint32_t i = 0; i < irqs->count; i++) {
		if (!(polled[i].revents & POLLIN) ||
		    read(irqs->fd[i], &count, sizeof(count)) !=
		    (ssize_t)sizeof(count) || !i)
			continue;
		*queues |= 1u << (i - 1);
	}
	return orders_next();
}
