/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HF_VM_HTML_H
#define HF_VM_HTML_H

#include "judge.h"

/*
 * Write the report of a run and its control to file @path: one file, nothing loaded from elsewhere.
 * 0, or -1 with errno.
 */
int html_write(const char *path, struct verdict *run, struct verdict *control, bool passed);

#endif
