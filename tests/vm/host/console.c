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

const struct console_line *console_splat(const struct record *r)
{
	size_t i, k;

	for (i = 0; i < r->n_console; i++)
		for (k = 0; k < ARRAY_SIZE(splats); k++)
			if (strstr(r->console[i].text, splats[k]))
				return &r->console[i];
	return NULL;
}

void console_check(const struct record *r, struct checks *c)
{
	const struct console_line *bad = console_splat(r);

	check_add(c, "console-clean", r->n_console > 0 && !bad, "%zu lines%s%.200s", r->n_console,
		  bad ? ", among them: " : "", bad ? bad->text : "");
}
