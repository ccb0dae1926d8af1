// SPDX-License-Identifier: GPL-2.0-only
/* JSON lines, see event.h */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "event.h"

/* Kept free at the end of a line for the closing brackets, newline and NUL */
#define TAIL_ROOM	8

static int event_fd = STDOUT_FILENO;

int event_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY |
		      O_CLOEXEC, 0644);

	if (fd < 0)
		return fail("%s: cannot open for events: %m", path);
	event_fd = fd;
	return 0;
}

static void append(struct event *ev, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct event *ev, const char *format, ...)
{
	size_t room = event_room(ev);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(ev->text + ev->len, room + 1, format, args);
	va_end(args);
	/* What does not fit is left out as a whole: the line stays JSON */
	if (n > 0 && (size_t)n <= room)
		ev->len += n;
	ev->text[ev->len] = '\0';
}

size_t event_room(const struct event *ev)
{
	return EVENT_MAX - TAIL_ROOM - ev->len;
}

void event_begin(struct event *ev, const char *name)
{
	ev->len = 0;
	append(ev, "{\"ev\":\"%s\",\"driver\":\"" PROGRAM "\"", name);
}

void event_string(struct event *ev, const char *key, const char *value)
{
	char quoted[512];
	size_t n = 0;

	for (; *value && n < sizeof(quoted) - 3; value++) {
		unsigned char c = *value;

		if (c == '"' || c == '\\')
			quoted[n++] = '\\';
		quoted[n++] = c < ' ' || c == 0x7f ? ' ' : c;
	}
	quoted[n] = '\0';
	append(ev, ",\"%s\":\"%s\"", key, quoted);
}

void event_number(struct event *ev, const char *key, uint64_t value)
{
	append(ev, ",\"%s\":%llu", key, (unsigned long long)value);
}

void event_hex(struct event *ev, const char *key, uint64_t value)
{
	append(ev, ",\"%s\":\"0x%llx\"", key, (unsigned long long)value);
}

void event_bool(struct event *ev, const char *key, bool value)
{
	append(ev, ",\"%s\":%s", key, value ? "true" : "false");
}

void event_array_begin(struct event *ev, const char *key)
{
	append(ev, ",\"%s\":[", key);
}

void event_array_number(struct event *ev, uint64_t value)
{
	append(ev, "%s%llu", ev->text[ev->len - 1] == '[' ? "" : ",",
	       (unsigned long long)value);
}

void event_array_end(struct event *ev)
{
	ev->text[ev->len++] = ']';
	ev->text[ev->len] = '\0';
}

void event_finish(struct event *ev)
{
	ev->text[ev->len++] = '}';
	ev->text[ev->len++] = '\n';
	ev->text[ev->len] = '\0';
}

void event_send(struct event *ev)
{
	const char *p = ev->text;
	size_t left;

	event_finish(ev);
	for (left = ev->len; left; ) {
		ssize_t n = write(event_fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;		/* nobody left to tell */
		p += n;
		left -= n;
	}
}

int event_write_file(const struct event *ev, const char *path)
{
	char temporary[512];
	FILE *file;

	/* Whoever waits for the file finds all of it or none */
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "w");
	if (!file)
		return fail("%s: %m", temporary);
	fwrite(ev->text, 1, ev->len, file);
	if (fclose(file) || rename(temporary, path))
		return fail("%s: %m", path);
	return 0;
}

int fail(const char *format, ...)
{
	struct event ev;
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, PROGRAM ": %s\n", text);

	event_begin(&ev, "driver");
	event_string(&ev, "state", "error");
	event_string(&ev, "message", text);
	event_send(&ev);
	return -1;
}
