// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that came from a client and are none of the kinds there are. A client
 * that leaves many behind has them, not the daemon or other users, to wait for.
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "stranger.h"

/* At a time, of all and of one user */
#define THREADS		64
#define THREADS_OF_USER	4
/* Who has so many waiting does not get another message read. */
#define MANY		256

/* A user with something to close */
struct owner {
	uid_t uid;
	int *fd;
	size_t n, room;
	unsigned int threads;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct owner **owner;
static size_t n_owner;
static unsigned int threads;

static struct owner *find(uid_t uid)
{
	size_t i;

	for (i = 0; i < n_owner; i++)
		if (owner[i]->uid == uid)
			return owner[i];
	return NULL;
}

static struct owner *add(uid_t uid)
{
	struct owner **v = realloc(owner, (n_owner + 1) * sizeof(*v));
	struct owner *o;

	if (!v)
		return NULL;
	owner = v;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->uid = uid;
	owner[n_owner++] = o;
	return o;
}

static void forget(struct owner *o)
{
	size_t i;

	for (i = 0; owner[i] != o; i++)
		;
	owner[i] = owner[--n_owner];
	free(o->fd);
	free(o);
}

/* Whose turn is it? Of those that have too few threads, the one with the fewest. */
static struct owner *next(void)
{
	struct owner *best = NULL;
	size_t i;

	for (i = 0; i < n_owner; i++)
		if (owner[i]->n && owner[i]->threads < THREADS_OF_USER &&
		    (!best || owner[i]->threads < best->threads))
			best = owner[i];
	return best;
}

static void *closer(void *unused)
{
	struct owner *o;
	int fd;

	(void)unused;
	pthread_mutex_lock(&lock);
	while ((o = next())) {
		fd = o->fd[--o->n];
		o->threads++;
		pthread_mutex_unlock(&lock);
		close(fd);
		pthread_mutex_lock(&lock);
		o->threads--;
		if (!o->n && !o->threads)
			forget(o);
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

static bool push(struct owner *o, int fd)
{
	size_t room = o->room ? o->room * 2 : 16;
	int *v;

	if (o->n == o->room) {
		v = realloc(o->fd, room * sizeof(*v));
		if (!v)
			return false;
		o->fd = v;
		o->room = room;
	}
	o->fd[o->n++] = fd;
	return true;
}

void stranger_close(int fd, uid_t uid)
{
	struct owner *o;

	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	o = find(uid);
	if (!o)
		o = add(uid);
	/*
	 * Without memory it stays open. A thread that cannot be started is missed
	 * until the next descriptor comes.
	 */
	if (o && push(o, fd) && next() && threads < THREADS && start())
		threads++;
	pthread_mutex_unlock(&lock);
}

bool stranger_many(uid_t uid)
{
	struct owner *o;
	bool many;

	pthread_mutex_lock(&lock);
	o = find(uid);
	many = o && o->n >= MANY;
	pthread_mutex_unlock(&lock);
	return many;
}

/* Looks at the next message, and takes nothing of it. Return: as recvmsg() */
static ssize_t look(int fd, bool *more)
{
	struct msghdr msg = {};
	ssize_t n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);

	/* There was no room for something that comes along. */
	*more = n >= 0 && msg.msg_flags & MSG_CTRUNC;
	return n;
}

/* Nothing to read: is that an empty message, or the end? */
static bool is_message(int fd)
{
	int on = 1, off = 0;
	bool more;

	/* With each message, but not with the end, comes who sent it. */
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	look(fd, &more);
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &off, sizeof(off));
	return more;
}

void stranger_hang_up(int fd, uid_t uid)
{
	bool descriptors;
	char byte;
	ssize_t n;

	/* From here on nothing more comes in. */
	shutdown(fd, SHUT_RDWR);
	while ((n = look(fd, &descriptors)) >= 0) {
		if (descriptors) {
			stranger_close(fd, uid);
			return;
		}
		if (!n && !is_message(fd))
			break;
		recv(fd, &byte, 1, MSG_DONTWAIT);
	}
	close(fd);
}
