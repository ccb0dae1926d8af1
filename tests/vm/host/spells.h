/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spells: what the guest says the device must be doing for a while, judged by what it does. And
 * what the guest's guard found in memory that was free meanwhile.
 */
#ifndef HF_VM_SPELLS_H
#define HF_VM_SPELLS_H

#include "judge.h"
#include "scenario.h"

/* For struct scenario's @check: judges each spell and each guard. */
void spells_check(struct verdict *v, const struct scenario *sc);

#endif
