/* SPDX-License-Identifier: GPL-2.0-only */
/* The events a receiver sends */
#ifndef NIC_RX_REPORT_H
#define NIC_RX_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "receive.h"

/* The ring is armed: frames may come */
void report_ready(const struct receiver *rx);

/**
 * report_resumed() - first look after a time in which nobody consumed
 * @rx: the receiver
 * @state_name: "resumed" in a new process, "continued" in the same one
 * @landed: frames found in memory
 * @head: the device's head register at that moment
 */
void report_resumed(const struct receiver *rx, const char *state_name,
		    uint32_t landed, uint32_t head);

void report_totals(const struct receiver *rx, const char *state_name);

/**
 * report_registers() - what the device itself says
 * @rx: the receiver
 * @when: "before", "after" or "end"
 * @all: read all statistics, which clears them. Before an update only GPRC is
 *	read: TPR then holds, in the next kernel, what the device counted in
 *	both, and no reset can have come in between.
 */
void report_registers(struct receiver *rx, const char *when, bool all);

/* Registers without statistics, for a device nobody has opened */
void report_raw_registers(const struct nic *nic, const char *bdf,
			  const char *when);

/* Result of comparing physical addresses, @wrong pages differ */
void report_addresses(const struct receiver *rx, uint64_t wrong);

/**
 * report_result() - everything there is to say in the end
 * @state: the state
 * @expected: frames that were to come, or 0
 * @end: why it is over, a word
 * @path: file to write the result line into as well, or NULL
 *
 * Return: 0 when nothing was lost, duplicated or corrupt, else 1.
 */
int report_result(const struct state *state, uint64_t expected,
		  const char *end, const char *path);

#endif /* NIC_RX_REPORT_H */
