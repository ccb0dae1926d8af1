/* SPDX-License-Identifier: GPL-2.0-only */
/* holdfast restore, between its files. */
#ifndef RESTORE_H
#define RESTORE_H

#include <sys/resource.h>

#include <holdfast/luo.h>

#include "cli.h"

#define MAX_STEPS	12

/**
 * struct restore_client - a driver of the session
 * @argv: what to start for it, or NULL
 * @words: memory of @argv if it came from --exec; owned
 * @dropped: nothing is retrieved for it: FINISH stops its devices
 * @failed: exit code, once something of it could not be restored; it is left
 *	    out from there on
 * @err: why
 * @pid: the driver that has its descriptors now
 * @was_there: it was started by a restore before this one
 */
struct restore_client {
	char **argv;
	char **words;
	bool dropped;
	int failed;
	struct hf_error err;
	pid_t pid;
	bool was_there;
};

/** struct restore_order - what the command line says about one driver */
struct restore_order {
	const char *name;
	char **words;		/* NULL: --drop */
};

/**
 * struct restore - a restore at work
 *
 * What goes wrong with an object goes wrong for the drivers that have it, and
 * only for them (lost()). What goes wrong with the session itself ends it.
 */
struct restore {
	struct cli *cli;
	struct hf_error *err;
	/* options */
	bool no_finish;
	bool release;
	const char *after_step;
	char **driver;
	struct restore_order order[HF_MANIFEST_MAX_CLIENTS];
	size_t n_order;
	/* what was taken out so far; -1: not yet */
	int luo;
	int session;
	struct hf_manifest m;
	struct restore_client *client;
	int *memfd;
	int *iommufd;
	int *device;
	bool *was_bound;
	/* results */
	struct verdict v;
	struct rlimit memlock;	/* as it was; the driver gets it */
	struct {
		const char *name;
		double ms;
	} step[MAX_STEPS];
	size_t n_steps;
};

/* restore_client.c: the drivers */

/** clients_assign() - who is started for whom? 0, or an exit code */
int clients_assign(struct restore *r);

/** clients_free() */
void clients_free(struct restore *r);

/** wanted() - is there a driver left that wants an object? */
bool wanted(const struct restore *r, uint64_t clients);

/**
 * lost() - an object could not be restored
 * @r: restore; its error says why
 * @clients: who had it
 * @code: EXIT_FAILED or EXIT_MISMATCH
 *
 * After a mismatch the bus mastering of these drivers' devices is switched off.
 */
void lost(struct restore *r, uint64_t clients, int code);

/** clients_code() - exit code, by what became of the drivers */
int clients_code(const struct restore *r);

/** clients_left() - is a driver left that did not fail? */
bool clients_left(const struct restore *r);

/** clients_report() - what became of each: stderr and events */
void clients_report(struct restore *r);

/** clients_json() - write member "clients" */
void clients_json(struct hf_json *j, const struct restore *r);

/** step_handover() - start the drivers */
int step_handover(struct restore *r);

/*
 * restore_steps.c: everything before the hand-over; each returns 0 or an exit
 * code that ends the command
 */
int step_manifest(struct restore *r);
int step_memfd(struct restore *r);
int step_iommufd(struct restore *r);
int step_device(struct restore *r);
int step_bind(struct restore *r);
int step_attach(struct restore *r);
int step_verify(struct restore *r);
void restore_release(struct restore *r);

#endif
