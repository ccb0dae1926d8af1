// SPDX-License-Identifier: GPL-2.0-only
/* Clients: who has which name, what each gave, and what it may do when. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/memfd.h>
#include <holdfast/message.h>

#include "daemon.h"
#include "stranger.h"

/* Memory that the daemon allocates for a client: a few pages it did not touch */
#define MAX_MISSING	(1 << 20)

const char *client_state_name(int state)
{
	static const char *const names[] = {
		[HF_CLIENT_NEW] = "new",
		[HF_CLIENT_READY] = "ready",
		[HF_CLIENT_ASKED] = "asked",
		[HF_CLIENT_AGREED] = "agreed",
		[HF_CLIENT_PRESERVED] = "preserved",
		[HF_CLIENT_WAITING] = "waiting",
		[HF_CLIENT_CLAIMED] = "claimed",
		[HF_CLIENT_FAILED] = "failed",
		[HF_CLIENT_LOST] = "lost",
	};

	return names[state];
}

struct client *client_find(const struct daemon *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n_client; i++)
		if (!strcmp(d->client[i]->name, name))
			return d->client[i];
	return NULL;
}

struct client *client_add(struct daemon *d, const char *name, uid_t uid,
			  gid_t gid)
{
	struct client *c, **v;
	size_t at;

	if (d->n_client == MAX_CLIENTS)
		return NULL;
	v = realloc(d->client, (d->n_client + 1) * sizeof(*v));
	if (!v)
		return NULL;
	d->client = v;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	strcpy(c->name, name);
	strcpy(c->session, SESSION_PREFIX);
	strcat(c->session, name);
	c->uid = uid;
	c->gid = gid;
	c->held.sock = -1;
	for (at = d->n_client; at && strcmp(v[at - 1]->name, name) > 0; at--)
		v[at] = v[at - 1];
	v[at] = c;
	d->n_client++;
	return c;
}

void client_drop_items(struct client *c)
{
	while (c->n_item)
		close(c->item[--c->n_item].fd);
}

void client_forget(struct daemon *d, struct client *c)
{
	size_t i;

	client_drop_items(c);
	if (c->held.sock >= 0)
		held_free(&c->held);
	if (c->restoring)
		restore_release(&c->r);
	if (c->conn)
		c->conn->client = NULL;
	for (i = 0; d->client[i] != c; i++)
		;
	d->n_client--;
	memmove(d->client + i, d->client + i + 1,
		(d->n_client - i) * sizeof(*d->client));
	free(c);
}

void client_gone(struct daemon *d, struct client *c)
{
	struct hf_error err;

	c->conn->client = NULL;
	c->conn = NULL;
	switch (c->state) {
	case HF_CLIENT_ASKED:
	case HF_CLIENT_AGREED:
		hf_fail(&err, -ECONNRESET, "client %s has gone", c->name);
		client_forget(d, c);
		update_abort(d, -ECONNRESET, &err);
		break;
	case HF_CLIENT_NEW:
	case HF_CLIENT_READY:
		client_forget(d, c);
		break;
	case HF_CLIENT_PRESERVED:
		/* The session has what it needs of them. */
		client_drop_items(c);
		break;
	case HF_CLIENT_CLAIMED:
		c->state = HF_CLIENT_WAITING;
		break;
	default:
		break;
	}
}

/* --- questions; each returns 0 or a negative errno, and words --- */

static size_t clients_of(const struct daemon *d, uid_t uid)
{
	size_t i, n = 0;

	for (i = 0; i < d->n_client; i++)
		n += d->client[i]->uid == uid;
	return n;
}

static int hello(struct daemon *d, struct conn *conn, const struct hf_msg *q,
		 struct hf_error *err)
{
	struct client *c;

	if (!hf_client_name_valid(q->name))
		return hf_fail(err, -EINVAL,
			       "the name of a client is 1 to %d characters of [A-Za-z0-9._-]",
			       HF_PROTO_CLIENT);
	if (!config_allows(&d->cfg, conn->uid))
		return hf_fail(err, -EPERM,
			       "user %u may not be a client (users in %s)",
			       conn->uid, d->config_path);
	c = client_find(d, q->name);
	if (c && (c->uid != conn->uid || c->gid != conn->gid))
		return hf_fail(err, -EPERM,
			       "the name %s belongs to user %u, group %u",
			       c->name, c->uid, c->gid);
	if (c && c->conn)
		return hf_fail(err, -EBUSY,
			       "client %s is connected already, as process %d",
			       c->name, c->conn->pid);
	if (!c) {
		/* Others shall not take all the room that there is. */
		if (conn->uid && d->n_client >= MAX_CLIENTS - ROOM_FOR_ROOT)
			return hf_fail(err, -ENOSPC,
				       "there are %zu clients already",
				       d->n_client);
		if (conn->uid &&
		    clients_of(d, conn->uid) >= d->cfg.clients_per_uid)
			return hf_fail(err, -ENOSPC,
				       "user %u has %u clients already (clients-per-user in %s)",
				       conn->uid, d->cfg.clients_per_uid,
				       d->config_path);
		c = client_add(d, q->name, conn->uid, conn->gid);
		if (!c)
			return hf_fail(err, -ENOSPC,
				       "there are %zu clients, no more can be carried",
				       d->n_client);
		log_line(LOG_INFO, c->name, "new client, process %d of user %u",
			 conn->pid, conn->uid);
	}
	c->conn = conn;
	conn->client = c;
	return 0;
}

