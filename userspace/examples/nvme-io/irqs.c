// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping until the device or a signal wants something, see irqs.h */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <holdfast/irq.h>

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
	struct hf_error err = { "" };

	irqs->count = queues + 1;
	if (open_descriptors(irqs))
		return -1;
	if (hf_irq_arm(vdev->fd, VFIO_PCI_MSIX_IRQ_INDEX, irqs->fd, irqs->count,
		       &err))
		return fail("%s: %s", vdev->bdf, err.text);
	irqs->armed = true;
	return 0;
}

int irqs_kick(const struct irqs *irqs, const struct vfio_device *vdev)
{
	struct hf_error err = { "" };

	if (hf_irq_kick(vdev->fd, VFIO_PCI_MSIX_IRQ_INDEX, irqs->count, &err))
		return fail("%s: %s", vdev->bdf, err.text);
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
