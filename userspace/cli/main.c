// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <holdfast/version.h>

#include "cli.h"

static const struct {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
} verbs[] = {
	{ "update", cmd_update },
	{ "preserve", cmd_preserve },
	{ "kexec", cmd_kexec },
	{ "restore", cmd_restore },
	{ "verify", cmd_verify },
	{ "status", cmd_status },
	{ "cancel", cmd_cancel },
	{ "finish", cmd_finish },
	{ "list", cmd_list },
	{ "clients", cmd_clients },
	{ "inspect", cmd_inspect },
	{ "preflight", cmd_preflight },
};

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
		cli_help(argc > 2 ? argv[2] : NULL);
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
