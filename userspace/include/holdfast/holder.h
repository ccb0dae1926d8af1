/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that keeps a session alive, and how to talk to it. */
#ifndef HOLDFAST_HOLDER_H
#define HOLDFAST_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <holdfast/error.h>
#include <holdfast/manifest.h>

/**
 * struct held - what a running holder told about itself
 * @sock: connection; a hang-up on it means the holder died
 * @pid: the holder
 * @manifest: manifest of the session
 * @iommufd: descriptors in the order of the manifest
 */
struct held {
	int sock;
	pid_t pid;
	struct hf_manifest manifest;
	int *iommufd;
};

/** held_answer_ms - how long a holder may take to answer */
extern unsigned int held_answer_ms;

/**
 * held_connect() - find the holder
 * @socket: its socket
 * @session: session it should have
 * @h: out; release with held_free()
 * @err: message on failure
 *
 * Return: 0; -ENOENT when no holder listens; -EEXIST when it holds another
 * session; or a negative errno.
 */
int held_connect(const char *socket, const char *session, struct held *h,
		 struct hf_error *err);

/** held_free() - close the connection and everything received */
void held_free(struct held *h);

/** held_alive() - does the holder of this connection still run? */
bool held_alive(const struct held *h);

/**
 * held_cancel() - ask the holder to give everything back and end
 * @socket: its socket
 * @session: session it should have
 * @err: message on failure
 *
 * Return: 0 when the kernel has given everything back, or a negative errno.
 */
int held_cancel(const char *socket, const char *session, struct hf_error *err);

/**
 * holder_listen() - create the holder's socket
 * @path: where; one that a dead holder left there is replaced
 * @err: message on failure
 *
 * The caller has /dev/liveupdate open, so that no two do this at a time.
 *
 * Return: listening descriptor or a negative errno, -EBUSY if a holder serves it.
 */
int holder_listen(const char *path, struct hf_error *err);

/**
 * holder_start() - leave a session with a process of its own
 * @socket: path of @listener
 * @name: of the session
 * @session: session descriptor
 * @listener: socket of holder_listen()
 * @manifest: sealed memfd
 * @iommufd: descriptors in the order of the manifest
 * @n: how many, fewer than HF_FDPASS_MAX
 * @pidfd: out, on success: a descriptor of the process, the caller's; or NULL
 * @err: message on failure
 *
 * It runs this very program with "holder" as its first argument, and that has to
 * call holder_main().
 *
 * Return: process ID of the holder, which is then ready; or a negative errno.
 */
pid_t holder_start(const char *socket, const char *name, int session,
		   int listener, int manifest, const int *iommufd, size_t n,
		   int *pidfd, struct hf_error *err);

/**
 * holder_main() - be the holder
 * @argc: number of arguments, "holder" is the first
 * @argv: arguments
 *
 * Return: exit code, when the arguments are wrong or a step of its start failed;
 * else it does not return.
 */
int holder_main(int argc, char **argv);

#endif
