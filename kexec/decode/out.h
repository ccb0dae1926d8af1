/* SPDX-License-Identifier: GPL-2.0-only */
/* One description, shown as indented text or as JSON. */
#ifndef HK_OUT_H
#define HK_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <holdfast/json.h>

/**
 * struct hk_out - where a description goes
 * @text: stream for text, or NULL
 * @json: writer, or NULL; the caller has opened an object
 * @depth: of the text
 * @row: within a row of text
 */
struct hk_out {
	FILE *text;
	struct hf_json *json;
	unsigned int depth;
	bool row;
};

/* Keys are NULL in lists. */
void hk_out_object(struct hk_out *o, const char *key);
void hk_out_object_end(struct hk_out *o);
void hk_out_list(struct hk_out *o, const char *key);
void hk_out_list_end(struct hk_out *o);
/* An object in a list, of plain values: one line of text */
void hk_out_row(struct hk_out *o);
void hk_out_row_end(struct hk_out *o);

void hk_out_str(struct hk_out *o, const char *key, const char *val);
void hk_out_u64(struct hk_out *o, const char *key, uint64_t val);
void hk_out_hex(struct hk_out *o, const char *key, uint64_t val);
void hk_out_bool(struct hk_out *o, const char *key, bool val);

/** hk_out_bytes() - text in a field of fixed size, which may lack its end */
void hk_out_bytes(struct hk_out *o, const char *key, const char *field,
		  size_t size);

#endif
