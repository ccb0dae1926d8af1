// SPDX-License-Identifier: GPL-2.0-only
/* holdfast verify: are the tables still what they were at preserve? */
#include <stdio.h>

#include "cli.h"

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

int cmd_verify(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, {} };
	struct hf_error err = {};
	struct verdict v;
	struct held h;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		ret = cli_option(cli, opt);
		if (ret >= 0)
			return ret;
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (held_connect(cli->socket, cli->session, &h, &err))
		return cli_failed(cli, EXIT_FAILED, &err);
	ret = verdict_take(&h.manifest, h.iommufd, &v, &err) ?
		cli_failed(cli, EXIT_FAILED, &err) : report(cli, &h, &v);
	held_free(&h);
	return ret;
}
