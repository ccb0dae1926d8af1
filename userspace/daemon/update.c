// SPDX-License-Identifier: GPL-2.0-only
/*
 * An update until the kexec: ask the clients, preserve what they gave, keep it.
 *
 * Each client has a session of its own, and each session a holder: the daemon
 * may end or be killed at any instant. The index comes last, so that holders
 * without one are what is left of a preserve that did not come to its end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/luo.h>
#include <holdfast/preserve.h>
#include <holdfast/take.h>
#include <holdfast/verdict.h>

#include "daemon.h"
#include "keeper.h"

/* How long somebody else may have /dev/liveupdate open */
#define LUO_BUSY_MS	2000

/* No client can be called so */
#define INDEX_SOCKET	"@index"

/* How long a killed holder takes to end: the kernel gives back */
#define END_MS		30000

/* What could not be looked at is looked at again so often, and so shortly */
#define LOOK_AGAIN_MS	10000
#define GLANCE_MS	200

static void in_trouble(struct daemon *d, const struct hf_error *why);
static void settle(struct daemon *d);
static void look_again(struct daemon *d);

static void holder_path(const struct daemon *d, const char *name,
			char path[256])
{
	snprintf(path, 256, "%s/sessions/%s.sock", d->run_dir, name);
}

int daemon_luo(struct daemon *d, struct hf_error *err)
{
	const struct timespec a_while = { .tv_nsec = 10000000 };
	double until = hf_now_ms() + LUO_BUSY_MS;

	/* A daemon that was just killed lets go of it when it is all gone. */
	while (d->luo < 0) {
		d->luo = hf_luo_open(err);
		if (d->luo != -EBUSY || hf_now_ms() >= until)
			break;
		nanosleep(&a_while, NULL);
	}
	return d->luo < 0 ? d->luo : 0;
}

void daemon_luo_close(struct daemon *d)
{
	if (d->luo >= 0)
		close(d->luo);
	d->luo = -1;
}

bool update_preserved(const struct daemon *d)
{
	return d->index.sock >= 0;
}

/* --- asking --- */

/* Those that gave nothing are only being set up, or look around. */
static bool takes_part(const struct client *c)
{
	return c->n_item && !c->left_out &&
	       (c->state == HF_CLIENT_NEW ||
		c->state == HF_CLIENT_READY || c->state == HF_CLIENT_ASKED ||
		c->state == HF_CLIENT_AGREED);
}

/* @text: names, with blanks between them, of those that are not waited for */
static int leave_out(struct daemon *d, const char *text, struct hf_error *err)
{
	char names[HF_PROTO_TEXT], *name, *rest;
	struct client *c;
	size_t i;

	for (i = 0; i < d->n_client; i++)
		d->client[i]->left_out = false;
	snprintf(names, sizeof(names), "%s", text);
	for (name = strtok_r(names, " ", &rest); name;
	     name = strtok_r(NULL, " ", &rest)) {
		c = client_find(d, name);
		if (!c)
			return hf_fail(err, -ENOENT,
				       "there is no client %s that could be left out",
				       name);
		c->left_out = true;
	}
	return 0;
}

static int may_begin(struct daemon *d, const char *without,
		     struct hf_error *err)
{
	const struct client *c;
	size_t i;

	if (d->asking.on)
		return hf_fail(err, -EBUSY,
			       "somebody else has just asked for an update");
	settle(d);
	if (d->trouble.text[0])
		return hf_fail(err, -EBUSY,
			       "%s\nno update before that is over, \"holdfast cancel\" tries to give everything back",
			       d->trouble.text);
	if (d->unresolved)
		resume_start(d);
	if (d->unresolved)
		return hf_fail(err, -EBUSY,
			       "what the previous kernel left could not be looked at%s%s",
			       d->update && d->update->error ? ": " : "",
			       d->update && d->update->error ?
			       d->update->error : "");
	c = resume_pending(d);
	if (update_preserved(d))
		return hf_fail(err, -EALREADY,
			       "all is preserved already: go on with the kexec, or cancel it");
	if (c)
		return hf_fail(err, -EBUSY,
			       "client %s has not taken up again after the last update: wait for it, or give it up (holdfast finish %s)",
			       c->name, c->name);
	if (leave_out(d, without, err))
		return -ENOENT;
	for (i = 0; i < d->n_client; i++)
		if (takes_part(d->client[i]))
			return daemon_luo(d, err);
	return hf_fail(err, -ENOENT, "no client has given anything to preserve");
}

