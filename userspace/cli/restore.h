/* SPDX-License-Identifier: GPL-2.0-only */
/* holdfast restore, between its files. */
#ifndef RESTORE_H
#define RESTORE_H

#include <holdfast/restore.h>

#include "cli.h"
#include "daemon.h"

#define MAX_STEPS	12

/**
 * struct restore_driver - a driver that may be started
 * @argv: what to start, or NULL
 * @words: memory of @argv if it came from --exec; owned
 * @pid: the driver that has the client's descriptors now
 * @was_there: it was started by a restore before this one
 */
struct restore_driver {
	char **argv;
	char **words;
	pid_t pid;
	bool was_there;
};

/** struct restore_order - what the command line says about one driver */
struct restore_order {
	const char *name;
	char **words;		/* NULL: --drop */
};

/**
 * struct restore_run - the command at work
 * @r: what is taken out
 * @run: in the order of the clients of the manifest; owned
 */
struct restore_run {
	struct restore r;
	struct restore_driver *run;
	struct cli *cli;
	/* options */
	bool dry_run;
	bool no_finish;
	bool release;
	const char *after_step;
	char **driver;
	struct restore_order order[HF_MANIFEST_MAX_CLIENTS];
	size_t n_order;
	/* results */
	struct {
		const char *name;
		double ms;
	} step[MAX_STEPS];
	size_t n_steps;
};

/* restore_client.c: the drivers */

/** clients_assign() - who is started for whom? 0, or an exit code */
int clients_assign(struct restore_run *run);

/** clients_free() */
void clients_free(struct restore_run *run);

/** clients_report() - what became of each: stderr and events */
void clients_report(struct restore_run *run);

/** clients_json() - write member "clients" */
void clients_json(struct hf_json *j, const struct restore_run *run);

/** step_handover() - start the drivers; 0, or an exit code */
int step_handover(struct restore_run *run);

/**
 * restore_look() - what would be restored, and what is in the way
 *
 * Retrieves the manifest and nothing else. Return: exit code.
 */
int restore_look(struct restore_run *run);

/**
 * restore_by_daemon() - have the daemon try again what could not be restored
 * @cli: options
 * @c: connection, closed here
 * @dry_run: only look
 *
 * Return: exit code, by what became of the clients.
 */
int restore_by_daemon(struct cli *cli, struct hf_control *c, bool dry_run);

#endif
