/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking into the memfds of a running driver from outside */
#ifndef EXAMPLE_PEEK_H
#define EXAMPLE_PEEK_H

#include <stdbool.h>
#include <stdint.h>

/**
 * peek_state() - find the state memfd of another process and map it
 * @pid: the process
 * @check: whether this is one, by its contents; @memory is read-only
 * @out: passed on to @check
 *
 * A memfd that came through an update has lost its name, hence by contents.
 *
 * Return: 0, or -1 after fail().
 */
int peek_state(long pid, bool (*check)(void *out, void *memory, uint64_t size),
	       void *out);

/* peek_alive() - whether there is such a process */
bool peek_alive(long pid);

#endif /* EXAMPLE_PEEK_H */
