// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"

static const char *const files[] = { "events.log", "console.log", "frames.log",
				     "trace.log",  "drops",	  "run.json" };

/* trace.log has THREAD@SEC.USEC:, the others SEC.NSEC and a blank. */
static ns_t time_of(const char *line, const char **rest)
{
	const char *at = strchr(line, '@');
	char *end;
	ns_t t = parse_time(at && at - line < 12 ? at + 1 : line, &end);

	*rest = t == NO_TIME ? line : end;
	return t;
}

static ns_t reboot_time(const char *dir)
{
	FILE *f = open_in(dir, "events.log", "r");
	ns_t t = NO_TIME;
	const char *rest;
	char *line = NULL;
	size_t room = 0;

	if (!f)
		die("%s: no record", dir);
	while (t == NO_TIME && getline(&line, &room, f) > 0)
		if (strstr(line, "\"ev\":\"reboot\""))
			t = time_of(line, &rest);
	free(line);
	fclose(f);
	if (t == NO_TIME)
		die("%s: no reboot event", dir);
	return t;
}

static void put_line(FILE *out, const char *file, ns_t t, const char *rest)
{
	char text[32];

	format_time(t, text);
	if (!strcmp(file, "trace.log"))
		fprintf(out, "1@%s%s", text, rest);
	else
		fprintf(out, "%s%s", text, rest);
}

static void put_inserted(FILE *out, const struct mutation *m, ns_t t)
{
	char *rest = xasprintf("%s%s\n", !strcmp(m->file, "trace.log") ? ":" : " ", m->text);

	put_line(out, m->file, t, rest);
	free(rest);
}

static bool put_replaced(FILE *out, const char *line, const struct mutation *m)
{
	const char *at = strstr(line, m->from);

	if (!at)
		return false;
	fprintf(out, "%.*s%s%s", (int)(at - line), line, m->text, at + strlen(m->from));
	return true;
}

static bool copy_damaged(FILE *in, FILE *out, const struct mutation *m, ns_t reboot)
{
	ns_t from = reboot + (ns_t)(m->at_ms * NSEC_PER_MSEC),
	     until = reboot + (ns_t)(m->until_ms * NSEC_PER_MSEC), t;
	bool done = false;
	const char *rest;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, in) > 0) {
		t = time_of(line, &rest);
		if (m->kind == MUTATE_INSERT && !done && t != NO_TIME && t >= from) {
			put_inserted(out, m, from);
			done = true;
		}
		if (m->kind == MUTATE_REPLACE && !done && t >= from && put_replaced(out, line, m)) {
			done = true;
			continue;
		}
		if (m->kind == MUTATE_REMOVE && !done && t >= from && strstr(line, m->from)) {
			done = true;
			continue;
		}
		if (m->kind == MUTATE_DELAY && t >= from && t < until) {
			put_line(out, m->file, until, rest);
			done = true;
			continue;
		}
		fputs(line, out);
	}
	free(line);
	return done;
}

static void copy_plain(FILE *in, FILE *out)
{
	char buf[65536];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
}

bool mutate_record(const char *from, const char *to, const struct mutation *m)
{
	bool done = m->kind == MUTATE_NOTHING;
	ns_t reboot = reboot_time(from);
	FILE *in, *out;
	size_t i;

	make_dirs(to);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		in = open_in(from, files[i], "r");
		if (!in)
			continue;
		out = open_in(to, files[i], "w");
		if (!out)
			die("%s/%s: %s", to, files[i], strerror(errno));
		if (m->kind != MUTATE_NOTHING && !strcmp(files[i], m->file))
			done = copy_damaged(in, out, m, reboot);
		else
			copy_plain(in, out);
		fclose(in);
		fclose(out);
	}
	return done;
}
