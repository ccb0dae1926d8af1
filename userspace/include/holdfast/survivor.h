/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that outlive the end of a system's services. */
#ifndef HOLDFAST_SURVIVOR_H
#define HOLDFAST_SURVIVOR_H

#include <stddef.h>
#include <sys/types.h>

#include <holdfast/error.h>

#define SURVIVOR_ARGV0	"@holdfast"

/* Most arguments of one */
#define SURVIVOR_ARGS	16

/** survivor_start_ms - how long one may take until it says that it is ready */
extern unsigned int survivor_start_ms;

/**
 * survivor_start() - start this very program as such a process
 * @args: arguments, ended by NULL; the first says what it is to be
 * @fds: descriptors it gets as 3, 4, ...
 * @n: how many
 * @ready: which of them is filled in here: a pipe to report by
 * @pidfd: out, on success: a descriptor of it, the caller's; or NULL
 * @err: message on failure
 *
 * By the launcher, if there is one.
 *
 * Return: process ID, once it said that it is ready; or a negative errno,
 * -ECHILD when it said that it cannot, -ETIMEDOUT when it said nothing.
 */
pid_t survivor_start(const char *const *args, int *fds, size_t n, size_t ready,
		     int *pidfd, struct hf_error *err);

/** survivor_fork() - as survivor_start(), as a child of this process */
pid_t survivor_fork(const char *const *args, int *fds, size_t n, size_t ready,
		    int *pidfd, struct hf_error *err);

/**
 * survivor_exec() - in a child: become this very program anew, from a memfd
 * @argv0: what it is called
 * @args: its arguments, ended by NULL
 * @fds: descriptors it gets as 3, 4, ...
 * @n: how many
 *
 * Returns on failure only.
 */
void survivor_exec(const char *argv0, const char *const *args, const int *fds,
		   size_t n);

/**
 * survivor_settle() - in such a process: become one
 * @ready: the pipe; what fails is reported there, and the process ends
 */
void survivor_settle(int ready);

/** survivor_ready() - say that all is well, and close the pipe */
void survivor_ready(int ready);

#endif
