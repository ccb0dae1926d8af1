/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_KLOG_H
#define HOLDFAST_KLOG_H

#include <stddef.h>

/**
 * hf_klog_mark() - remember where the kernel log ends now
 *
 * Return: descriptor to pass to hf_klog_since(), or -1 when the log cannot be
 * read; both calls then do nothing.
 */
int hf_klog_mark(void);

/**
 * hf_klog_since() - what the kernel logged since the mark
 * @fd: mark; closed here
 * @buf: out, one message per line without prefix, "" for none
 * @len: size of @buf
 *
 * The kernel says in its log which area or device it refused, and why; an
 * errno alone cannot. Only messages of warning level and above, the last few.
 */
void hf_klog_since(int fd, char *buf, size_t len);

#endif
