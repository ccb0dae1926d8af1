// SPDX-License-Identifier: GPL-2.0-only
/*
 * An update after the kexec: the index says which sessions there are; each is
 * taken out as far as it goes, and waits for its client.
 *
 * Sessions stay unfinished until their clients have taken up again. They are the
 * keeper's (keeper.c), so that the daemon can end and begin anew. That a client has
 * taken up is written down before its session is finished: the next daemon then
 * does not offer it once more. The keeper is told, too, as disks may be full.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/exitcode.h>
#include <holdfast/luo.h>

#include "daemon.h"
#include "keeper.h"

/* When it is looked at again by itself, if that failed */
#define AGAIN_MS	10000

static struct hf_events no_events = { .fd = -1 };

const struct client *resume_pending(const struct daemon *d)
{
	size_t i;

	for (i = 0; i < d->n_client; i++)
		switch (d->client[i]->state) {
		case HF_CLIENT_WAITING:
		case HF_CLIENT_CLAIMED:
		case HF_CLIENT_FAILED:
			return d->client[i];
		}
	return NULL;
}

/* --- taking out --- */

/* Of all sessions together, for the report */
static int timed(struct daemon *d, struct client *c, const char *name,
		 int (*step)(struct restore *r))
{
	double t0 = hf_now_ms();
	int ret = step(&c->r);

	if (d->update)
		update_step(d->update, name, hf_now_ms() - t0);
	return ret;
}

static int take_out(struct daemon *d, struct client *c)
{
	static const struct {
		const char *name;
		int (*fn)(struct restore *r);
	} steps[] = {
		{ "manifest", step_manifest },
		{ "memfd", step_memfd },
		{ "iommufd", step_iommufd },
		{ "device", step_device },
		{ "bind", step_bind },
		{ "attach", step_attach },
		{ "verify", step_verify },
	};
	size_t i;
	int ret;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ret = timed(d, c, steps[i].name, steps[i].fn);
		if (ret)
			return ret;
		/* One client to a session */
		if (!restore_left(&c->r)) {
			c->error = c->r.client[0].err;
			return c->r.client[0].failed;
		}
	}
	c->v = c->r.v;
	c->has_verdict = true;
	return 0;
}

static void put_back(struct client *c)
{
	if (c->restoring)
		restore_release(&c->r);
	c->restoring = false;
	c->took = false;
}

/* Did it take up again, or was it given up, as far as the record says? */
static bool was_through(struct daemon *d, const struct client *c)
{
	struct update_client *u = d->update ?
				  update_client(d->update, c->name) : NULL;

	return u && (!strcmp(u->state, "resumed") ||
		     !strcmp(u->state, "given-up"));
}

static const char *const marks[] = {
	[KEEPER_RESUMED] = "resumed",
	[KEEPER_GIVEN_UP] = "given-up",
};

/* Finishing is not done twice: the second time does nothing. */
static void finish_again(struct daemon *d, struct client *c, int session)
{
	if (session >= 0 && hf_luo_finish(session, &c->error)) {
		log_line(LOG_ERR, c->name, "%s", c->error.text);
		c->state = HF_CLIENT_FAILED;
		return;
	}
	keeper_release(d, c->name);
	c->state = HF_CLIENT_NEW;
}

static void not_there(struct daemon *d, struct client *c)
{
	put_back(c);
	c->state = HF_CLIENT_LOST;
	hf_fail(&c->error, -ENODATA,
		"session %s did not come through the kexec: what client %s had is lost, and its devices were reset",
		c->session, c->name);
	log_line(LOG_ERR, c->name, "%s", c->error.text);
	if (d->update)
		update_client_set(d->update, c, "lost", c->error.text);
}

static void failed(struct daemon *d, struct client *c, int code)
{
	int why = c->r.client ? c->r.client[0].why : 0;

	/* The kernel keeps everything; these two say that it is too early. */
	c->not_yet = code == EXIT_FAILED && (why == -EAGAIN || why == -EUNATCH);
	c->state = c->not_yet ? HF_CLIENT_WAITING : HF_CLIENT_FAILED;
	log_line(c->not_yet ? LOG_NOTICE : LOG_ERR, c->name, "%s: %s",
		 c->not_yet ? "not yet" : "could not be restored",
		 c->error.text);
	if (d->update)
		update_client_set(d->update, c,
				  c->not_yet ? "waiting" : "failed",
				  c->error.text);
}

