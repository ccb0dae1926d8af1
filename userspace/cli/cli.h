/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of the command share. */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <holdfast/error.h>
#include <holdfast/events.h>
#include <holdfast/manifest.h>

#define DEFAULT_SESSION	"holdfast"
#define DEFAULT_SOCKET	"/run/holdfast.sock"

/* Exit codes: part of the interface, see docs/agent.md */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOTHING = 3,
	EXIT_MISMATCH = 4,
	EXIT_PARTLY = 5,
};

/**
 * struct cli - options every verb has
 * @verb: name, for messages
 * @argv: its command line, for messages
 * @session: --session
 * @socket: --socket
 * @events: --events, opened
 * @json: --json: one object on stdout instead of text
 */
struct cli {
	const char *verb;
	char **argv;
	const char *session;
	const char *socket;
	struct hf_events events;
	bool json;
};

/* getopt_long() values of the options above; verbs take values below 0x100 */
enum {
	OPT_SESSION = 0x100,
	OPT_SOCKET,
	OPT_EVENTS,
	OPT_JSON,
	OPT_HELP,
};

#define CLI_OPTIONS \
	{ "session", required_argument, NULL, OPT_SESSION }, \
	{ "socket", required_argument, NULL, OPT_SOCKET }, \
	{ "events", required_argument, NULL, OPT_EVENTS }, \
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

