// SPDX-License-Identifier: GPL-2.0-only
/* holdfast cancel: give everything back; the driver carries on. */
#include <stdio.h>

#include "cli.h"
#include "daemon.h"

static int ask_daemon(struct cli *cli, struct hf_control *c,
		      struct hf_error *err)
{
	struct hf_question q = { .op = HF_CTL_CANCEL };
	struct hf_answer a;
	struct hf_json j;
	int ret;

	ret = daemon_ask(cli, c, &q, &a, err);
	if (!ret) {
		hf_event_begin(&j, "cancel");
		hf_event_send(&cli->events, &j);
		cli_note(cli, "%s\n", a.text[0] ? a.text :
			 "everything is given back, the clients carry on");
	}
	return daemon_end_now(cli, c, ret ? EXIT_FAILED : EXIT_DONE, err, &a,
			      NULL);
}

int cmd_cancel(struct cli *cli, int argc, char **argv)
{
	struct hf_error err = {};
	struct hf_control c;
	struct hf_json j;
	int ret;

	ret = cli_parse_common(cli, argc, argv);
	if (ret >= 0)
		return ret;
	ret = daemon_find(cli, &c, &err);
	if (ret < 0)
		return cli_failed(cli, EXIT_FAILED, &err);
	if (ret)
		return ask_daemon(cli, &c, &err);
	if (held_cancel(cli->socket, cli->session, &err))
		return cli_failed(cli, EXIT_FAILED, &err);
	hf_event_begin(&j, "cancel");
	hf_event_send(&cli->events, &j);
	cli_note(cli, "session \"%s\" was closed: everything is given back, the driver carries on\n",
		 cli->session);
	if (cli->json) {
		cli_begin_json(cli, &j, EXIT_DONE, NULL);
		hf_json_object_end(&j);
		show_json(&j);
	}
	return EXIT_DONE;
}
