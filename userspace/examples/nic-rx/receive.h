/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receiver: consume frames, give the descriptors back, let go of the
 * device, take it up again.
 *
 * Orders steer it (orders.h). Let go ("detached") it touches neither device nor
 * ring; what arrives stays in the ring, which is as deep as the device takes.
 */
#ifndef NIC_RX_RECEIVE_H
#define NIC_RX_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "dma.h"
#include "handover.h"
#include "nic.h"
#include "ring.h"
#include "state.h"
#include "vfio.h"
#include "wake.h"

/**
 * struct receiver - one device and its ring
 * @vdev: the device; without one (@memory_only) only memory is looked at
 * @nic: its registers
 * @ring: the ring
 * @state: what is known; lives in a memfd
 * @memory_only: there is no device, or it must not be touched
 * @kind: what rings and buffers are made of
 * @expected: frames to wait for, 0 for no end
 * @idle_ms: end when nothing came for so long, after the first frame; 0 for
 *	never
 * @poll_us: how long to sleep when the ring is empty, without interrupts
 * @wake: how the driver is woken instead; @wake.mode is IRQ_NONE to poll
 * @irq: interrupts are wanted: at the start of kind @wake.mode, later of the
 *	kind the device was set up for
 * @no_kick: after an update wait for the device to raise one by itself
 * @received: sequence numbers accounted so far
 * @handover: how it survives an update
 */
struct receiver {
	struct vfio_device vdev;
	struct nic nic;
	struct ring ring;
	struct state state;
	bool memory_only;
	enum dma_kind kind;
	uint64_t expected;
	uint64_t idle_ms;
	uint64_t poll_us;
	struct wake wake;
	bool irq;
	bool no_kick;
	uint64_t received;
	struct handover handover;
};

/**
 * receiver_start() - set everything up on a device and start receiving
 * @rx: limits are set, the rest is filled in
 * @bdf: address of the device
 * @descriptors: ring size
 * @records: sequence numbers to account
 *
 * Return: 0, or -1 after fail().
 */
int receiver_start(struct receiver *rx, const char *bdf, uint32_t descriptors,
		   uint64_t records);

/**
 * receiver_resume() - go on with descriptors that were handed over
 * @rx: limits, @memory_only and @handover are set, the rest is filled in
 * @bdf: device that it has to be, NULL for any
 *
 * Writes no register but the tail, and that only as buffers are given back. With
 * interrupts the vector is armed and kicked; the device is told to raise the next
 * one after the look that the kick leads to.
 *
 * Return: 0; 1 when nothing was; or -1 after fail(). The device has not been
 *	touched then.
 */
int receiver_resume(struct receiver *rx, const char *bdf);

/**
 * receiver_poll() - consume what has arrived
 * @rx: the receiver
 * @budget: descriptors to consume at most
 *
 * Return: how many were consumed.
 */
unsigned int receiver_poll(struct receiver *rx, unsigned int budget);

/* receiver_take_up() - begin to consume after a time in which nobody did */
void receiver_take_up(struct receiver *rx, const char *state_name);

/* How receiver_run() came to its end */
enum receiver_end {
	END_COMPLETE,		/* all expected frames are there */
	END_IDLE,		/* nothing came, or woke, for idle_ms */
	END_ASKED,		/* by an order */
	END_DETACHED,		/* the same, and the device was let go of */
	END_FAILED,		/* could not sleep, after fail() */
};

enum receiver_end receiver_run(struct receiver *rx);

/* receiver_stop() - stop the device and forbid it DMA */
int receiver_stop(struct receiver *rx);

#endif /* NIC_RX_RECEIVE_H */
