// SPDX-License-Identifier: GPL-2.0-only
/* Printing what a preflight found. */
#include "preflight.h"

static const char *level_name(enum hk_level level)
{
	return level == HK_ERROR ? "error" : "warning";
}

void preflight_show(FILE *to, const struct hk_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		fprintf(to, "%-8s %-16s %s\n%25s to do: %s\n",
			level_name(r->finding[i].level), r->finding[i].name,
			r->finding[i].what, "", r->finding[i].cure);
	if (!r->n)
		fprintf(to, "nothing was found that would make an update fail\n");
	else
		fprintf(to, "%zu error%s, %zu warning%s\n", r->errors,
			r->errors == 1 ? "" : "s", r->n - r->errors,
			r->n - r->errors == 1 ? "" : "s");
}

void preflight_json(struct hf_json *j, const struct hk_report *r)
{
	size_t i;

	hf_json_u64(j, "errors", r->errors);
	hf_json_u64(j, "warnings", r->n - r->errors);
	hf_json_array(j, "findings");
	for (i = 0; i < r->n; i++) {
		hf_json_object(j, NULL);
		hf_json_str(j, "level", level_name(r->finding[i].level));
		hf_json_str(j, "name", r->finding[i].name);
		hf_json_str(j, "what", r->finding[i].what);
		hf_json_str(j, "cure", r->finding[i].cure);
		hf_json_object_end(j);
	}
	hf_json_array_end(j);
}
