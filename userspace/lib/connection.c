// SPDX-License-Identifier: LGPL-2.1-or-later
/* The socket: connecting, questions and answers, events; see client.h */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

/* Between two attempts to connect, in milliseconds */
#define RETRY_MS	250

uint64_t hf_conn_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int watch(struct holdfast *hf, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(hf->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

int hf_conn_init(struct holdfast *hf, struct hf_error *err)
{
	int ret;

	hf->epoll = epoll_create1(EPOLL_CLOEXEC);
	hf->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ret = hf->epoll < 0 || hf->timer < 0 ? -errno : watch(hf, hf->timer);
	if (ret)
		return hf_fail(err, ret, "cannot watch a connection: %s",
			       strerror(-ret));
	return 0;
}

void hf_conn_exit(struct holdfast *hf)
{
	if (hf->sock >= 0)
		close(hf->sock);
	if (hf->timer >= 0)
		close(hf->timer);
	if (hf->epoll >= 0)
		close(hf->epoll);
}

/* Brings the timer up to date with queue and connection. */
static void wake(struct holdfast *hf)
{
	struct itimerspec when = { 0 };
	uint64_t now;

	if (hf->n_event || hf->recheck) {
		when.it_value.tv_nsec = 1;
	} else if (hf->sock < 0 && hf->wanted) {
		now = hf_conn_now();
		when.it_value.tv_nsec = 1;
		if (hf->retry_at > now)
			when.it_value.tv_nsec +=
				(long)(hf->retry_at - now) * 1000000;
	}
	/* Setting it takes back what it has said */
	timerfd_settime(hf->timer, 0, &when, NULL);
}

void hf_enter(struct holdfast *hf)
{
	pthread_mutex_lock(&hf->lock);
}

void hf_leave(struct holdfast *hf)
{
	wake(hf);
	pthread_mutex_unlock(&hf->lock);
}

void hf_conn_push(struct holdfast *hf, int type, unsigned int timeout_ms)
{
	size_t i, n = 0;

	for (i = 0; i < hf->n_event; i++)
		if (hf->event[i].type != type)
			hf->event[n++] = hf->event[i];
	hf->event[n++] = (struct holdfast_event){ type, timeout_ms };
	hf->n_event = n;
}

void hf_conn_drop(struct holdfast *hf)
{
	if (hf->sock < 0)
		return;
	close(hf->sock);
	hf->sock = -1;
	hf->recheck = false;
	hf->asked = false;
	hf->retry_at = hf_conn_now() + RETRY_MS;
	if (hf->settled) {
		hf->n_event = 0;
		hf_conn_push(hf, HOLDFAST_EV_LOST, 0);
	}
	hf->settled = false;
}

/* Return: true when the socket can be read or written, or is at its end */
static bool wait_for(int sock, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = sock, .events = events };
	uint64_t now;
	int n;

	for (;;) {
		now = hf_conn_now();
		n = poll(&p, 1, now < deadline ? (int)(deadline - now) : 0);
		if (n > 0)
			return true;
		if (now >= deadline)
			return false;
	}
}

/* What the daemon tells by itself; NULL, or what is wrong with it */
static const char *hear(struct holdfast *hf, const struct hf_msg *m)
{
	switch (m->op) {
	case HF_EV_UPDATE:
		hf_conn_push(hf, HOLDFAST_EV_UPDATE, (unsigned int)m->arg[0]);
		return NULL;
	case HF_EV_PRESERVED:
		hf_conn_push(hf, HOLDFAST_EV_PRESERVED, 0);
		return NULL;
	case HF_EV_CANCELLED:
		hf_conn_push(hf, HOLDFAST_EV_CANCELLED, 0);
		hf->recheck = true;
		return NULL;
	}
	return "it tells of something unknown";
}

static int broken(struct holdfast *hf, int code, const char *wrong,
		  struct hf_error *err)
{
	hf_conn_drop(hf);
	return hf_fail(err, code, "%s sent a message that cannot be used: %s%s",
		       hf->addr.sun_path, wrong,
		       code == -EPROTONOSUPPORT ?
		       "; daemon and library have to be of one version" : "");
}

/*
 * Receives one message. Events are queued, an answer is returned.
 *
 * Return: 1: answer in @m; 0: event; -EAGAIN; or there is no connection any more.
 */
static int receive(struct holdfast *hf, struct hf_msg *m, int *fd,
		   struct hf_error *err)
{
	const char *wrong = NULL;
	int ret = hf_msg_recv(hf->sock, m, fd, &wrong);

	if (ret == -EAGAIN)
		return ret;
	if (ret == -EPROTO || ret == -EPROTONOSUPPORT)
		return broken(hf, ret, wrong, err);
	if (ret <= 0) {
		hf_conn_drop(hf);
		return hf_fail(err, -ECONNRESET,
			       "holdfastd has ended the connection (%s)",
			       ret ? strerror(-ret) : "end of file");
	}
	if (m->serial)
		return 1;
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
		wrong = "an event came with a descriptor";
	} else {
		wrong = hear(hf, m);
	}
	return wrong ? broken(hf, -EPROTO, wrong, err) : 0;
}

