/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collecting what is to be preserved. */
#ifndef HOLDFAST_TAKE_H
#define HOLDFAST_TAKE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <holdfast/error.h>
#include <holdfast/manifest.h>

/**
 * struct wanted - a driver to take descriptors from
 * @pid: its process
 * @name: what it is to be called, or NULL for the name of its process
 */
struct wanted {
	pid_t pid;
	const char *name;
};

/**
 * struct taken - descriptors taken from drivers
 * @memfd: descriptors of memfds, names and sizes in @m
 * @iommufd: of iommufds
 * @device: of VFIO devices
 * @m: manifest without tables, in the same order
 * @huge: memfds of huge pages, which are no objects of their own
 * @n_huge: how many
 */
struct taken {
	int *memfd;
	int *iommufd;
	int *device;
	struct hf_manifest m;
	struct taken_huge {
		int fd;
		uint64_t size;
		char name[HF_NAME_MAX + 1];
	} *huge;
	size_t n_huge;
};

/**
 * take_from() - take what matters from drivers
 * @w: drivers, in the order they become clients of the manifest
 * @n: how many, 1 to HF_MANIFEST_MAX_CLIENTS
 * @t: out; release with take_free()
 * @err: message on failure
 *
 * Files open more than once, in one driver or several, are taken once. Tokens
 * are given out here.
 *
 * Return: 0 or a negative errno.
 */
int take_from(const struct wanted *w, size_t n, struct taken *t,
	      struct hf_error *err);

/**
 * struct given - a descriptor that a client of the daemon gave
 * @fd: descriptor, stays the caller's
 * @what: what it is; its name is what the client calls it
 */
struct given {
	int fd;
	struct hf_proc_fd what;
};

/**
 * take_given() - take what a client gave
 * @client: its name and owner
 * @g: descriptors with different names, each of another file
 * @n: how many
 * @t: out; release with take_free()
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int take_given(const struct hf_manifest_client *client, const struct given *g,
	       size_t n, struct taken *t, struct hf_error *err);

/** take_free() - close and release everything */
void take_free(struct taken *t);

/**
 * huge_check() - is all of the memfds of huge pages carried?
 * @t: what was taken, with the tables of the IOASes
 * @err: message on failure
 *
 * The kernel does not carry them as files, but the memory of an IOAS whatever
 * file it is of. What is not mapped for DMA would be lost.
 *
 * Return: 0; -EOPNOTSUPP when there is such memory; or a negative errno.
 */
int huge_check(const struct taken *t, struct hf_error *err);

#endif