/* EBUSY unless the client can change what it gives */
static int may_change(const struct client *c, struct hf_error *err)
{
	switch (c->state) {
	case HF_CLIENT_NEW:
	case HF_CLIENT_READY:
	case HF_CLIENT_LOST:
		return 0;
	case HF_CLIENT_ASKED:
	case HF_CLIENT_AGREED:
		return hf_fail(err, -EBUSY, "an update is coming");
	case HF_CLIENT_PRESERVED:
		return hf_fail(err, -EBUSY, "it is preserved: nothing can change until the kexec or a cancel");
	default:
		return hf_fail(err, -EBUSY,
			       "descriptors of before the update wait: claim them, or let the operator give them up (holdfast finish)");
	}
}

static struct item *find_item(struct client *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_item; i++)
		if (!strcmp(c->item[i].what.name, name))
			return &c->item[i];
	return NULL;
}

/* After a restart of the daemon a preserved client gives everything again. */
static bool is_replay(const struct client *c, const char *name)
{
	const struct hf_manifest *m = &c->held.manifest;
	size_t i;

	if (c->state != HF_CLIENT_PRESERVED || c->held.sock < 0)
		return false;
	for (i = 0; i < m->n_memfd; i++)
		if (!strcmp(m->memfd[i].name, name))
			return true;
	for (i = 0; i < m->n_iommufd; i++)
		if (!strcmp(m->iommufd[i].name, name))
			return true;
	for (i = 0; i < m->n_device; i++)
		if (!strcmp(m->device[i].name, name))
			return true;
	return false;
}

static bool same_file(const struct item *it, const struct hf_proc_fd *what,
		      int fd)
{
	struct stat a, b;

	if (it->what.kind != what->kind)
		return false;
	switch (what->kind) {
	case HF_PROC_MEMFD:
		return !fstat(it->fd, &a) && !fstat(fd, &b) &&
		       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	case HF_PROC_IOMMUFD:
		return hf_proc_same_file(it->fd, fd);
	default:
		return hf_pci_equal(&it->what.addr, &what->addr);
	}
}

/* What is it? Asks nothing of a file that is none of ours. */
static int classify(int fd, struct hf_proc_fd *what, struct hf_error *err)
{
	if (hf_proc_own(fd, what)) {
		if (what->kind == HF_PROC_MEMFD && fcntl(fd, F_GET_SEALS) >= 0) {
			if (!hf_memfd_huge_page(fd))
				return HF_KIND_MEMFD;
			return hf_fail(err, -EOPNOTSUPP,
				       "a memfd of huge pages is not carried as a file: its memory is, by the iommufd that maps it (holdfast_memory() gives it back)");
		}
		if (what->kind == HF_PROC_IOMMUFD && hf_iommu_is(fd))
			return HF_KIND_IOMMUFD;
		if (what->kind == HF_PROC_DEVICE)
			return HF_KIND_DEVICE;
	}
	return hf_fail(err, -EOPNOTSUPP,
		       "that is no memfd, iommufd or VFIO device: nothing else is carried");
}

/* Takes @fd over on success. */
static int put_item(struct client *c, const char *name, int fd,
		    struct hf_error *err)
{
	struct hf_proc_fd what;
	size_t i;
	int kind;

	kind = classify(fd, &what, err);
	if (kind < 0)
		return kind;
	for (i = 0; i < c->n_item; i++)
		if (same_file(&c->item[i], &what, fd))
			return hf_fail(err, -EEXIST,
				       "that file was given already, as %s",
				       c->item[i].what.name);
	strcpy(what.name, name);
	c->item[c->n_item++] = (struct item){ fd, kind, what };
	return 0;
}

static int put(struct client *c, const struct hf_msg *q, int fd,
	       struct hf_error *err)
{
	int ret = 0;

