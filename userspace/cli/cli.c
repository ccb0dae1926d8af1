// SPDX-License-Identifier: GPL-2.0-only
/* What the verbs share: options, messages, the frame of their JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "holdfast%s%s: ", cli->verb ? " " : "",
		cli->verb ? cli->verb : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry \"holdfast --help\".\n");
	return EXIT_USAGE;
}

int cli_option(struct cli *cli, int opt)
{
	struct hf_error err;
	size_t i, n;

	switch (opt) {
	case OPT_SESSION:
		n = strlen(optarg);
		if (!n || n > HF_LUO_NAME_MAX)
			return cli_usage(cli, "--session takes a name of 1 to %d bytes",
					 HF_LUO_NAME_MAX);
		for (i = 0; i < n; i++)
			if (optarg[i] <= ' ' || optarg[i] > '~')
				return cli_usage(cli, "--session takes printable characters without blanks");
		cli->session = optarg;
		cli->alone = true;
		return -1;
	case OPT_SOCKET:
		if (!*optarg)
			return cli_usage(cli, "--socket takes a path");
		cli->socket = optarg;
		cli->alone = true;
		return -1;
	case OPT_DAEMON:
		if (!*optarg)
			return cli_usage(cli, "--daemon takes a path");
		cli->daemon = optarg;
		return -1;
	case OPT_EVENTS:
		hf_events_close(&cli->events);
		if (hf_events_open(&cli->events, optarg, &err))
			return cli_failed(cli, EXIT_FAILED, &err);
		return -1;
	case OPT_JSON:
		cli->json = true;
		return -1;
	case OPT_HELP:
		cli_help(cli->verb);
		return EXIT_DONE;
	case ':':
		return cli_usage(cli, "%s needs a value", cli->argv[optind - 1]);
	default:
		return cli_usage(cli, "there is no option \"%s\"",
				 cli->argv[optind - 1]);
	}
}

void cli_complain(const struct cli *cli, const struct hf_error *err)
{
	const char *p = err->text;

	while (*p) {
		size_t n = strcspn(p, "\n");

		fprintf(stderr, "holdfast %s: %.*s\n", cli->verb, (int)n, p);
		p += n + (p[n] == '\n');
	}
}

void cli_begin_json(const struct cli *cli, struct hf_json *j, int code,
		    const struct hf_error *err)
{
	hf_json_init(j);
	hf_json_object(j, NULL);
	hf_json_str(j, "verb", cli->verb);
	hf_json_bool(j, "ok", !code);
	if (!code)
		return;
	hf_json_int(j, "exit", code);
	if (err && err->text[0])
		hf_json_str(j, "error", err->text);
}

int cli_failed(const struct cli *cli, int code, const struct hf_error *err)
{
	struct hf_json j;

	cli_complain(cli, err);
	if (cli->json) {
		cli_begin_json(cli, &j, code, err);
		hf_json_object_end(&j);
		show_json(&j);
	}
	return code;
}

int cli_parse_common(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, {} };
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		ret = cli_option(cli, opt);
		if (ret >= 0)
			return ret;
	}
	return cli_no_rest(cli, argc, argv);
}

int cli_number(const struct cli *cli, const char *option, const char *arg,
	       long min, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(arg, &end, 10);
	if (errno || end == arg || *end || *out < min || *out > max)
		return cli_usage(cli, "%s takes %ld to %ld, not \"%s\"",
				 option, min, max, arg);
	return -1;
}

int cli_no_rest(const struct cli *cli, int argc, char **argv)
{
	if (optind == argc)
		return -1;
	return cli_usage(cli, "what is \"%s\"?", argv[optind]);
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}