void update_begin(struct daemon *d, struct conn *conn, const struct hf_msg *q)
{
	struct hf_error err;
	unsigned int ms = d->cfg.ready_timeout_ms;
	int ret;

	ret = may_begin(d, q->text_len ? q->text : "", &err);
	if (ret) {
		control_report(d, conn, q, ret, err.text);
		return;
	}
	if (q->arg[0] && q->arg[0] < 3600000)
		ms = (unsigned int)q->arg[0];
	memset(&d->asking, 0, sizeof(d->asking));
	d->asking.on = true;
	d->asking.who = conn;
	d->asking.question = *q;
	d->asking.began_ms = hf_now_ms();
	d->asking.until_ms = d->asking.began_ms + ms;
	log_line(LOG_NOTICE, NULL, "an update is asked for, clients have %u ms%s%s",
		 ms, q->text_len ? "; without " : "",
		 q->text_len ? q->text : "");
}

void update_abort(struct daemon *d, int status, const struct hf_error *why)
{
	if (!d->asking.on || d->asking.status)
		return;
	d->asking.status = status;
	d->asking.why = *why;
}

static void stop_asking(struct daemon *d, int status, const char *text)
{
	struct conn *who = d->asking.who;

	d->asking.on = false;
	d->asking.who = NULL;
	daemon_luo_close(d);
	if (status)
		log_line(LOG_ERR, NULL, "no update: %s", text);
	if (who)
		control_report(d, who, &d->asking.question, status, text);
}

static void give_up(struct daemon *d, int status, const char *text)
{
	size_t i;

	for (i = 0; i < d->n_client; i++) {
		struct client *c = d->client[i];

		if (c->state != HF_CLIENT_ASKED && c->state != HF_CLIENT_AGREED)
			continue;
		c->state = HF_CLIENT_READY;
		if (!c->unasked)
			conn_tell(c->conn, HF_EV_CANCELLED, 0);
	}
	stop_asking(d, status, text);
}

/* Who has kept the update waiting for too long */
static void name_late(const struct daemon *d, struct hf_error *err)
{
	size_t i;

	hf_fail(err, -ETIMEDOUT, "clients were not ready in time:");
	for (i = 0; i < d->n_client; i++) {
		const struct client *c = d->client[i];

		if (takes_part(c) && c->state != HF_CLIENT_AGREED)
			hf_fail_add(err, "%s (process %d, user %u) %s", c->name,
				    c->conn ? c->conn->pid : 0, c->uid,
				    c->state == HF_CLIENT_ASKED ?
				    "did not answer" :
				    "has not declared itself ready");
	}
}

static int preserve_all(struct daemon *d, struct hf_error *err);

void update_look(struct daemon *d)
{
	struct hf_error err;
	double now = hf_now_ms();
	size_t i, missing = 0;
	int ret;

	if (d->trouble.text[0] || d->unresolved)
		look_again(d);
	if (!d->asking.on)
		return;
	if (d->asking.status) {
		err = d->asking.why;
		give_up(d, d->asking.status, err.text);
		return;
	}
	for (i = 0; i < d->n_client; i++) {
		struct client *c = d->client[i];

		if (!takes_part(c))
			continue;
		if (c->state == HF_CLIENT_READY && c->unasked) {
			c->state = HF_CLIENT_AGREED;
		} else if (c->state == HF_CLIENT_READY) {
			c->state = HF_CLIENT_ASKED;
			conn_tell(c->conn, HF_EV_UPDATE,
				  now < d->asking.until_ms ?
				  (uint64_t)(d->asking.until_ms - now) : 1);
		}
		missing += c->state != HF_CLIENT_AGREED;
	}
	if (missing && now < d->asking.until_ms)
		return;
	if (missing) {
		name_late(d, &err);
		give_up(d, -ETIMEDOUT, err.text);
		return;
	}
	ret = preserve_all(d, &err);
	if (ret)
		give_up(d, ret, err.text);
	else
		stop_asking(d, 0, NULL);
}

