/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The launcher: a process that starts survivors (survivor.h) for one that has
 * descriptors of strangers.
 *
 * A new process begins with copies of all its parent's descriptors and closes them.
 * To close a file can be to wait for whoever serves it, for ever: so the parent is
 * this one, which has nothing but what it is sent.
 */
#ifndef HOLDFAST_LAUNCHER_H
#define HOLDFAST_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <holdfast/error.h>

/**
 * launcher_start() - start it
 * @err: message on failure
 *
 * To be called before there are threads, or descriptors of others. It runs this very
 * program with "launcher" as its first argument, and that has to call
 * launcher_main(). It ends with this process.
 *
 * Return: 0 or a negative errno.
 */
int launcher_start(struct hf_error *err);

/** launcher_there() - was it started? */
bool launcher_there(void);

/**
 * launcher_socket() - what tells that it is gone
 *
 * To be polled for a hang-up, for no event else: nothing is started from then on. It
 * hangs up as well when the launcher did not answer launcher_ask() in time.
 *
 * Return: a descriptor that stays the launcher's, or -1 if it was not started.
 */
int launcher_socket(void);

/** launcher_ask() - have it do survivor_fork(), with the same arguments */
pid_t launcher_ask(const char *const *args, const int *fds, size_t n,
		   size_t ready, int *pidfd, struct hf_error *err);

/** launcher_main() - be the launcher. Return: exit code */
int launcher_main(int argc, char **argv);

#endif
