/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and printing the daemon's report (docs/status.md). Of its members only
 * the version was checked: what is absent or of another type reads as nothing,
 * and no text of it can disturb a terminal.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/** report_get() - member @key of @o, or NULL */
struct json_object *report_get(struct json_object *o, const char *key);

/** report_count() - elements of the array @key of @o, 0 if there is none */
size_t report_count(struct json_object *o, const char *key);

/** report_at() - element @i of the array @key of @o, or NULL */
struct json_object *report_at(struct json_object *o, const char *key,
			      size_t i);

/** report_is() - is member @key of @o the text @text? */
bool report_is(struct json_object *o, const char *key, const char *text);

/** report_true() - is member @key of @o true? */
bool report_true(struct json_object *o, const char *key);

/** report_int() - member @key of @o, 0 if it is no number */
int64_t report_int(struct json_object *o, const char *key);

/**
 * report_text() - a text for printing
 * @o: object, may be NULL
 * @key: member
 * @buf: out; ends of lines become ';', whatever else is not printable '?'
 * @len: size of @buf; what is longer is cut
 *
 * Return: @buf, or "-" when there is no such text.
 */
const char *report_text(struct json_object *o, const char *key, char *buf,
			size_t len);

/** report_ms() - milliseconds for printing: "12.3", or "-" */
const char *report_ms(struct json_object *o, const char *key, char buf[24]);

/** report_clients() - how many clients are in state @state */
size_t report_clients(struct json_object *o, const char *state);

/** show_status() - state, clients, and the updates there were */
void show_status(struct json_object *o);

/** show_clients() - clients and what they gave */
void show_clients(struct json_object *o);

/** show_objects() - what the sessions hold */
void show_objects(struct json_object *o);

/** show_tables() - what comparing the tables showed */
void show_tables(struct json_object *o);

#endif
