// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast finish: give up what nobody takes up again. Devices are stopped before
 * their memory is freed, by the kernel (I6).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <holdfast/luo.h>
#include <holdfast/message.h>

#include "cli.h"
#include "daemon.h"

/* Only a wrong answer about one client is an end: the others come first. */
static int ask_daemon(struct cli *cli, struct hf_control *c, char **names,
		      size_t n, struct hf_error *err)
{
	int ret = 0, code = EXIT_DONE;
	struct hf_answer a = {};
	struct hf_error why;
	size_t i;

	err->text[0] = '\0';
	for (i = 0; i < n && c->sock >= 0; i++) {
		struct hf_question q = { .op = HF_CTL_FINISH, .name = names[i] };

		hf_answer_free(&a);
		ret = daemon_ask(cli, c, &q, &a, &why);
		if (!ret) {
			if (names[i][0])
				cli_note(cli, "client %s is given up\n",
					 names[i]);
			else
				cli_note(cli, "nobody is waited for any more\n");
			continue;
		}
		hf_fail_add(err, "%s", why.text);
		if (code != EXIT_FAILED)
			code = a.answered && ret == -ENOENT ? EXIT_NOTHING :
							      EXIT_FAILED;
	}
	return daemon_end_now(cli, c, code, err, &a, NULL);
}

static int finish_session(struct cli *cli, struct hf_error *err)
{
	int luo, session, ret;
	struct hf_json j;

	luo = hf_luo_open(err);
	if (luo < 0)
		return cli_failed(cli, EXIT_FAILED, err);
	session = hf_luo_retrieve_session(luo, cli->session, err);
	close(luo);
	if (session < 0)
		return cli_failed(cli, session == -ENOENT ? EXIT_NOTHING :
							    EXIT_FAILED, err);
	ret = hf_luo_finish(session, err);
	close(session);
	if (ret)
		return cli_failed(cli, EXIT_FAILED, err);
	cli_note(cli, "session \"%s\" is finished: its devices are stopped, its memory is freed\n",
		 cli->session);
	if (cli->json) {
		cli_begin_json(cli, &j, EXIT_DONE, NULL);
		hf_json_object_end(&j);
		show_json(&j);
	}
	return EXIT_DONE;
}

static int check_names(const struct cli *cli, char **names, size_t n, bool all)
{
	size_t i;

	if (all ? n : !n)
		return cli_usage(cli, "whom? The NAME of each client, or --all for all that have not taken up again");
	for (i = 0; i < n; i++)
		if (!hf_client_name_valid(names[i]))
			return cli_usage(cli, "a client's name is 1 to %d characters of [A-Za-z0-9._-], not \"%s\"",
					 HF_PROTO_CLIENT, names[i]);
	return -1;
}

int cmd_finish(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "all", no_argument, NULL, 'a' },
		{}
	};
	char *everybody[] = { (char *)"" };
	struct hf_error err = {};
	struct hf_control c;
	bool all = false;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		ret = -1;
		if (opt == 'a')
			all = true;
		else
			ret = cli_option(cli, opt);
		if (ret >= 0)
			return ret;
	}
	ret = check_names(cli, argv + optind, (size_t)(argc - optind), all);
	if (ret >= 0)
		return ret;
	ret = daemon_find(cli, &c, &err);
	if (ret < 0)
		return cli_failed(cli, EXIT_FAILED, &err);
	if (ret && all)
		return ask_daemon(cli, &c, everybody, 1, &err);
	if (ret)
		return ask_daemon(cli, &c, argv + optind,
				  (size_t)(argc - optind), &err);
	if (!all)
		return cli_usage(cli, "no holdfastd runs that knows clients by name; --all gives up session \"%s\"",
				 cli->session);
	return finish_session(cli, &err);
}
