/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of a kernel that something is handed to. */
#ifndef HK_CMDLINE_H
#define HK_CMDLINE_H

#include <holdfast/error.h>

/** HK_CMDLINE_MAX - bytes of a command line on x86, with the terminator */
#define HK_CMDLINE_MAX	2048

/**
 * hk_cmdline_next() - the command line for a kernel that something is handed to
 * @base: what was asked for; BOOT_IMAGE= of the boot loader is left out
 * @err: message on failure
 *
 * Appends what is missing of "kho=on kho=require liveupdate=on
 * vfio.enable_unsafe_noiommu_mode=1", before a "--". A kernel that does not know
 * "require" still takes "kho=on".
 *
 * Return: malloc()ed text; NULL when it gets too long, with a message, or when one
 * of the four is given with another value: somebody wanted that.
 */
char *hk_cmdline_next(const char *base, struct hf_error *err);

#endif
