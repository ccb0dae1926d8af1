// SPDX-License-Identifier: GPL-2.0-only
/* holdfast inspect: what is handed over, from a live kernel or a saved dump. */
#include <errno.h>
#include <stdio.h>

#include <decode/decode.h>

#include "cli.h"

static int show(struct cli *cli, const struct hk_inspect *q)
{
	unsigned int problems[HK_PROBLEM_KINDS] = {};
	struct hk_out out = { .text = cli->json ? NULL : stdout };
	struct hf_error err = {};
	int code = EXIT_DONE, ret;
	struct hf_json j;

	hf_json_init(&j);
	if (cli->json) {
		out.json = &j;
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
	}
	ret = hk_inspect(q, &out, problems, &err);
	if (ret) {
		hf_json_free(&j);
		return cli_failed(cli, ret == -ENOENT ? EXIT_NOTHING :
				  EXIT_FAILED, &err);
	}
	if (problems[HK_DAMAGED])
		code = EXIT_FAILED;
	if (cli->json) {
		hf_json_bool(&j, "ok", !code);
		hf_json_int(&j, "exit", code);
		hf_json_object_end(&j);
		show_json(&j);
	}
	if (problems[HK_DAMAGED])
		fprintf(stderr, "holdfast inspect: %u things are damaged, see \"problems\"\n",
			problems[HK_DAMAGED]);
	return code;
}

int cmd_inspect(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "in", no_argument, NULL, 'i' },
		{ "out", no_argument, NULL, 'o' },
		{ "ranges", no_argument, NULL, 'r' },
		{ "dump", required_argument, NULL, 'd' },
		{ "save", required_argument, NULL, 's' },
		{ "root", required_argument, NULL, 'R' },
		{}
	};
	struct hk_inspect q = { .root = "" };
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case 'i':
			q.in = true;
			break;
		case 'o':
			q.out = true;
			break;
		case 'r':
			q.ranges = true;
			break;
		case 'd':
			q.dump = optarg;
			break;
		case 's':
			q.save = optarg;
			break;
		case 'R':
			q.root = optarg;
			break;
		default:
			ret = cli_option(cli, opt);
			if (ret >= 0)
				return ret;
		}
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (q.dump && q.save)
		return cli_usage(cli, "--save is for the kernel that runs, --dump reads what was saved");
	return show(cli, &q);
}
