// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that came from a client and are none of the kinds there are.
 * Closing them is left to threads: a few at a time, and the rest wait for those.
 * A client that leaves many behind has them, not the daemon, to wait for.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon.h"
#include "stranger.h"

#define THREADS		4
#define PLACES		256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int waiting[PLACES];
static size_t n_waiting;
static unsigned int threads;

static void *closer(void *unused)
{
	int fd;

	(void)unused;
	pthread_mutex_lock(&lock);
	while (n_waiting) {
		fd = waiting[--n_waiting];
		pthread_mutex_unlock(&lock);
		close(fd);
		pthread_mutex_lock(&lock);
	}
	threads--;
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* With all signals blocked: they are for the loop. */
static bool start(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t t;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&t, &attr, closer, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return !ret;
}

void stranger_close(int fd)
{
	bool full, idle = false;

	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	full = n_waiting == PLACES;
	if (!full) {
		waiting[n_waiting++] = fd;
		if (threads < THREADS) {
			if (start())
				threads++;
			else
				idle = !threads;
		}
	}
	pthread_mutex_unlock(&lock);
	/* Nobody to do it, or far too many of them: then here */
	if (full) {
		close(fd);
	} else if (idle) {
		pthread_mutex_lock(&lock);
		fd = n_waiting ? waiting[--n_waiting] : -1;
		pthread_mutex_unlock(&lock);
		if (fd >= 0)
			close(fd);
	}
}
