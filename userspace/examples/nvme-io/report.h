/* SPDX-License-Identifier: GPL-2.0-only */
/* The events the driver sends */
#ifndef NVME_IO_REPORT_H
#define NVME_IO_REPORT_H

#include <stdint.h>

#include "io.h"

/* The controller runs, and nothing was submitted yet */
void report_ready(const struct io *io,
		  const struct controller_identity *identity);

/**
 * report_resumed() - first look after a time in which nobody looked
 * @io: the driver
 * @state_name: "resumed" in a new process, "continued" in the same one
 * @gap: what it was
 */
void report_resumed(const struct io *io, const char *state_name,
		    const struct gap *gap);

void report_totals(const struct io *io, const char *state_name);

/* What the device itself says; @when is "before", "after" or "end" */
void report_registers(const struct io *io, const char *when);

/* Result of comparing physical addresses, @wrong pages differ */
void report_addresses(const struct io *io, uint64_t wrong);

/**
 * report_result() - everything there is to say in the end
 * @state: the state
 * @end: why it is over, a word
 * @path: file to write the result line into as well, or NULL
 *
 * Return: 0 when all commands that were to complete did so once and well, else
 * 1.
 */
int report_result(const struct state *state, const char *end, const char *path);

#endif /* NVME_IO_REPORT_H */