/* --- preserving --- */

/* Ends a process, and with it its session. Return: 0, or -ETIMEDOUT */
static int end_process(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return poll(&p, 1, END_MS) == 1 ? 0 : -ETIMEDOUT;
}

/* Leaves a session with a holder of its own. */
static int hold(struct daemon *d, const char *name, const char *session_name,
		int session, int manifest, const int *iommufd, size_t n,
		struct held *h, struct hf_error *err)
{
	int listener, pidfd = -1, ret;
	char path[256];
	pid_t pid;

	holder_path(d, name, path);
	listener = holder_listen(path, err);
	if (listener < 0)
		return listener;
	pid = holder_start(path, session_name, session, listener, manifest,
			   iommufd, n, &pidfd, err);
	close(listener);
	if (pid < 0) {
		unlink(path);
		return pid;
	}
	/* From here on it is found as after a restart. */
	ret = held_connect(path, session_name, h, err);
	if (ret) {
		h->sock = -1;
		/* If it does not end now, giving back finds its socket. */
		if (pidfd >= 0 && !end_process(pidfd))
			unlink(path);
	}
	if (pidfd >= 0)
		close(pidfd);
	return ret;
}

static int fill_client(struct daemon *d, struct client *c, int session,
		       struct taken *t, struct hf_error *err)
{
	struct hf_patience patience = {
		.until_ms = hf_now_ms() + d->cfg.retry_ms,
	};
	struct preserve_times tm = {};
	int manifest, ret;

	manifest = preserve_fill(c->session, session, t, &tm, &patience, err);
	if (manifest < 0)
		return manifest;
	ret = hold(d, c->name, c->session, session, manifest, t->iommufd,
		   t->m.n_iommufd, &c->held, err);
	close(manifest);
	return ret;
}

static int preserve_client(struct daemon *d, struct client *c,
			   struct hf_error *err)
{
	struct hf_manifest_client me = {
		.has_owner = true,
		.uid = c->uid,
		.gid = c->gid,
	};
	struct given g[MAX_ITEMS];
	struct taken t;
	size_t i;
	int session, ret;

	/* It may have changed since. */
	ret = client_check(c, err);
	if (ret)
		return ret;
	strcpy(me.name, c->name);
	for (i = 0; i < c->n_item; i++)
		g[i] = (struct given){ c->item[i].fd, c->item[i].what };
	ret = take_given(&me, g, c->n_item, &t, err);
	if (ret)
		return ret;
	session = hf_luo_create_session(d->luo, c->session, err);
	ret = session < 0 ? session : fill_client(d, c, session, &t, err);
	if (session >= 0)
		close(session);
	take_free(&t);
	return ret;
}

static int preserve_list(struct daemon *d, struct hf_manifest *m,
			 struct hf_error *err)
{
	int session, manifest, ret;

	session = hf_luo_create_session(d->luo, INDEX_SESSION, err);
	if (session < 0)
		return session;
	manifest = preserve_manifest(m, INDEX_SESSION, session, err);
	ret = manifest < 0 ? manifest :
	      hold(d, INDEX_SOCKET, INDEX_SESSION, session, manifest, NULL, 0,
		   &d->index, err);
	if (manifest >= 0)
		close(manifest);
	close(session);
	return ret;
}

static int preserve_index(struct daemon *d, struct hf_error *err)
{
	struct hf_manifest m;
	size_t i;
	int ret;

	hf_manifest_init(&m);
	strcpy(m.release, d->release);
	m.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	m.client = calloc(d->n_client, sizeof(*m.client));
	if (!m.client)
		return hf_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < d->n_client; i++) {
		const struct client *c = d->client[i];
		struct hf_manifest_client *k = &m.client[m.n_client];

		if (c->state != HF_CLIENT_AGREED)
			continue;
		strcpy(k->name, c->name);
		strcpy(k->session, c->session);
		k->uid = c->uid;
		k->gid = c->gid;
		k->has_owner = true;
		m.n_client++;
	}
	ret = preserve_list(d, &m, err);
	hf_manifest_free(&m);
	return ret;
}

