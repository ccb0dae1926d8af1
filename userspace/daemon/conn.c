// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: whose they are, how much each may ask, and that none can make the
 * daemon wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/launcher.h>
#include <holdfast/message.h>

#include "daemon.h"
#include "stranger.h"

/* Who says nothing for so long after connecting is not a client */
#define HELLO_MS	10000
/* Messages that wait for somebody who does not read */
#define MAX_QUEUE	64
/* Messages of one connection before others get their turn */
#define TURN		16
#define BACKLOG		64
/* How long nobody is let in when there are too many files open */
#define DEAF_MS		200
/* How long the socket may be somebody else's at the start */
#define TAKEN_MS	2000
/* Signals, the listener and the launcher are polled besides holders and clients */
#define POLL_OWN	3

int conn_listen(struct daemon *d, struct hf_error *err)
{
	const struct timespec a_while = { .tv_nsec = 10000000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	double until = hf_now_ms() + TAKEN_MS;
	mode_t mask;
	int fd, ret;

	if (strlen(d->socket_path) >= sizeof(addr.sun_path))
		return hf_fail(err, -ENAMETOOLONG,
			       "socket path %s is too long", d->socket_path);
	/* One that was just killed may not be all gone yet, or just bind it. */
	for (;;) {
		fd = holder_listen(d->socket_path, err);
		if ((fd != -EBUSY && fd != -EADDRINUSE) || hf_now_ms() >= until)
			break;
		nanosleep(&a_while, NULL);
	}
	if (fd == -EBUSY)
		return hf_fail(err, fd, "%s is in use: another holdfastd runs",
			       d->socket_path);
	if (fd < 0)
		return fd;
	/* Anybody may be a client: names belong to users. */
	mask = umask(0);
	ret = chmod(d->socket_path, 0666) ? -errno : 0;
	umask(mask);
	if (!ret && listen(fd, BACKLOG))
		ret = -errno;
	if (ret) {
		close(fd);
		return hf_fail(err, ret, "%s: %s", d->socket_path,
			       strerror(-ret));
	}
	d->listener = fd;
	return 0;
}

static size_t count_of(const struct daemon *d, uid_t uid)
{
	size_t i, n = 0;

	for (i = 0; i < d->n_conn; i++)
		n += d->conn[i]->uid == uid;
	return n;
}

static struct conn *conn_new(struct daemon *d, int fd, const struct ucred *cred)
{
	struct conn *c, **v;

	v = realloc(d->conn, (d->n_conn + 1) * sizeof(*v));
	if (!v)
		return NULL;
	d->conn = v;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->fd = fd;
	c->pid = cred->pid;
	c->uid = cred->uid;
	c->gid = cred->gid;
	c->since_ms = hf_now_ms();
	c->refilled_ms = c->since_ms;
	c->tokens = d->cfg.messages_per_second;
	d->conn[d->n_conn++] = c;
	return c;
}

void conn_accept(struct daemon *d)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd;

	fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		/* It would be asked for again at once. */
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			d->deaf_until_ms = hf_now_ms() + DEAF_MS;
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		stranger_close(fd, (uid_t)-1);
		return;
	}
	/* The operator is to get in however many others do */
	if (cred.uid && (d->n_conn >= d->cfg.connections ||
			 count_of(d, cred.uid) >= d->cfg.connections_per_uid)) {
		log_line(LOG_WARNING, NULL,
			 "user %u has too many connections, process %d was turned away",
			 cred.uid, cred.pid);
		stranger_hang_up(fd, cred.uid);
		return;
	}
	if (cred.uid && stranger_many(cred.uid)) {
		log_line(LOG_WARNING, NULL,
			 "user %u has left too much to close, process %d was turned away",
			 cred.uid, cred.pid);
		stranger_hang_up(fd, cred.uid);
		return;
	}
	if (!conn_new(d, fd, &cred))
		stranger_hang_up(fd, cred.uid);
}

static void conn_free(struct conn *c)
{
	while (c->n_out) {
		c->n_out--;
		if (c->out[c->n_out].fd >= 0)
			close(c->out[c->n_out].fd);
	}
	free(c->out);
	stranger_hang_up(c->fd, c->uid);
	free(c);
}

void conn_end(struct daemon *d, struct conn *c, const char *why)
{
	struct hf_error err;
	size_t i;

	if (why)
		log_line(LOG_WARNING, c->client ? c->client->name : NULL,
			 "disconnected process %d of user %u: %s", c->pid,
			 c->uid, why);
	for (i = 0; i < d->n_conn && d->conn[i] != c; i++)
		;
	d->conn[i] = d->conn[--d->n_conn];
	if (c->client)
		client_gone(d, c->client);
	if (d->asking.who == c) {
		d->asking.who = NULL;
		hf_fail(&err, -ECONNRESET, "who asked for the update has gone");
		update_abort(d, -ECONNRESET, &err);
	}
	conn_free(c);
}

