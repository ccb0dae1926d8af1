/* SPDX-License-Identifier: GPL-2.0-only */
/* Running the command from a test. HOLDFAST in the environment names it. */
#ifndef RUN_H
#define RUN_H

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"

static char text[65536];	/* what the last run wrote */

/* Starts the command; its stdout and stderr can be read from @out. */
static inline pid_t run_start(char *const args[], int *out)
{
	const char *prog = getenv("HOLDFAST");
	char *argv[24];
	int p[2], i = 1;
	pid_t pid;

	argv[0] = (char *)"holdfast";
	while (*args)
		argv[i++] = *args++;
	argv[i] = NULL;
	if (pipe(p))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		dup2(p[1], 2);
		close(p[0]);
		close(p[1]);
		execv(prog ? prog : "holdfast", argv);
		_exit(126);
	}
	close(p[1]);
	*out = p[0];
	return pid;
}

/* Reads what it writes to @text, and waits. Returns the exit code. */
static inline int run_end(pid_t pid, int out)
{
	size_t have = 0;
	int status;
	ssize_t n;

	while ((n = read(out, text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	close(out);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static inline int run(char *const args[])
{
	int out = -1;
	pid_t pid = run_start(args, &out);

	return pid < 0 ? -1 : run_end(pid, out);
}

#define RUN(...) run((char *[]){ __VA_ARGS__, NULL })

/* Expects an exit code, and words in what was written. */
static inline void expect(int got, int code, const char *words)
{
	if (got != code) {
		printf("# exit %d instead of %d: %s\n", got, code, text);
		ktap_failed = true;
	}
	CHECK_HAS(text, words);
}

#endif