void resume_client(struct daemon *d, struct client *c)
{
	unsigned int mark;
	int session, ret;

	put_back(c);
	c->error.text[0] = '\0';
	c->not_yet = false;
	session = keeper_get(d, c->name, &mark, &c->error);
	/* What no disk took */
	if (d->update && mark && !was_through(d, c))
		update_client_set(d->update, c, marks[mark], NULL);
	if ((mark || was_through(d, c)) &&
	    (session >= 0 || session == -ENOENT)) {
		finish_again(d, c, session);
		if (session >= 0)
			close(session);
		return;
	}
	if (session == -ENOENT) {
		not_there(d, c);
		return;
	}
	restore_init(&c->r, d->luo, c->session, &no_events, &c->error);
	c->r.session = session;
	c->restoring = true;
	ret = session < 0 ? EXIT_FAILED : take_out(d, c);
	if (ret) {
		failed(d, c, ret);
	} else {
		c->took = true;
		c->state = HF_CLIENT_WAITING;
		if (d->update)
			update_client_set(d->update, c, "waiting", NULL);
		log_line(LOG_INFO, c->name, "restored, waits for its client");
	}
}

/* --- at start --- */

/* The record of this update, as far as a disk kept it */
static struct update *find_record(struct daemon *d, const struct hf_manifest *m)
{
	struct update *u = update_new(d, m->realtime_ns), *old;

	if (!u)
		return NULL;
	old = history_load(d, u->id);
	if (old) {
		update_free(u);
		u = old;
	} else {
		strcpy(u->from_kernel, m->release);
		u->from_boot[0] = '\0';
	}
	u->preserved_tsc = m->tsc;
	strcpy(u->to_kernel, d->release);
	strcpy(u->to_boot, d->boot_id);
	return u;
}

static void time_phases(struct daemon *d, struct update *u, uint64_t begun)
{
	uint64_t boot = tsc_at_boot();
	uint64_t left = u->reboot_tsc ? u->reboot_tsc : u->preserved_tsc;

	u->phase[PHASE_KEXEC] = tsc_ms(left, boot);
	u->phase[PHASE_BOOT] = tsc_ms(boot, begun);
	u->restored_tsc = hf_tsc();
	u->phase[PHASE_RESTORE] = tsc_ms(begun, u->restored_tsc);
	(void)d;
}

static const struct update_client *in_state(const struct update *u,
					    const char *state)
{
	size_t i;

	for (i = 0; i < u->n_client; i++)
		if (!strcmp(u->client[i].state, state))
			return &u->client[i];
	return NULL;
}

/* What became of the update as a whole: one that was lost stays lost */
static void judge(struct daemon *d)
{
	const struct update_client *bad;

	if (!d->update)
		return;
	bad = in_state(d->update, "failed");
	if (bad) {
		update_set(d->update, "failed", bad->error);
	} else {
		bad = in_state(d->update, "lost");
		if (bad)
			update_set(d->update, "lost", bad->error);
		else
			update_set(d->update, resume_pending(d) ? "restoring" :
				   "done", NULL);
	}
	notify_systemd("STATUS=update %s: %s", d->update->id, d->update->state);
	history_save(d);
}

/*
 * Somebody may have come under this name while it was not known that it has
 * something: he has to come again.
 */
static bool may_take(struct daemon *d, const struct hf_manifest_client *k)
{
	struct client *c = client_find(d, k->name);

	if (c && c->conn)
		c->conn->ending = true;
	if (c)
		client_forget(d, c);
	return true;
}

static void take_all(struct daemon *d, const struct hf_manifest *m,
		     uint64_t begun)
{
	bool first;
	size_t i;

	update_free(d->update);
	d->update = find_record(d, m);
	first = d->update && !d->update->restored_tsc;
	if (d->update && first)
		d->update->n_step = 0;
	for (i = 0; i < m->n_client; i++) {
		const struct hf_manifest_client *k = &m->client[i];
		struct client *c = NULL;

		if (keeper_takes(k) && may_take(d, k))
			c = client_add(d, k->name, k->uid, k->gid);
		if (!c) {
			log_line(LOG_ERR, NULL,
				 "the index names a client \"%s\" with session \"%s\", which is not of this holdfastd: left alone",
				 k->name, k->session);
			continue;
		}
		resume_client(d, c);
	}
	/* Finished by a daemon before this one: nobody to wait for */
	for (i = d->n_client; i-- > 0;)
		if (d->client[i]->state == HF_CLIENT_NEW)
			client_forget(d, d->client[i]);
	if (d->update && first)
		time_phases(d, d->update, begun);
	judge(d);
	log_line(LOG_NOTICE, NULL, "update %s: %zu clients, %s",
		 d->update ? d->update->id : "?", m->n_client,
		 d->update ? d->update->state : "?");
	pending_remove(d);
	resume_done(d);
}

