// SPDX-License-Identifier: GPL-2.0-only
/* What --help prints. The man page holdfast(8) says more. */
#include <stdio.h>
#include <string.h>

#include <holdfast/proto.h>

#include "cli.h"

enum when { BEFORE, AFTER, ALWAYS };

static const char *const headings[] = {
	[BEFORE] = "before the update",
	[AFTER] = "after it",
	[ALWAYS] = "at any time",
};

/*
 * @usage: command lines, one each
 * @brief: one line for the overview
 * @options: its own, and what else is to say
 */
static const struct {
	const char *verb;
	enum when when;
	const char *brief;
	const char *usage;
	const char *options;
} verbs[] = {
	{ "update", BEFORE,
	  "all of it: preflight, load, preserve, verify, reboot",
	  "update --kernel IMAGE [--initrd FILE] [--append STRING | --reuse-cmdline]\n"
	  "       [--modules DIR] [--direct | --graceful] [--timeout S]\n"
	  "       [--without NAME]...\n",
	  "Whatever fails, or is refused, takes back what was done. After the boot\n"
	  "holdfastd restores by itself; \"holdfast status\" tells how it went.\n"
	  "\n"
	  "  --kernel IMAGE          the next kernel\n"
	  "  --initrd FILE           its initramfs\n"
	  "  --append STRING         its command line; what live update needs is added\n"
	  "  --reuse-cmdline         the command line of the running kernel, the same added\n"
	  "  --modules DIR           its modules (default /lib/modules/RELEASE)\n"
	  "  --graceful              by systemctl kexec (default where systemd runs)\n"
	  "  --direct                by the reboot call: nothing is stopped before\n"
	  "  --timeout S             how long clients may take to answer (default: as\n"
	  "                          holdfastd is configured)\n"
	  "  --without NAME          a client that is left out: it is neither asked nor\n"
	  "                          waited for, and what it has is not carried\n" },
	{ "preflight", BEFORE,
	  "what would make an update fail, and what to do",
	  "preflight [--kernel IMAGE [--initrd FILE] [--append STRING | --reuse-cmdline]\n"
	  "          [--modules DIR]] [--pid [NAME=]PID...]\n",
	  "Changes nothing. Exit status 1 if there is an error, 0 with nothing but\n"
	  "warnings.\n"
	  "\n"
	  "  --kernel IMAGE          the next kernel: does it take over what it gets?\n"
	  "  --initrd FILE           its initramfs\n"
	  "  --append STRING         its command line\n"
	  "  --reuse-cmdline         the command line of the running kernel\n"
	  "  --modules DIR           its modules (default /lib/modules/RELEASE)\n"
	  "  --pid [NAME=]PID        a driver that knows nothing of holdfastd: can its\n"
	  "                          memory be carried?\n"
	  "  --root DIR              look below DIR instead of /\n" },
	{ "preserve", BEFORE,
	  "put what drivers have into sessions that survive",
	  "preserve [--timeout S] [--without NAME]...\n"
	  "preserve --pid [NAME=]PID... [--retry-ms MS]\n",
	  "Without --pid holdfastd asks each client that is ready, and preserves all of\n"
	  "them or none. With --pid, descriptors are taken from processes that know\n"
	  "nothing of it, into one session that a process of its own keeps open.\n"
	  "\n"
	  "  --timeout S             how long clients may take to answer (default: as\n"
	  "                          holdfastd is configured)\n"
	  "  --without NAME          a client that is left out: it is neither asked nor\n"
	  "                          waited for, and what it has is not carried\n"
	  "  --pid [NAME=]PID        a driver, and what to call it\n"
	  "  --retry-ms MS           how long to try again what is busy (default 1000)\n" },
	{ "verify", BEFORE,
	  "read the IOVA-to-PA tables again and compare",
	  "verify\n", NULL },
	{ "kexec", BEFORE,
	  "verify, then start the loaded kernel",
	  "kexec [--load KERNEL [--initrd FILE] [--append STRING | --reuse-cmdline]]\n"
	  "      [--direct | --graceful]\n",
	  "At once: services are not stopped and file systems only synced. Returns only\n"
	  "when the kernel refused; everything is as before then.\n"
	  "\n"
	  "  --load KERNEL           load this kernel first, as kexec -s does\n"
	  "  --initrd FILE           its initramfs\n"
	  "  --append STRING         its command line; what live update needs is added\n"
	  "  --reuse-cmdline         the command line of the running kernel, the same added\n"
	  "  --direct                as said, by the reboot call (default)\n"
	  "  --graceful              by systemctl kexec\n" },
	{ "cancel", BEFORE,
	  "give everything back; the drivers carry on",
	  "cancel\n", NULL },
	{ "restore", AFTER,
	  "take everything out again and compare it",
	  "restore [--dry-run]\n"
	  "restore [--no-finish | --release] [--after-step CMD] [-- DRIVER [ARG...]]\n"
	  "restore --exec NAME='DRIVER [ARG...]'... [--drop NAME]... [--after-step CMD]\n",
	  "holdfastd does this by itself when it starts; the first form has it try again\n"
	  "what could not be restored. The others take one session that was preserved with\n"
	  "--pid, and start its drivers.\n"
	  "\n"
	  "  --dry-run               only look: retrieve nothing but the manifests\n"
	  "  --no-finish             leave everything in the session\n"
	  "  --release               no driver: stop the devices, free the memory\n"
	  "  --exec NAME='DRIVER'    what to start for which driver\n"
	  "  --drop NAME             give a driver up\n"
	  "  --after-step CMD        run CMD with the name of each step done\n" },
	{ "finish", AFTER,
	  "give up what nobody takes up again",
	  "finish NAME...\n"
	  "finish --all\n",
	  "The devices of these clients are stopped, and their memory is freed. Clients\n"
	  "that are lost are forgotten. Without holdfastd, --all is the session.\n"
	  "\n"
	  "  --all                   all that have not taken up again\n" },
	{ "status", ALWAYS,
	  "how it stands, and how the updates went",
	  "status\n", NULL },
	{ "list", ALWAYS,
	  "devices, tables and memory that are preserved",
	  "list\n", NULL },
	{ "clients", ALWAYS,
	  "who is connected, and in which state",
	  "clients\n", NULL },
	{ "inspect", ALWAYS,
	  "what was handed over, and what is going to be",
	  "inspect [--in] [--out] [--ranges] [--save DIR]\n"
	  "inspect [--in] [--out] [--ranges] --dump DIR|FILE\n",
	  "Reads what the kernel has in memory for the next one, or got from the one\n"
	  "before. Nothing of it is trusted; what is damaged is said to be.\n"
	  "\n"
	  "  --in                    only what was handed over to this kernel\n"
	  "  --out                   only what it hands over\n"
	  "  --ranges                list all memory, not only how much there is\n"
	  "  --save DIR              put all that was read into a new folder\n"
	  "  --dump DIR|FILE         read such a folder, an ELF core file, a tree of KHO\n"
	  "                          or a manifest instead\n"
	  "  --root DIR              look below DIR instead of /\n" },
};

