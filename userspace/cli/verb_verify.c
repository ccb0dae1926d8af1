// SPDX-License-Identifier: GPL-2.0-only
/* holdfast verify: are the tables still what they were at preserve? */
#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "daemon.h"

static int report(struct cli *cli, const struct held *h,
		  const struct verdict *v)
{
	int code = verdict_good(v) ? EXIT_DONE : EXIT_MISMATCH;
	struct hf_json j;

	verdict_event(&cli->events, v, "verify");
	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", code == EXIT_DONE);
		hf_json_int(&j, "exit", code);
		verdict_json(&j, v);
		show_manifest_json(&j, &h->manifest);
		hf_json_object_end(&j);
		show_json(&j);
	} else {
		show_manifest(&h->manifest, v);
	}
	if (code)
		fprintf(stderr, "holdfast verify: %s\n", v->text);
	return code;
}

static int ask_holder(struct cli *cli, struct hf_error *err)
{
	struct verdict v;
	struct held h;
	int ret;

	if (held_connect(cli->socket, cli->session, &h, err))
		return cli_failed(cli, EXIT_FAILED, err);
	ret = verdict_take(&h.manifest, h.iommufd, &v, err) ?
		cli_failed(cli, EXIT_FAILED, err) : report(cli, &h, &v);
	held_free(&h);
	return ret;
}

/* All clients that are in a session; each difference in words */
static int judge(struct json_object *o, struct hf_error *err)
{
	char name[132], text[256];
	size_t i, seen = 0, bad = 0;

	err->text[0] = '\0';
	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);
		struct json_object *t = report_get(c, "tables");

		if (!t)
			continue;
		seen++;
		if (report_true(t, "pa_table_equal") &&
		    report_true(t, "ids_equal"))
			continue;
		bad++;
		hf_fail_add(err, "%s: %s",
			    report_text(c, "name", name, sizeof(name)),
			    report_text(t, "difference", text, sizeof(text)));
	}
	if (bad)
		return EXIT_MISMATCH;
	if (seen)
		return EXIT_DONE;
	hf_fail(err, -ENOENT, "nothing is preserved: there are no tables to compare");
	return EXIT_FAILED;
}

int cmd_verify(struct cli *cli, int argc, char **argv)
{
	struct hf_error err = {};
	struct hf_answer a = {};
	struct hf_control c;
	int ret;

	ret = cli_parse_common(cli, argc, argv);
	if (ret >= 0)
		return ret;
	ret = daemon_find(cli, &c, &err);
	if (ret < 0)
		return cli_failed(cli, EXIT_FAILED, &err);
	if (!ret)
		return ask_holder(cli, &err);
	if (daemon_status(cli, &c, true, &a, &err))
		ret = EXIT_FAILED;
	else
		ret = judge(a.object, &err);
	return daemon_end(cli, &c, ret, &err, &a, show_tables);
}
