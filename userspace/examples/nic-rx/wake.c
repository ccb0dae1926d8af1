// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping until the device or a signal wants something, see wake.h */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <holdfast/irq.h>

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

static int check_vector(const struct wake *wake, const struct vfio_device *vdev)
{
	struct hf_irq_info info;
	struct hf_error err;

	if (hf_irq_query(vdev->fd, modes[wake->mode].index, &info, &err))
		return fail("%s: %s", vdev->bdf, err.text);
	if (!info.count)
		return fail("%s: the device has no %s interrupt", vdev->bdf,
			    hf_irq_name(modes[wake->mode].index));
	return 0;
}

int wake_arm(struct wake *wake, const struct vfio_device *vdev,
	     const sigset_t *set)
{
	struct hf_error err;

	if (check_vector(wake, vdev))
		return -1;
	wake->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	wake->signal_fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (wake->event_fd < 0 || wake->signal_fd < 0)
		return fail("eventfd or signalfd: %m");
	if (hf_irq_arm(vdev->fd, modes[wake->mode].index, &wake->event_fd, 1,
		       &err))
		return fail("%s: %s", vdev->bdf, err.text);
	return 0;
}

int wake_kick(struct wake *wake, const struct vfio_device *vdev)
{
	struct hf_error err;

	if (hf_irq_kick(vdev->fd, modes[wake->mode].index, 1, &err))
		return fail("%s: %s", vdev->bdf, err.text);
	wake->kicked++;
	wake->counts->kicks++;
	return 0;
}

int wake_unmask(const struct wake *wake, const struct vfio_device *vdev)
{
	struct hf_error err;

	if (wake->mode != IRQ_INTX)
		return 0;
	if (hf_irq_mask(vdev->fd, modes[wake->mode].index, 0, false, &err))
		return fail("%s: %s", vdev->bdf, err.text);
	return 0;
}

static int read_signal(const struct wake *wake)
{
	struct signalfd_siginfo info;

	if (read(wake->signal_fd, &info, sizeof(info)) != sizeof(info))
		return -1;
	return (int)info.ssi_signo;
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

enum wake_reason wake_wait(struct wake *wake, uint64_t timeout_ms, int *signal)
{
	struct pollfd fds[] = {
		{ .fd = wake->signal_fd, .events = POLLIN },
		{ .fd = wake->event_fd, .events = POLLIN },
	};
	int ms = !timeout_ms || timeout_ms > INT_MAX ? -1 : (int)timeout_ms;

	for (;;) {
		int n = poll(fds, 2, ms);

		if (!n)
			return WAKE_NOTHING;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail("poll: %m");
			return WAKE_FAILED;
		}
		if (fds[0].revents) {
			*signal = read_signal(wake);
			if (*signal > 0)
				return WAKE_SIGNAL;
		}
		if (fds[1].revents && read_event(wake))
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
	struct hf_error err;

	/* The driver is at its end: closing the device does the same */
	if (hf_irq_disarm(vdev->fd, modes[wake->mode].index, &err))
		fail("%s: %s", vdev->bdf, err.text);
	close(wake->event_fd);
	close(wake->signal_fd);
	wake->mode = IRQ_NONE;
}