/** cli_note() - a line for people: stdout, not with --json */
void cli_note(const struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct verdict - what comparing live tables with a manifest showed
 * @pa_equal: every IOVA has the PA it had, and no other is mapped
 * @ids_equal: IOASes and devices have the IDs they had
 * @extents: extents read
 * @pages: pages they have
 * @text: first difference, "" when there is none
 */
struct verdict {
	bool pa_equal;
	bool ids_equal;
	size_t extents;
	uint64_t pages;
	char text[256];
};

/**
 * verdict_take() - read the tables of iommufds and compare them
 * @m: manifest
 * @iommufd: descriptors in the order of the manifest
 * @v: out
 * @err: message on failure
 *
 * Return: 0 when everything could be read, equal or not; or a negative errno.
 */
int verdict_take(const struct hf_manifest *m, const int *iommufd,
		 struct verdict *v, struct hf_error *err);

/**
 * verdict_add() - read the tables of one iommufd, add them to a verdict
 * @m: manifest
 * @i: which of its iommufds
 * @fd: descriptor
 * @v: begin with verdict_init()
 * @err: message on failure
 */
int verdict_add(const struct hf_manifest *m, size_t i, int fd,
		struct verdict *v, struct hf_error *err);

/** verdict_init() - nothing seen, nothing wrong */
void verdict_init(struct verdict *v);

/** verdict_merge() - add what @b says to @a */
void verdict_merge(struct verdict *a, const struct verdict *b);

/** verdict_good() - no difference? */
bool verdict_good(const struct verdict *v);

/** verdict_event() - report it; @by: the verb that looked */
void verdict_event(struct cli *cli, const struct verdict *v, const char *by);

/** verdict_json() - write its members */
void verdict_json(struct hf_json *j, const struct verdict *v);

/** show_manifest() - print what a session holds as tables */
void show_manifest(const struct hf_manifest *m, const struct verdict *v);

/** show_manifest_json() - write members "session", "devices", ... */
void show_manifest_json(struct hf_json *j, const struct hf_manifest *m);

/** show_json() - print a finished object and release it */
void show_json(struct hf_json *j);

/**
 * struct held - what a running holder told about itself
 * @sock: connection; a hang-up on it means the holder died
 * @pid: the holder
 * @manifest: manifest of the session
 * @iommufd: descriptors in the order of the manifest
 */
struct held {
	int sock;
	pid_t pid;
	struct hf_manifest manifest;
	int *iommufd;
};

/**
 * held_connect() - find the holder
 * @cli: options
 * @h: out; release with held_free()
 * @err: message on failure
 *
 * Return: 0; -ENOENT when no holder listens; -EEXIST when it holds another
 * session; or a negative errno.
 */
int held_connect(const struct cli *cli, struct held *h, struct hf_error *err);

/** held_free() - close the connection and everything received */
void held_free(struct held *h);

/** held_alive() - does the holder of this connection still run? */
bool held_alive(const struct held *h);

/**
 * held_cancel() - ask the holder to give everything back and end
 * @cli: options
 * @err: message on failure
 *
 * Return: 0 when the kernel has given everything back, or a negative errno.
 */
int held_cancel(const struct cli *cli, struct hf_error *err);

/**
 * holder_listen() - create the holder's socket
 * @path: where; one that a dead holder left there is replaced
 * @err: message on failure
 *
 * The caller has /dev/liveupdate open, so that no two do this at a time.
 *
 * Return: listening descriptor or a negative errno, -EBUSY if a holder serves it.
 */
int holder_listen(const char *path, struct hf_error *err);

/**
 * holder_start() - leave a session with a process of its own
 * @cli: options
 * @session: session descriptor
 * @listener: socket of holder_listen()
 * @manifest: sealed memfd
 * @iommufd: descriptors in the order of the manifest
 * @n: how many
 * @err: message on failure
 *
 * Return: process ID of the holder, which is then ready; or a negative errno.
 */
pid_t holder_start(const struct cli *cli, int session, int listener, int manifest,
		   const int *iommufd, size_t n, struct hf_error *err);

/**
 * spawn_place() - put descriptors to 3, 4, ... and mark all others
 * close-on-exec
 * @fds: descriptors, any numbers
 * @n: how many
 *
 * For a child about to exec. Return: 0 or a negative errno.
 */
int spawn_place(const int *fds, size_t n);

/**
 * spawn_driver() - start a program with descriptors by the LISTEN_FDS protocol
 * @argv: program and arguments
 * @fds: descriptors it gets as 3, 4, ...
 * @names: a name for each, without colons
 * @n: how many
 * @memlock: its RLIMIT_MEMLOCK
 * @err: message on failure
 *
 * Return: process ID once the program runs, that is once exec succeeded; or a
 * negative errno.
 */
pid_t spawn_driver(char *const argv[], const int *fds, const char *const *names,
		   size_t n, const struct rlimit *memlock,
		   struct hf_error *err);

/**
 * spawn_wait() - run a program and wait for it
 * @argv: program and arguments; looked for in PATH and the usual sbin folders
 * @err: message when it cannot be run or fails
 *
 * Return: 0 when it exited with 0, else a negative errno.
 */
int spawn_wait(char *const argv[], struct hf_error *err);

/**
 * struct wanted - a driver to take descriptors from
 * @pid: its process
 * @name: what it is to be called, or NULL for the name of its process
 */
struct wanted {
	pid_t pid;
	const char *name;
};

/**
 * struct taken - descriptors taken from drivers
 * @memfd: descriptors of memfds, names and sizes in @m
 * @iommufd: of iommufds
 * @device: of VFIO devices
 * @m: manifest without tables, in the same order
 * @huge: memfds of huge pages, which are no objects of their own
 * @n_huge: how many
 */
struct taken {
	int *memfd;
	int *iommufd;
	int *device;
	struct hf_manifest m;
	struct taken_huge {
		int fd;
		uint64_t size;
		char name[HF_NAME_MAX + 1];
	} *huge;
	size_t n_huge;
};

/**
 * take_from() - take what matters from drivers
 * @w: drivers, in the order they become clients of the manifest
 * @n: how many, 1 to HF_MANIFEST_MAX_CLIENTS
 * @t: out; release with take_free()
 * @err: message on failure
 *
 * Files open more than once, in one driver or several, are taken once. Tokens
 * are given out here.
 *
 * Return: 0 or a negative errno.
 */
int take_from(const struct wanted *w, size_t n, struct taken *t,
	      struct hf_error *err);

/** take_free() - close and release everything */
void take_free(struct taken *t);

/**
 * huge_check() - is all of the memfds of huge pages carried?
 * @t: what was taken, with the tables of the IOASes
 * @err: message on failure
 *
 * The kernel does not carry them as files, but the memory of an IOAS whatever
 * file it is of. What is not mapped for DMA would be lost.
 *
 * Return: 0; -EOPNOTSUPP when there is such memory; or a negative errno.
 */
int huge_check(const struct taken *t, struct hf_error *err);

int cmd_preserve(struct cli *cli, int argc, char **argv);
int cmd_kexec(struct cli *cli, int argc, char **argv);
int cmd_restore(struct cli *cli, int argc, char **argv);
int cmd_verify(struct cli *cli, int argc, char **argv);
int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_cancel(struct cli *cli, int argc, char **argv);
int cmd_holder(struct cli *cli, int argc, char **argv);

#endif
