// SPDX-License-Identifier: GPL-2.0-only
/* holdfast restore: have the daemon try again what could not be restored. */
#include <errno.h>

#include "restore.h"

/* What became of the clients */
struct outcome {
	size_t good;		/* can be claimed, or was */
	size_t bad;		/* not yet, failed, or lost */
	size_t changed;		/* failed since it is not what it was */
};

static void look(struct json_object *o, struct outcome *n, struct hf_error *err)
{
	char name[132], why[512];
	size_t i;

	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);
		bool waiting = report_is(c, "state", "waiting");
		bool lost = report_is(c, "state", "lost");

		if (report_is(c, "state", "claimed") ||
		    (waiting && !report_get(c, "error"))) {
			n->good++;
			continue;
		}
		if (!waiting && !lost && !report_is(c, "state", "failed"))
			continue;
		n->bad++;
		n->changed += report_true(c, "mismatch");
		hf_fail_add(err, "%s: %s",
			    report_text(c, "name", name, sizeof(name)),
			    report_text(c, "error", why, sizeof(why)));
	}
}

/* Exit code, by what the daemon said and what became of the clients */
static int judge(struct json_object *o, int status, struct hf_error *err)
{
	struct outcome n = {};

	look(o, &n, err);
	if (n.bad)
		return n.good ? EXIT_PARTLY :
		       n.changed ? EXIT_MISMATCH : EXIT_FAILED;
	if (status && status != -ENOENT)
		return EXIT_FAILED;
	return n.good ? EXIT_DONE : EXIT_NOTHING;
}

int restore_by_daemon(struct cli *cli, struct hf_control *c, bool dry_run)
{
	struct hf_question q = { .op = HF_CTL_RESTORE, .arg = { dry_run } };
	struct hf_error err = {}, why;
	struct hf_answer a;
	int ret, status;

	ret = daemon_ask(cli, c, &q, &a, &err);
	status = a.status;
	if (!a.answered)
		return daemon_end(cli, c, EXIT_FAILED, &err, &a, NULL);
	hf_answer_free(&a);
	if (daemon_status(cli, c, false, &a, &why)) {
		hf_fail_add(&err, "%s", why.text);
		return daemon_end(cli, c, EXIT_FAILED, &err, &a, NULL);
	}
	ret = judge(a.object, status, &err);
	if (ret == EXIT_NOTHING && !err.text[0])
		hf_fail(&err, -ENOENT, "nothing waits to be restored");
	return daemon_end(cli, c, ret, &err, &a, show_clients);
}
