/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeping until the device or a signal wants something.
 *
 * With interrupts the driver looks into the ring only when it was woken, and
 * has no timer that would make good for an interrupt that did not come: what is
 * not signalled is not seen. What it is woken by is counted in the state memfd.
 */
#ifndef NIC_RX_WAKE_H
#define NIC_RX_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "nic.h"
#include "orders.h"
#include "vfio.h"

/**
 * struct wake_counts - kept across updates
 * @interrupts: times the device's vector signalled
 * @wakeups: times the driver woke for them; several may come at once
 * @spurious: of these, how often the ring was empty
 * @frames: frames found after them
 * @frames_max: most frames after one
 * @second: how often the second look, with the interrupt enabled again, found
 *	something
 * @kicks: signals the driver asked for itself
 * @kick_frames: frames found after those alone
 */
struct wake_counts {
	uint64_t interrupts;
	uint64_t wakeups;
	uint64_t spurious;
	uint64_t frames;
	uint64_t frames_max;
	uint64_t second;
	uint64_t kicks;
	uint64_t kick_frames;
};

/**
 * struct wake - the one vector of the receive queue
 * @mode: kind of interrupt, IRQ_NONE when the ring is polled
 * @event_fd: signalled by the vector
 * @kicked: kicks whose signal was not read yet
 * @by_kick: the last wake-up was a kick's alone
 * @counts: in the state memfd
 */
struct wake {
	enum nic_irq mode;
	int event_fd;
	uint64_t kicked;
	bool by_kick;
	struct wake_counts *counts;
};

/* wake_mode() - "msix", "msi" or "intx"; returns -1 for anything else */
int wake_mode(const char *word, enum nic_irq *mode);
const char *wake_word(enum nic_irq mode);

/**
 * wake_arm() - have the device's vector signal an eventfd
 * @wake: @mode and @counts are set, the rest is filled in
 * @vdev: the device; whatever signalled before, only this does from now on
 *
 * Return: 0, or -1 after fail().
 */
int wake_arm(struct wake *wake, const struct vfio_device *vdev);

/**
 * wake_resume() - the same after an update, and have the ring looked at
 *
 * An interrupt that was raised while nothing was armed may be gone.
 *
 * Return: 0, or -1 after fail().
 */
int wake_resume(struct wake *wake, const struct vfio_device *vdev);

/**
 * wake_kick() - have the ring looked at, as if an interrupt had come
 *
 * Return: 0, or -1 after fail().
 */
int wake_kick(struct wake *wake, const struct vfio_device *vdev);

/**
 * wake_unmask() - let the host controller pass the next interrupt
 *
 * Only a level interrupt is masked when it came, until somebody says that its
 * cause was seen to.
 *
 * Return: 0, or -1 after fail().
 */
int wake_unmask(const struct wake *wake, const struct vfio_device *vdev);

/* What wake_wait() came back for */
enum wake_reason { WAKE_INTERRUPT, WAKE_ORDER, WAKE_NOTHING, WAKE_FAILED };

/**
 * wake_wait() - sleep
 * @wake: armed
 * @timeout_ms: return WAKE_NOTHING after so long, -1: never
 * @order: out, with WAKE_ORDER
 *
 * An order goes before an interrupt.
 */
enum wake_reason wake_wait(struct wake *wake, int timeout_ms,
			   enum order *order);

/* wake_account() - note what the looks after a wake-up found */
void wake_account(struct wake *wake, uint64_t first, uint64_t second);

/* wake_disarm() - the vector signals nothing any more */
void wake_disarm(struct wake *wake, const struct vfio_device *vdev);

#endif /* NIC_RX_WAKE_H */