/* An update was under way, and the kernel knows of nothing. */
static void all_lost(struct daemon *d)
{
	char boot_id[40];
	struct update *u = pending_read(d, boot_id);
	size_t i;

	if (!u)
		return;
	update_free(d->update);
	d->update = u;
	strcpy(u->to_kernel, d->release);
	strcpy(u->to_boot, d->boot_id);
	for (i = 0; i < u->n_client; i++) {
		const struct update_client *k = &u->client[i];
		struct client *c = client_add(d, k->name, k->uid, k->gid);

		if (!c)
			continue;
		c->state = HF_CLIENT_LOST;
		hf_fail(&c->error, -ENODATA,
			"update %s did not come through: this kernel was handed no session, be it that the machine was reset or that the kexec was another one; what client %s had is lost, and its devices were reset",
			u->id, c->name);
		update_client_set(u, c, "lost", c->error.text);
		log_line(LOG_ERR, c->name, "%s", c->error.text);
	}
	judge(d);
	pending_remove(d);
}

/* Same kernel, no holders: they were killed, and the clients were as before. */
static void was_given_back(struct daemon *d)
{
	char boot_id[40];
	struct update *u = pending_read(d, boot_id);

	if (!u)
		return;
	update_free(d->update);
	d->update = u;
	update_set(u, "cancelled",
		   "the holders of all sessions ended while no holdfastd ran, so that everything was given back");
	log_line(LOG_ERR, NULL, "update %s: %s", u->id, u->error);
	history_save(d);
	pending_remove(d);
}

/*
 * Nobody can tell now what there is: the record stays, and it is tried again when
 * the operator says so.
 */
static void not_known(struct daemon *d, const struct hf_error *why)
{
	char boot_id[40];

	log_line(LOG_ERR, NULL, "%s", why->text);
	log_line(LOG_ERR, NULL,
		 "what the previous kernel left could not be looked at: \"holdfast restore\" tries again");
	d->unresolved = true;
	d->look_again_ms = hf_now_ms() + AGAIN_MS;
	if (!d->update)
		d->update = pending_read(d, boot_id);
	if (d->update)
		update_set(d->update, "failed", why->text);
}

/* There is nothing. Should there be? */
static void nothing_came(struct daemon *d)
{
	char boot_id[40] = "";
	struct update *u = pending_read(d, boot_id);

	update_free(u);
	if (u && strcmp(boot_id, d->boot_id))
		all_lost(d);
	else if (u)
		was_given_back(d);
	if (!d->update)
		d->update = history_last(d);
}

void resume_start(struct daemon *d)
{
	uint64_t begun = hf_tsc();
	struct hf_manifest m;
	struct hf_error err;
	int ret;

	d->unresolved = false;
	/* Not before it is known that this kernel is not the one before the kexec */
	if (update_preserved(d) || d->trouble.text[0])
		return;
	hf_manifest_init(&m);
	if (d->incoming < 0)
		d->incoming = keeper_get(d, "", NULL, &err);
	ret = d->incoming == -ENOENT ? 0 : d->incoming;
	if (d->incoming >= 0) {
		ret = read_index(d->incoming, &m, &err);
		if (ret > 0)
			take_all(d, &m, begun);
		hf_manifest_free(&m);
		if (ret > 0)
			return;
	}
	/* No live update in this kernel, or what it was handed is damaged */
	if (ret == -ENODEV || ret == -EIO) {
		log_line(LOG_ERR, NULL, "%s", err.text);
		ret = 0;
	}
	if (ret)
		not_known(d, &err);
	else
		nothing_came(d);
}

void resume_retry(struct daemon *d)
{
	size_t i;

	if (d->unresolved) {
		resume_start(d);
		return;
	}
	for (i = 0; i < d->n_client; i++) {
		struct client *c = d->client[i];

		if ((c->state == HF_CLIENT_WAITING && !c->took) ||
		    c->state == HF_CLIENT_FAILED)
			resume_client(d, c);
	}
	judge(d);
	resume_done(d);
}

/* --- finishing --- */

