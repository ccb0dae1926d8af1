/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking at a disk image after a run, from outside of the machine */
#ifndef NVME_IO_IMAGE_H
#define NVME_IO_IMAGE_H

#include "workload.h"

/**
 * image_check() - compare an image with what a complete run leaves behind
 * @path: the image
 * @work: the run
 *
 * Return: 0 if every block is right, 1 if not, or -1 after fail().
 */
int image_check(const char *path, const struct workload *work);

#endif /* NVME_IO_IMAGE_H */
