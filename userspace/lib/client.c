// SPDX-License-Identifier: LGPL-2.1-or-later
/* A connection to holdfastd until the update: give, be ready, be asked */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

/* Who has not answered by then is stopped, or never will */
#define TIMEOUT_MS	30000
#define TIMEOUT_MAX_MS	3600000

_Static_assert((int)HOLDFAST_NEW == HF_CLIENT_NEW &&
	       (int)HOLDFAST_READY == HF_CLIENT_READY &&
	       (int)HOLDFAST_ASKED == HF_CLIENT_ASKED &&
	       (int)HOLDFAST_AGREED == HF_CLIENT_AGREED &&
	       (int)HOLDFAST_PRESERVED == HF_CLIENT_PRESERVED &&
	       (int)HOLDFAST_WAITING == HF_CLIENT_WAITING &&
	       (int)HOLDFAST_CLAIMED == HF_CLIENT_CLAIMED &&
	       (int)HOLDFAST_FAILED == HF_CLIENT_FAILED &&
	       (int)HOLDFAST_LOST == HF_CLIENT_LOST,
	       "states have the same numbers on both sides");

static int choose_timeout(struct holdfast *hf, struct hf_error *err)
{
	const char *text = secure_getenv("HOLDFAST_TIMEOUT_MS");
	unsigned long ms;
	char *end;

	hf->timeout_ms = TIMEOUT_MS;
	if (!text)
		return 0;
	errno = 0;
	ms = strtoul(text, &end, 10);
	if (errno || *end || !ms || ms > TIMEOUT_MAX_MS)
		return hf_fail(err, -EINVAL,
			       "HOLDFAST_TIMEOUT_MS is \"%s\", it has to be 1 to %d milliseconds",
			       text, TIMEOUT_MAX_MS);
	hf->timeout_ms = (unsigned int)ms;
	return 0;
}

static int choose_socket(struct holdfast *hf, const char *path,
			 struct hf_error *err)
{
	if (!path)
		path = secure_getenv("HOLDFAST_SOCKET");
	if (!path)
		path = HF_PROTO_SOCKET;
	hf->addr.sun_family = AF_UNIX;
	if (!*path || strlen(path) >= sizeof(hf->addr.sun_path))
		return hf_fail(err, -EINVAL,
			       "\"%s\" cannot be the path of a socket: 1 to %zu characters",
			       path, sizeof(hf->addr.sun_path) - 1);
	strcpy(hf->addr.sun_path, path);
	return 0;
}

static int set_up(struct holdfast *hf, const char *name, const char *socket,
		  struct hf_error *err)
{
	int ret;

	if (!name || !hf_client_name_valid(name))
		return hf_fail(err, -EINVAL,
			       "\"%s\" cannot be the name of a client: 1 to %d characters of [A-Za-z0-9._-]",
			       name ? name : "", HF_PROTO_CLIENT);
	strcpy(hf->name, name);
	ret = choose_timeout(hf, err);
	if (!ret)
		ret = choose_socket(hf, socket, err);
	if (ret)
		return ret;
	/* Before anything is opened, which could get a number that was meant */
	ret = hf_listen_take(hf, err);
	if (ret < 0)
		return ret;
	hf->listened = ret;
	ret = hf_conn_init(hf, err);
	if (ret || hf->listened)
		return ret;
	return hf_conn_ensure(hf, hf_conn_now() + hf->timeout_ms, err);
}

int holdfast_open(struct holdfast **out, const char *name, const char *socket)
{
	struct hf_error *err = hf_last();
	struct holdfast *hf = calloc(1, sizeof(*hf));
	int ret;

	*out = NULL;
	if (!hf)
		return hf_fail(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&hf->lock, NULL);
	hf->sock = -1;
	hf->epoll = -1;
	hf->timer = -1;
	hf_enter(hf);
	ret = set_up(hf, name, socket, err);
	hf_leave(hf);
	if (ret)
		holdfast_close(hf);
	else
		*out = hf;
	return ret;
}

void holdfast_close(struct holdfast *hf)
{
	if (!hf)
		return;
	hf_items_free(hf);
	hf_conn_exit(hf);
	pthread_mutex_destroy(&hf->lock);
	free(hf);
}

