// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping until the device or a signal wants something, see irqs.h */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "event.h"
#include "irqs.h"
#include "signals.h"

static int open_descriptors(struct irqs *irqs)
{
	sigset_t set;

	signals_fill(&set);
	irqs->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (irqs->signal_fd < 0)
		return fail("signalfd: %m");
	for (uint32_t i = 0; i < irqs->count; i++) {
		irqs->fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (irqs->fd[i] < 0)
			return fail("eventfd: %m");
	}
	return 0;
}

int irqs_arm(struct irqs *irqs, const struct vfio_device *vdev, uint32_t queues)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd[QUEUES_MAX + 1];
	} arm = {
		.set = {
			.argsz = sizeof(arm.set) +
				 (queues + 1) * sizeof(int32_t),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_MSIX_IRQ_INDEX,
			.count = queues + 1,
		},
	};

	irqs->count = queues + 1;
	if (open_descriptors(irqs))
		return -1;
	for (uint32_t i = 0; i < irqs->count; i++)
		arm.fd[i] = irqs->fd[i];
	if (ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &arm))
		return fail("%s: cannot get interrupts of %u MSI-X vectors: %m",
			    vdev->bdf, irqs->count);
	irqs->armed = true;
	return 0;
}

int irqs_kick(const struct irqs *irqs, const struct vfio_device *vdev)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = irqs->count,
	};

	if (ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &set))
		return fail("%s: cannot trigger the interrupts: %m", vdev->bdf);
	return 0;
}

int irqs_wait(struct irqs *irqs, int timeout_ms, uint32_t *queues)
{
	struct pollfd polled[QUEUES_MAX + 2];
	struct signalfd_siginfo info;
	uint64_t count;

	for (uint32_t i = 0; i < irqs->count; i++)
		polled[i] = (struct pollfd){ irqs->fd[i], POLLIN, 0 };
	polled[irqs->count] = (struct pollfd){ irqs->signal_fd, POLLIN, 0 };

	*queues = 0;
	if (poll(polled, irqs->count + 1, timeout_ms) <= 0)
		return 0;
	for (uint32_t i = 0; i < irqs->count; i++) {
		if (!(polled[i].revents & POLLIN) ||
		    read(irqs->fd[i], &count, sizeof(count)) !=
		    (ssize_t)sizeof(count) || !i)
			continue;
		*queues |= 1u << (i - 1);
	}
	if (read(irqs->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
