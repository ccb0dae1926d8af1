/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_FDPASS_H
#define HOLDFAST_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/** HF_FDPASS_MAX - most descriptors in one message */
#define HF_FDPASS_MAX	64

/**
 * hf_fdpass_discard() - what becomes of descriptors that nobody wants; close()
 *
 * Closing a descriptor of somebody else's choice can take long. Who cannot wait
 * puts another function here, before anything is received.
 */
extern void (*hf_fdpass_discard)(int fd);

/**
 * hf_fdpass_send() - send one datagram with descriptors
 * @sock: connected SOCK_SEQPACKET socket
 * @data: message
 * @len: bytes
 * @fds: descriptors to pass, stay the caller's
 * @n_fds: how many, 0 to HF_FDPASS_MAX
 *
 * Return: 0 or a negative errno. SIGPIPE is never raised.
 */
int hf_fdpass_send(int sock, const void *data, size_t len, const int *fds,
		   size_t n_fds);

/**
 * hf_fdpass_recv() - receive one datagram with descriptors
 * @sock: connected SOCK_SEQPACKET socket
 * @data: buffer
 * @len: its size; a longer message is an error, never cut short silently
 * @fds: out, close-on-exec, owned by the caller on success
 * @n_fds: in: room in @fds; out: descriptors received
 *
 * Return: bytes received; 0 at end of stream; -EMSGSIZE when message or
 * descriptors did not fit (what came is closed); or a negative errno.
 */
ssize_t hf_fdpass_recv(int sock, void *data, size_t len, int *fds,
		       size_t *n_fds);

#endif
