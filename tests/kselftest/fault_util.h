/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: have an allocation, or a copy from or to the caller, fail in
 * the kernel. Needs CONFIG_FAULT_INJECTION_DEBUG_FS, FAILSLAB, FAIL_PAGE_ALLOC,
 * FAULT_INJECTION_USERCOPY, and root.
 */
#ifndef HOLDFAST_FAULT_UTIL_H
#define HOLDFAST_FAULT_UTIL_H

#include <stdbool.h>

/*
 * To be called by the process that is going to use it, with debugfs mounted.
 * Returns why it cannot be used, or NULL.
 */
const char *fault_setup(void);

/*
 * Until the next setup, what the kernel can do without does not fail, and does not
 * count: whole pages, in whose place there are often smaller ones, and what it
 * needs for checks. Returns why not, or NULL.
 */
const char *fault_spare_fallbacks(void);

/*
 * From now on, the @nth allocation or copy of this process fails. If it @lasts, so
 * do all allocations after it, also those that are tried instead.
 */
void fault_arm(unsigned int nth, bool lasts);

/* Returns whether it came to that */
bool fault_disarm(void);

#endif
