/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that outlive the end of a system's services. */
#ifndef HOLDFAST_SURVIVOR_H
#define HOLDFAST_SURVIVOR_H

#include <stddef.h>
#include <sys/types.h>

#include <holdfast/error.h>

#define SURVIVOR_ARGV0	"@holdfast"

/**
 * survivor_start() - start this very program as such a process
 * @args: arguments, ended by NULL; the first says what it is to be
 * @fds: descriptors it gets as 3, 4, ...
 * @n: how many
 * @ready: which of them is filled in here: a pipe to report by
 * @err: message on failure
 *
 * Return: process ID, once it said that it is ready; or a negative errno,
 * -ECHILD when it said that it cannot.
 */
pid_t survivor_start(const char *const *args, int *fds, size_t n, size_t ready,
		     struct hf_error *err);

/**
 * survivor_settle() - in such a process: become one
 * @ready: the pipe; what fails is reported there, and the process ends
 */
void survivor_settle(int ready);

/** survivor_ready() - say that all is well, and close the pipe */
void survivor_ready(int ready);

#endif
