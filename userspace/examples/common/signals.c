// SPDX-License-Identifier: GPL-2.0-only
/* The signals that steer a driver, see signals.h */
#include <stddef.h>
#include <time.h>

#include "signals.h"

void signals_fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGUSR2);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void signals_block(void)
{
	sigset_t set;

	signals_fill(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int signals_wait(const sigset_t *set, int64_t ns)
{
	struct timespec timeout = {
		.tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000,
	};

	return sigtimedwait(set, NULL, ns < 0 ? NULL : &timeout);
}
