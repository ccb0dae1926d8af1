/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines of kernels, read as the kernel reads them. */
#ifndef HOLDFAST_CMDLINE_H
#define HOLDFAST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/** struct hf_cmdline_word - a word of a command line, quotes and all */
struct hf_cmdline_word {
	const char *text;
	size_t len;
};

/**
 * hf_cmdline_next() - the next word
 * @p: in, out: where to go on
 * @w: out
 *
 * Quotes keep blanks, as next_arg() in the kernel's lib/cmdline.c does it.
 */
bool hf_cmdline_next(const char **p, struct hf_cmdline_word *w);

/** hf_cmdline_is_end() - is it "--"? What follows is for init. */
bool hf_cmdline_is_end(const struct hf_cmdline_word *w);

/**
 * hf_cmdline_get() - what a parameter is set to
 * @line: command line; what is behind "--" is for init and not looked at
 * @name: parameter; "-" and "_" are the same
 * @buf: out, the last value it is given, quotes removed; "" if it has none
 * @len: size of @buf
 *
 * Return: is it there at all?
 */
bool hf_cmdline_get(const char *line, const char *name, char *buf, size_t len);

/**
 * hf_cmdline_bool() - is a parameter on?
 * @line: command line
 * @name: parameter
 * @bare: what it means without a value: on for those of modules, off for kho
 *
 * Of kho, "require" counts as on.
 */
bool hf_cmdline_bool(const char *line, const char *name, bool bare);

/**
 * hf_cmdline_is_on() - was "@name=on" (1, y, yes) given to the running kernel?
 * @name: parameter
 *
 * The last one counts, as it does for the kernel. A file that cannot be read
 * counts as off.
 */
bool hf_cmdline_is_on(const char *name);

#endif
