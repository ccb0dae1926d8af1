/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What steers a driver: signals, and holdfastd if the driver is its client.
 *	SIGUSR2, or an update is coming		let go of the device
 *	SIGUSR1, or the update was cancelled	take it up again; while running:
 *						print totals
 *	SIGTERM, SIGINT				end
 */
#ifndef EXAMPLE_ORDERS_H
#define EXAMPLE_ORDERS_H

#include <poll.h>
#include <stdint.h>

#include <holdfast.h>

enum order {
	ORDER_NONE,
	ORDER_LET_GO,
	ORDER_GO_ON,
	ORDER_END,	/* stop the device */
	ORDER_LEAVE,	/* end, and leave the device as it is */
};

/* orders_block() - keep signals until they are looked for
 *
 * The loss of a terminal or of a reader is ignored from then on as well.
 */
void orders_block(void);

/* orders_follow() - from now on @hf gives orders, too; NULL: no more */
void orders_follow(struct holdfast *hf);

/* Descriptors that orders come by, -1 for what is not there */
#define ORDERS_FDS	2

/**
 * orders_poll() - fill in what to poll for orders
 *
 * Return: 0, or -1 after fail().
 */
int orders_poll(struct pollfd fds[ORDERS_FDS]);

/* orders_next() - one order, without waiting */
enum order orders_next(void);

/* orders_wait() - wait @ns nanoseconds for one, for ever when negative */
enum order orders_wait(int64_t ns);

/**
 * orders_let_go() - the device was let go of: whoever asked for it is told
 *
 * Return: true, or false when nobody waits for that any more: go on.
 */
bool orders_let_go(void);

#endif /* EXAMPLE_ORDERS_H */
