/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HF_VM_MEMORY_H
#define HF_VM_MEMORY_H

#include "checks.h"
#include "record.h"
#include "scenario.h"

/*
 * Is memory after the last finish what it was before the first preserve? With many updates: does
 * none go with each of them?
 */
void memory_check(struct record *r, const struct scenario *sc, struct checks *c);

#endif
