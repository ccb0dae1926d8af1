/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_MEMFD_H
#define HOLDFAST_MEMFD_H

#include <stddef.h>

#include <stdint.h>

#include <holdfast/error.h>

/**
 * hf_memfd_sealed() - put bytes into a memfd nobody can change any more
 * @name: name in /proc
 * @data: contents
 * @len: bytes
 * @err: message on failure
 *
 * The file is sealed against writing, growing, shrinking and unsealing before
 * it is returned: LUO carries the seals it finds at preserve time.
 *
 * Return: descriptor owned by the caller, close-on-exec; or a negative errno.
 */
int hf_memfd_sealed(const char *name, const void *data, size_t len,
		    struct hf_error *err);

/**
 * hf_memfd_read() - read a whole memfd
 * @fd: memfd; its file position is not used
 * @max: refuse more bytes than this
 * @data: out, malloc()ed, 16-byte aligned; freed by the caller
 * @len: out, bytes
 * @err: message on failure
 *
 * Return: 0; -EFBIG when larger than @max; or a negative errno.
 */
int hf_memfd_read(int fd, size_t max, void **data, size_t *len,
		  struct hf_error *err);

/**
 * hf_memfd_huge_page() - is it made of huge pages (MFD_HUGETLB)?
 * @fd: memfd
 *
 * Return: their size in bytes, 0 if it is not.
 */
uint64_t hf_memfd_huge_page(int fd);

#endif