	if (fd < 0)
		return hf_fail(err, -EBADF, "no descriptor came along");
	if (!hf_item_name_valid(q->name))
		ret = hf_fail(err, -EINVAL,
			      "the name of a descriptor is 1 to %d printable characters without blanks and colons",
			      HF_PROTO_NAME - 1);
	else if (find_item(c, q->name))
		ret = hf_fail(err, -EEXIST, "%s was given already", q->name);
	else if (!is_replay(c, q->name))
		ret = may_change(c, err);
	if (!ret && c->n_item == MAX_ITEMS)
		ret = hf_fail(err, -EMFILE, "%d descriptors were given, more cannot be",
			      MAX_ITEMS);
	if (!ret)
		ret = put_item(c, q->name, fd, err);
	if (ret) {
		stranger_close(fd, c->conn->uid);
		return ret;
	}
	if (c->state == HF_CLIENT_LOST)
		c->state = HF_CLIENT_NEW;
	return 0;
}

int client_check(const struct client *c, struct hf_error *err)
{
	const struct item *most = NULL;
	int64_t missing, all = 0, max = 0;
	struct stat st;
	size_t i;

	for (i = 0; i < c->n_item; i++) {
		if (c->item[i].kind != HF_KIND_MEMFD ||
		    fstat(c->item[i].fd, &st))
			continue;
		missing = st.st_size - (int64_t)st.st_blocks * 512;
		if (missing <= 0)
			continue;
		all = missing > INT64_MAX - all ? INT64_MAX : all + missing;
		if (missing > max) {
			max = missing;
			most = &c->item[i];
		}
	}
	if (all <= MAX_MISSING)
		return 0;
	return hf_fail(err, -ENODATA,
		       "memfd %s has %lld bytes that nobody has written: preserving it would take memory for them that is not the client's. Write them, or allocate them by fallocate(), before ready; up to %d bytes of a client may be missing",
		       most->what.name, (long long)max, MAX_MISSING);
}

/* Is what it gave enough, and what can be preserved? */
static int may_be_ready(const struct client *c, struct hf_error *err)
{
	bool device = false, iommufd = false;
	size_t i;

	for (i = 0; i < c->n_item; i++) {
		device |= c->item[i].kind == HF_KIND_DEVICE;
		iommufd |= c->item[i].kind == HF_KIND_IOMMUFD;
	}
	if (!c->n_item)
		return hf_fail(err, -EINVAL, "nothing was given");
	if (device && !iommufd)
		return hf_fail(err, -ENXIO,
			       "a device was given and no iommufd: give the one it is bound to, too");
	return client_check(c, err);
}

static int drop(struct client *c, const struct hf_msg *q, struct hf_error *err)
{
	struct item *it = find_item(c, q->name);
	int ret;

	if (!it)
		return hf_fail(err, -ENOENT, "nothing was given as %.127s",
			       q->name);
	ret = may_change(c, err);
	if (ret)
		return ret;
	close(it->fd);
	*it = c->item[--c->n_item];
	/* What is left may not be enough to be ready with. */
	if (c->state == HF_CLIENT_READY && may_be_ready(c, err))
		c->state = HF_CLIENT_NEW;
	return 0;
}

static int ready(struct client *c, const struct hf_msg *q, struct hf_error *err)
{
	int ret;

	if (q->arg[0] & ~(uint64_t)HF_READY_UNASKED)
		return hf_fail(err, -EINVAL, "unknown flags 0x%llx",
			       (unsigned long long)q->arg[0]);
	if (c->state != HF_CLIENT_PRESERVED) {
		ret = may_change(c, err);
		if (!ret)
			ret = may_be_ready(c, err);
		if (ret)
			return ret;
		c->state = HF_CLIENT_READY;
	}
	c->unasked = q->arg[0] & HF_READY_UNASKED;
	return 0;
}

static int unready(struct daemon *d, struct client *c, struct hf_error *err)
{
	struct hf_error why;

	switch (c->state) {
	case HF_CLIENT_NEW:
		return 0;
	case HF_CLIENT_READY:
		c->state = HF_CLIENT_NEW;
		return 0;
	case HF_CLIENT_ASKED:
	case HF_CLIENT_AGREED:
		c->state = HF_CLIENT_NEW;
		hf_fail(&why, -EAGAIN, "client %s is not ready any more",
			c->name);
		update_abort(d, -EAGAIN, &why);
		return 0;
	default:
		return may_change(c, err);
	}
}

static int answer(struct daemon *d, struct client *c, const struct hf_msg *q,
		  struct hf_error *err)
{
	struct hf_error why;

	if (c->state != HF_CLIENT_ASKED)
		return hf_fail(err, -ETIMEDOUT,
			       "nobody waits for an answer any more");
	if (!q->status) {
		c->state = HF_CLIENT_AGREED;
		return 0;
	}
	if (q->status > 0)
		return hf_fail(err, -EINVAL, "an answer is 0 or a negative errno");
	hf_fail(&why, q->status, "client %s cannot be updated now: %s", c->name,
		q->text_len ? q->text : strerror(-q->status));
	c->error = why;
	update_abort(d, -EAGAIN, &why);
	return 0;
}

