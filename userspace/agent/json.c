// SPDX-License-Identifier: GPL-2.0-only
/*
 * A writer for the few flat structures the agent prints: text that is the same
 * each time, and nothing to fail half-way. Reading is json-c's.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/json.h>

void hf_json_init(struct hf_json *j)
{
	memset(j, 0, sizeof(*j));
	j->first = true;
}

void hf_json_free(struct hf_json *j)
{
	free(j->buf);
	hf_json_init(j);
}

static void put(struct hf_json *j, const char *s, size_t n)
{
	char *p;
	size_t cap;

	if (j->failed)
		return;
	if (j->len + n + 1 > j->cap) {
		cap = (j->len + n + 1) * 2;
		p = realloc(j->buf, cap);
		if (!p) {
			free(j->buf);
			j->buf = NULL;
			j->len = 0;
			j->cap = 0;
			j->failed = true;
			return;
		}
		j->buf = p;
		j->cap = cap;
	}
	memcpy(j->buf + j->len, s, n);
	j->len += n;
	j->buf[j->len] = '\0';
}

static void put_quoted(struct hf_json *j, const char *s)
{
	char esc[8];

	put(j, "\"", 1);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			esc[0] = '\\';
			esc[1] = (char)c;
			put(j, esc, 2);
		} else if (c < 0x20 || c > 0x7e) {
			snprintf(esc, sizeof(esc), "\\u%04x", c);
			put(j, esc, 6);
		} else {
			put(j, (const char *)&c, 1);
		}
	}
	put(j, "\"", 1);
}

static void member(struct hf_json *j, const char *key)
{
	if (!j->first)
		put(j, ",", 1);
	j->first = false;
	if (key) {
		put_quoted(j, key);
		put(j, ":", 1);
	}
}

static void put_fmt(struct hf_json *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put_fmt(struct hf_json *j, const char *fmt, ...)
{
	char buf[64];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(j, buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1);
}

void hf_json_object(struct hf_json *j, const char *key)
{
	member(j, key);
	put(j, "{", 1);
	j->first = true;
}

void hf_json_object_end(struct hf_json *j)
{
	put(j, "}", 1);
	j->first = false;
}

void hf_json_array(struct hf_json *j, const char *key)
{
	member(j, key);
	put(j, "[", 1);
	j->first = true;
}

void hf_json_array_end(struct hf_json *j)
{
	put(j, "]", 1);
	j->first = false;
}

void hf_json_str(struct hf_json *j, const char *key, const char *val)
{
	member(j, key);
	put_quoted(j, val);
}

void hf_json_u64(struct hf_json *j, const char *key, uint64_t val)
{
	member(j, key);
	put_fmt(j, "%" PRIu64, val);
}

void hf_json_int(struct hf_json *j, const char *key, int64_t val)
{
	member(j, key);
	put_fmt(j, "%" PRId64, val);
}

void hf_json_hex(struct hf_json *j, const char *key, uint64_t val)
{
	member(j, key);
	put_fmt(j, "\"0x%" PRIx64 "\"", val);
}

void hf_json_ms(struct hf_json *j, const char *key, double ms)
{
	member(j, key);
	put_fmt(j, "%.3f", ms);
}

void hf_json_bool(struct hf_json *j, const char *key, bool val)
{
	member(j, key);
	put(j, val ? "true" : "false", val ? 4 : 5);
}

void hf_json_members(struct hf_json *j, const char *object)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	object += strspn(object, blanks);
	len = strlen(object);
	while (len && strchr(blanks, object[len - 1]))
		len--;
	if (len <= 2)
		return;
	member(j, NULL);
	put(j, object + 1, len - 2);
}

void hf_json_raw(struct hf_json *j, const char *key, const char *text)
{
	member(j, key);
	put(j, text, strlen(text));
}
