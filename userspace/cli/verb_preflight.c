// SPDX-License-Identifier: GPL-2.0-only
/* holdfast preflight: what would make an update fail, before anything is touched */
#include <stdio.h>

#include <preflight/preflight.h>

#include "preflight.h"

static void show_as_json(const struct cli *cli, const struct hk_report *r,
			 int code)
{
	struct hf_json j;

	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_str(&j, "verb", cli->verb);
	hf_json_bool(&j, "ok", !code);
	hf_json_int(&j, "exit", code);
	preflight_json(&j, r);
	hf_json_object_end(&j);
	show_json(&j);
}

static int run(struct cli *cli, struct hk_preflight *q, const struct wanted *w,
	       size_t n)
{
	struct hk_report r = {};
	struct hf_error err;
	int code;

	if (n)
		preflight_drivers(w, n, q, &r);
	else if (!*q->root)
		preflight_clients(cli, &r);
	hk_preflight(q, &r);
	if (r.failed) {
		hf_fail(&err, -1, "out of memory");
		hk_report_free(&r);
		return cli_failed(cli, EXIT_FAILED, &err);
	}
	code = r.errors ? EXIT_FAILED : EXIT_DONE;
	if (cli->json)
		show_as_json(cli, &r, code);
	else
		preflight_show(stdout, &r);
	hk_report_free(&r);
	return code;
}

int cmd_preflight(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "reuse-cmdline", no_argument, NULL, 'r' },
		{ "modules", required_argument, NULL, 'm' },
		{ "pid", required_argument, NULL, 'p' },
		{ "root", required_argument, NULL, 'R' },
		{}
	};
	struct hk_preflight q = { .root = "" };
	struct wanted w[HF_MANIFEST_MAX_CLIENTS];
	int opt, ret;
	size_t n = 0;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case 'k':
			q.image.kernel = optarg;
			break;
		case 'i':
			q.image.initrd = optarg;
			break;
		case 'a':
			q.image.append = optarg;
			break;
		case 'r':
			q.image.reuse = true;
			break;
		case 'm':
			q.modules = optarg;
			break;
		case 'p':
			ret = wanted_add(cli, w, &n, optarg);
			if (ret >= 0)
				return ret;
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
	if (!q.image.kernel && (q.image.initrd || q.image.append ||
				q.image.reuse || q.modules))
		return cli_usage(cli, "--initrd, --append, --reuse-cmdline and --modules go with --kernel");
	if (q.image.append && q.image.reuse)
		return cli_usage(cli, "--append and --reuse-cmdline exclude each other");
	return run(cli, &q, w, n);
}
