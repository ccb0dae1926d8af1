/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sending and receiving the messages of proto.h. What hf_msg_recv() returns has
 * passed every rule that proto.h states of a message by itself; which message may
 * come when is for the two ends to know.
 */
#ifndef HOLDFAST_MESSAGE_H
#define HOLDFAST_MESSAGE_H

#include <stdbool.h>

#include <holdfast/proto.h>

/**
 * hf_msg_init() - begin a message
 * @m: out, everything else is zero
 * @op: enum hf_op
 * @serial: of the question, 0 for what the daemon tells by itself
 */
void hf_msg_init(struct hf_msg *m, unsigned int op, uint32_t serial);

/**
 * hf_msg_set_name() - put a name into a message
 *
 * Return: 0, or -ENAMETOOLONG.
 */
int hf_msg_set_name(struct hf_msg *m, const char *name);

/** hf_msg_set_text() - put words into a message, cut where there is no room */
void hf_msg_set_text(struct hf_msg *m, const char *text);

/**
 * hf_msg_check() - believe a message that was received, or not
 * @m: message; its text is terminated if all is well
 * @len: bytes received
 *
 * Return: NULL when all is well, else what is wrong with it.
 */
const char *hf_msg_check(struct hf_msg *m, size_t len);

/**
 * hf_msg_send() - send a message
 * @sock: connected SOCK_SEQPACKET socket
 * @m: message
 * @fd: descriptor to pass, stays the caller's; -1: none
 *
 * Return: 0; -EAGAIN when a non-blocking socket is full; or another negative
 * errno. SIGPIPE is never raised.
 */
int hf_msg_send(int sock, const struct hf_msg *m, int fd);

/**
 * hf_msg_recv() - receive a message
 * @sock: connected SOCK_SEQPACKET socket
 * @m: out
 * @fd: out, close-on-exec, owned by the caller; -1: none came
 * @wrong: out with the two -EPROTO..., what is wrong with it, a constant; may be
 *	   NULL
 *
 * Return: 1; 0 at the end of the connection; -EAGAIN when a non-blocking socket
 * has nothing; -EPROTO when a rule was broken; -EPROTONOSUPPORT when it is of
 * another version, and then only @m's op and serial mean something; or another
 * negative errno. With an error nothing is left open.
 */
int hf_msg_recv(int sock, struct hf_msg *m, int *fd, const char **wrong);

/** hf_client_name_valid() - 1 to 48 characters of [A-Za-z0-9._-] */
bool hf_client_name_valid(const char *name);

/** hf_item_name_valid() - 1 to 127 printable characters, no blanks or colons */
bool hf_item_name_valid(const char *name);

#endif
