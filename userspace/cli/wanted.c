// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wanted.h"

int wanted_add(const struct cli *cli, struct wanted *w, size_t *n, char *arg)
{
	char *eq = strrchr(arg, '='), *num = eq ? eq + 1 : arg, *end, *p;
	size_t i;
	long pid;

	errno = 0;
	pid = strtol(num, &end, 10);
	if (errno || end == num || *end || pid <= 0 || pid > 0x7fffffff)
		return cli_usage(cli, "--pid takes a process ID or NAME=PID, not \"%s\"",
				 arg);
	if (*n == HF_MANIFEST_MAX_CLIENTS)
		return cli_usage(cli, "more than %d drivers",
				 HF_MANIFEST_MAX_CLIENTS);
	w[*n].pid = (pid_t)pid;
	w[*n].name = NULL;
	if (eq) {
		*eq = '\0';
		w[*n].name = arg;
		for (p = arg; *p > ' ' && *p <= '~' && *p != '='; p++)
			;
		if (*p || p == arg || p - arg > HF_NAME_MAX)
			return cli_usage(cli, "a driver's name is 1 to %d printable characters without blanks and \"=\", not \"%s\"",
					 HF_NAME_MAX, arg);
	}
	for (i = 0; i < *n; i++) {
		if (w[i].pid == w[*n].pid)
			return cli_usage(cli, "process %ld is given twice",
					 pid);
		if (eq && w[i].name && !strcmp(w[i].name, arg))
			return cli_usage(cli, "two drivers are to be called \"%s\"",
					 arg);
	}
	(*n)++;
	return -1;
}
