/* SPDX-License-Identifier: GPL-2.0 */
/* What a run was checked for, and how that came out. */
#ifndef HF_VM_CHECKS_H
#define HF_VM_CHECKS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * struct check - one test point
 * @name: short, without spaces
 * @ok: held
 * @skip: not applicable here; @ok is true then
 * @detail: numbers, or what went wrong
 */
struct check {
	char *name;
	bool ok;
	bool skip;
	char *detail;
};

struct checks {
	struct check *check;
	size_t n, cap;
};

void check_add(struct checks *c, const char *name, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void check_skip(struct checks *c, const char *name, const char *why);
const struct check *check_find(const struct checks *c, const char *name);
size_t checks_failed(const struct checks *c);

/* Write as KTAP, each line behind @indent spaces. */
void checks_print_ktap(const struct checks *c, FILE *out, int indent);

/* Array of {name, ok, detail}. The caller owns it. */
struct json_object *checks_to_json(const struct checks *c);
void checks_free(struct checks *c);

#endif
