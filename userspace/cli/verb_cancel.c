// SPDX-License-Identifier: GPL-2.0-only
/* holdfast cancel: give everything back; the driver carries on. */
#include <stdio.h>

#include "cli.h"

int cmd_cancel(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, {} };
	struct hf_error err = {};
	struct hf_json j;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		ret = cli_option(cli, opt);
		if (ret >= 0)
			return ret;
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (held_cancel(cli->socket, cli->session, &err))
		return cli_failed(cli, EXIT_FAILED, &err);
	hf_event_begin(&j, "cancel");
	hf_event_send(&cli->events, &j);
	cli_note(cli, "session \"%s\" was closed: everything is given back, the driver carries on\n",
		 cli->session);
	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", true);
		hf_json_object_end(&j);
		show_json(&j);
	}
	return EXIT_DONE;
}
