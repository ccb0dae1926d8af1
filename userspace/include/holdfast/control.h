/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking holdfastd, as its operator: the HF_CTL_* messages of
 * <holdfast/proto.h>. Whatever comes back is checked before it is used, and no
 * wait is without an end.
 */
#ifndef HOLDFAST_CONTROL_H
#define HOLDFAST_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include <holdfast/error.h>
#include <holdfast/proto.h>

struct json_object;

/** HF_REPORT_VERSION - of the JSON object in docs/status.md */
#define HF_REPORT_VERSION	1

/** HF_REPORT_MAX - largest report in bytes that is read */
#define HF_REPORT_MAX		((size_t)64 << 20)

/**
 * struct hf_control - a connection to the daemon
 * @sock: socket, or -1
 * @serial: of the last question
 */
struct hf_control {
	int sock;
	uint32_t serial;
};

/**
 * struct hf_question - something to ask
 * @op: one of HF_CTL_*
 * @arg: numbers, as that says
 * @name: a name, or NULL for ""
 * @text: words for the daemon's log, or NULL for ""
 * @timeout_ms: how long to wait for the answer
 * @tick: called every HF_CONTROL_TICK_MS while waiting, or NULL. Not 0: wait no
 *	  longer
 * @ctx: for @tick
 */
struct hf_question {
	uint16_t op;
	uint64_t arg[4];
	const char *name;
	const char *text;
	int timeout_ms;
	int (*tick)(void *ctx);
	void *ctx;
};

#define HF_CONTROL_TICK_MS	500

/**
 * struct hf_answer - what came back
 * @answered: the daemon answered; @status is its word
 * @status: 0 or a negative errno
 * @arg: numbers
 * @text: words for people; nothing in it can disturb a terminal
 * @report: the report that came along as text, or NULL; owned
 * @object: the same as an object, or NULL; owned. Its version was checked,
 *	    nothing else
 */
struct hf_answer {
	bool answered;
	int status;
	uint64_t arg[4];
	char text[HF_PROTO_TEXT];
	char *report;
	struct json_object *object;
};

/**
 * hf_control_path() - where the daemon's socket is
 * @path: what was asked for, or NULL: $HOLDFAST_SOCKET, or else the default
 */
const char *hf_control_path(const char *path);

/**
 * hf_control_open() - connect to the daemon
 * @c: out; release with hf_control_close()
 * @path: its socket, or NULL as in hf_control_path()
 * @err: message on failure
 *
 * Return: 0; -ENOENT: there is no socket, so no daemon is meant to run;
 * -ECONNREFUSED: there is one, and nobody listens; or another negative errno.
 */
int hf_control_open(struct hf_control *c, const char *path,
		    struct hf_error *err);

/** hf_control_close() - disconnect; harmless when not connected */
void hf_control_close(struct hf_control *c);

/**
 * hf_control_ask() - ask something, and wait for the answer
 * @c: connection
 * @q: question
 * @a: out; always release with hf_answer_free()
 * @err: message on failure: the daemon's own words if it answered
 *
 * After a failure without an answer the connection is closed: what may still
 * come would be taken for the answer to another question.
 *
 * Return: 0; the negative errno the daemon answered with (@a->answered); or, of
 * the connection, -ETIMEDOUT, -EINTR when @tick ended it, -EPIPE when the daemon
 * ended, -EPROTO when it speaks otherwise, -EPROTONOSUPPORT when it is of another
 * version.
 */
int hf_control_ask(struct hf_control *c, const struct hf_question *q,
		   struct hf_answer *a, struct hf_error *err);

/** hf_answer_free() - release what came back */
void hf_answer_free(struct hf_answer *a);

#endif