static void queue(struct conn *c, const struct hf_msg *m, int fd)
{
	struct queued *v;

	/* Checked by the loop, which can end it */
	if (c->n_out > MAX_QUEUE)
		return;
	v = realloc(c->out, (c->n_out + 1) * sizeof(*v));
	if (v) {
		c->out = v;
		v += c->n_out;
		v->msg = *m;
		v->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	/* Not without its descriptor, nor without this message */
	if (!v || (fd >= 0 && v->fd < 0))
		c->broken = true;
	else
		c->n_out++;
}

void conn_send(struct conn *c, const struct hf_msg *m, int fd)
{
	if (!c->n_out && hf_msg_send(c->fd, m, fd) != -EAGAIN)
		return;		/* sent, or the hang-up will tell */
	queue(c, m, fd);
}

static void flush(struct conn *c)
{
	size_t n = 0, i;

	while (n < c->n_out &&
	       hf_msg_send(c->fd, &c->out[n].msg, c->out[n].fd) != -EAGAIN)
		n++;
	for (i = 0; i < n; i++)
		if (c->out[i].fd >= 0)
			close(c->out[i].fd);
	if (n)
		memmove(c->out, c->out + n, (c->n_out - n) * sizeof(*c->out));
	c->n_out -= n;
}

void conn_tell(struct conn *c, unsigned int op, uint64_t arg)
{
	struct hf_msg m;

	if (!c)
		return;
	hf_msg_init(&m, op, 0);
	m.arg[0] = arg;
	conn_send(c, &m, -1);
}

void conn_answer(struct conn *c, const struct hf_msg *q, int status,
		 const char *text)
{
	struct hf_msg a;

	hf_msg_init(&a, q->op, q->serial);
	a.status = status;
	if (text)
		hf_msg_set_text(&a, text);
	conn_send(c, &a, -1);
}

/* Messages it may send now; time gives it new ones */
static bool may_ask(struct daemon *d, struct conn *c, double now)
{
	double most = d->cfg.messages_per_second;

	c->tokens += (now - c->refilled_ms) * most / 1000;
	c->refilled_ms = now;
	if (c->tokens > most)
		c->tokens = most;
	return c->tokens >= 1;
}

static const char *dispatch(struct daemon *d, struct conn *c,
			    const struct hf_msg *q, int fd)
{
	if (d->cfg.debug)
		log_line(LOG_DEBUG, c->client ? c->client->name : NULL,
			 "process %d asks 0x%x \"%s\"", c->pid, q->op, q->name);
	if (!q->serial) {
		stranger_close(fd, c->uid);
		return "a question has no serial number";
	}
	if (fd >= 0 && q->op != HF_OP_PUT) {
		stranger_close(fd, c->uid);
		return "a descriptor came with a message that takes none";
	}
	if (q->op >= HF_CTL_STATUS)
		return control_message(d, c, q);
	return client_message(d, c, q, fd);
}

/* Whose message is being read; descriptors that it may not have go away */
static uid_t reading_of;

void conn_discard(int fd)
{
	stranger_close(fd, reading_of);
}

/* Returns false when the connection is no more. */
static bool read_some(struct daemon *d, struct conn *c)
{
	const char *why = NULL;
	struct hf_msg q;
	int i, fd, ret;

	for (i = 0; i < TURN && !c->ending && !c->n_out; i++) {
		if (!may_ask(d, c, hf_now_ms()))
			return true;
		/* Its next message could bring as much again; not the operator's */
		if ((c->uid || c->client) && stranger_many(c->uid)) {
			conn_end(d, c, "too much of this user waits to be closed");
			return false;
		}
		reading_of = c->uid;
		ret = hf_msg_recv(c->fd, &q, &fd, &why);
		if (ret == -EAGAIN)
			return true;
		if (ret <= 0 && ret != -EPROTO && ret != -EPROTONOSUPPORT) {
			conn_end(d, c, NULL);
			return false;
		}
		if (ret == -EPROTONOSUPPORT) {
			conn_answer(c, &q, ret,
				    "holdfastd speaks version 1 of the protocol only");
			c->ending = true;
			return true;
		}
		c->tokens--;
		if (ret > 0)
			why = dispatch(d, c, &q, fd);
		if (why) {
			conn_end(d, c, why);
			return false;
		}
	}
	return true;
}

/* One that hung up, grew its queue or never said who it is */
static const char *overdue(const struct conn *c, double now)
{
	if (c->broken)
		return "an answer could not be kept for it (out of memory or descriptors)";
	if (c->n_out > MAX_QUEUE)
		return "it does not read what it is told";
	if (!c->client && c->uid && now - c->since_ms > HELLO_MS)
		return "it did not say who it is";
	return NULL;
}

static void serve(struct daemon *d, struct conn *c, short revents)
{
	const char *why;

	if (revents & POLLOUT)
		flush(c);
	if (revents & (POLLIN | POLLHUP | POLLERR) && !read_some(d, c))
		return;
	why = overdue(c, hf_now_ms());
	if (why)
		conn_end(d, c, why);
	else if (c->ending && !c->n_out)
		conn_end(d, c, NULL);
}

/* How long nothing can happen by itself */
static int quiet_ms(const struct daemon *d, double now)
{
	double until = now + 60000;
	size_t i;

	if (d->asking.on && d->asking.until_ms < until)
		until = d->asking.until_ms;
	if ((d->trouble.text[0] || d->unresolved) && d->look_again_ms < until)
		until = d->look_again_ms;
	if (now < d->deaf_until_ms && d->deaf_until_ms < until)
		until = d->deaf_until_ms;
	for (i = 0; i < d->n_conn; i++) {
		const struct conn *c = d->conn[i];
		double at = c->since_ms + HELLO_MS;

		if (!c->client && c->uid && at < until)
			until = at;
		if (c->tokens < 1 && until > now + 10)
			until = now + 10;
	}
	return until <= now ? 0 : (int)(until - now) + 1;
}

/* The holders of sessions: a hang-up is the end of the update */
static size_t poll_holders(struct daemon *d, struct pollfd *p,
			   struct client **whose)
{
	size_t i, n = 0;

	if (d->index.sock >= 0) {
		whose[n] = NULL;
		p[n++] = (struct pollfd){ d->index.sock, POLLIN, 0 };
	}
	for (i = 0; i < d->n_client; i++)
		if (d->client[i]->held.sock >= 0) {
			whose[n] = d->client[i];
			p[n++] = (struct pollfd){ d->client[i]->held.sock,
						  POLLIN, 0 };
		}
	return n;
}

static void look_at_holders(struct daemon *d, const struct pollfd *p, size_t n,
			    struct client **whose)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i].revents) {
			update_holder_died(d, whose[i] ? whose[i]->name : NULL);
			/* All of them have ended by now */
			return;
		}
}

