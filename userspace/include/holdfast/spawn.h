/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_SPAWN_H
#define HOLDFAST_SPAWN_H

#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <holdfast/error.h>

/**
 * spawn_place() - put descriptors to 3, 4, ... and mark all others
 * close-on-exec
 * @fds: descriptors, any numbers
 * @n: how many
 *
 * For a child about to exec. Return: 0 or a negative errno.
 */
int spawn_place(const int *fds, size_t n);

/**
 * spawn_driver() - start a program with descriptors by the LISTEN_FDS protocol
 * @argv: program and arguments
 * @fds: descriptors it gets as 3, 4, ...
 * @names: a name for each, without colons
 * @n: how many
 * @memlock: its RLIMIT_MEMLOCK
 * @err: message on failure
 *
 * Return: process ID once the program runs, that is once exec succeeded; or a
 * negative errno.
 */
pid_t spawn_driver(char *const argv[], const int *fds, const char *const *names,
		   size_t n, const struct rlimit *memlock,
		   struct hf_error *err);

/**
 * spawn_wait() - run a program and wait for it
 * @argv: program and arguments; looked for in PATH and the usual sbin folders
 * @err: message when it cannot be run or fails
 *
 * Return: 0 when it exited with 0, else a negative errno.
 */
int spawn_wait(char *const argv[], struct hf_error *err);

#endif
