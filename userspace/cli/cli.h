/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of the command share. */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <stdbool.h>

#include <holdfast/error.h>
#include <holdfast/events.h>
#include <holdfast/exitcode.h>
#include <holdfast/holder.h>
#include <holdfast/manifest.h>
#include <holdfast/verdict.h>

#define DEFAULT_SESSION	"holdfast"
#define DEFAULT_SOCKET	"/run/holdfast.sock"

/**
 * struct cli - options every verb has
 * @verb: name, for messages
 * @argv: its command line, for messages
 * @session: --session
 * @socket: --socket
 * @events: --events, opened
 * @json: --json: one object on stdout instead of text
 * @daemon: --daemon, or NULL
 * @alone: --session or --socket was given: it is about a session that the daemon
 *	   has nothing to do with
 */
struct cli {
	const char *verb;
	char **argv;
	const char *session;
	const char *socket;
	struct hf_events events;
	bool json;
	const char *daemon;
	bool alone;
};

/* getopt_long() values of the options above; verbs take values below 0x100 */
enum {
	OPT_SESSION = 0x100,
	OPT_SOCKET,
	OPT_EVENTS,
	OPT_JSON,
	OPT_HELP,
	OPT_DAEMON,
};

#define CLI_OPTIONS \
	{ "session", required_argument, NULL, OPT_SESSION }, \
	{ "socket", required_argument, NULL, OPT_SOCKET }, \
	{ "events", required_argument, NULL, OPT_EVENTS }, \
	{ "daemon", required_argument, NULL, OPT_DAEMON }, \
	{ "json", no_argument, NULL, OPT_JSON }, \
	{ "help", no_argument, NULL, OPT_HELP }

/**
 * cli_option() - handle one of the common options
 * @cli: options so far
 * @opt: what getopt_long() returned
 *
 * Return: -1 to go on, else the code to exit with.
 */
int cli_option(struct cli *cli, int opt);

/**
 * cli_parse_common() - the command line of a verb that takes nothing of its own
 *
 * Return: -1 to go on, else the code to exit with.
 */
int cli_parse_common(struct cli *cli, int argc, char **argv);

/**
 * cli_number() - the value of an option
 * @cli: options
 * @option: its name, for the message
 * @arg: text
 * @min: smallest allowed
 * @max: largest
 * @out: out
 *
 * Return: -1 to go on, else EXIT_USAGE.
 */
int cli_number(const struct cli *cli, const char *option, const char *arg,
	       long min, long max, long *out);

/** cli_usage() - complain about the command line; returns EXIT_USAGE */
int cli_usage(const struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * cli_failed() - report that a verb did not do its work
 * @cli: options
 * @code: exit code to return
 * @err: why; every line is printed on stderr, and as "error" with --json
 */
int cli_failed(const struct cli *cli, int code, const struct hf_error *err);

/** cli_complain() - print every line of an error on stderr */
void cli_complain(const struct cli *cli, const struct hf_error *err);

/** cli_no_rest() - refuse arguments left over; EXIT_USAGE or -1 */
int cli_no_rest(const struct cli *cli, int argc, char **argv);

/**
 * cli_begin_json() - begin the one object that --json prints
 * @cli: options
 * @j: writer, initialised here; finish the object and give it to show_json()
 * @code: exit code: what "ok" says
 * @err: why, if @code is not 0; or NULL
 */
void cli_begin_json(const struct cli *cli, struct hf_json *j, int code,
		    const struct hf_error *err);

/** cli_help() - print what a verb can do, or all of them (NULL) */
void cli_help(const char *verb);

/** cli_note() - a line for people: stdout, not with --json */
void cli_note(const struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** show_manifest() - print what a session holds as tables */
void show_manifest(const struct hf_manifest *m, const struct verdict *v);

/** show_manifest_json() - write members "session", "devices", ... */
void show_manifest_json(struct hf_json *j, const struct hf_manifest *m);

/** show_json() - print a finished object and release it */
void show_json(struct hf_json *j);

int cmd_update(struct cli *cli, int argc, char **argv);
int cmd_preserve(struct cli *cli, int argc, char **argv);
int cmd_kexec(struct cli *cli, int argc, char **argv);
int cmd_restore(struct cli *cli, int argc, char **argv);
int cmd_verify(struct cli *cli, int argc, char **argv);
int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_cancel(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_clients(struct cli *cli, int argc, char **argv);
int cmd_finish(struct cli *cli, int argc, char **argv);
int cmd_inspect(struct cli *cli, int argc, char **argv);
int cmd_preflight(struct cli *cli, int argc, char **argv);

#endif
