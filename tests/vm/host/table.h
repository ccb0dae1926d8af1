/* SPDX-License-Identifier: GPL-2.0 */
/* The short table of a run and its control: the same rows in the terminal and in the report. */
#ifndef HF_VM_TABLE_H
#define HF_VM_TABLE_H

#include "judge.h"

#define TABLE_CELL 48

struct table_row {
	const char *label;
	char run[TABLE_CELL], control[TABLE_CELL];
};

#define TABLE_MAX 32

/* Fill @rows, which has room for TABLE_MAX; returns how many there are. */
int table_fill(struct table_row *rows, const struct verdict *run, const struct verdict *control);

#endif
