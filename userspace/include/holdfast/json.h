/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_JSON_H
#define HOLDFAST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct hf_json - a JSON value being written
 * @buf: text so far, terminated; owned by the writer
 * @len: length of @buf without the terminator
 * @cap: allocated size
 * @first: nothing was written yet at the current level
 * @failed: memory ran out; @buf is then NULL and every call does nothing
 *
 * Members are written in order; keys are NULL inside arrays. Nothing checks
 * that begin and end calls pair up, nor that keys differ.
 */
struct hf_json {
	char *buf;
	size_t len;
	size_t cap;
	bool first;
	bool failed;
};

/** hf_json_init() - start an empty text in @j */
void hf_json_init(struct hf_json *j);
/** hf_json_free() - release the text of @j */
void hf_json_free(struct hf_json *j);

/** hf_json_object() - open an object; @key names it inside another object */
void hf_json_object(struct hf_json *j, const char *key);
/** hf_json_object_end() - close the innermost object */
void hf_json_object_end(struct hf_json *j);
/** hf_json_array() - open an array; @key names it inside an object */
void hf_json_array(struct hf_json *j, const char *key);
/** hf_json_array_end() - close the innermost array */
void hf_json_array_end(struct hf_json *j);

/**
 * hf_json_str() - write a string member
 * @j: writer
 * @key: name, or NULL inside an array
 * @val: any bytes up to NUL; quotes, backslashes and control characters are
 *	 escaped, bytes above 0x7e are written as \u00XX so that a name taken
 *	 from elsewhere cannot break the text
 */
void hf_json_str(struct hf_json *j, const char *key, const char *val);
/** hf_json_u64() - write an unsigned number */
void hf_json_u64(struct hf_json *j, const char *key, uint64_t val);
/** hf_json_int() - write a signed number */
void hf_json_int(struct hf_json *j, const char *key, int64_t val);
/** hf_json_hex() - write an address as a string "0x..." (exact above 2^53) */
void hf_json_hex(struct hf_json *j, const char *key, uint64_t val);
/** hf_json_ms() - write milliseconds with three decimals */
void hf_json_ms(struct hf_json *j, const char *key, double ms);
/** hf_json_raw() - write a member that is JSON already */
void hf_json_raw(struct hf_json *j, const char *key, const char *text);
/** hf_json_bool() - write true or false */
void hf_json_bool(struct hf_json *j, const char *key, bool val);

/**
 * hf_json_members() - write the members of an object that is text already
 * @j: writer
 * @object: a JSON object, "{...}", that was found valid; blanks are allowed at its
 *	    ends only
 */
void hf_json_members(struct hf_json *j, const char *object);

#endif
