// SPDX-License-Identifier: GPL-2.0-only
/* Asking the daemon: one question at a time on a connection of its own. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>

#include <holdfast/clock.h>
#include <holdfast/control.h>
#include <holdfast/memfd.h>
#include <holdfast/message.h>

/* Connecting and sending wait for nothing but a daemon that is overloaded. */
#define CONNECT_SECONDS	10

/* Deepest nesting of a report: docs/status.md needs 7. */
#define REPORT_DEPTH	16

const char *hf_control_path(const char *path)
{
	if (!path)
		path = getenv("HOLDFAST_SOCKET");
	return path && *path ? path : HF_PROTO_SOCKET;
}

int hf_control_open(struct hf_control *c, const char *path,
		    struct hf_error *err)
{
	struct timeval limit = { .tv_sec = CONNECT_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int ret;

	c->sock = -1;
	c->serial = 0;
	path = hf_control_path(path);
	if (strlen(path) >= sizeof(addr.sun_path))
		return hf_fail(err, -ENAMETOOLONG,
			       "socket path %s is too long", path);
	strcpy(addr.sun_path, path);
	c->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->sock < 0)
		return hf_fail(err, -errno, "socket: %s", strerror(errno));
	setsockopt(c->sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(c->sock, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	ret = -errno;
	hf_control_close(c);
	switch (ret) {
	case -ENOENT:
		return hf_fail(err, ret,
			       "holdfastd does not run: there is no socket %s; start it (systemctl start holdfastd)",
			       path);
	case -ECONNREFUSED:
		return hf_fail(err, ret,
			       "holdfastd does not run: nobody listens at %s; start it (systemctl start holdfastd). Sessions that it had preserved are kept by their holders",
			       path);
	case -EAGAIN:
		return hf_fail(err, -ETIMEDOUT,
			       "holdfastd takes no connection at %s (stopped?)",
			       path);
	default:
		return hf_fail(err, ret, "%s: %s", path, strerror(-ret));
	}
}

void hf_control_close(struct hf_control *c)
{
	if (c->sock >= 0)
		close(c->sock);
	c->sock = -1;
}

void hf_answer_free(struct hf_answer *a)
{
	free(a->report);
	json_object_put(a->object);
	a->report = NULL;
	a->object = NULL;
}

static int send_question(struct hf_control *c, const struct hf_question *q,
			 struct hf_error *err)
{
	struct hf_msg m;
	int ret;

	if (!++c->serial)
		c->serial = 1;
	hf_msg_init(&m, q->op, c->serial);
	if (q->name && hf_msg_set_name(&m, q->name))
		return hf_fail(err, -EINVAL, "the name \"%s\" is too long",
			       q->name);
	if (q->text)
		hf_msg_set_text(&m, q->text);
	memcpy(m.arg, q->arg, sizeof(m.arg));
	ret = hf_msg_send(c->sock, &m, -1);
	if (ret == -EAGAIN)
		return hf_fail(err, -ETIMEDOUT,
			       "holdfastd does not read what it is asked (stopped?)");
	if (ret)
		return hf_fail(err, -EPIPE, "holdfastd ended the connection");
	return 0;
}

/* Waits until there is something to read, ticking. */
static int wait_readable(struct hf_control *c, const struct hf_question *q,
			 double until, struct hf_error *err)
{
	struct pollfd p = { .fd = c->sock, .events = POLLIN };
	double left;
	int n, ms;

	for (;;) {
		left = until - hf_now_ms();
		if (left < 0)
			left = 0;
		ms = left > HF_CONTROL_TICK_MS ? HF_CONTROL_TICK_MS :
						 (int)left + 1;
		n = poll(&p, 1, ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return hf_fail(err, -errno, "poll: %s",
				       strerror(errno));
		if (q->tick && q->tick(q->ctx))
			return hf_fail(err, -EINTR,
				       "interrupted while holdfastd was at work");
		if (hf_now_ms() >= until)
			return hf_fail(err, -ETIMEDOUT,
				       "holdfastd did not answer within %.0f s",
				       q->timeout_ms / 1000.0);
	}
}

static int bad_answer(struct hf_error *err, const char *why)
{
	return hf_fail(err, -EPROTO, "holdfastd answered nonsense: %s", why);
}

/* Clients are quoted in it, and they may be anybody. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if ((*s < ' ' && *s != '\n') || *s > '~')
			*s = '?';
}

static int receive(struct hf_control *c, struct hf_msg *m, int *fd,
		   struct hf_error *err)
{
	const char *wrong;
	int ret = hf_msg_recv(c->sock, m, fd, &wrong);

	switch (ret) {
	case 1:
		return 0;
	case 0:
	case -ECONNRESET:
		return hf_fail(err, -EPIPE,
			       "holdfastd ended the connection: it was stopped or restarted, or it ended itself (its log says why). What it had preserved is kept by the holders; ask again");
	case -EPROTO:
		return bad_answer(err, wrong);
	case -EPROTONOSUPPORT:
		return hf_fail(err, ret,
			       "holdfastd speaks version %u of its protocol, this command %u: install them from one build and restart holdfastd",
			       m->version, HF_PROTO_VERSION);
	default:
		return hf_fail(err, ret, "holdfastd: %s", strerror(-ret));
	}
}

/* Reads until the answer comes; events are for clients. */
static int await(struct hf_control *c, const struct hf_question *q,
		 struct hf_msg *m, int *fd, struct hf_error *err)
{
	double until = hf_now_ms() + q->timeout_ms;
	int ret;

	for (;;) {
		ret = wait_readable(c, q, until, err);
		if (!ret)
			ret = receive(c, m, fd, err);
		if (ret)
			return ret;
		if (m->serial && (m->serial != c->serial || m->op != q->op))
			ret = bad_answer(err, "it belongs to another question");
		else if (m->serial && m->status > 0)
			ret = bad_answer(err, "its status is positive");
		else if (m->serial)
			return 0;
		if (*fd >= 0)
			close(*fd);
		if (ret)
			return ret;
	}
}

/* Takes the report over; @fd is closed. */
static int read_report(int fd, struct hf_answer *a, struct hf_error *err)
{
	struct json_tokener *tok = NULL;
	struct json_object *version;
	struct hf_error why;
	void *data = NULL;
	size_t len;
	int ret;

	ret = hf_memfd_read(fd, HF_REPORT_MAX, &data, &len, &why);
	close(fd);
	if (ret)
		return hf_fail(err, ret, "holdfastd's report: %s", why.text);
	/* As text it needs an end, and nothing behind the object. */
	a->report = malloc(len + 1);
	tok = json_tokener_new_ex(REPORT_DEPTH);
	if (!a->report || !tok) {
		ret = hf_fail(err, -ENOMEM, "out of memory");
		goto out;
	}
	memcpy(a->report, data, len);
	while (len && (a->report[len - 1] == '\n' || a->report[len - 1] == ' '))
		len--;
	a->report[len] = '\0';
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
				    JSON_TOKENER_VALIDATE_UTF8);
	a->object = json_tokener_parse_ex(tok, a->report, (int)len + 1);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    !json_object_is_type(a->object, json_type_object) ||
	    strlen(a->report) != len || a->report[0] != '{') {
		ret = bad_answer(err, "its report is no JSON object");
		goto out;
	}
	if (!json_object_object_get_ex(a->object, "version", &version) ||
	    !json_object_is_type(version, json_type_int)) {
		ret = bad_answer(err, "its report has no version");
		goto out;
	}
	if (json_object_get_int64(version) != HF_REPORT_VERSION)
		ret = hf_fail(err, -EPROTONOSUPPORT,
			      "holdfastd's report is of version %s, this command reads %d: install them from one build and restart holdfastd",
			      json_object_get_string(version),
			      HF_REPORT_VERSION);
out:
	if (tok)
		json_tokener_free(tok);
	free(data);
	if (ret)
		hf_answer_free(a);
	return ret;
}

static int take_answer(const struct hf_msg *m, int fd, struct hf_answer *a,
		       struct hf_error *err)
{
	int ret = 0;

	a->status = m->status;
	memcpy(a->arg, m->arg, sizeof(a->arg));
	memcpy(a->text, m->text, m->text_len + 1);
	make_printable(a->text);
	if (fd >= 0)
		ret = read_report(fd, a, err);
	if (ret)
		return ret;
	a->answered = true;
	if (a->status)
		return hf_fail(err, a->status, "%s", a->text[0] ? a->text :
			       strerror(-a->status));
	return 0;
}

int hf_control_ask(struct hf_control *c, const struct hf_question *q,
		   struct hf_answer *a, struct hf_error *err)
{
	struct hf_msg m;
	int fd, ret;

	memset(a, 0, sizeof(*a));
	if (c->sock < 0)
		return hf_fail(err, -ENOTCONN, "not connected to holdfastd");
	ret = send_question(c, q, err);
	if (ret == -EINVAL)
		return ret;
	if (!ret)
		ret = await(c, q, &m, &fd, err);
	if (!ret)
		ret = take_answer(&m, fd, a, err);
	if (!a->answered)
		hf_control_close(c);
	return ret;
}
