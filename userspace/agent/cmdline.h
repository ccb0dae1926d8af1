/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_CMDLINE_H
#define HF_CMDLINE_H

#include <stdbool.h>

/**
 * hf_cmdline_is_on() - was "@name=on" (1, y, yes) given to the running kernel?
 * @name: parameter
 *
 * The last one counts, as it does for the kernel. A file that cannot be read
 * counts as off.
 */
bool hf_cmdline_is_on(const char *name);

/** hf_cmdline_text_is_on() - the same, looking in @text */
bool hf_cmdline_text_is_on(const char *text, const char *name);

#endif
