// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keeper: the process that retrieves the sessions of the previous kernel and
 * has them open until they are finished.
 *
 * LUO finishes a session that is closed, unless a device in it does DMA: were the
 * daemon itself to retrieve them, its end would free memory of clients that have
 * not claimed it yet. So it asks the keeper for duplicates. This one retrieves the
 * index and all sessions it names, at once, and nothing out of them but the
 * index; then it answers, and ends when all were released. What could not be
 * retrieved is tried again with a /dev/liveupdate that comes with a question.
 *
 * It starts with these descriptors: 3 /dev/liveupdate, 4 listening socket, 5 pipe
 * to report that it is ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <holdfast/exitcode.h>
#include <holdfast/holder.h>
#include <holdfast/luo.h>
#include <holdfast/memfd.h>
#include <holdfast/message.h>
#include <holdfast/survivor.h>

#include "daemon.h"
#include "keeper.h"

enum {
	FD_LUO = 3,
	FD_LISTEN,
	FD_READY,
};

/*
 * Its questions; their name is that of a client, or "" for the index.
 *
 * @KEEPER_GET: the answer has the session, and in arg[0] what was marked. With
 *	/dev/liveupdate, retrieve it first if that is still to be done. -ESRCH:
 *	nobody has tried to yet
 * @KEEPER_RELEASE: it is finished
 * @KEEPER_MARK: arg[0], an enum keeper_mark, is to be kept
 */
enum {
	KEEPER_GET = 0x300,
	KEEPER_RELEASE,
	KEEPER_MARK,
};

#define MAX_ASKING	8
#define ANSWER_SECONDS	30

bool keeper_takes(const struct hf_manifest_client *k)
{
	size_t n = strlen(SESSION_PREFIX);

	return hf_client_name_valid(k->name) &&
	       !strncmp(k->session, SESSION_PREFIX, n) &&
	       !strcmp(k->session + n, k->name);
}

int read_index(int session, struct hf_manifest *m, struct hf_error *err)
{
	size_t len;
	void *blob;
	int fd, ret;

	hf_manifest_init(m);
	fd = hf_luo_retrieve_fd(session, HF_MANIFEST_TOKEN, HF_OBJ_MANIFEST,
				"(token 0)", err);
	if (fd < 0)
		return fd;
	ret = hf_memfd_read(fd, HF_MANIFEST_MAX, &blob, &len, err);
	close(fd);
	if (ret)
		return ret;
	ret = hf_manifest_decode(blob, len, m, err);
	free(blob);
	return ret ? ret : !!m->client[0].session[0];
}

/* --- the keeper itself --- */

struct kept {
	char name[HF_PROTO_NAME];
	int fd;			/* or a negative errno */
	uint64_t mark;
	char why[256];
};

static struct kept kept[MAX_CLIENTS + 1];
static size_t n_kept;

static void retrieve(struct kept *k, int luo)
{
	char session[HF_PROTO_NAME + sizeof(SESSION_PREFIX)] = INDEX_SESSION;
	struct hf_error err = {};

	if (k->name[0])
		snprintf(session, sizeof(session), SESSION_PREFIX "%s", k->name);
	k->fd = hf_luo_retrieve_session(luo, session, &err);
	snprintf(k->why, sizeof(k->why), "%.255s", err.text);
}

static struct kept *find_kept(const char *name)
{
	size_t i;

	for (i = 0; i < n_kept; i++)
		if (!strcmp(kept[i].name, name))
			return &kept[i];
	return NULL;
}

/* What there is not yet is retrieved, what failed is tried again. */
static void keep(const char *client, int luo)
{
	struct kept *k = find_kept(client);

	if (!k) {
		if (n_kept == sizeof(kept) / sizeof(kept[0]))
			return;
		k = &kept[n_kept++];
		snprintf(k->name, sizeof(k->name), "%s", client);
		k->fd = -ESRCH;
	}
	if (k->fd < 0 && k->fd != -ENOENT)
		retrieve(k, luo);
}

