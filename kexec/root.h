/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc and /sys, perhaps below another root. */
#ifndef HK_ROOT_H
#define HK_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * hk_root_read() - read a small file
 * @root: "" or a folder in front of @path
 * @path: file
 * @buf: out, terminated, a newline at the end removed; "" on failure
 * @len: size of @buf; what does not fit is left out
 *
 * Return: bytes in @buf or a negative errno.
 */
ssize_t hk_root_read(const char *root, const char *path, char *buf, size_t len);

/** hk_root_has() - is there such a file or folder? */
bool hk_root_has(const char *root, const char *path);

/**
 * hk_root_link() - the last part of what a symbolic link points to
 * @root: as above
 * @path: link
 * @buf: out, "" on failure
 * @len: size of @buf
 */
void hk_root_link(const char *root, const char *path, char *buf, size_t len);

#endif