/* The record of it: its name comes from the index, which travels. */
static int begin_record(struct daemon *d, struct hf_error *err)
{
	size_t i;

	update_free(d->update);
	d->update = update_new(d, d->index.manifest.realtime_ns);
	if (!d->update)
		return hf_fail(err, -ENOMEM, "out of memory");
	d->update->preserved_tsc = d->index.manifest.tsc;
	d->update->phase[PHASE_PRESERVE] = hf_now_ms() - d->asking.began_ms;
	for (i = 0; i < d->n_client; i++)
		if (d->client[i]->held.sock >= 0)
			update_client_set(d->update, d->client[i], "preserved",
					  NULL);
	history_save(d);
	return pending_write(d, err);
}

static int preserve_each(struct daemon *d, struct hf_error *err)
{
	struct hf_error why;
	size_t i;
	int ret;

	for (i = 0; i < d->n_client; i++) {
		struct client *c = d->client[i];

		if (c->state != HF_CLIENT_AGREED)
			continue;
		ret = preserve_client(d, c, &why);
		if (ret) {
			c->error = why;
			return hf_fail(err, ret, "client %s: %s", c->name,
				       why.text);
		}
	}
	ret = preserve_index(d, err);
	return ret ? ret : begin_record(d, err);
}

static int preserve_all(struct daemon *d, struct hf_error *err)
{
	struct hf_error undo = {};
	size_t i;
	int ret;

	for (i = 0; i < d->n_client; i++)
		d->client[i]->error.text[0] = '\0';
	ret = preserve_each(d, err);
	if (ret) {
		if (update_give_back(d, &undo)) {
			hf_fail_add(err, "%s", undo.text);
			in_trouble(d, &undo);
		} else {
			hf_fail_add(err, "nothing was preserved; the clients are as before");
		}
		return ret;
	}
	for (i = 0; i < d->n_client; i++) {
		struct client *c = d->client[i];

		if (c->state != HF_CLIENT_AGREED)
			continue;
		c->state = HF_CLIENT_PRESERVED;
		conn_tell(c->conn, HF_EV_PRESERVED, 0);
	}
	log_line(LOG_NOTICE, NULL, "update %s: %zu clients are preserved",
		 d->update->id, d->index.manifest.n_client);
	notify_systemd("STATUS=update %s: preserved", d->update->id);
	return 0;
}

/* --- giving back --- */

/*
 * One that answers nothing any more is killed, which gives back as well. As long as
 * its end of @sock is open, its number is its own.
 */
static int kill_holder(int sock, pid_t pid)
{
	struct held h = { .sock = sock };
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), ret = -ESRCH;

	if (pidfd < 0)
		return -errno;
	if (held_alive(&h))
		ret = end_process(pidfd);
	close(pidfd);
	return ret;
}

static int end_holder(struct daemon *d, const char *name,
		      const char *session, struct held *h, struct hf_error *err)
{
	struct hf_error why;
	char path[256];
	int ret, sock = -1;
	pid_t pid = 0;

	/* Its descriptors are references, too: away with them first. */
	if (h->sock >= 0) {
		sock = fcntl(h->sock, F_DUPFD_CLOEXEC, 0);
		pid = h->pid;
		held_free(h);
	}
	h->sock = -1;
	holder_path(d, name, path);
	ret = held_cancel(path, session, &why);
	if (ret && ret != -ENOENT && sock >= 0 && !kill_holder(sock, pid))
		ret = -ENOENT;
	if (sock >= 0)
		close(sock);
	if (!ret)
		return 0;
	if (ret == -ENOENT) {
		unlink(path);
		return 0;
	}
	hf_fail_add(err, "session %s is still held: %s", session, why.text);
	return ret;
}

static int end_strays(struct daemon *d, bool quiet, struct hf_error *err);

