/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking at a running driver from outside, by its state memfd */
#ifndef NIC_RX_STATUS_H
#define NIC_RX_STATUS_H

#include <stdint.h>

/**
 * status_show() - print what a running driver has received, as one event
 * @pid: the driver; it is not disturbed, and may be detached
 * @count: wait until it has consumed that many frames, 0 not to wait
 * @timeout_ms: for how long to wait
 *
 * Return: 0, or -1 after fail().
 */
int status_show(long pid, uint64_t count, uint64_t timeout_ms);

#endif /* NIC_RX_STATUS_H */
