/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver keeps over an update, and the library's calls around it.
 *
 * A driver gives its memfds, its iommufd and its device, each under a name, and
 * finds them by the same names in the next kernel. The device is called by its
 * address, with '_' for ':', as names have no colons ("0000_00_02.0").
 *
 * They come from holdfastd, or from "holdfast restore" that started this
 * process: the library makes no difference.
 */
#ifndef EXAMPLE_HANDOVER_H
#define EXAMPLE_HANDOVER_H

#include <stdbool.h>

#include <holdfast.h>

#include "vfio.h"

/* More memfds than any driver has */
#define HANDOVER_MEMFDS	4

/* What is handed over; -1 for what is not */
struct descriptors {
	int memfd[HANDOVER_MEMFDS];
	int iommufd;
	int device;
	char bdf[BDF_LEN];
};

/**
 * struct handover - a driver as one that survives
 * @hf: connection, NULL: the driver does not survive
 * @stay: be ready for the next update, too
 * @khz: rate of the processor's counter, for the gap
 * @pending: claimed, and not said yet that the driver has taken up
 * @last_ns: when the last transfer before the update was handled, by clock.h
 * @first_ns: when the first one after it was, 0: it brought none
 * @looked: that is known
 * @unready: has taken up, and could not declare itself ready for the next update
 * @retry_ns: when to try again to say so, by clock_local_ns()
 */
struct handover {
	struct holdfast *hf;
	bool stay;
	uint64_t khz;
	bool pending;
	uint64_t last_ns;
	uint64_t first_ns;
	bool looked;
	bool unready;
	uint64_t retry_ns;
};

/**
 * handover_open() - connect
 * @h: out
 * @name: of this driver, NULL when it was given none
 * @socket: of the daemon, NULL: the default
 * @resume: it has to go on with what was handed over
 *
 * With neither @name nor @resume nothing is done.
 *
 * Return: 0, or -1 after fail().
 */
int handover_open(struct handover *h, const char *name, const char *socket,
		  bool resume);

/**
 * handover_claim() - take what waits for this driver
 * @h: handover
 * @out: descriptors, owned by the caller
 * @memfds: names of the driver's memfds, at most HANDOVER_MEMFDS, NULL at the end;
 *	@out->memfd is in this order
 *
 * Return: 0; 1 when nothing waits; or -1 after fail(), also when names are
 *	unknown or twice there.
 */
int handover_claim(struct handover *h, struct descriptors *out,
		   const char *const *memfds);

/**
 * handover_give() - give everything, and be ready
 * @h: handover
 * @given: descriptors, stay the caller's
 * @memfds: their names
 *
 * Return: 0, or -1 after fail().
 */
int handover_give(struct handover *h, const struct descriptors *given,
		  const char *const *memfds);

/**
 * handover_taken_up() - the driver has looked for the first time
 * @h: handover
 * @found: it found something
 *
 * To be called after each look: it does something once after an update.
 */
void handover_taken_up(struct handover *h, bool found);

/**
 * handover_timeout() - how long a driver that is not woken may sleep
 * @h: handover
 * @timeout_ms: as long as it would, -1: for ever
 *
 * Return: @timeout_ms, or less if handover_taken_up() has something to try again.
 */
int handover_timeout(const struct handover *h, int timeout_ms);

/**
 * handover_withdraw() - the driver wants to stop its device
 *
 * Return: true when it may.
 */
bool handover_withdraw(struct handover *h);

#endif /* EXAMPLE_HANDOVER_H */
