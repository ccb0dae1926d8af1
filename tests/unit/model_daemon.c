// SPDX-License-Identifier: GPL-2.0-only
/* A holdfastd for tests, see model_daemon.h */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <holdfast/fdpass.h>
#include <holdfast/message.h>

#include "model_daemon.h"

static void open_listener(struct model *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->path);
	unlink(f->path);
	f->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(f->listen, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(f->listen, 4)) {
		perror(f->path);
		exit(1);
	}
}

/* What is not preserved is forgotten. */
static void hang_up(struct model *f)
{
	if (f->conn >= 0) {
		/* At once: who waits for it in poll() holds it, closed or not */
		shutdown(f->conn, SHUT_RDWR);
		close(f->conn);
	}
	f->conn = -1;
	f->n_put = 0;
	if (f->state < HF_CLIENT_PRESERVED)
		f->state = HF_CLIENT_NEW;
	else if (f->state == HF_CLIENT_CLAIMED)
		f->state = HF_CLIENT_WAITING;
}

static void stop_listening(struct model *f)
{
	if (f->listen >= 0)
		close(f->listen);
	f->listen = -1;
	unlink(f->path);
}

static int find(struct model *f, const char *name)
{
	for (int i = 0; i < f->n_put; i++)
		if (!strcmp(f->put[i], name))
			return i;
	return -1;
}

static int put(struct model *f, const char *name, int fd)
{
	if (fd < 0)
		return -EBADF;
	if (f->state >= HF_CLIENT_PRESERVED && f->state != HF_CLIENT_LOST)
		return -EBUSY;
	if (find(f, name) >= 0)
		return -EEXIST;
	if (f->state == HF_CLIENT_LOST)
		f->state = HF_CLIENT_NEW;
	strcpy(f->put[f->n_put++], name);
	return 0;
}

static int drop(struct model *f, const char *name)
{
	int i = find(f, name);

	if (f->state >= HF_CLIENT_PRESERVED)
		return -EBUSY;
	if (i < 0)
		return -ENOENT;
	memmove(f->put[i], f->put[--f->n_put], sizeof(f->put[0]));
	return 0;
}

static int claim(struct model *f, struct hf_msg *m)
{
	switch (f->state) {
	case HF_CLIENT_WAITING:
	case HF_CLIENT_CLAIMED:
		f->state = HF_CLIENT_CLAIMED;
		m->arg[0] = (uint64_t)f->n_wait;
		return 0;
	case HF_CLIENT_FAILED:
		return -EBADE;
	case HF_CLIENT_LOST:
		return -ENODATA;
	}
	return -ENOENT;
}

static int fetch(struct model *f, struct hf_msg *m, int *fd)
{
	if (f->state != HF_CLIENT_CLAIMED || m->arg[0] >= (uint64_t)f->n_wait)
		return -EINVAL;
	hf_msg_set_name(m, f->wait[m->arg[0]]);
	m->arg[1] = HF_KIND_MEMFD;
	*fd = memfd_create(m->name, MFD_CLOEXEC);
	if (write(*fd, m->name, strlen(m->name)) < 0)
		perror("write");
	return 0;
}

static int resumed(struct model *f, const struct hf_msg *m)
{
	if (f->state != HF_CLIENT_CLAIMED)
		return -EINVAL;
	f->gap[0] = m->arg[0];
	f->gap[1] = m->arg[1];
	memcpy(f->put, f->wait, sizeof(f->put));
	f->n_put = f->n_wait;
	f->n_wait = 0;
	f->state = HF_CLIENT_NEW;
	return 0;
}

/* What a question leads to; the answer is made of it. */
static int obey(struct model *f, struct hf_msg *m, int fd, int *out)
{
	switch (m->op) {
	case HF_OP_HELLO:
		f->hellos++;
		m->arg[0] = (uint64_t)f->state;
		return 0;
	case HF_OP_STATE:
		m->arg[0] = (uint64_t)f->state;
		return 0;
	case HF_OP_PUT:
		return put(f, m->name, fd);
	case HF_OP_DROP:
		return drop(f, m->name);
	case HF_OP_READY:
		f->state = HF_CLIENT_READY;
		return 0;
	case HF_OP_UNREADY:
		if (f->state >= HF_CLIENT_PRESERVED)
			return -EBUSY;
		f->state = HF_CLIENT_NEW;
		return 0;
	case HF_OP_ANSWER:
		f->answer = m->status;
		strcpy(f->why, m->text);
		if (f->state != HF_CLIENT_ASKED)
			return -ETIMEDOUT;
		f->state = m->status ? HF_CLIENT_READY : HF_CLIENT_AGREED;
		return 0;
	case HF_OP_CLAIM:
		return claim(f, m);
	case HF_OP_FETCH:
		return fetch(f, m, out);
	case HF_OP_RESUMED:
		return resumed(f, m);
	}
	return -EINVAL;
}