int update_give_back(struct daemon *d, struct hf_error *err)
{
	int ret, failed;
	size_t i;

	err->text[0] = '\0';
	/*
	 * The index first: without it the others are nothing. With it they are
	 * something, and none of them is missing.
	 */
	failed = end_holder(d, INDEX_SOCKET, INDEX_SESSION, &d->index, err);
	if (failed)
		return failed;
	for (i = 0; i < d->n_client; i++) {
		struct client *c = d->client[i];

		if (c->held.sock >= 0)
			end_holder(d, c->name, c->session, &c->held, err);
	}
	/* Whatever there is besides, and what did not end */
	err->text[0] = '\0';
	ret = end_strays(d, true, err);
	return failed ? failed : ret;
}

/* Has it a holder, even one that does not answer? */
static bool is_held(const struct daemon *d, const char *name)
{
	struct stat st;
	char path[256];

	holder_path(d, name, path);
	return !lstat(path, &st) && S_ISSOCK(st.st_mode);
}

/*
 * Some session is held, and nobody can tell what it is: nothing new is begun. It
 * is looked at again by itself and whenever somebody asks.
 */
static void in_trouble(struct daemon *d, const struct hf_error *why)
{
	if (strcmp(d->trouble.text, why->text))
		log_line(LOG_ERR, NULL, "%s", why->text);
	d->trouble = *why;
	d->look_again_ms = hf_now_ms() + LOOK_AGAIN_MS;
	notify_systemd("STATUS=in trouble, see holdfast status");
}

/* The clients go on as before; who is not there any more is forgotten. */
static void tell_cancelled(struct daemon *d)
{
	size_t i = d->n_client;

	while (i--) {
		struct client *c = d->client[i];

		if (c->state != HF_CLIENT_PRESERVED || is_held(d, c->name))
			continue;
		if (!c->conn) {
			client_forget(d, c);
			continue;
		}
		/* After a restart it did not give everything again yet. */
		c->state = c->n_item ? HF_CLIENT_READY : HF_CLIENT_NEW;
		conn_tell(c->conn, HF_EV_CANCELLED, 0);
	}
	pending_remove(d);
	notify_systemd("STATUS=idle");
}

int update_cancel(struct daemon *d, struct hf_error *err)
{
	int ret;

	if (d->asking.on) {
		hf_fail(err, -ECANCELED, "it was cancelled by the operator");
		update_abort(d, -ECANCELED, err);
		return 0;
	}
	if (d->trouble.text[0]) {
		settle(d);
		/* That has given back what there was. */
		if (!d->trouble.text[0] && !update_preserved(d))
			return 0;
	}
	if (!update_preserved(d) && !d->trouble.text[0])
		return hf_fail(err, -ENOENT, "nothing is preserved");
	ret = update_give_back(d, err);
	/* Not even the index: it is as it was, and may be cancelled again. */
	if (ret && is_held(d, INDEX_SOCKET)) {
		in_trouble(d, err);
		return ret;
	}
	update_set(d->update, "cancelled", ret ? err->text : NULL);
	history_save(d);
	tell_cancelled(d);
	if (ret)
		in_trouble(d, err);
	else
		log_line(LOG_NOTICE, NULL,
			 "update cancelled: everything was given back");
	return ret;
}

void update_holder_died(struct daemon *d, const char *name)
{
	struct hf_error err, undo = {};
	int ret;

	hf_fail(&err, -EPIPE,
		"the holder of %s died, so that its session is gone; everything was given back, as an update is for all clients or none",
		name ? name : "the index");
	ret = update_give_back(d, &undo);
	if (ret)
		hf_fail_add(&err, "%s", undo.text);
	log_line(LOG_ERR, name, "%s", err.text);
	update_set(d->update, "cancelled", err.text);
	history_save(d);
	tell_cancelled(d);
	if (ret)
		in_trouble(d, &undo);
}

/* --- before the reboot call --- */

static int verify_client(struct client *c, struct hf_error *err)
{
	if (!held_alive(&c->held))
		return hf_fail(err, -EPIPE, "the holder of client %s died",
			       c->name);
	if (verdict_take(&c->held.manifest, c->held.iommufd, &c->v, err))
		return -EIO;
	c->has_verdict = true;
	if (!verdict_good(&c->v))
		return hf_fail(err, -EBADE,
			       "client %s: %s: the tables are not what they were at preserve",
			       c->name, c->v.text);
	return 0;
}