static bool still_there(const struct daemon *d, const struct conn *c)
{
	size_t i;

	for (i = 0; i < d->n_conn; i++)
		if (d->conn[i] == c)
			return true;
	return false;
}

static void serve_all(struct daemon *d, const struct pollfd *p,
		      struct conn **who, size_t n)
{
	size_t i;

	/* Serving one may end others: look before each. */
	for (i = 0; i < n; i++)
		if (still_there(d, who[i]))
			serve(d, who[i], p[i].revents);
}

int conn_loop(struct daemon *d, int signals)
{
	struct client *whose[MAX_CLIENTS + 1];
	struct signalfd_siginfo si;
	struct pollfd *p = NULL, *v;
	struct conn **who = NULL, **w;
	size_t i, n, holders;
	int ret = -ENOMEM;
	double now;

	for (;;) {
		n = POLL_OWN + MAX_CLIENTS + 1 + d->n_conn;
		v = realloc(p, n * sizeof(*p));
		w = realloc(who, (d->n_conn + 1) * sizeof(*who));
		p = v ? v : p;
		who = w ? w : who;
		if (!v || !w)
			break;
		p[0] = (struct pollfd){ signals, POLLIN, 0 };
		now = hf_now_ms();
		p[1] = (struct pollfd){ d->listener,
					now < d->deaf_until_ms ? 0 : POLLIN, 0 };
		p[2] = (struct pollfd){ launcher_socket(), 0, 0 };
		holders = poll_holders(d, p + POLL_OWN, whose);
		n = d->n_conn;
		for (i = 0; i < n; i++) {
			struct conn *c = d->conn[i];
			short events = 0;

			if (c->n_out)
				events = POLLOUT;
			else if (may_ask(d, c, now))
				events = POLLIN;
			who[i] = c;
			p[POLL_OWN + holders + i] = (struct pollfd){ c->fd, events, 0 };
		}
		if (poll(p, POLL_OWN + holders + n, quiet_ms(d, now)) < 0 &&
		    errno != EINTR)
			break;
		if (p[0].revents &&
		    read(signals, &si, sizeof(si)) == sizeof(si) &&
		    si.ssi_signo != SIGCHLD) {
			ret = (int)si.ssi_signo;
			break;
		}
		if (p[2].revents) {
			ret = -ECHILD;
			break;
		}
		look_at_holders(d, p + POLL_OWN, holders, whose);
		serve_all(d, p + POLL_OWN + holders, who, n);
		if (p[1].revents)
			conn_accept(d);
		update_look(d);
	}
	if (ret == -ECHILD)
		log_line(LOG_CRIT, NULL,
			 "the launcher, which starts holders, was killed or does not answer");
	else if (ret < 0)
		log_line(LOG_CRIT, NULL, "out of memory");
	free(p);
	free(who);
	return ret;
}
