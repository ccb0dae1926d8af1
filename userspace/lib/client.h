/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of struct holdfast.
 *
 * The daemon can be restarted at any time. It then knows nothing of what is not
 * preserved, so everything that was given is kept here as well, and given again
 * on the next connection (hf_conn_ensure()).
 *
 * Events that come while an answer is waited for are queued. That, and the time
 * to connect again, is signalled by a timerfd, which shares an epoll descriptor
 * with the socket: that one is holdfast_fd(), and stays the same.
 *
 * Locking: everything here wants @lock held. Nobody waits with it held for longer
 * than @timeout_ms; holdfast_next() waits without it. What is _Atomic is written
 * with it held, and read without: a driver that is told to end wants to know at
 * once, perhaps in a signal handler, if it is detached.
 */
#ifndef HOLDFAST_CLIENT_H
#define HOLDFAST_CLIENT_H

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <holdfast.h>
#include <holdfast/error.h>
#include <holdfast/message.h>

/* More than a client can have */
#define HF_ITEMS_MAX	4096
/* One of each type: a later event takes the place of an earlier one */
#define HF_EVENTS_MAX	4

/**
 * struct hf_item - a descriptor under its name
 * @name: name
 * @kind: enum holdfast_kind, of those that were claimed
 * @fd: duplicate that is kept, -1 when it was taken back
 * @given: for the next update, to be given again to a new daemon
 * @claimed: came out of the last one
 */
struct hf_item {
	char name[HF_PROTO_NAME];
	int kind;
	int fd;
	bool given;
	bool claimed;
};

/**
 * struct holdfast - a connection
 * @lock: held by each call
 * @name: of the client
 * @addr: of the daemon
 * @timeout_ms: for all that a call waits for the daemon
 * @sock: -1 when there is no connection
 * @epoll: of @sock and @timer
 * @timer: expired: there is something in the queue, or it is time to connect
 * @wanted: there was a connection, so there should be one
 * @settled: hello and all that was given have gone over @sock
 * @serial: of the last question
 * @recheck: the state has to be asked for, a new daemon may know nothing
 * @retry_at: time (hf_conn_now()) to connect again
 * @event: queue
 * @n_event: how many
 * @told: HOLDFAST_NEW, _ASKED or _PRESERVED: what the driver knows by events
 * @asked: the update that it knows of is one of this connection
 * @ready: declared
 * @ready_flags: as what
 * @listened: descriptors came by LISTEN_FDS
 * @claimed: claimed and not resumed
 * @item: everything given or claimed; a name stays where it is
 * @n_item: how many
 */
struct holdfast {
	pthread_mutex_t lock;
	char name[HF_PROTO_CLIENT + 1];
	struct sockaddr_un addr;
	unsigned int timeout_ms;
	int sock;
	int epoll;
	int timer;
	_Atomic bool wanted;
	bool settled;
	uint32_t serial;
	bool recheck;
	uint64_t retry_at;
	struct holdfast_event event[HF_EVENTS_MAX];
	size_t n_event;
	int told;
	bool asked;
	_Atomic bool ready;
	unsigned int ready_flags;
	bool listened;
	_Atomic bool claimed;
	struct hf_item **item;
	size_t n_item;
};

/** hf_last() - error of this thread, emptied: a public call begins */
struct hf_error *hf_last(void);

/* --- connection.c --- */

/** hf_conn_now() - milliseconds of a clock that only goes forward */
uint64_t hf_conn_now(void);

/** hf_conn_init() - open what a connection needs. Return: 0 or negative errno */
int hf_conn_init(struct holdfast *hf, struct hf_error *err);

/** hf_conn_exit() - close all of it */
void hf_conn_exit(struct holdfast *hf);

/** hf_enter() - a public call begins to use @hf: takes its lock */
void hf_enter(struct holdfast *hf);

/**
 * hf_leave() - it is done with it
 *
 * Whatever it did to queue and connection, also where it failed, holdfast_fd()
 * can be read when there is something to do: a driver may call nothing else.
 */
void hf_leave(struct holdfast *hf);

/**
 * hf_conn_connect() - connect and say hello
 * @state: out, what the daemon says of this client
 *
 * Return: 0 or a negative errno, and there is no connection then.
 */
int hf_conn_connect(struct holdfast *hf, uint64_t deadline, int *state,
		    struct hf_error *err);

/** hf_conn_drop() - end the connection; what is in the queue is void */
void hf_conn_drop(struct holdfast *hf);

/**
 * hf_conn_ask() - one question and its answer
 * @m: question, its serial is filled in; out: the answer
 * @fd: to pass, or -1
 * @out_fd: out, descriptor that came with it or -1; NULL: none may come
 * @deadline: by hf_conn_now()
 *
 * Return: 0: there is an answer, and its status tells what it is; -ECONNRESET:
 * the connection is lost; -ETIMEDOUT, -EPROTO or -EPROTONOSUPPORT: there is none
 * any more.
 */
int hf_conn_ask(struct holdfast *hf, struct hf_msg *m, int fd, int *out_fd,
		uint64_t deadline, struct hf_error *err);

/** hf_conn_pump() - queue events that are there, without waiting */
void hf_conn_pump(struct holdfast *hf);

/** hf_conn_push() - queue an event */
void hf_conn_push(struct holdfast *hf, int type, unsigned int timeout_ms);

/* --- replay.c --- */

/**
 * hf_conn_ensure() - have a connection on which everything was given
 *
 * Return: 0 or a negative errno.
 */
int hf_conn_ensure(struct holdfast *hf, uint64_t deadline,
		   struct hf_error *err);

/**
 * hf_conn_call() - ask, on a new connection if this one is gone
 *
 * As hf_conn_ask(), and an answer with a negative status is an error as well.
 */
int hf_conn_call(struct holdfast *hf, struct hf_msg *m, int fd,
		 struct hf_error *err);

/** hf_refused() - the daemon's status as an error, in its words if it has some */
int hf_refused(const struct hf_msg *m, struct hf_error *err);

/* --- items.c --- */

/** hf_item_find() - by name, NULL when there is none */
struct hf_item *hf_item_find(const struct holdfast *hf, const char *name);

/**
 * hf_item_add() - add one
 * @fd: now owned by the item, also on failure
 *
 * Return: the item, or NULL after -ENOMEM was noted in @err.
 */
struct hf_item *hf_item_add(struct holdfast *hf, const char *name, int fd,
			    struct hf_error *err);

/** hf_item_drop() - close its descriptor and forget it */
void hf_item_drop(struct holdfast *hf, struct hf_item *item);

/** hf_items_unclaim() - forget what was claimed, nobody has seen it yet */
void hf_items_unclaim(struct holdfast *hf);

/** hf_items_give() - what was claimed counts as given from here on */
void hf_items_give(struct holdfast *hf);

void hf_items_free(struct holdfast *hf);

/* --- listen.c --- */

/**
 * hf_listen_take() - take what this process was started with by LISTEN_FDS
 *
 * The variables are removed from the environment.
 *
 * Return: 1: something was taken; 0: nothing is there; or a negative errno.
 */
int hf_listen_take(struct holdfast *hf, struct hf_error *err);

/** hf_kind() - enum holdfast_kind of a descriptor, by asking it */
int hf_kind(int fd);

#endif
