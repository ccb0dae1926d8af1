// SPDX-License-Identifier: GPL-2.0-only
/* What the operator can ask. */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <holdfast/message.h>

#include "daemon.h"

void control_report(struct daemon *d, struct conn *c, const struct hf_msg *q,
		    int status, const char *text)
{
	struct hf_error err;
	struct hf_msg a;
	int fd;

	hf_msg_init(&a, q->op, q->serial);
	a.status = status;
	if (status && text)
		hf_msg_set_text(&a, text);
	fd = status_memfd(d, &err);
	if (fd < 0 && !status) {
		a.status = fd;
		hf_msg_set_text(&a, err.text);
	}
	conn_send(c, &a, fd);
	if (fd >= 0)
		close(fd);
}

static int finish(struct daemon *d, const char *name, struct hf_error *err)
{
	struct hf_error why;
	struct client *c;
	size_t i;
	int ret, failed = 0;

	if (name[0]) {
		c = client_find(d, name);
		if (!c || c->state < HF_CLIENT_WAITING)
			return hf_fail(err, -ENOENT,
				       "no client %.127s waits after an update",
				       name);
		if (c->state == HF_CLIENT_CLAIMED)
			return hf_fail(err, -EBUSY,
				       "client %s is at work with what it claimed (process %d): it finishes by itself, or end it first",
				       c->name, c->conn ? c->conn->pid : 0);
		return resume_give_up(d, c, err);
	}
	for (i = d->n_client; i-- > 0;) {
		c = d->client[i];
		if (c->state < HF_CLIENT_WAITING ||
		    c->state == HF_CLIENT_CLAIMED)
			continue;
		ret = resume_give_up(d, c, &why);
		if (ret && !failed)
			failed = hf_fail(err, ret, "%s", why.text);
	}
	return failed;
}

static int reload(struct daemon *d, struct hf_error *err)
{
	int ret = config_read(&d->cfg, d->config_path, d->config_given, err);

	if (ret) {
		log_line(LOG_ERR, NULL, "configuration not changed: %s",
			 err->text);
		return ret;
	}
	log_debug(d->cfg.debug);
	log_line(LOG_NOTICE, NULL, "configuration was read again");
	return 0;
}

int control_reload(struct daemon *d)
{
	struct hf_error err;

	return reload(d, &err);
}

const char *control_message(struct daemon *d, struct conn *conn,
			    const struct hf_msg *q)
{
	struct hf_error err = {};
	int ret = 0;

	if (conn->uid) {
		conn_answer(conn, q, -EPERM, "only user 0 may ask that");
		return NULL;
	}
	switch (q->op) {
	case HF_CTL_STATUS:
		/* What differs is in the report. */
		if (q->arg[0] & 1)
			update_verify(d, &err);
		break;
	case HF_CTL_PRESERVE:
		update_begin(d, conn, q);
		return NULL;
	case HF_CTL_CANCEL:
		ret = update_cancel(d, &err);
		break;
	case HF_CTL_KEXEC:
		ret = update_kexec(d, &err);
		break;
	case HF_CTL_REFUSED:
		ret = update_refused(d, q->text, &err);
		break;
	case HF_CTL_RESTORE:
		if (!(q->arg[0] & 1))
			resume_retry(d);
		break;
	case HF_CTL_FINISH:
		ret = finish(d, q->name, &err);
		break;
	case HF_CTL_RELOAD:
		ret = reload(d, &err);
		break;
	default:
		return "it asks what there is not";
	}
	control_report(d, conn, q, ret, err.text);
	return NULL;
}