void hf_conn_pump(struct holdfast *hf)
{
	struct hf_msg m;
	int fd, ret;

	while (hf->sock >= 0) {
		ret = receive(hf, &m, &fd, NULL);
		if (ret < 0)
			return;
		if (!ret)
			continue;
		if (fd >= 0)
			close(fd);
		broken(hf, -EPROTO, "an answer that nobody asked for", NULL);
	}
}

static int send_question(struct holdfast *hf, const struct hf_msg *m, int fd,
			 uint64_t deadline, struct hf_error *err)
{
	int ret;

	for (;;) {
		ret = hf_msg_send(hf->sock, m, fd);
		if (!ret)
			return 0;
		if (ret != -EAGAIN)
			break;
		if (!wait_for(hf->sock, POLLOUT, deadline))
			return -EAGAIN;
	}
	/* The descriptor's fault, not the connection's */
	if (ret == -EBADF || ret == -ETOOMANYREFS)
		return hf_fail(err, ret, "descriptor %d cannot be passed: %s",
			       fd, strerror(-ret));
	hf_conn_drop(hf);
	return hf_fail(err, -ECONNRESET, "the connection to holdfastd is lost: %s",
		       strerror(-ret));
}

static int give_up(struct holdfast *hf, struct hf_error *err)
{
	/* A late answer must not be taken for that to a later question */
	hf_conn_drop(hf);
	return hf_fail(err, -ETIMEDOUT,
		       "holdfastd (%s) has not answered within %u ms: is it stopped?",
		       hf->addr.sun_path, hf->timeout_ms);
}

int hf_conn_ask(struct holdfast *hf, struct hf_msg *m, int fd, int *out_fd,
		uint64_t deadline, struct hf_error *err)
{
	unsigned int op = m->op;
	int got = -1, ret;

	if (out_fd)
		*out_fd = -1;
	if (!++hf->serial)
		hf->serial++;
	m->serial = hf->serial;
	ret = send_question(hf, m, fd, deadline, err);
	if (ret == -EAGAIN)
		return give_up(hf, err);
	if (ret)
		return ret;
	for (;;) {
		ret = receive(hf, m, &got, err);
		if (ret > 0)
			break;
		if (ret < 0 && ret != -EAGAIN)
			return ret;
		if (ret && !wait_for(hf->sock, POLLIN, deadline))
			return give_up(hf, err);
		/* Events without an end are no answer either */
		if (!ret && hf_conn_now() > deadline)
			return give_up(hf, err);
	}
	if (m->serial == hf->serial && m->op == op && m->status <= 0 &&
	    (got < 0 || (out_fd && !m->status))) {
		if (out_fd)
			*out_fd = got;
		return 0;
	}
	if (got >= 0)
		close(got);
	return broken(hf, -EPROTO, "it answers something else", err);
}

static int no_daemon(const struct holdfast *hf, int code, struct hf_error *err)
{
	const char *path = hf->addr.sun_path;

	switch (code) {
	case -ENOENT:
		/* To most calls ENOENT means something that would be wrong here */
	case -ECONNREFUSED:
		return hf_fail(err, -ECONNREFUSED,
			       "no holdfastd listens at %s: start it (systemctl start holdfastd)",
			       path);
	case -EAGAIN:
		return hf_fail(err, -ETIMEDOUT,
			       "holdfastd does not accept connections at %s: is it stopped?",
			       path);
	default:
		return hf_fail(err, code, "cannot connect to %s: %s", path,
			       strerror(-code));
	}
}

static int open_socket(struct holdfast *hf, uint64_t deadline,
		       struct hf_error *err)
{
	uint64_t now = hf_conn_now();
	uint64_t ms = deadline > now ? deadline - now : 1;
	struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};
	int ret;

	hf->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (hf->sock < 0)
		return hf_fail(err, -errno, "socket: %s", strerror(errno));
	/* Bounds connect() when nobody accepts; a signal may cut it short */
	setsockopt(hf->sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	do {
		ret = connect(hf->sock, (const struct sockaddr *)&hf->addr,
			      sizeof(hf->addr)) ? -errno : 0;
	} while (ret == -EINTR && hf_conn_now() < deadline);
	if (ret)
		return no_daemon(hf, ret, err);
	ret = fcntl(hf->sock, F_SETFL, O_NONBLOCK) ? -errno :
	      watch(hf, hf->sock);
	if (ret)
		return hf_fail(err, ret, "cannot watch a connection: %s",
			       strerror(-ret));
	return 0;
}

int hf_conn_connect(struct holdfast *hf, uint64_t deadline, int *state,
		    struct hf_error *err)
{
	struct hf_msg m;
	int ret;

	ret = open_socket(hf, deadline, err);
	if (!ret) {
		hf_msg_init(&m, HF_OP_HELLO, 0);
		hf_msg_set_name(&m, hf->name);
		ret = hf_conn_ask(hf, &m, -1, NULL, deadline, err);
	}
	if (!ret && m.status)
		ret = hf_refused(&m, err);
	if (!ret && m.arg[0] > HF_CLIENT_LOST)
		ret = broken(hf, -EPROTO, "there is no such state", err);
	if (ret) {
		hf_conn_drop(hf);
		hf->retry_at = hf_conn_now() + RETRY_MS;
		return ret;
	}
	*state = (int)m.arg[0];
	return 0;
}