static void keep_all(void)
{
	struct hf_manifest m;
	struct hf_error err;
	size_t i;
	int ret;

	keep("", FD_LUO);
	if (kept[0].fd < 0)
		return;
	ret = read_index(kept[0].fd, &m, &err);
	for (i = 0; ret > 0 && i < m.n_client; i++)
		if (keeper_takes(&m.client[i]))
			keep(m.client[i].name, FD_LUO);
	/* Of a restore without the daemon: it goes back to the kernel. */
	if (!ret) {
		close(kept[0].fd);
		kept[0].fd = -ENOENT;
	}
	hf_manifest_free(&m);
}

static bool anything_left(void)
{
	size_t i;

	for (i = 0; i < n_kept; i++)
		if (kept[i].fd >= 0)
			return true;
	return false;
}

/* Returns false when whoever asks is to be disconnected. */
static bool serve(int sock)
{
	struct hf_msg q, a;
	struct kept *k;
	int fd, out = -1;

	if (hf_msg_recv(sock, &q, &fd, NULL) <= 0)
		return false;
	if (fd >= 0 && q.op == KEEPER_GET)
		keep(q.name, fd);
	if (fd >= 0)
		close(fd);
	k = find_kept(q.name);
	hf_msg_init(&a, q.op, q.serial);
	a.status = k && k->fd < 0 ? k->fd : k ? 0 : -ESRCH;
	a.arg[0] = k ? k->mark : KEEPER_UNMARKED;
	if (k && k->fd < 0)
		hf_msg_set_text(&a, k->why);
	if (q.op == KEEPER_GET && k && k->fd >= 0)
		out = k->fd;
	if (q.op == KEEPER_MARK && k) {
		k->mark = q.arg[0];
		a.status = 0;
	}
	if (q.op == KEEPER_RELEASE && k) {
		if (k->fd >= 0)
			close(k->fd);
		k->fd = -ENOENT;
		snprintf(k->why, sizeof(k->why), "it was released");
		a.status = 0;
	}
	return !hf_msg_send(sock, &a, out);
}

static bool is_root(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       cred.uid == 0;
}

static void loop(const char *path)
{
	struct pollfd p[MAX_ASKING + 1];
	size_t n = 1, i;
	int fd;

	p[0] = (struct pollfd){ FD_LISTEN, POLLIN, 0 };
	/* The first question of all is for the index: it is always asked. */
	for (;;) {
		if (poll(p, n, -1) < 0)
			continue;
		for (i = n; i-- > 1;) {
			if (!p[i].revents)
				continue;
			if (!serve(p[i].fd)) {
				close(p[i].fd);
				p[i] = p[--n];
			}
			if (!anything_left()) {
				unlink(path);
				_exit(EXIT_DONE);
			}
		}
		if (!p[0].revents)
			continue;
		fd = accept4(FD_LISTEN, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		if (n > MAX_ASKING || !is_root(fd))
			close(fd);
		else
			p[n++] = (struct pollfd){ fd, POLLIN, 0 };
	}
}

int keeper_main(int argc, char **argv)
{
	if (argc != 2 || fcntl(FD_LUO, F_GETFD) < 0 ||
	    fcntl(FD_READY, F_GETFD) < 0) {
		fprintf(stderr, "keeper: this is started by holdfastd, not by people\n");
		return EXIT_USAGE;
	}
	survivor_settle(FD_READY);
	keep_all();
	/* It is others' turn: only one process can have it open. */
	close(FD_LUO);
	survivor_ready(FD_READY);
	loop(argv[1]);
	return EXIT_FAILED;
}

/* --- the daemon's side --- */

static void keeper_path(const struct daemon *d, char path[256])
{
	snprintf(path, 256, "%s/sessions/" KEEPER_SOCKET ".sock", d->run_dir);
}

/* Return: a socket, or a negative errno; -ENOENT: there is no keeper */
static int dial(const struct daemon *d)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[256];
	int fd, ret;

	keeper_path(d, path);
	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	ret = errno == ECONNREFUSED ? -ENOENT : -errno;
	close(fd);
	return ret;
}

/* -ENOENT is a session that is not there. */
static int open_luo(struct daemon *d, struct hf_error *err)
{
	int ret = daemon_luo(d, err);

	return ret == -ENOENT ? -ENODEV : ret;
}

