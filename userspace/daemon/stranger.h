/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Closing what came from somebody else. To close a file can be to wait for whoever
 * serves it: a socket lingers, a file system in user space is told. Threads do the
 * waiting, a few for each user, and what they have not got to stays open: nothing
 * is ever closed by the loop.
 */
#ifndef STRANGER_H
#define STRANGER_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * stranger_close() - close a descriptor that may be of anything
 * @fd: descriptor, or -1
 * @uid: whom it came from
 */
void stranger_close(int fd, uid_t uid);

/** stranger_many() - does so much of this user wait that he is to send no more? */
bool stranger_many(uid_t uid);

/**
 * stranger_hang_up() - close a connection
 * @fd: socket
 * @uid: of the other end
 *
 * With it go the messages that nobody has read, and their descriptors: that is
 * left to threads if there are any.
 */
void stranger_hang_up(int fd, uid_t uid);

#endif