int update_verify(struct daemon *d, struct hf_error *err)
{
	struct hf_error why;
	size_t i;
	int ret, failed = 0;

	if (!update_preserved(d))
		return 0;
	if (!held_alive(&d->index))
		failed = hf_fail(err, -EPIPE, "the holder of the index died");
	for (i = 0; i < d->n_client; i++) {
		if (d->client[i]->held.sock < 0)
			continue;
		ret = verify_client(d->client[i], &why);
		if (ret && !failed)
			failed = hf_fail(err, ret, "%s", why.text);
	}
	return failed;
}

int update_kexec(struct daemon *d, struct hf_error *err)
{
	uint64_t now = hf_tsc();
	int ret;

	settle(d);
	if (d->trouble.text[0])
		return hf_fail(err, -EBUSY,
			       "%s\nno kexec now, \"holdfast cancel\" tries to give everything back",
			       d->trouble.text);
	if (!update_preserved(d))
		return hf_fail(err, -ENOENT,
			       "nothing is preserved: \"holdfast preserve\" first");
	ret = update_verify(d, err);
	if (ret)
		return ret;
	d->update->reboot_tsc = now;
	d->update->phase[PHASE_HOLD] = tsc_ms(d->update->preserved_tsc, now);
	update_set(d->update, "rebooting", NULL);
	ret = pending_write(d, err);
	if (ret)
		return ret;
	history_save(d);
	log_line(LOG_NOTICE, NULL, "update %s: the reboot call is next",
		 d->update->id);
	return 0;
}

int update_refused(struct daemon *d, const char *why, struct hf_error *err)
{
	if (!update_preserved(d))
		return hf_fail(err, -ENOENT, "nothing is preserved");
	log_line(LOG_ERR, NULL, "update %s: the reboot call came back: %s",
		 d->update->id, why);
	d->update->phase[PHASE_HOLD] = -1;
	update_set(d->update, "refused", why);
	history_save(d);
	return pending_write(d, err);
}

/* --- after a restart --- */

/* Return: 0, -ENOENT: its holder is dead; or another errno: nobody can tell */
static int adopt_client(struct daemon *d, const struct hf_manifest_client *k,
			struct hf_error *err)
{
	struct client *c = client_find(d, k->name);
	char path[256];
	int ret;

	/* Somebody else came under this name while it was not known. */
	if (c && (c->uid != k->uid || c->gid != k->gid)) {
		if (c->conn)
			c->conn->ending = true;
		client_forget(d, c);
		c = NULL;
	}
	if (!c)
		c = client_add(d, k->name, k->uid, k->gid);
	if (!c)
		return hf_fail(err, -ENOMEM, "out of memory");
	if (c->held.sock >= 0)
		return 0;
	c->state = HF_CLIENT_PRESERVED;
	holder_path(d, k->name, path);
	ret = held_connect(path, k->session, &c->held, err);
	if (ret) {
		c->held.sock = -1;
		return ret;
	}
	conn_tell(c->conn, HF_EV_PRESERVED, 0);
	return 0;
}

/* Holders that no index speaks of: a preserve or a cancel that was interrupted */
static int end_strays(struct daemon *d, bool quiet, struct hf_error *err)
{
	char dir[256], path[600];
	struct dirent *de;
	int ret, failed = 0;
	struct held h;
	struct stat st;
	DIR *v;

	snprintf(dir, sizeof(dir), "%s/sessions", d->run_dir);
	v = opendir(dir);
	while (v && (de = readdir(v))) {
		struct hf_error why = {};
		char name[sizeof(de->d_name)], session[300];
		size_t len = strlen(de->d_name);

		if (len < 6 || strcmp(de->d_name + len - 5, ".sock") ||
		    !strcmp(de->d_name, KEEPER_SOCKET ".sock"))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len - 5, de->d_name);
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (lstat(path, &st) || !S_ISSOCK(st.st_mode))
			continue;
		snprintf(session, sizeof(session), SESSION_PREFIX "%s", name);
		h.sock = -1;
		ret = end_holder(d, name, strcmp(name, INDEX_SOCKET) ? session :
				 INDEX_SESSION, &h, &why);
		if (ret) {
			hf_fail_add(err, "%s", why.text);
			failed = failed ? failed : ret;
		} else if (!quiet) {
			log_line(LOG_NOTICE, NULL,
				 "session %s was held by nobody's order; it was given back",
				 name);
		}
	}
	if (v)
		closedir(v);
	return failed;
}

