/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRANGER_H
#define STRANGER_H

/**
 * stranger_close() - close a descriptor that may be of anything
 * @fd: descriptor, or -1
 *
 * To close a file can be to wait for whoever serves it: a socket lingers, a file
 * system in user space is told. A thread of its own does the waiting.
 */
void stranger_close(int fd);

#endif
