// SPDX-License-Identifier: GPL-2.0-only
/* Reading the daemon's report. */
#include <stdio.h>
#include <string.h>

#include "report.h"

struct json_object *report_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &v);
	return v;
}

size_t report_count(struct json_object *o, const char *key)
{
	struct json_object *a = report_get(o, key);

	return json_object_is_type(a, json_type_array) ?
		json_object_array_length(a) : 0;
}

struct json_object *report_at(struct json_object *o, const char *key, size_t i)
{
	return i < report_count(o, key) ?
		json_object_array_get_idx(report_get(o, key), i) : NULL;
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v = report_get(o, key);

	return json_object_is_type(v, json_type_string) ?
		json_object_get_string(v) : NULL;
}

bool report_is(struct json_object *o, const char *key, const char *text)
{
	const char *s = text_of(o, key);

	return s && !strcmp(s, text);
}

bool report_true(struct json_object *o, const char *key)
{
	struct json_object *v = report_get(o, key);

	return json_object_is_type(v, json_type_boolean) &&
	       json_object_get_boolean(v);
}

int64_t report_int(struct json_object *o, const char *key)
{
	struct json_object *v = report_get(o, key);

	return json_object_is_type(v, json_type_int) ?
		json_object_get_int64(v) : 0;
}

const char *report_text(struct json_object *o, const char *key, char *buf,
			size_t len)
{
	const char *s = text_of(o, key);
	char *p;

	if (!s || !*s)
		return "-";
	snprintf(buf, len, "%s", s);
	for (p = buf; *p; p++)
		if (*p == '\n')
			*p = ';';
		else if (*p < ' ' || *p > '~')
			*p = '?';
	return buf;
}

const char *report_ms(struct json_object *o, const char *key, char buf[24])
{
	struct json_object *v = report_get(o, key);

	if (!json_object_is_type(v, json_type_double) &&
	    !json_object_is_type(v, json_type_int))
		return "-";
	snprintf(buf, 24, "%.1f", json_object_get_double(v));
	return buf;
}

size_t report_clients(struct json_object *o, const char *state)
{
	size_t i, n = 0;

	for (i = 0; i < report_count(o, "clients"); i++)
		n += report_is(report_at(o, "clients", i), "state", state);
	return n;
}