static size_t n_claimable(const struct client *c)
{
	return c->r.m.n_memfd + c->r.m.n_iommufd + c->r.m.n_device;
}

static int claim(struct daemon *d, struct client *c, struct hf_msg *a,
		 struct hf_error *err)
{
	if ((c->state == HF_CLIENT_FAILED || c->state == HF_CLIENT_WAITING) &&
	    c->not_yet)
		resume_client(d, c);
	switch (c->state) {
	case HF_CLIENT_WAITING:
	case HF_CLIENT_CLAIMED:
		if (!c->took)
			return hf_fail(err, -EAGAIN, "%s", c->error.text);
		c->state = HF_CLIENT_CLAIMED;
		a->arg[0] = n_claimable(c);
		if (d->update)
			update_client_set(d->update, c, "claimed", NULL);
		return 0;
	case HF_CLIENT_LOST:
		return hf_fail(err, -ENODATA, "%s", c->error.text);
	case HF_CLIENT_FAILED:
		return hf_fail(err, -EBADE, "%s", c->error.text);
	default:
		if (d->unresolved)
			return hf_fail(err, -EAGAIN,
				       "what the previous kernel left could not be looked at yet");
		return hf_fail(err, -ENOENT,
			       "nothing was preserved by client %s", c->name);
	}
}

/* Memfds first, then iommufds and devices, as in the manifest. */
static int fetch(struct client *c, uint64_t i, struct hf_msg *a, int *fd,
		 struct hf_error *err)
{
	const struct hf_manifest *m = &c->r.m;
	char bdf[HF_PCI_ADDR_LEN];
	const char *name;

	if (c->state != HF_CLIENT_CLAIMED)
		return hf_fail(err, -ENOENT, "nothing is claimed");
	if (i >= n_claimable(c))
		return hf_fail(err, -ENOENT, "there are only %zu descriptors",
			       n_claimable(c));
	if (i < m->n_memfd) {
		*fd = c->r.memfd[i];
		name = m->memfd[i].name;
		a->arg[1] = HF_KIND_MEMFD;
	} else if (i - m->n_memfd < m->n_iommufd) {
		i -= m->n_memfd;
		*fd = c->r.iommufd[i];
		name = m->iommufd[i].name;
		a->arg[1] = HF_KIND_IOMMUFD;
	} else {
		i -= m->n_memfd + m->n_iommufd;
		*fd = c->r.device[i];
		name = m->device[i].name[0] ? m->device[i].name :
		       hf_pci_format(&m->device[i].addr, bdf);
		a->arg[1] = HF_KIND_DEVICE;
	}
	return hf_msg_set_name(a, name);
}

static void tell_state(const struct client *c, struct hf_msg *a)
{
	a->arg[0] = (uint64_t)c->state;
	if (c->state == HF_CLIENT_FAILED || c->state == HF_CLIENT_LOST)
		hf_msg_set_text(a, c->error.text);
}

const char *client_message(struct daemon *d, struct conn *conn,
			   const struct hf_msg *q, int fd)
{
	struct client *c = conn->client;
	struct hf_error err = {};
	struct hf_msg a;
	int ret, out = -1;

	if (!c != (q->op == HF_OP_HELLO)) {
		stranger_close(fd, conn->uid);
		return c ? "it says twice who it is" :
			   "it does not say who it is first";
	}
	hf_msg_init(&a, q->op, q->serial);
	switch (q->op) {
	case HF_OP_HELLO:
		ret = hello(d, conn, q, &err);
		if (!ret)
			tell_state(conn->client, &a);
		break;
	case HF_OP_PUT:
		ret = put(c, q, fd, &err);
		break;
	case HF_OP_DROP:
		ret = drop(c, q, &err);
		break;
	case HF_OP_READY:
		ret = ready(c, q, &err);
		break;
	case HF_OP_UNREADY:
		ret = unready(d, c, &err);
		break;
	case HF_OP_ANSWER:
		ret = answer(d, c, q, &err);
		break;
	case HF_OP_CLAIM:
		ret = claim(d, c, &a, &err);
		break;
	case HF_OP_FETCH:
		ret = fetch(c, q->arg[0], &a, &out, &err);
		break;
	case HF_OP_RESUMED:
		ret = resume_finish(d, c, q->arg[0], q->arg[1], &err);
		break;
	case HF_OP_STATE:
		tell_state(c, &a);
		ret = 0;
		break;
	default:
		return "it asks what there is not";
	}
	a.status = ret;
	if (ret)
		hf_msg_set_text(&a, err.text);
	conn_send(conn, &a, out);
	return NULL;
}
