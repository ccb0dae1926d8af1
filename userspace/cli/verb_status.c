// SPDX-License-Identifier: GPL-2.0-only
/* holdfast status: is a session held here, and what is in it? */
#include <errno.h>
#include <stdio.h>

#include "cli.h"

static int nothing_held(const struct cli *cli, const char *but)
{
	struct hf_json j;

	cli_note(cli, "no session \"%s\" is held%s%s\n", cli->session,
		 but ? ": " : "", but ? but : "");
	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", true);
		hf_json_str(&j, "state", "idle");
		hf_json_object_end(&j);
		show_json(&j);
	}
	return EXIT_DONE;
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, {} };
	struct hf_error err = {};
	struct hf_json j;
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
	ret = held_connect(cli->socket, cli->session, &h, &err);
	if (ret == -ENOENT || ret == -EEXIST)
		return nothing_held(cli, ret == -EEXIST ? err.text : NULL);
	if (ret)
		return cli_failed(cli, EXIT_FAILED, &err);
	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", true);
		hf_json_str(&j, "state", "preserved");
		hf_json_int(&j, "holder", h.pid);
		show_manifest_json(&j, &h.manifest);
		hf_json_object_end(&j);
		show_json(&j);
	} else {
		show_manifest(&h.manifest, NULL);
		printf("held by process %d\n", h.pid);
	}
	held_free(&h);
	return EXIT_DONE;
}