/* What it got counts as given, for the next update. */
static void keep_items(struct client *c)
{
	const struct hf_manifest *m = &c->r.m;
	size_t i;

	client_drop_items(c);
#define KEEP(v, k, n) do { \
	struct item *it = &c->item[c->n_item]; \
	memset(it, 0, sizeof(*it)); \
	it->fd = (v); \
	it->kind = HF_KIND_##k; \
	it->what.kind = HF_PROC_##k; \
	strcpy(it->what.name, (n)); \
	(v) = -1; \
	c->n_item++; \
} while (0)
	for (i = 0; i < m->n_memfd && c->n_item < MAX_ITEMS; i++)
		KEEP(c->r.memfd[i], MEMFD, m->memfd[i].name);
	for (i = 0; i < m->n_iommufd && c->n_item < MAX_ITEMS; i++)
		KEEP(c->r.iommufd[i], IOMMUFD, m->iommufd[i].name);
	for (i = 0; i < m->n_device && c->n_item < MAX_ITEMS; i++) {
		char bdf[HF_PCI_ADDR_LEN];

		KEEP(c->r.device[i], DEVICE, m->device[i].name[0] ?
		     m->device[i].name :
		     hf_pci_format(&m->device[i].addr, bdf));
		c->item[c->n_item - 1].what.addr = m->device[i].addr;
	}
#undef KEEP
}

void resume_done(struct daemon *d)
{
	struct hf_error err;

	if (d->incoming < 0 || resume_pending(d))
		return;
	if (hf_luo_finish(d->incoming, &err))
		log_line(LOG_ERR, NULL, "the index: %s", err.text);
	close(d->incoming);
	d->incoming = -1;
	keeper_release(d, "");
	if (d->update) {
		d->update->phase[PHASE_CLAIM] =
			tsc_ms(d->update->restored_tsc, hf_tsc());
		history_save(d);
		log_line(LOG_NOTICE, NULL, "update %s is %s", d->update->id,
			 d->update->state);
	}
}

static int record(struct daemon *d, struct client *c, const char *state,
		  const char *error)
{
	if (d->update)
		update_client_set(d->update, c, state, error);
	return history_save(d);
}

/* Before the session is finished: see the top of this file. */
static int write_down(struct daemon *d, struct client *c, unsigned int mark,
		      struct hf_error *err)
{
	struct hf_error why;
	int written = record(d, c, marks[mark], NULL);
	int kept = keeper_mark(d, c->name, mark, &why);

	if (!written || !kept)
		return 0;
	return hf_fail(err, -EAGAIN,
		       "it cannot be written down that client %s is through, neither in %s/history (%s) nor with the keeper (%s): make room, and try again",
		       c->name, d->state_dir, strerror(-written), why.text);
}

static void take_back(struct daemon *d, struct client *c, const char *state,
		      const char *error)
{
	struct hf_error err;

	record(d, c, state, error);
	if (keeper_mark(d, c->name, KEEPER_UNMARKED, &err))
		log_line(LOG_ERR, c->name, "%s", err.text);
}

int resume_finish(struct daemon *d, struct client *c, uint64_t last_tsc,
		  uint64_t first_tsc, struct hf_error *err)
{
	struct update_client *u;
	int ret;

	if (c->state != HF_CLIENT_CLAIMED)
		return hf_fail(err, -ENOENT, "nothing is claimed");
	u = d->update ? update_client(d->update, c->name) : NULL;
	if (u) {
		u->last_tsc = last_tsc;
		u->first_tsc = first_tsc;
		if (last_tsc && first_tsc)
			u->gap_ms = tsc_ms(last_tsc, first_tsc);
	}
	ret = write_down(d, c, KEEPER_RESUMED, err);
	if (!ret)
		ret = hf_luo_finish(c->r.session, err);
	if (ret) {
		take_back(d, c, "claimed", err->text);
		return ret;
	}
	keep_items(c);
	put_back(c);
	keeper_release(d, c->name);
	c->state = HF_CLIENT_NEW;
	log_line(LOG_NOTICE, c->name, "has taken up again");
	judge(d);
	resume_done(d);
	return 0;
}

/* Finishing stops its devices, first of all, and frees its memory. */
int resume_give_up(struct daemon *d, struct client *c, struct hf_error *err)
{
	int session, ret = 0;

	if (c->state != HF_CLIENT_LOST) {
		put_back(c);
		ret = write_down(d, c, KEEPER_GIVEN_UP, err);
		session = ret ? ret : keeper_get(d, c->name, NULL, err);
		ret = session == -ENOENT ? 0 : session < 0 ? session :
		      hf_luo_finish(session, err);
		if (session >= 0)
			close(session);
	}
	if (ret) {
		c->state = HF_CLIENT_FAILED;
		c->error = *err;
		take_back(d, c, "failed", err->text);
		return ret;
	}
	keeper_release(d, c->name);
	log_line(LOG_NOTICE, c->name, "was given up");
	c->state = HF_CLIENT_NEW;
	c->error.text[0] = '\0';
	if (!c->conn)
		client_forget(d, c);
	judge(d);
	resume_done(d);
	return 0;
}
