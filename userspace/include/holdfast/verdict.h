/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing the tables of live iommufds with those of a manifest. */
#ifndef HOLDFAST_VERDICT_H
#define HOLDFAST_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/events.h>
#include <holdfast/manifest.h>

/**
 * struct verdict - what comparing live tables with a manifest showed
 * @pa_equal: every IOVA has the PA it had, and no other is mapped
 * @ids_equal: IOASes and devices have the IDs they had
 * @extents: extents read
 * @pages: pages they have
 * @text: first difference, "" when there is none
 */
struct verdict {
	bool pa_equal;
	bool ids_equal;
	size_t extents;
	uint64_t pages;
	char text[256];
};

/**
 * verdict_take() - read the tables of iommufds and compare them
 * @m: manifest
 * @iommufd: descriptors in the order of the manifest
 * @v: out
 * @err: message on failure
 *
 * Return: 0 when everything could be read, equal or not; or a negative errno.
 */
int verdict_take(const struct hf_manifest *m, const int *iommufd,
		 struct verdict *v, struct hf_error *err);

/**
 * verdict_add() - read the tables of one iommufd, add them to a verdict
 * @m: manifest
 * @i: which of its iommufds
 * @fd: descriptor
 * @v: begin with verdict_init()
 * @err: message on failure
 */
int verdict_add(const struct hf_manifest *m, size_t i, int fd,
		struct verdict *v, struct hf_error *err);

/** verdict_init() - nothing seen, nothing wrong */
void verdict_init(struct verdict *v);

/** verdict_merge() - add what @b says to @a */
void verdict_merge(struct verdict *a, const struct verdict *b);

/** verdict_good() - no difference? */
bool verdict_good(const struct verdict *v);

/** verdict_event() - report it; @by: the verb that looked */
void verdict_event(struct hf_events *ev, const struct verdict *v,
		   const char *by);

/** verdict_json() - write its members */
void verdict_json(struct hf_json *j, const struct verdict *v);

#endif