/* The record of what the index is about: that of its own ID, or else a new one */
static struct update *record_of(struct daemon *d, const struct hf_manifest *m)
{
	struct update *u = update_new(d, m->realtime_ns), *old;
	struct update_client *k;
	size_t i;

	if (!u)
		return NULL;
	u->preserved_tsc = m->tsc;
	old = history_load(d, u->id);
	if (old && !strcmp(old->from_boot, d->boot_id)) {
		update_free(u);
		return old;
	}
	update_free(old);
	for (i = 0; i < m->n_client; i++) {
		k = update_client(u, m->client[i].name);
		if (!k)
			break;
		k->uid = m->client[i].uid;
		k->gid = m->client[i].gid;
		strcpy(k->state, "preserved");
	}
	return u;
}

static void adopt_all(struct daemon *d)
{
	const struct hf_manifest *m = &d->index.manifest;
	struct hf_error err, slow = {};
	bool dead = false;
	size_t i;
	int ret;

	update_free(d->update);
	d->update = record_of(d, m);
	for (i = 0; i < m->n_client; i++) {
		ret = adopt_client(d, &m->client[i], &err);
		dead |= ret == -ENOENT;
		if (ret && ret != -ENOENT)
			hf_fail_add(&slow, "client %s: %s", m->client[i].name,
				    err.text);
		if (ret)
			log_line(LOG_ERR, m->client[i].name, "%s", err.text);
	}
	if (dead) {
		update_holder_died(d, NULL);
		return;
	}
	if (!d->update)
		hf_fail_add(&slow, "out of memory");
	if (slow.text[0]) {
		in_trouble(d, &slow);
		return;
	}
	history_save(d);
	if (pending_write(d, &err))
		log_line(LOG_ERR, NULL, "%s", err.text);
	log_line(LOG_NOTICE, NULL,
		 "found update %s as another holdfastd left it: %zu clients are preserved",
		 d->update->id, m->n_client);
}

void update_find_holders(struct daemon *d)
{
	struct hf_error err, why = {};
	char path[256];
	int ret = 0;

	d->trouble.text[0] = '\0';
	if (d->index.sock < 0) {
		holder_path(d, INDEX_SOCKET, path);
		ret = held_connect(path, INDEX_SESSION, &d->index, &err);
	}
	if (!ret) {
		adopt_all(d);
		return;
	}
	d->index.sock = -1;
	if (ret != -ENOENT) {
		/* What it lists is not to be touched. */
		hf_fail(&why, ret, "the holder of the index: %s", err.text);
		in_trouble(d, &why);
		return;
	}
	if (end_strays(d, false, &why))
		in_trouble(d, &why);
}

static void settle(struct daemon *d)
{
	if (!d->trouble.text[0])
		return;
	update_find_holders(d);
	if (d->trouble.text[0])
		return;
	log_line(LOG_NOTICE, NULL, "the trouble with what is held is over");
	if (update_preserved(d))
		return;
	tell_cancelled(d);
	if (!d->update)
		resume_start(d);
}

/* By itself, and then nobody waits for long */
static void look_again(struct daemon *d)
{
	unsigned int ms = held_answer_ms;

	if (hf_now_ms() < d->look_again_ms || d->asking.on)
		return;
	d->look_again_ms = hf_now_ms() + LOOK_AGAIN_MS;
	held_answer_ms = GLANCE_MS;
	if (d->trouble.text[0])
		settle(d);
	held_answer_ms = ms;
	if (d->unresolved && !d->trouble.text[0])
		resume_start(d);
}
