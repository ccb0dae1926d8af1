// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

/* What is shown may be anything: no control characters on a terminal. */
static void put_printable(FILE *f, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c > 0x7e)
			fprintf(f, "\\x%02x", c);
		else
			fputc(c, f);
	}
}

static void begin(struct hk_out *o, const char *key)
{
	if (o->row) {
		fprintf(o->text, " %s=", key);
		return;
	}
	fprintf(o->text, "%*s", (int)(2 * o->depth), "");
	if (key)
		fprintf(o->text, "%s: ", key);
	else
		fputs("- ", o->text);
}

static void end(struct hk_out *o)
{
	if (!o->row)
		fputc('\n', o->text);
}

static void head(struct hk_out *o, const char *key)
{
	fprintf(o->text, "%*s%s%s\n", (int)(2 * o->depth), "",
		key ? key : "-", key ? ":" : "");
	o->depth++;
}

void hk_out_object(struct hk_out *o, const char *key)
{
	if (o->json)
		hf_json_object(o->json, key);
	else
		head(o, key);
}

void hk_out_object_end(struct hk_out *o)
{
	if (o->json)
		hf_json_object_end(o->json);
	else
		o->depth--;
}

void hk_out_list(struct hk_out *o, const char *key)
{
	if (o->json)
		hf_json_array(o->json, key);
	else
		head(o, key);
}

void hk_out_list_end(struct hk_out *o)
{
	if (o->json)
		hf_json_array_end(o->json);
	else
		o->depth--;
}

void hk_out_row(struct hk_out *o)
{
	if (o->json) {
		hf_json_object(o->json, NULL);
		return;
	}
	fprintf(o->text, "%*s-", (int)(2 * o->depth), "");
	o->row = true;
}

void hk_out_row_end(struct hk_out *o)
{
	if (o->json) {
		hf_json_object_end(o->json);
		return;
	}
	o->row = false;
	fputc('\n', o->text);
}

void hk_out_str(struct hk_out *o, const char *key, const char *val)
{
	if (o->json) {
		hf_json_str(o->json, key, val);
		return;
	}
	begin(o, key);
	put_printable(o->text, val);
	end(o);
}

void hk_out_bytes(struct hk_out *o, const char *key, const char *field,
		  size_t size)
{
	char *copy = strndup(field, size);

	hk_out_str(o, key, copy ? copy : "");
	free(copy);
}

void hk_out_u64(struct hk_out *o, const char *key, uint64_t val)
{
	if (o->json) {
		hf_json_u64(o->json, key, val);
		return;
	}
	begin(o, key);
	fprintf(o->text, "%" PRIu64, val);
	end(o);
}

void hk_out_hex(struct hk_out *o, const char *key, uint64_t val)
{
	if (o->json) {
		hf_json_hex(o->json, key, val);
		return;
	}
	begin(o, key);
	fprintf(o->text, "%#" PRIx64, val);
	end(o);
}

void hk_out_bool(struct hk_out *o, const char *key, bool val)
{
	if (o->json) {
		hf_json_bool(o->json, key, val);
		return;
	}
	begin(o, key);
	fputs(val ? "yes" : "no", o->text);
	end(o);
}
