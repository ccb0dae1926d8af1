/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the harness' own test. */
#ifndef HF_VM_SELFTEST_H
#define HF_VM_SELFTEST_H

#include "checks.h"

/* A point: exactly the checks named in @failing, separated by blanks, failed. */
void selftest_point_checks(const struct checks *c, const char *name, const char *failing);

/* Records are made in folder @dir. */
void selftest_nvme(const char *dir);

#endif
