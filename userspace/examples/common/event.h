/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver has to say, as one JSON object per line.
 *
 * A line is written by a single write(2), so that lines of several processes
 * which share a terminal do not mix.
 */
#ifndef EXAMPLE_EVENT_H
#define EXAMPLE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest line. The kernel writes up to 2048 bytes to a terminal in one go. */
#define EVENT_MAX	2000

struct event {
	size_t len;
	char text[EVENT_MAX];
};

/**
 * event_open() - choose where events go
 * @path: file or terminal to append to; without a call events go to stdout
 *
 * Return: 0, or -1 after fail().
 */
int event_open(const char *path);

/* Begins a line with the kind of event and the program's name */
void event_begin(struct event *ev, const char *name);
void event_string(struct event *ev, const char *key, const char *value);
void event_number(struct event *ev, const char *key, uint64_t value);
void event_hex(struct event *ev, const char *key, uint64_t value);
void event_bool(struct event *ev, const char *key, bool value);

/* Arrays of numbers; event_room() tells how many bytes of the line are left */
void event_array_begin(struct event *ev, const char *key);
void event_array_number(struct event *ev, uint64_t value);
void event_array_end(struct event *ev);
size_t event_room(const struct event *ev);

/* Ends the line and writes it */
void event_send(struct event *ev);

/* Makes the text of the line without writing it; with newline and NUL */
void event_finish(struct event *ev);

/**
 * event_write_file() - write a line that is finished to a file of its own
 *
 * Return: 0, or -1 after fail().
 */
int event_write_file(const struct event *ev, const char *path);

/**
 * fail() - say what went wrong, on stderr and as an event
 *
 * Return: always -1, so that callers can return it.
 */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* EXAMPLE_EVENT_H */
