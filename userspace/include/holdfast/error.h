/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_ERROR_H
#define HOLDFAST_ERROR_H

/**
 * struct hf_error - why a call failed, for a human
 * @text: what was wrong and, where one is known, what to do about it; no
 *	  trailing newline, always terminated
 *
 * Filled by the functions that take one and return a negative errno. A caller
 * that does not care may pass NULL.
 */
struct hf_error {
	char text[1536];
};

/**
 * hf_fail() - write a message and pass a code on
 * @err: where the text goes, or NULL
 * @code: negative errno to return
 * @fmt: printf format
 *
 * Return: @code, so that "return hf_fail(err, -EINVAL, ...)" reads well.
 */
int hf_fail(struct hf_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * hf_fail_add() - append to the message of an earlier hf_fail()
 * @err: message to extend, or NULL
 * @fmt: printf format; a newline is put between the parts
 */
void hf_fail_add(struct hf_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
