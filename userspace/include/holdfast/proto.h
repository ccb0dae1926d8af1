/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages between holdfastd and its clients: SOCK_SEQPACKET datagrams, each a
 * struct hf_msg cut after its text, with at most one descriptor. Both ends are on
 * one machine, so fields are in host order.
 *
 * A client asks, and the daemon answers with the same @op and @serial. The daemon
 * also tells of what happens; such a message has serial 0 and is not answered.
 * Whatever breaks a rule of this page ends the connection, with no effect on
 * anybody else.
 */
#ifndef HOLDFAST_PROTO_H
#define HOLDFAST_PROTO_H

#include <stddef.h>
#include <stdint.h>

#define HF_PROTO_SOCKET		"/run/holdfast/holdfastd.sock"
#define HF_PROTO_MAGIC		0x48464450u	/* "HFDP" */
#define HF_PROTO_VERSION	1

/* Longest name of a client, without the terminator */
#define HF_PROTO_CLIENT		48
/* Longest name and longest text, with the terminator */
#define HF_PROTO_NAME		128
#define HF_PROTO_TEXT		1536

/**
 * enum hf_op - what a message is about
 * @HF_OP_HELLO: first message. name: of the client, 1 to 48 characters of
 *	[A-Za-z0-9._-]. Answer: arg[0] enum hf_client_state; text: why, if lost or
 *	failed. EBUSY: a client of that name is connected; EPERM: the name belongs
 *	to another user
 * @HF_OP_PUT: here is a descriptor (memfd, iommufd, VFIO device or whatever LUO
 *	takes). name: 1 to 127 printable characters without blanks and colons.
 *	The daemon has a descriptor of its own from here on. EEXIST: there is one
 *	of that name; EBUSY: preserved
 * @HF_OP_DROP: forget a descriptor. name. ENOENT
 * @HF_OP_READY: all is there, and the driver is detached from here on. arg[0]:
 *	enum hf_ready_flags
 * @HF_OP_UNREADY: withdraw that. EBUSY while preserved
 * @HF_OP_ANSWER: to HF_EV_UPDATE. status: 0, or a negative errno and text
 * @HF_OP_CLAIM: what was preserved under my name. Answer: arg[0] how many
 *	descriptors. ENOENT: nothing; ENODATA: it is lost; EAGAIN: not yet; EBADE:
 *	it is not what it was
 * @HF_OP_FETCH: arg[0]: which. Answer: its name, arg[1] enum hf_kind, and the
 *	descriptor
 * @HF_OP_RESUMED: the driver has taken up again. arg[0], arg[1]: time stamp
 *	counter at the last transfer handled before and the first one after, or 0.
 *	Answered when the session is finished
 * @HF_OP_STATE: Answer: as of HF_OP_HELLO
 * @HF_EV_UPDATE: from the daemon: an update is coming; answer within arg[0] ms
 * @HF_EV_PRESERVED: all is preserved: the shape is frozen. The kexec may come at
 *	any moment
 * @HF_EV_CANCELLED: there is no update after all, everything was given back
 * @HF_CTL_STATUS: from here on: user ID 0 only. arg[0]: 1: read and compare the
 *	tables, too. Answer: a sealed memfd with JSON, docs/status.md
 * @HF_CTL_PRESERVE: ask all clients, wait up to arg[0] ms, preserve. text: names
 *	of clients that are left out, with a blank between them. Answer:
 *	status, text and JSON as of HF_CTL_STATUS
 * @HF_CTL_CANCEL: give everything back
 * @HF_CTL_KEXEC: the reboot call is next: are all sessions held, and all tables
 *	as they were? Writes the record of intent
 * @HF_CTL_REFUSED: the reboot call came back; text: why. Takes that record back
 * @HF_CTL_RESTORE: try again what could not be restored. arg[0]: 1: only look,
 *	retrieve nothing but manifests
 * @HF_CTL_FINISH: give up who has not claimed: name, or "" for all. Devices are
 *	stopped and memory freed by the kernel
 * @HF_CTL_RELOAD: read the configuration again
 */
enum hf_op {
	HF_OP_HELLO = 1,
	HF_OP_PUT,
	HF_OP_DROP,
	HF_OP_READY,
	HF_OP_UNREADY,
	HF_OP_ANSWER,
	HF_OP_CLAIM,
	HF_OP_FETCH,
	HF_OP_RESUMED,
	HF_OP_STATE,

	HF_EV_UPDATE = 0x100,
	HF_EV_PRESERVED,
	HF_EV_CANCELLED,

	HF_CTL_STATUS = 0x200,
	HF_CTL_PRESERVE,
	HF_CTL_CANCEL,
	HF_CTL_KEXEC,
	HF_CTL_REFUSED,
	HF_CTL_RESTORE,
	HF_CTL_FINISH,
	HF_CTL_RELOAD,
};

/**
 * enum hf_client_state - where a client is
 * @HF_CLIENT_NEW: it gives descriptors
 * @HF_CLIENT_READY: it is ready for an update
 * @HF_CLIENT_ASKED: an update is coming, it has not answered
 * @HF_CLIENT_AGREED: it has
 * @HF_CLIENT_PRESERVED: in a session
 * @HF_CLIENT_WAITING: after the kexec: nobody has claimed it
 * @HF_CLIENT_CLAIMED: it has its descriptors, the session is not finished
 * @HF_CLIENT_FAILED: it could not be restored, or is not what it was; its memory
 *	is kept
 * @HF_CLIENT_LOST: its session did not come through
 */
enum hf_client_state {
	HF_CLIENT_NEW,
	HF_CLIENT_READY,
	HF_CLIENT_ASKED,
	HF_CLIENT_AGREED,
	HF_CLIENT_PRESERVED,
	HF_CLIENT_WAITING,
	HF_CLIENT_CLAIMED,
	HF_CLIENT_FAILED,
	HF_CLIENT_LOST,
};

/**
 * enum hf_ready_flags - arg[0] of HF_OP_READY
 * @HF_READY_UNASKED: preserve me without asking
 */
enum hf_ready_flags {
	HF_READY_UNASKED = 1,
};

/** enum hf_kind - what a descriptor is */
enum hf_kind {
	HF_KIND_MEMFD = 1,
	HF_KIND_IOMMUFD,
	HF_KIND_DEVICE,
	HF_KIND_OTHER,
};

/**
 * struct hf_msg - a message
 * @magic: HF_PROTO_MAGIC
 * @version: HF_PROTO_VERSION; another one is answered with EPROTONOSUPPORT
 * @op: enum hf_op
 * @serial: chosen by who asks, not 0, and repeated in the answer
 * @status: of answers: 0 or a negative errno
 * @arg: numbers
 * @name: a name or ""; the rest is 0
 * @text_len: bytes of @text that follow, at most HF_PROTO_TEXT - 1, no 0 among
 *	them
 * @reserved: 0
 * @text: words for people
 */
struct hf_msg {
	uint32_t magic;
	uint16_t version;
	uint16_t op;
	uint32_t serial;
	int32_t status;
	uint64_t arg[4];
	char name[HF_PROTO_NAME];
	uint32_t text_len;
	uint32_t reserved;
	char text[HF_PROTO_TEXT];
};

/** hf_msg_size() - bytes that are sent of a message */
static inline size_t hf_msg_size(const struct hf_msg *m)
{
	return offsetof(struct hf_msg, text) + m->text_len;
}

#endif
