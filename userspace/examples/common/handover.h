/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that were handed over by whoever started this process, by the
 * LISTEN_FDS protocol: LISTEN_PID is this process, descriptors 3 onward are
 * open, and LISTEN_FDNAMES has a name for each, separated by colons.
 *
 * A device is named by its address. As that has colons itself, they are written
 * as '_' ("0000_00_02.0"); left as they are they are understood too, because an
 * address has a fixed shape.
 */
#ifndef EXAMPLE_HANDOVER_H
#define EXAMPLE_HANDOVER_H

#include "vfio.h"

/* More memfds than any driver has */
#define HANDOVER_MEMFDS	4

/* What was handed over; -1 for what was not */
struct handover {
	int memfd[HANDOVER_MEMFDS];
	int iommufd;
	int device;
	char bdf[BDF_LEN];
};

/**
 * handover_take() - take the descriptors this process was started with
 * @out: descriptors, now close-on-exec; the variables are removed from the
 *	environment
 * @memfds: names of the driver's memfds, at most HANDOVER_MEMFDS, NULL at the end;
 *	@out->memfd is in this order
 *
 * Return: 0, or -1 after fail() when there are none, or names are unknown,
 *	twice there, or do not match the number of descriptors.
 */
int handover_take(struct handover *out, const char *const *memfds);

#endif /* EXAMPLE_HANDOVER_H */
