/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking at a running driver from outside */
#ifndef NVME_IO_STATUS_H
#define NVME_IO_STATUS_H

#include <stdint.h>

/**
 * status_show() - report what a running driver has done so far
 * @pid: its process
 * @count: wait until that many commands have completed, 0 not to wait
 * @timeout_ms: how long to wait
 *
 * Return: 0, or -1 after fail().
 */
int status_show(long pid, uint64_t count, uint64_t timeout_ms);

#endif /* NVME_IO_STATUS_H */
