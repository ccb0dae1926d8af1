// SPDX-License-Identifier: LGPL-2.1-or-later
/* Having a connection on which the daemon knows everything; see client.h */
#include <errno.h>
#include <string.h>

#include "client.h"

int hf_refused(const struct hf_msg *m, struct hf_error *err)
{
	if (m->text_len)
		return hf_fail(err, m->status, "%s", m->text);
	return hf_fail(err, m->status, "holdfastd refused it: %s",
		       strerror(-m->status));
}

/* @known: a status that is as good as 0 */
static int tell(struct holdfast *hf, struct hf_msg *m, int fd, int known,
		uint64_t deadline, struct hf_error *err)
{
	int ret = hf_conn_ask(hf, m, fd, NULL, deadline, err);

	if (ret || !m->status || m->status == known)
		return ret;
	return hf_refused(m, err);
}

/* @known: descriptors may be there already */
static int give_all(struct holdfast *hf, bool known, uint64_t deadline,
		    struct hf_error *err)
{
	struct hf_msg m;
	size_t i;
	int ret;

	for (i = 0; i < hf->n_item; i++) {
		if (!hf->item[i]->given)
			continue;
		hf_msg_init(&m, HF_OP_PUT, 0);
		hf_msg_set_name(&m, hf->item[i]->name);
		ret = tell(hf, &m, hf->item[i]->fd, known ? -EEXIST : 0,
			   deadline, err);
		if (ret)
			return ret;
	}
	if (!hf->ready)
		return 0;
	hf_msg_init(&m, HF_OP_READY, 0);
	m.arg[0] = hf->ready_flags;
	return tell(hf, &m, -1, 0, deadline, err);
}

/* The driver knows of an update by events: bring that up to date. */
static void tell_driver(struct holdfast *hf, int state)
{
	if (state == HF_CLIENT_PRESERVED && hf->told != HOLDFAST_PRESERVED)
		hf_conn_push(hf, HOLDFAST_EV_PRESERVED, 0);
	if ((state == HF_CLIENT_NEW || state == HF_CLIENT_READY) &&
	    hf->told != HOLDFAST_NEW)
		hf_conn_push(hf, HOLDFAST_EV_CANCELLED, 0);
}

/* A daemon that says hello to us as @state */
static int settle(struct holdfast *hf, int state, uint64_t deadline,
		  struct hf_error *err)
{
	struct hf_msg m;
	int ret = 0;

	/* Nothing waits for us any more: the session was finished */
	if (state == HF_CLIENT_NEW && hf->claimed && !hf->listened)
		hf_items_give(hf);
	/* Lost, and started anew since: a new daemon knows of the former only */
	if (state == HF_CLIENT_NEW || state == HF_CLIENT_LOST) {
		ret = give_all(hf, false, deadline, err);
	} else if (state == HF_CLIENT_WAITING && hf->claimed &&
		   !hf->listened) {
		/* The descriptors are here already, only the claim is made */
		hf_msg_init(&m, HF_OP_CLAIM, 0);
		ret = tell(hf, &m, -1, 0, deadline, err);
	}
	if (ret)
		return ret;
	tell_driver(hf, state);
	hf->settled = true;
	hf->wanted = true;
	return 0;
}

/* After a cancel: a daemon that was restarted in between has no descriptors. */
static int recheck(struct holdfast *hf, uint64_t deadline, struct hf_error *err)
{
	struct hf_msg m;
	int ret;

	hf->recheck = false;
	hf_msg_init(&m, HF_OP_STATE, 0);
	ret = tell(hf, &m, -1, 0, deadline, err);
	if (!ret && m.arg[0] == HF_CLIENT_NEW)
		ret = give_all(hf, true, deadline, err);
	return ret;
}

int hf_conn_ensure(struct holdfast *hf, uint64_t deadline,
		   struct hf_error *err)
{
	int ret = 0, state;

	if (hf->sock < 0) {
		ret = hf_conn_connect(hf, deadline, &state, err);
		if (!ret)
			ret = settle(hf, state, deadline, err);
	} else if (hf->recheck) {
		ret = recheck(hf, deadline, err);
	}
	if (ret)
		hf_conn_drop(hf);
	return ret;
}

int hf_conn_call(struct holdfast *hf, struct hf_msg *m, int fd,
		 struct hf_error *err)
{
	uint64_t deadline = hf_conn_now() + hf->timeout_ms;
	const struct hf_msg question = *m;
	int ret, tries;

	for (tries = 0; tries < 2; tries++) {
		*m = question;
		ret = hf_conn_ensure(hf, deadline, err);
		if (!ret)
			ret = hf_conn_ask(hf, m, fd, NULL, deadline, err);
		if (ret != -ECONNRESET)
			break;
	}
	return !ret && m->status ? hf_refused(m, err) : ret;
}