static int ask_state(struct holdfast *hf, struct hf_error *err)
{
	struct hf_msg m;
	int ret;

	/* Nobody but us knows of what came by LISTEN_FDS */
	if (hf->listened)
		return hf->claimed ? HOLDFAST_CLAIMED : HOLDFAST_WAITING;
	hf_msg_init(&m, HF_OP_STATE, 0);
	ret = hf_conn_call(hf, &m, -1, err);
	if (ret)
		return ret;
	if (m.arg[0] > HF_CLIENT_LOST)
		return hf_fail(err, -EPROTO,
			       "holdfastd says state %llu, which there is not",
			       (unsigned long long)m.arg[0]);
	return (int)m.arg[0];
}

int holdfast_state(struct holdfast *hf)
{
	struct hf_error *err = hf_last();
	int ret;

	hf_enter(hf);
	ret = ask_state(hf, err);
	hf_leave(hf);
	return ret;
}

int holdfast_fd(struct holdfast *hf)
{
	return hf->wanted ? hf->epoll : -1;
}

static int put(struct holdfast *hf, const char *name, int fd,
	       struct hf_error *err)
{
	struct hf_item *item;
	struct hf_msg m;
	int own, ret;

	if (!name || !hf_item_name_valid(name))
		return hf_fail(err, -EINVAL,
			       "\"%s\" cannot be the name of a descriptor: 1 to %d printable characters without blanks and colons",
			       name ? name : "", HF_PROTO_NAME - 1);
	if (hf_item_find(hf, name))
		return hf_fail(err, -EEXIST,
			       "there is a descriptor named \"%s\" already: drop it first, or choose another name",
			       name);
	if (hf->n_item >= HF_ITEMS_MAX)
		return hf_fail(err, -EMFILE, "%d descriptors is the most there can be",
			       HF_ITEMS_MAX);
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return hf_fail(err, -errno, "descriptor %d, \"%s\": %s", fd,
			       name, strerror(errno));
	hf_msg_init(&m, HF_OP_PUT, 0);
	hf_msg_set_name(&m, name);
	ret = hf_conn_call(hf, &m, own, err);
	if (ret) {
		close(own);
		return ret;
	}
	item = hf_item_add(hf, name, own, err);
	if (!item) {
		/* Without it the next daemon would not get it */
		hf_conn_drop(hf);
		return -ENOMEM;
	}
	item->given = true;
	return 0;
}

int holdfast_put(struct holdfast *hf, const char *name, int fd)
{
	struct hf_error *err = hf_last();
	int ret;

	hf_enter(hf);
	ret = put(hf, name, fd, err);
	hf_leave(hf);
	return ret;
}

static int drop(struct holdfast *hf, const char *name, struct hf_error *err)
{
	struct hf_item *item = hf_item_find(hf, name);
	struct hf_msg m;
	int ret;

	if (!item || !item->given)
		return hf_fail(err, -ENOENT, "no descriptor \"%s\" was given",
			       name);
	hf_msg_init(&m, HF_OP_DROP, 0);
	hf_msg_set_name(&m, name);
	ret = hf_conn_call(hf, &m, -1, err);
	if (!ret)
		hf_item_drop(hf, item);
	return ret;
}

int holdfast_drop(struct holdfast *hf, const char *name)
{
	struct hf_error *err = hf_last();
	int ret;

	hf_enter(hf);
	ret = drop(hf, name, err);
	hf_leave(hf);
	return ret;
}

int holdfast_ready(struct holdfast *hf, unsigned int flags)
{
	struct hf_error *err = hf_last();
	struct hf_msg m;
	int ret;

	if (flags & ~HOLDFAST_UNASKED)
		return hf_fail(err, -EINVAL, "there are no such flags: 0x%x",
			       flags);
	hf_enter(hf);
	hf_msg_init(&m, HF_OP_READY, 0);
	m.arg[0] = flags;
	ret = hf_conn_call(hf, &m, -1, err);
	if (!ret) {
		hf->ready = true;
		hf->ready_flags = flags;
	}
	hf_leave(hf);
	return ret;
}

