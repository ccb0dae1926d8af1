// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping until the device or a signal wants something, see wake.h */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <holdfast.h>

#include "event.h"
#include "wake.h"

static const struct {
	const char *word;
	unsigned int index;
} modes[] = {
	[IRQ_NONE] = { "none", 0 },
	[IRQ_INTX] = { "intx", VFIO_PCI_INTX_IRQ_INDEX },
	[IRQ_MSI] = { "msi", VFIO_PCI_MSI_IRQ_INDEX },
	[IRQ_MSIX] = { "msix", VFIO_PCI_MSIX_IRQ_INDEX },
};

int wake_mode(const char *word, enum nic_irq *mode)
{
	for (int i = IRQ_INTX; i <= IRQ_MSIX; i++)
		if (!strcmp(modes[i].word, word)) {
			*mode = (enum nic_irq)i;
			return 0;
		}
	return -1;
}

const char *wake_word(enum nic_irq mode)
{
	return modes[mode].word;
}

/* @arm: holdfast_irq_arm(), or holdfast_irq_resume() */
static int arm(struct wake *wake, const struct vfio_device *vdev,
	       int (*call)(int device, unsigned int index, const int *eventfd,
			   unsigned int n))
{
	wake->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake->event_fd < 0)
		return fail("eventfd: %m");
	if (call(vdev->fd, modes[wake->mode].index, &wake->event_fd, 1))
		return fail("%s: %s", vdev->bdf, holdfast_error());
	return 0;
}

int wake_arm(struct wake *wake, const struct vfio_device *vdev)
{
	return arm(wake, vdev, holdfast_irq_arm);
}

static void count_kick(struct wake *wake)
{
	wake->kicked++;
	wake->counts->kicks++;
}

int wake_resume(struct wake *wake, const struct vfio_device *vdev)
{
	if (arm(wake, vdev, holdfast_irq_resume))
		return -1;
	count_kick(wake);
	return 0;
}

int wake_kick(struct wake *wake, const struct vfio_device *vdev)
{
	if (holdfast_irq_kick(vdev->fd, modes[wake->mode].index, 1))
		return fail("%s: %s", vdev->bdf, holdfast_error());
	count_kick(wake);
	return 0;
}

int wake_unmask(const struct wake *wake, const struct vfio_device *vdev)
{
	if (wake->mode != IRQ_INTX)
		return 0;
	if (holdfast_irq_unmask(vdev->fd, modes[wake->mode].index, 0))
		return fail("%s: %s", vdev->bdf, holdfast_error());
	return 0;
}

/* Takes all that was signalled until now; false when it was nothing. */
static bool read_event(struct wake *wake)
{
	uint64_t count, interrupts;

	if (read(wake->event_fd, &count, sizeof(count)) != sizeof(count))
		return false;
	interrupts = count > wake->kicked ? count - wake->kicked : 0;
	wake->kicked -= count - interrupts;
	wake->by_kick = !interrupts;
	wake->counts->interrupts += interrupts;
	wake->counts->wakeups += !wake->by_kick;
	return true;
}

enum wake_reason wake_wait(struct wake *wake, int timeout_ms,
			   enum order *order)
{
	struct pollfd fds[ORDERS_FDS + 1];

	fds[ORDERS_FDS] = (struct pollfd){ wake->event_fd, POLLIN, 0 };
	for (;;) {
		int n;

		if (orders_poll(fds))
			return WAKE_FAILED;
		n = poll(fds, ORDERS_FDS + 1, timeout_ms);
		if (!n)
			return WAKE_NOTHING;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail("poll: %m");
			return WAKE_FAILED;
		}
		if (fds[0].revents || fds[1].revents) {
			*order = orders_next();
			if (*order != ORDER_NONE)
				return WAKE_ORDER;
		}
		if (fds[ORDERS_FDS].revents && read_event(wake))
			return WAKE_INTERRUPT;
	}
}

void wake_account(struct wake *wake, uint64_t first, uint64_t second)
{
	struct wake_counts *counts = wake->counts;
	uint64_t frames = first + second;

	if (second)
		counts->second++;
	if (wake->by_kick) {
		counts->kick_frames += frames;
		return;
	}
	if (!frames)
		counts->spurious++;
	counts->frames += frames;
	if (frames > counts->frames_max)
		counts->frames_max = frames;
}

void wake_disarm(struct wake *wake, const struct vfio_device *vdev)
{
	/* The driver is at its end: closing the device does the same */
	if (holdfast_irq_disarm(vdev->fd, modes[wake->mode].index))
		fail("%s: %s", vdev->bdf, holdfast_error());
	close(wake->event_fd);
	wake->mode = IRQ_NONE;
}