static int start(struct daemon *d, struct hf_error *err)
{
	const char *args[] = { "keeper", NULL, NULL };
	char path[256];
	int fds[3], listener, ret;
	pid_t pid;

	ret = open_luo(d, err);
	if (ret)
		return ret;
	keeper_path(d, path);
	listener = holder_listen(path, err);
	if (listener < 0) {
		daemon_luo_close(d);
		return listener;
	}
	args[1] = path;
	fds[0] = d->luo;
	fds[1] = listener;
	pid = survivor_start(args, fds, 3, 2, NULL, err);
	daemon_luo_close(d);
	close(listener);
	if (pid < 0)
		unlink(path);
	return pid < 0 ? pid : 0;
}

/*
 * @m: a question without a name; out: the answer
 * @fd: to pass, or -1
 * @out: a descriptor that came, or -1
 */
static int ask(int sock, struct hf_msg *m, const char *client, int fd, int *out,
	       struct hf_error *err)
{
	int ret;

	*out = -1;
	hf_msg_set_name(m, client);
	ret = hf_msg_send(sock, m, fd);
	if (!ret)
		ret = hf_msg_recv(sock, m, out, NULL);
	if (ret <= 0)
		return hf_fail(err, ret ? ret : -EPIPE,
			       "the keeper of the previous kernel's sessions does not answer (stopped, or it just died)");
	return 0;
}

/*
 * @luo: /dev/liveupdate, to retrieve it with; -1: ask without
 * @again: out, it may go better with one
 */
static int get(int sock, const char *client, int luo, unsigned int *mark,
	       bool *again, struct hf_error *err)
{
	struct hf_msg m;
	int fd, ret;

	*again = false;
	hf_msg_init(&m, KEEPER_GET, 1);
	ret = ask(sock, &m, client, luo, &fd, err);
	if (ret)
		return ret;
	if (mark && m.arg[0] <= KEEPER_GIVEN_UP)
		*mark = (unsigned int)m.arg[0];
	/* Without the index there is nothing to keep: the keeper has ended */
	*again = client[0] && m.status && m.status != -ENOENT;
	if (m.status)
		return hf_fail(err, m.status, "%s", m.text);
	return fd >= 0 ? fd : hf_fail(err, -EPROTO, "the keeper sent nothing");
}

int keeper_get(struct daemon *d, const char *client, unsigned int *mark,
	       struct hf_error *err)
{
	int sock = dial(d), ret;
	bool again;

	if (mark)
		*mark = KEEPER_UNMARKED;
	if (sock == -ENOENT) {
		ret = start(d, err);
		if (ret)
			return ret;
		sock = dial(d);
	}
	if (sock < 0)
		return hf_fail(err, sock, "the keeper: %s", strerror(-sock));
	ret = get(sock, client, -1, mark, &again, err);
	if (again) {
		ret = open_luo(d, err);
		if (!ret)
			ret = get(sock, client, d->luo, mark, &again, err);
		daemon_luo_close(d);
	}
	close(sock);
	return ret;
}

int keeper_mark(struct daemon *d, const char *client, unsigned int mark,
		struct hf_error *err)
{
	int sock = dial(d), fd, ret;
	struct hf_msg m;

	if (sock < 0)
		return hf_fail(err, sock, "the keeper: %s", strerror(-sock));
	hf_msg_init(&m, KEEPER_MARK, 1);
	m.arg[0] = mark;
	ret = ask(sock, &m, client, -1, &fd, err);
	if (!ret && m.status)
		ret = hf_fail(err, m.status, "the keeper: %s", m.text);
	close(sock);
	return ret;
}

void keeper_release(struct daemon *d, const char *client)
{
	int sock = dial(d), fd, ret;
	struct hf_error err;
	struct hf_msg m;

	if (sock == -ENOENT)
		return;
	hf_msg_init(&m, KEEPER_RELEASE, 1);
	ret = sock < 0 ? hf_fail(&err, sock, "%s", strerror(-sock)) :
	      ask(sock, &m, client, -1, &fd, &err);
	if (sock >= 0)
		close(sock);
	if (ret)
		log_line(LOG_ERR, client[0] ? client : NULL,
			 "its session is still with the keeper: %s", err.text);
}
