/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_PRESERVE_H
#define HOLDFAST_PRESERVE_H

#include <holdfast/error.h>
#include <holdfast/luo.h>
#include <holdfast/take.h>

/** struct preserve_times - how long each part took, in ms */
struct preserve_times {
	double memfd;
	double iommufd;
	double device;
	double table;
	double manifest;
};

/**
 * preserve_fill() - put everything into a session, the manifest last
 * @name: of the session
 * @session: session descriptor
 * @t: what to preserve; its manifest is completed by what the kernel froze
 * @tm: out
 * @patience: how long to try again what is busy
 * @err: message on failure, with what the kernel logged
 *
 * Return: the manifest, a sealed memfd owned by the caller; or a negative errno,
 * and then the session is to be closed: the kernel gives back what it holds.
 */
int preserve_fill(const char *name, int session, struct taken *t,
		  struct preserve_times *tm, struct hf_patience *patience,
		  struct hf_error *err);

/**
 * preserve_manifest() - put a manifest into its session
 * @m: manifest; the session's name and the time are filled in here
 * @name: of the session
 * @session: session descriptor
 * @err: message on failure
 *
 * All there is to do for an index, which lists no objects.
 *
 * Return: as preserve_fill().
 */
int preserve_manifest(struct hf_manifest *m, const char *name, int session,
		      struct hf_error *err);

/**
 * preserve_read_tables() - read the IOVA-to-PA tables of what was taken
 * @t: what was taken; its manifest gets IOASes, their tables, and devices' IDs
 * @err: message on failure
 *
 * Before the objects are preserved they can change at any moment.
 *
 * Return: 0 or a negative errno.
 */
int preserve_read_tables(struct taken *t, struct hf_error *err);

#endif
