/* SPDX-License-Identifier: GPL-2.0 */
/* Where each frame went, and how long things took. */
#ifndef HF_VM_ACCOUNT_H
#define HF_VM_ACCOUNT_H

#include "checks.h"
#include "record.h"
#include "scenario.h"

/* A frame the NIC wrote to memory: when, and into which descriptor of its ring (-1: unknown). */
struct stored_frame {
	ns_t t;
	int64_t slot;
};

/**
 * struct gap - one update, from the reboot call to the first user instruction of the new kernel
 * @sent: frames sent in it
 * @stored: frames the NIC wrote to memory in it
 * @in_flight_before: sent before its begin, stored after it
 * @in_flight_after: sent before its end, stored after it
 * @missing: sent in it, but more than IN_FLIGHT_NS before its end, and not stored by its end
 * @longest_ms: longest time in it, edges included, without a write
 */
struct gap {
	long sent, stored, in_flight_before, in_flight_after, missing;
	double longest_ms;
};

/* A frame not stored this long after it was sent is not in flight any more: it is missing. */
#define IN_FLIGHT_NS (100 * NSEC_PER_MSEC)

/* Phases of an update in ms, negative: not known. */
struct phases {
	double preserve, freeze, kexec, boot, restore;
};

/**
 * struct account - the sums of a run
 * @stored, @n_stored: frames the NIC wrote to memory, in order
 * @ring_size: descriptors of the ring, as the driver programmed it; 0 unknown
 * @slot_breaks: times a frame did not go to the descriptor behind the last one's
 * @sent: frames sent
 * @received: frames the driver found good, -1 if it never said
 * @lost: sent and not received; by the NIC's writes if the driver never said
 * @duplicated, @corrupt: as the driver says
 * @before, @during, @after: received up to the stop before the (first) reboot, found at the first
 * look, later; -1 unknown
 * @longest_gap_ms: longest time without a write from the first write to the last frame sent
 * @longest_pause_ms: longest time between two sends
 * @gap, @phases: for each update
 */
struct account {
	struct stored_frame *stored;
	size_t n_stored, cap_stored;
	int64_t ring_size;
	long slot_breaks;
	long sent, received, lost, duplicated, corrupt;
	long before, during, after;
	double longest_gap_ms, longest_pause_ms;
	struct gap gap[MAX_UPDATES];
	struct phases phases[MAX_UPDATES];
};

void account_make(struct account *a, struct record *r);
void account_check(const struct account *a, struct record *r, const struct scenario *sc,
		   struct checks *c);
void account_free(struct account *a);

/* Frames stored up to time @t. */
long account_stored_until(const struct account *a, ns_t t);

#endif
