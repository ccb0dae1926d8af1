// SPDX-License-Identifier: LGPL-2.1-or-later
/* After the update: claim, take, resumed */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

static size_t count_claimed(const struct holdfast *hf)
{
	size_t i, n = 0;

	for (i = 0; i < hf->n_item; i++)
		n += hf->item[i]->claimed;
	return n;
}

static int not_claimed(const struct hf_msg *m, struct hf_error *err)
{
	const char *why = NULL;

	if (m->text_len)
		return hf_refused(m, err);
	switch (m->status) {
	case -ENOENT:
		why = "nothing was preserved under this name: start anew";
		break;
	case -ENODATA:
		why = "what was preserved is lost: start anew, the device has been reset";
		break;
	case -EAGAIN:
		why = "a device has no vfio-pci yet: bind it, and try again";
		break;
	case -EBADE:
		why = "what was preserved is not what it was, and must not be used: see holdfast status";
		break;
	default:
		return hf_refused(m, err);
	}
	return hf_fail(err, m->status, "%s", why);
}

static int fetch_one(struct holdfast *hf, uint64_t i, uint64_t deadline,
		     struct hf_error *err)
{
	struct hf_item *item;
	struct hf_msg m;
	int fd, ret;

	hf_msg_init(&m, HF_OP_FETCH, 0);
	m.arg[0] = i;
	ret = hf_conn_ask(hf, &m, -1, &fd, deadline, err);
	if (ret)
		return ret;
	if (m.status)
		return hf_refused(&m, err);
	if (fd < 0 || !hf_item_name_valid(m.name) || m.arg[1] < HF_KIND_MEMFD ||
	    m.arg[1] > HF_KIND_OTHER || hf_item_find(hf, m.name)) {
		if (fd >= 0)
			close(fd);
		hf_conn_drop(hf);
		return hf_fail(err, -EPROTO,
			       "holdfastd gave no descriptor, or one with a name or kind that cannot be (\"%s\")",
			       m.name);
	}
	item = hf_item_add(hf, m.name, fd, err);
	if (!item)
		return -ENOMEM;
	item->kind = (int)m.arg[1];
	item->claimed = true;
	return 0;
}

static int fetch(struct holdfast *hf, uint64_t deadline, struct hf_error *err)
{
	struct hf_msg m;
	uint64_t i, n;
	int ret;

	ret = hf_conn_ensure(hf, deadline, err);
	if (ret)
		return ret;
	hf_msg_init(&m, HF_OP_CLAIM, 0);
	ret = hf_conn_ask(hf, &m, -1, NULL, deadline, err);
	if (ret)
		return ret;
	if (m.status)
		return not_claimed(&m, err);
	n = m.arg[0];
	if (n > HF_ITEMS_MAX) {
		hf_conn_drop(hf);
		return hf_fail(err, -EPROTO, "holdfastd speaks of %llu descriptors",
			       (unsigned long long)n);
	}
	/* What was claimed and resumed earlier is not part of this */
	for (i = 0; i < hf->n_item; i++)
		hf->item[i]->claimed = false;
	for (i = 0; i < n; i++) {
		ret = fetch_one(hf, i, deadline, err);
		if (ret) {
			hf_items_unclaim(hf);
			return ret;
		}
	}
	hf->claimed = true;
	return (int)n;
}

static int claim(struct holdfast *hf, struct hf_error *err)
{
	uint64_t deadline = hf_conn_now() + hf->timeout_ms;
	size_t i;
	int ret, tries;

	if (hf->claimed)
		return (int)count_claimed(hf);
	if (hf->listened) {
		for (i = 0; i < hf->n_item; i++)
			hf->item[i]->claimed = true;
		hf->claimed = true;
		return (int)hf->n_item;
	}
	for (tries = 0; tries < 2; tries++) {
		ret = fetch(hf, deadline, err);
		if (ret != -ECONNRESET)
			break;
	}
	return ret;
}

int holdfast_claim(struct holdfast *hf)
{
	struct hf_error *err = hf_last();
	int ret;

	hf_enter(hf);
	ret = claim(hf, err);
	hf_leave(hf);
	return ret;
}

int holdfast_claimed(struct holdfast *hf, size_t i, const char **name,
		     int *kind)
{
	struct hf_error *err = hf_last();
	int ret = -ENOENT;
	size_t at;

	hf_enter(hf);
	for (at = 0; at < hf->n_item && ret; at++) {
		if (!hf->item[at]->claimed || i--)
			continue;
		if (name)
			*name = hf->item[at]->name;
		if (kind)
			*kind = hf->item[at]->kind;
		ret = 0;
	}
	hf_leave(hf);
	return ret ? hf_fail(err, ret, "there are not so many descriptors") : 0;
}

int holdfast_take(struct holdfast *hf, const char *name)
{
	struct hf_error *err = hf_last();
	struct hf_item *item;
	int fd;

	hf_enter(hf);
	item = hf_item_find(hf, name);
	if (!item || !item->claimed)
		fd = hf_fail(err, -ENOENT,
			     "no descriptor named \"%s\" was claimed", name);
	else
		fd = fcntl(item->fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1)
		fd = hf_fail(err, -errno, "cannot duplicate \"%s\": %s", name,
			     strerror(errno));
	hf_leave(hf);
	return fd;
}

static int resumed(struct holdfast *hf, const struct holdfast_gap *gap,
		   struct hf_error *err)
{
	struct hf_msg m;
	int ret;

	if (!hf->claimed)
		return hf_fail(err, -EINVAL,
			       "nothing is claimed that could be resumed");
	if (hf->listened) {
		/* Who started this process finishes the session */
		hf_items_give(hf);
		hf->listened = false;
		return 0;
	}
	hf_msg_init(&m, HF_OP_RESUMED, 0);
	if (gap) {
		m.arg[0] = gap->last_tsc;
		m.arg[1] = gap->first_tsc;
	}
	ret = hf_conn_call(hf, &m, -1, err);
	if (!ret) {
		hf_items_give(hf);
		return 0;
	}
	/* Said to have happened by a new daemon, see settle() in replay.c */
	return hf->claimed ? ret : 0;
}

int holdfast_resumed(struct holdfast *hf, const struct holdfast_gap *gap)
{
	struct hf_error *err = hf_last();
	int ret;

	hf_enter(hf);
	ret = resumed(hf, gap, err);
	hf_leave(hf);
	return ret;
}