int holdfast_unready(struct holdfast *hf)
{
	struct hf_error *err = hf_last();
	struct hf_msg m;
	int ret;

	hf_enter(hf);
	hf_msg_init(&m, HF_OP_UNREADY, 0);
	ret = hf_conn_call(hf, &m, -1, err);
	if (!ret)
		hf->ready = false;
	hf_leave(hf);
	return ret;
}

bool holdfast_detached(struct holdfast *hf)
{
	/* Claimed only, the session has the device still, for the next claim */
	return hf->ready || hf->claimed;
}

static void pop(struct holdfast *hf, struct holdfast_event *ev)
{
	*ev = hf->event[0];
	hf->n_event--;
	memmove(hf->event, hf->event + 1, hf->n_event * sizeof(*ev));
	switch (ev->type) {
	case HOLDFAST_EV_UPDATE:
		hf->told = HOLDFAST_ASKED;
		hf->asked = true;
		break;
	case HOLDFAST_EV_PRESERVED:
		hf->told = HOLDFAST_PRESERVED;
		break;
	case HOLDFAST_EV_CANCELLED:
		hf->told = HOLDFAST_NEW;
		break;
	}
}

/* Return: 1: an event; 0: there is none; or a negative errno */
static int look(struct holdfast *hf, struct holdfast_event *ev,
		struct hf_error *err)
{
	uint64_t now = hf_conn_now();
	int ret = 0;

	if (!hf->wanted)
		return hf_fail(err, -ENOTCONN,
			       "there is no connection to holdfastd that could tell anything");
	hf_conn_pump(hf);
	/* A loss is told before what becomes of it */
	if ((hf->sock < 0 && !hf->n_event && now >= hf->retry_at) ||
	    hf->recheck)
		ret = hf_conn_ensure(hf, now + hf->timeout_ms, err);
	/* It is being restarted: the next attempt may do better */
	if (ret == -ECONNREFUSED || ret == -ECONNRESET)
		ret = 0;
	if (!ret && hf->n_event) {
		pop(hf, ev);
		ret = 1;
	}
	return ret;
}

int holdfast_next(struct holdfast *hf, struct holdfast_event *ev,
		  int timeout_ms)
{
	struct hf_error *err = hf_last();
	uint64_t now = hf_conn_now();
	uint64_t deadline = now + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms);
	struct pollfd p = { .fd = hf->epoll, .events = POLLIN };
	int ret, ms;

	for (;;) {
		hf_enter(hf);
		ret = look(hf, ev, err);
		hf_leave(hf);
		if (ret)
			return ret;
		now = hf_conn_now();
		if (timeout_ms >= 0 && now >= deadline) {
			hf_last();
			return 0;
		}
		ms = timeout_ms < 0 ? -1 : (int)(deadline - now);
		if (poll(&p, 1, ms) < 0)
			return hf_fail(err, -errno, "poll: %s",
				       strerror(errno));
	}
}

static int answer(struct holdfast *hf, int status, const char *why,
		  struct hf_error *err)
{
	struct hf_msg m;
	int ret;

	if (status > 0)
		return hf_fail(err, -EINVAL,
			       "an answer is 0 or a negative errno, not %d",
			       status);
	hf_conn_pump(hf);
	if (!hf->asked)
		return hf_fail(err, -ETIMEDOUT,
			       "nobody waits for an answer: the update was given up, or holdfastd was restarted");
	hf_msg_init(&m, HF_OP_ANSWER, 0);
	m.status = status;
	if (why)
		hf_msg_set_text(&m, why);
	ret = hf_conn_ask(hf, &m, -1, NULL, hf_conn_now() + hf->timeout_ms, err);
	hf->asked = false;
	if (ret == -ECONNRESET)
		ret = hf_fail(err, -ETIMEDOUT,
			      "holdfastd was restarted and waits for no answer any more");
	return !ret && m.status ? hf_refused(&m, err) : ret;
}

int holdfast_answer(struct holdfast *hf, int status, const char *why)
{
	struct hf_error *err = hf_last();
	int ret;

	hf_enter(hf);
	ret = answer(hf, status, why, err);
	hf_leave(hf);
	return ret;
}
