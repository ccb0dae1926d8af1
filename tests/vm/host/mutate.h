/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Damage to a recorded run, for the harness' own test. Times are in ms after the (first) reboot
 * event of the record.
 */
#ifndef HF_VM_MUTATE_H
#define HF_VM_MUTATE_H

#include "util.h"

enum mutation_kind {
	MUTATE_NOTHING,
	MUTATE_INSERT, /* line @text into @file at @at_ms */
	MUTATE_REPLACE, /* first @from behind @at_ms by @text */
	MUTATE_REMOVE, /* first line behind @at_ms that has @from in it */
	MUTATE_DELAY, /* lines from @at_ms to @until_ms all come at @until_ms */
};

struct mutation {
	enum mutation_kind kind;
	const char *file;
	double at_ms, until_ms;
	const char *from, *text;
};

/*
 * Copy the record in folder @from to folder @to, damaged by @m. False when the damage found nothing
 * to be done to.
 */
bool mutate_record(const char *from, const char *to, const struct mutation *m);

#endif
