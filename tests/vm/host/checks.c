// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "util.h"

static struct check *new_check(struct checks *c, const char *name)
{
	VEC_RESERVE(c->check, c->n, c->cap);
	c->check[c->n] = (struct check){ .name = xstrdup(name) };
	return &c->check[c->n++];
}

void check_add(struct checks *c, const char *name, bool ok, const char *fmt, ...)
{
	struct check *new = new_check(c, name);
	va_list ap;

	new->ok = ok;
	va_start(ap, fmt);
	if (vasprintf(&new->detail, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
}

void check_skip(struct checks *c, const char *name, const char *why)
{
	struct check *new = new_check(c, name);

	new->ok = true;
	new->skip = true;
	new->detail = xstrdup(why);
}

const struct check *check_find(const struct checks *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->check[i].name, name))
			return &c->check[i];
	return NULL;
}

size_t checks_failed(const struct checks *c)
{
	size_t i, failed = 0;

	for (i = 0; i < c->n; i++)
		failed += !c->check[i].ok;
	return failed;
}

void checks_print_ktap(const struct checks *c, FILE *out, int indent)
{
	size_t i;

	fprintf(out, "%*sKTAP version 1\n%*s1..%zu\n", indent, "", indent, "", c->n);
	for (i = 0; i < c->n; i++) {
		const struct check *k = &c->check[i];

		if (k->skip)
			fprintf(out, "%*sok %zu %s # SKIP %s\n", indent, "", i + 1, k->name,
				k->detail);
		else if (k->ok)
			fprintf(out, "%*sok %zu %s # %s\n", indent, "", i + 1, k->name, k->detail);
		else
			fprintf(out, "%*snot ok %zu %s # %s\n", indent, "", i + 1, k->name,
				k->detail);
	}
}

struct json_object *checks_to_json(const struct checks *c)
{
	struct json_object *array = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < c->n; i++) {
		o = json_object_new_object();
		json_object_object_add(o, "name", json_object_new_string(c->check[i].name));
		json_object_object_add(o, "ok", json_object_new_boolean(c->check[i].ok));
		if (c->check[i].skip)
			json_object_object_add(o, "skip", json_object_new_boolean(true));
		json_object_object_add(o, "detail", json_object_new_string(c->check[i].detail));
		json_object_array_add(array, o);
	}
	return array;
}

void checks_free(struct checks *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		free(c->check[i].name);
		free(c->check[i].detail);
	}
	free(c->check);
	memset(c, 0, sizeof(*c));
}