static void spoil(struct model *f, struct hf_msg *m, size_t *len, size_t *n_fds)
{
	switch (f->wrong) {
	case WRONG_MAGIC:
		m->magic++;
		break;
	case WRONG_VERSION:
		m->version++;
		break;
	case WRONG_OP:
		m->op ^= 1;
		break;
	case WRONG_SERIAL:
		m->serial++;
		break;
	case WRONG_SHORT:
		*len = 20;
		break;
	case WRONG_EMPTY:
		*len = 0;
		break;
	case WRONG_LONG:
		*len = sizeof(*m) + 8;
		break;
	case WRONG_TEXT_LEN:
		m->text_len = UINT32_MAX;
		break;
	case WRONG_RESERVED:
		m->reserved = 1;
		break;
	case WRONG_NAME:
		memset(m->name, 'x', sizeof(m->name));
		break;
	case WRONG_STATUS:
		m->status = 1;
		break;
	case WRONG_TWO_FDS:
		*n_fds = 2;
		break;
	case WRONG_FD:
		*n_fds = 1;
		break;
	case WRONG_NO_FD:
		*n_fds = 0;
		break;
	case WRONG_KIND:
		m->arg[1] = 77;
		break;
	case WRONG_NO_NAME:
		hf_msg_set_name(m, "");
		break;
	case WRONG_TWICE:
		hf_msg_set_name(m, f->wait[0]);
		break;
	case WRONG_COUNT:
		m->arg[0] = UINT64_MAX;
		break;
	case WRONG_STATE:
		m->arg[0] = 99;
		break;
	case WRONG_EVENT:
		m->serial = 0;
		m->op = 0x1ff;
		break;
	case WRONG_EVENT_FD:
		m->serial = 0;
		m->op = HF_EV_PRESERVED;
		*n_fds = 1;
		break;
	case WRONG_NONE:
		break;
	}
}

static void send_answer(struct model *f, struct hf_msg *m, int fd, bool spoiled)
{
	const int fds[2] = { fd < 0 ? 0 : fd, 0 };
	char buf[sizeof(*m) + 8] = "";
	size_t len, n_fds = fd < 0 ? 0 : 1;

	if (f->text)
		hf_msg_set_text(m, f->text);
	len = hf_msg_size(m);
	if (spoiled)
		spoil(f, m, &len, &n_fds);
	memcpy(buf, m, sizeof(*m));
	hf_fdpass_send(f->conn, buf, len, fds, n_fds);
}

static void sleep_without_lock(struct model *f)
{
	pthread_mutex_unlock(&f->lock);
	usleep((useconds_t)f->slow_ms * 1000);
	pthread_mutex_lock(&f->lock);
}

static void serve(struct model *f)
{
	int fd, out = -1, ret, op;
	bool dies, spoiled;
	struct hf_msg m;

	ret = hf_msg_recv(f->conn, &m, &fd, NULL);
	if (ret <= 0) {
		hang_up(f);
		return;
	}
	dies = ++f->seen == f->die_at;
	op = m.op;
	if (!dies || f->die_done) {
		ret = obey(f, &m, fd, &out);
		m.status = f->refuse && op != HF_OP_HELLO ? f->refuse : ret;
		m.text_len = 0;
	}
	if (fd >= 0)
		close(fd);
	spoiled = f->wrong && (!f->wrong_op || f->wrong_op == op);
	if (f->slow_ms)
		sleep_without_lock(f);
	if (dies) {
		hang_up(f);
		if (f->down)
			stop_listening(f);
	} else if (!f->mute_at || f->seen < f->mute_at) {
		send_answer(f, &m, m.status ? -1 : out, spoiled);
	}
	if (out >= 0)
		close(out);
}

static void *run(void *arg)
{
	struct model *f = arg;

	pthread_mutex_lock(&f->lock);
	for (;;) {
		struct pollfd p[3] = {
			{ .fd = f->stop[0], .events = POLLIN },
			{ .fd = f->listen, .events = POLLIN },
			{ .fd = f->conn, .events = POLLIN },
		};
		int fd;

		pthread_mutex_unlock(&f->lock);
		poll(p, 3, 10);
		pthread_mutex_lock(&f->lock);
		if (p[0].revents)
			break;
		/* Closed meanwhile, and perhaps opened anew: look again */
		if (p[1].fd != f->listen || p[2].fd != f->conn)
			continue;
		if (p[2].revents)
			serve(f);
		if (p[1].revents && f->listen >= 0) {
			fd = accept(f->listen, NULL, NULL);
			hang_up(f);
			f->conn = fd;
		}
	}
	hang_up(f);
	stop_listening(f);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

void model_start(struct model *f)
{
	static int number;

	snprintf(f->path, sizeof(f->path), "/tmp/hf-model-%d-%d.sock", getpid(),
		 number++);
	f->conn = -1;
	f->answer = 1;
	pthread_mutex_init(&f->lock, NULL);
	open_listener(f);
	if (pipe(f->stop) || pthread_create(&f->thread, NULL, run, f)) {
		perror("model daemon");
		exit(1);
	}
}

void model_stop(struct model *f)
{
	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	pthread_mutex_destroy(&f->lock);
}

bool model_tell(struct model *f, unsigned int op, uint64_t arg)
{
	struct hf_msg m;
	bool sent;

	hf_msg_init(&m, op, 0);
	m.arg[0] = arg;
	pthread_mutex_lock(&f->lock);
	if (op == HF_EV_UPDATE)
		f->state = HF_CLIENT_ASKED;
	else if (op == HF_EV_PRESERVED)
		f->state = HF_CLIENT_PRESERVED;
	else if (op == HF_EV_CANCELLED)
		f->state = HF_CLIENT_READY;
	sent = f->conn >= 0 && !hf_msg_send(f->conn, &m, -1);
	pthread_mutex_unlock(&f->lock);
	return sent;
}

void model_restart(struct model *f)
{
	pthread_mutex_lock(&f->lock);
	hang_up(f);
	pthread_mutex_unlock(&f->lock);
}

void model_down(struct model *f)
{
	pthread_mutex_lock(&f->lock);
	hang_up(f);
	stop_listening(f);
	pthread_mutex_unlock(&f->lock);
}

void model_up(struct model *f)
{
	pthread_mutex_lock(&f->lock);
	open_listener(f);
	pthread_mutex_unlock(&f->lock);
}

bool model_has(struct model *f, const char *name)
{
	bool has;

	pthread_mutex_lock(&f->lock);
	has = find(f, name) >= 0;
	pthread_mutex_unlock(&f->lock);
	return has;
}
