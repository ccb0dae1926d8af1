/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading the next kernel, by file: the only way that carries KHO. */
#ifndef HK_LOAD_H
#define HK_LOAD_H

#include <stdbool.h>

#include <holdfast/error.h>

/**
 * struct hk_image - the next kernel
 * @kernel: file
 * @initrd: file, or NULL for none
 * @append: its command line, or NULL
 * @reuse: take that of the kernel that runs instead
 */
struct hk_image {
	const char *kernel;
	const char *initrd;
	const char *append;
	bool reuse;
};

/**
 * hk_image_cmdline() - the command line it will get
 * @im: image
 * @root: "" or a folder in front of /proc
 * @err: message on failure
 *
 * What was asked for, with what live update needs: see hk_cmdline_next().
 *
 * Return: malloc()ed, or NULL.
 */
char *hk_image_cmdline(const struct hk_image *im, const char *root,
		       struct hf_error *err);

/**
 * hk_image_load() - load it, as "kexec -s -l" does
 * @im: image
 * @err: message on failure, which names the file and says what to do
 *
 * Return: 0 or a negative errno; then whatever was loaded before still is.
 */
int hk_image_load(const struct hk_image *im, struct hf_error *err);

/**
 * hk_image_unload() - unload whatever is loaded
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int hk_image_unload(struct hf_error *err);

/** hk_image_is_loaded() - is any image loaded? @root as above */
bool hk_image_is_loaded(const char *root);

#endif
