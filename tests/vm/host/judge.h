/* SPDX-License-Identifier: GPL-2.0 */
/* A recorded run, judged: all numbers, all checks. */
#ifndef HF_VM_JUDGE_H
#define HF_VM_JUDGE_H

#include "account.h"
#include "checks.h"
#include "hands.h"
#include "nvme.h"
#include "record.h"
#include "scenario.h"

struct verdict {
	struct record record;
	struct account account;
	struct hands hands;
	struct nvme nvme;
	struct checks checks;
	bool pa_table_equal, ids_equal;
};

/*
 * Load folder @dir and judge it as @sc. 0, or -1 when there is nothing to judge. Free with
 * verdict_free().
 */
int judge(struct verdict *v, const char *dir, const struct scenario *sc,
	  const struct cfg_rules *rules);

/* The report's object for this run; keys are documented in docs/harness.md. */
struct json_object *verdict_to_json(struct verdict *v, const struct scenario *sc);
void verdict_free(struct verdict *v);

#endif
