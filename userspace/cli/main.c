// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "0.1"
#endif

static const char help[] =
"usage: holdfast VERB [OPTIONS]\n"
"\n"
"Keeps the DMA of a userspace driver's PCI device running through a kexec.\n"
"\n"
"before the update\n"
"  preserve --pid [NAME=]PID... [--retry-ms MS]\n"
"                          put the descriptors of one or more drivers into a\n"
"                          session and keep it open in a holder process\n"
"  status                  show what is held\n"
"  verify                  read the IOVA-to-PA tables again and compare\n"
"  kexec [--load KERNEL [--initrd FILE] [--append STRING | --reuse-cmdline]]\n"
"                          verify, then start the loaded kernel\n"
"  cancel                  give everything back; the driver carries on\n"
"after it\n"
"  restore [--no-finish | --release] [--after-step CMD] [-- DRIVER [ARG...]]\n"
"                          take everything out again, compare, start the driver\n"
"  restore --exec NAME='DRIVER [ARG...]'... [--drop NAME]... [--after-step CMD]\n"
"                          the same with several drivers, each by its name\n"
"\n"
"options of every verb\n"
"  --session NAME          name of the session (default " DEFAULT_SESSION ")\n"
"  --socket PATH           the holder's socket (default " DEFAULT_SOCKET ")\n"
"  --events FILE           append one JSON object per event; FILE may be a tty\n"
"  --json                  print one JSON object instead of text\n"
"  --help, --version\n"
"\n"
"exit status: 0 done, 1 failed, 2 usage, 3 nothing to restore,\n"
"4 the tables are not what they were, 5 some drivers go on and others do not\n";

static const struct {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
} verbs[] = {
	{ "preserve", cmd_preserve },
	{ "kexec", cmd_kexec },
	{ "restore", cmd_restore },
	{ "verify", cmd_verify },
	{ "status", cmd_status },
	{ "cancel", cmd_cancel },
};

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
		return -1;
	case OPT_SOCKET:
		if (!*optarg)
			return cli_usage(cli, "--socket takes a path");
		cli->socket = optarg;
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
		fputs(help, stdout);
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

int cli_failed(const struct cli *cli, int code, const struct hf_error *err)
{
	struct hf_json j;

	cli_complain(cli, err);
	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", false);
		hf_json_int(&j, "exit", code);
		hf_json_str(&j, "error", err->text);
		hf_json_object_end(&j);
		show_json(&j);
	}
	return code;
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

int main(int argc, char **argv)
{
	struct cli cli = {
		.session = DEFAULT_SESSION,
		.socket = DEFAULT_SOCKET,
		.events.fd = -1,
	};
	size_t i;
	int ret;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return cli_usage(&cli, "which verb?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		fputs(help, stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("holdfast " HOLDFAST_VERSION);
		return EXIT_DONE;
	}
	/* started by preserve, not by people */
	if (!strcmp(argv[1], "holder"))
		return holder_main(argc - 1, argv + 1);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		cli.verb = verbs[i].name;
		cli.argv = argv + 1;
		opterr = 0;
		ret = verbs[i].run(&cli, argc - 1, argv + 1);
		hf_events_close(&cli.events);
		if (fflush(stdout) && ret == EXIT_DONE)
			ret = EXIT_FAILED;
		return ret;
	}
	return cli_usage(&cli, "there is no verb \"%s\"", argv[1]);
}