static const char common[] =
"options of every verb\n"
"  --daemon PATH           holdfastd's socket (default " HF_PROTO_SOCKET ")\n"
"  --session NAME          a session of its own, without holdfastd (default " DEFAULT_SESSION ")\n"
"  --socket PATH           the socket of its holder (default " DEFAULT_SOCKET ")\n"
"  --events FILE           append one JSON object per event; FILE may be a tty\n"
"  --json                  print one JSON object instead of text\n"
"  --help\n"
"\n"
"exit status: 0 done, 1 failed, 2 usage, 3 nothing to restore,\n"
"4 the tables are not what they were, 5 some drivers go on and others do not\n";

static void print_usage(const char *usage)
{
	const char *first = "usage: ";
	int n;

	for (; *usage; usage += n + 1) {
		n = (int)strcspn(usage, "\n");
		printf("%sholdfast %.*s\n", first, n, usage);
		first = "       ";
	}
	printf("\n");
}

static void overview(void)
{
	size_t w, i;

	printf("usage: holdfast VERB [OPTIONS]\n\n"
	       "Keeps the DMA of userspace drivers' PCI devices running through a kexec.\n\n");
	for (w = 0; w < sizeof(headings) / sizeof(headings[0]); w++) {
		printf("%s\n", headings[w]);
		for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (verbs[i].when == w)
				printf("  %-10s %s\n", verbs[i].verb,
				       verbs[i].brief);
	}
	printf("\n\"holdfast VERB --help\" says more about one; \"holdfast --version\".\n\n%s",
	       common);
}

void cli_help(const char *verb)
{
	size_t i;

	for (i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb))
			continue;
		print_usage(verbs[i].usage);
		if (verbs[i].options)
			printf("%s\n", verbs[i].options);
		printf("%s", common);
		return;
	}
	overview();
}
