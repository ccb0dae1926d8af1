// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stamp.h"

void stamper_open(struct stamper *s, int fd, const char *dir, const char *name, stamp_fn fn,
		  void *ctx)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->fn = fn;
	s->ctx = ctx;
	s->log = open_in(dir, name, "we");
	if (!s->log)
		die("%s/%s: %s", dir, name, strerror(errno));
	setlinebuf(s->log);
}

static void end_line(struct stamper *s)
{
	char text[32], **tail = &s->tail[s->lines % STAMP_TAIL];

	VEC_RESERVE(s->buf, s->len, s->cap);
	s->buf[s->len] = '\0';
	s->len = 0;
	fprintf(s->log, "%s %s\n", format_time(s->begun, text), s->buf);
	free(*tail);
	*tail = xstrdup(s->buf);
	s->lines++;
	if (s->fn)
		s->fn(s->ctx, s->begun, s->buf);
}

bool stamper_read(struct stamper *s)
{
	char in[4096];
	ssize_t n, i;
	ns_t t;

	n = read(s->fd, in, sizeof(in));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	t = now_real();
	for (i = 0; i < n; i++) {
		if (in[i] == '\r' || in[i] == '\0')
			continue;
		if (in[i] == '\n') {
			if (!s->len)
				s->begun = t;
			end_line(s);
			continue;
		}
		if (!s->len)
			s->begun = t;
		VEC_RESERVE(s->buf, s->len, s->cap);
		s->buf[s->len++] = in[i];
	}
	return true;
}

void stamper_print_tail(const struct stamper *s, FILE *out, const char *prefix)
{
	size_t i = s->lines > STAMP_TAIL ? s->lines - STAMP_TAIL : 0;

	for (; i < s->lines; i++)
		fprintf(out, "%s%s\n", prefix, s->tail[i % STAMP_TAIL]);
	if (s->len)
		fprintf(out, "%s%.*s\n", prefix, (int)s->len, s->buf);
}

void stamper_close(struct stamper *s)
{
	size_t i;

	if (s->len)
		end_line(s);
	for (i = 0; i < STAMP_TAIL; i++)
		free(s->tail[i]);
	free(s->buf);
	fclose(s->log);
	close(s->fd);
}
