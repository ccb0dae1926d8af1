/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that were handed over by whoever started this process, by the
 * LISTEN_FDS protocol: LISTEN_PID is this process, descriptors 3 onward are
 * open, and LISTEN_FDNAMES has a name for each, separated by colons.
 *
 * A device is named by its address, and that has colons itself. An address has
 * a fixed shape, so a list with addresses in it can be read all the same.
 */
#ifndef NIC_RX_HANDOVER_H
#define NIC_RX_HANDOVER_H

#include "state.h"

/* What was handed over; -1 for what was not */
struct handover {
	int ring;
	int buffers;
	int state;
	int iommufd;
	int device;
	char bdf[BDF_LEN];
};

/**
 * handover_take() - take the descriptors this process was started with
 * @out: descriptors, now close-on-exec; the variables are removed from the
 *	environment
 *
 * Return: 0, or -1 after fail() when there are none, or names are unknown,
 *	twice there, or do not match the number of descriptors.
 */
int handover_take(struct handover *out);

#endif /* NIC_RX_HANDOVER_H */
