// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast status: is something held or waiting, whose is it, how did the updates
 * go? And "list": the same with every object.
 */
#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "daemon.h"

static int nothing_held(const struct cli *cli, const char *but)
{
	struct hf_json j;

	cli_note(cli, "no session \"%s\" is held%s%s\n", cli->session,
		 but ? ": " : "", but ? but : "");
	if (cli->json) {
		cli_begin_json(cli, &j, EXIT_DONE, NULL);
		hf_json_str(&j, "state", "idle");
		hf_json_object_end(&j);
		show_json(&j);
	}
	return EXIT_DONE;
}

static int ask_holder(struct cli *cli, struct hf_error *err)
{
	struct hf_json j;
	struct held h;
	int ret;

	ret = held_connect(cli->socket, cli->session, &h, err);
	if (ret == -ENOENT || ret == -EEXIST)
		return nothing_held(cli, ret == -EEXIST ? err->text : NULL);
	if (ret)
		return cli_failed(cli, EXIT_FAILED, err);
	if (cli->json) {
		cli_begin_json(cli, &j, EXIT_DONE, NULL);
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

/* What went wrong for somebody is no success, also if nobody asked about it. */
static int judge(struct json_object *o, struct hf_error *err)
{
	size_t lost = report_clients(o, "lost");
	size_t failed = report_clients(o, "failed");

	err->text[0] = '\0';
	if (lost)
		hf_fail_add(err, "%zu client(s) were preserved and did not come through the update: their devices were reset; their drivers start anew, \"holdfast finish\" takes note",
			    lost);
	if (failed)
		hf_fail_add(err, "%zu client(s) could not be restored: their memory is kept; \"holdfast restore\" tries again, \"holdfast finish\" gives them up",
			    failed);
	return lost || failed ? EXIT_FAILED : EXIT_DONE;
}

static int run(struct cli *cli, int argc, char **argv,
	       void (*show)(struct json_object *o), bool judged)
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
	if (daemon_status(cli, &c, false, &a, &err))
		ret = EXIT_FAILED;
	else
		ret = judged ? judge(a.object, &err) : EXIT_DONE;
	return daemon_end(cli, &c, ret, &err, &a, show);
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, show_status, true);
}

static void show_list(struct json_object *o)
{
	show_clients(o);
	printf("\n");
	show_objects(o);
}

int cmd_list(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, show_list, false);
}

int cmd_clients(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, show_clients, false);
}
