// SPDX-License-Identifier: GPL-2.0-only
/* holdfast restore: have the daemon try again what could not be restored. */
#include <errno.h>

#include "restore.h"

/* Exit code and words, by what the daemon said and what became of the clients */
static int judge(struct json_object *o, int status, struct hf_error *err)
{
	size_t good = report_clients(o, "waiting") +
		      report_clients(o, "claimed");
	size_t bad = report_clients(o, "failed");
	size_t lost = report_clients(o, "lost"), i;
	char name[132], why[512];

	if (!status && !bad && !lost)
		return good ? EXIT_DONE : EXIT_NOTHING;
	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);

		if (!report_is(c, "state", "failed") &&
		    !report_is(c, "state", "lost"))
			continue;
		hf_fail_add(err, "%s: %s",
			    report_text(c, "name", name, sizeof(name)),
			    report_text(c, "error", why, sizeof(why)));
	}
	if (good && (bad || lost))
		return EXIT_PARTLY;
	if (status == -EBADE)
		return EXIT_MISMATCH;
	/* What is lost was there: that is not "nothing to restore". */
	return status == -ENOENT && !lost ? EXIT_NOTHING : EXIT_FAILED;
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
