/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The signals that steer a driver:
 *	SIGUSR2	let go of the device
 *	SIGUSR1	take it up again after that; while running: print totals
 *	SIGTERM, SIGINT	end
 */
#ifndef EXAMPLE_SIGNALS_H
#define EXAMPLE_SIGNALS_H

#include <signal.h>
#include <stdint.h>

/* signals_fill() - make the set of them */
void signals_fill(sigset_t *set);

/**
 * signals_block() - keep them until they are waited for
 *
 * The loss of a terminal or of a reader is ignored from then on as well.
 */
void signals_block(void);

/**
 * signals_wait() - wait for one of them
 * @set: from signals_fill()
 * @ns: nanoseconds to wait at most, for ever when negative
 *
 * Return: the signal, or -1 when there was none.
 */
int signals_wait(const sigset_t *set, int64_t ns);

#endif /* EXAMPLE_SIGNALS_H */
