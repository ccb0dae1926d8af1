// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "console.h"

/*
 * What the kernel's own checkers print: WARN, BUG, oops, lockdep, KASAN, UBSAN, kmemleak, RCU and
 * hung-task watchers.
 */
static const char *const splats[] = {
	"WARNING: ",
	"BUG: ",
	"kernel BUG at",
	"Oops",
	"Kernel panic",
	"general protection fault",
	"Call Trace:",
	"INFO: possible",
	"INFO: trying to register non-static key",
	"INFO: task ",
	"INFO: rcu",
	"suspicious RCU usage",
	"inconsistent lock state",
	"bad unlock balance",
	"possible recursive locking",
	"possible circular locking",
	"unreferenced object",
	"new suspected memory leaks",
	"UBSAN:",
	"KASAN:",
	"KFENCE:",
	"refcount_t:",
	"list_add corruption",
	"list_del corruption",
	"Bad page state",
	"bad page map",
	"scheduling while atomic",
	"Unable to handle kernel",
};

static bool is_splat(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(splats); i++)
		if (strstr(text, splats[i]))
			return true;
	return false;
}

const struct console_line *console_find(const struct record *r, const char *a, const char *b)
{
	size_t i;

	for (i = 0; i < r->n_console; i++)
		if (strstr(r->console[i].text, a) && strstr(r->console[i].text, b))
			return &r->console[i];
	return NULL;
}

const struct console_line *console_splat(const struct record *r, bool panics)
{
	bool panicked = false, traced = false;
	const char *text;
	size_t i;

	for (i = 0; i < r->n_console; i++) {
		text = r->console[i].text;
		if (!is_splat(text))
			continue;
		if (panics && !panicked && strstr(text, "Kernel panic")) {
			panicked = true;
			continue;
		}
		if (panicked && !traced && strstr(text, "Call Trace:")) {
			traced = true;
			continue;
		}
		return &r->console[i];
	}
	return NULL;
}

void console_check(const struct record *r, bool panics, struct checks *c)
{
	const struct console_line *bad = console_splat(r, panics);

	check_add(c, "console-clean", r->n_console > 0 && !bad, "%zu lines%s%.200s", r->n_console,
		  bad ? ", among them: " : "", bad ? bad->text : "");
}
