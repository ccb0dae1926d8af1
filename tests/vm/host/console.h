/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HF_VM_CONSOLE_H
#define HF_VM_CONSOLE_H

#include <stdbool.h>

#include "checks.h"
#include "record.h"

/* The first line that has both in it, or NULL. */
const struct console_line *console_find(const struct record *r, const char *a, const char *b);

/*
 * Any sign on the consoles of all kernels that a kernel found itself broken? NULL, or the line. With
 * @panics one panic, with its trace, is none.
 */
const struct console_line *console_splat(const struct record *r, bool panics);
void console_check(const struct record *r, bool panics, struct checks *c);

#endif
