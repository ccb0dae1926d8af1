/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_LUO_H
#define HOLDFAST_LUO_H

#include <stdint.h>

#include <holdfast/error.h>
#include <holdfast/uapi.h>

#define HF_LUO_DEV	"/dev/liveupdate"

/** HF_LUO_NAME_MAX - longest session name in bytes, without the terminator */
#define HF_LUO_NAME_MAX	(LIVEUPDATE_SESSION_NAME_LENGTH - 1)

/** enum hf_object - what a descriptor in a session is, for messages */
enum hf_object {
	HF_OBJ_MANIFEST,
	HF_OBJ_MEMFD,
	HF_OBJ_IOMMUFD,
	HF_OBJ_DEVICE,
};

/** hf_object_name() - "manifest", "memfd", "iommufd" or "device" */
const char *hf_object_name(enum hf_object kind);

/**
 * hf_luo_open() - open /dev/liveupdate, which only one process can have open
 * @err: on failure says what is missing (kernel, kho=on, liveupdate=on) or
 *	 which process has it
 *
 * Return: a descriptor owned by the caller, close-on-exec; or a negative
 * errno: -ENOENT (no such device), -EBUSY (another process has it open),
 * -EIO (the kernel could not read what its predecessor left).
 */
int hf_luo_open(struct hf_error *err);

/**
 * hf_luo_create_session() - create an outgoing session
 * @luo: descriptor of /dev/liveupdate
 * @name: 1 to HF_LUO_NAME_MAX bytes
 * @err: message on failure
 *
 * Closing the descriptor before the kexec gives everything in the session back.
 *
 * Return: session descriptor owned by the caller, close-on-exec; -EEXIST when
 * the name is taken; -EINVAL for a bad name; or another negative errno.
 */
int hf_luo_create_session(int luo, const char *name, struct hf_error *err);

/**
 * hf_luo_retrieve_session() - get a session of the previous kernel
 * @luo: descriptor of /dev/liveupdate
 * @name: its name
 * @err: message on failure
 *
 * Closing it without hf_luo_finish() leaves everything as it is, to be
 * retrieved again; a kernel without the holdfast series finishes it instead.
 *
 * Return: session descriptor owned by the caller; -ENOENT when there is none
 * (left); -EINVAL when another process has it; or another negative errno.
 */
int hf_luo_retrieve_session(int luo, const char *name, struct hf_error *err);

/**
 * struct hf_patience - how long to wait for objects that are busy
 * @until_ms: until when, in terms of hf_now_ms()
 * @tries: out, how often EBUSY was answered
 */
struct hf_patience {
	double until_ms;
	unsigned int tries;
};

/**
 * hf_luo_preserve_fd() - put a descriptor into an outgoing session
 * @session: session descriptor
 * @fd: what to preserve; stays the caller's, may be closed afterwards
 * @token: number to retrieve it by, unique in the session
 * @kind: what @fd is, for the message
 * @name: what @fd is called, for the message
 * @patience: how long to try again when the kernel says EBUSY: it does not wait
 *	      for a driver that maps memory just now, or a device that is just
 *	      being reset. Shared by all objects of a session. NULL: not at all
 * @err: on failure says which object, what was wrong and what to do
 *
 * Return: 0 or the kernel's negative errno.
 */
int hf_luo_preserve_fd(int session, int fd, uint64_t token, enum hf_object kind,
		       const char *name, struct hf_patience *patience,
		       struct hf_error *err);

/**
 * hf_luo_retrieve_fd() - take a descriptor out of an incoming session
 * @session: session descriptor
 * @token: token it was preserved under
 * @kind: what is expected, for the message
 * @name: its name, for the message
 * @err: message on failure
 *
 * May be called again for the same token, until the session is finished: the
 * same open file is returned.
 *
 * Return: a descriptor owned by the caller, close-on-exec, or a negative errno.
 */
int hf_luo_retrieve_fd(int session, uint64_t token, enum hf_object kind,
		       const char *name, struct hf_error *err);

/**
 * hf_luo_finish() - end an incoming session
 * @session: session descriptor
 * @err: message on failure
 *
 * From here on the retrieved descriptors are ordinary ones, and what nobody
 * retrieved is gone. All or nothing: on failure the session is as before.
 *
 * Return: 0; -EBUSY when a device is not bound and attached yet; or another
 * negative errno.
 */
int hf_luo_finish(int session, struct hf_error *err);

/**
 * hf_preserve_reason() - what an errno of PRESERVE_FD means
 * @kind: object that was refused
 * @code: positive errno
 *
 * Return: a constant text, cause first, then what to do.
 */
const char *hf_preserve_reason(enum hf_object kind, int code);

/** hf_retrieve_reason() - the same for RETRIEVE_FD */
const char *hf_retrieve_reason(enum hf_object kind, int code);

#endif
