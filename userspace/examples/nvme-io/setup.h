/* SPDX-License-Identifier: GPL-2.0-only */
/* How the driver comes into being: on a fresh device, or by hand-over */
#ifndef NVME_IO_SETUP_H
#define NVME_IO_SETUP_H

#include "io.h"

/**
 * setup_start() - reset a controller and set everything up
 * @io: limits are set, the rest is filled in
 * @bdf: address of the device
 * @shape: queues, depth, span, seed, records_count and interrupts
 *
 * Return: 0, or -1 after fail().
 */
int setup_start(struct io *io, const char *bdf,
		const struct state_fixed *shape);

/**
 * setup_resume() - go on with descriptors that were handed over
 * @io: limits, @memory_only and @handover are set, the rest is filled in
 * @bdf: device that it has to be, NULL for any
 *
 * Writes no register but doorbells, and those only as commands are submitted.
 *
 * Return: 0; 1 when nothing was; or -1 after fail(). The device has not been
 *	touched then.
 */
int setup_resume(struct io *io, const char *bdf);

#endif /* NVME_IO_SETUP_H */
