/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking everything out of a session, step by step.
 *
 * Restartable at any instruction (I8): a session that is closed unfinished can
 * be retrieved again, retrieving a descriptor again gives the same file, and
 * what is bound or attached already is noticed and left alone.
 */
#ifndef HOLDFAST_RESTORE_H
#define HOLDFAST_RESTORE_H

#include <stdbool.h>
#include <sys/resource.h>

#include <holdfast/error.h>
#include <holdfast/events.h>
#include <holdfast/luo.h>
#include <holdfast/manifest.h>
#include <holdfast/verdict.h>

/**
 * struct restore_client - what became of a driver of the session
 * @dropped: nothing is retrieved for it: FINISH stops its devices
 * @failed: EXIT_FAILED or EXIT_MISMATCH, once something of it could not be
 *	    restored; it is left out from there on
 * @err: why
 * @why: the kernel's errno, negative, if it would not give something out; else 0
 */
struct restore_client {
	bool dropped;
	int failed;
	struct hf_error err;
	int why;
};

/**
 * struct restore - a restore at work
 * @luo: descriptor of /dev/liveupdate, the caller's
 * @name: of the session
 * @events: where verdicts are reported to
 * @err: message of what failed last
 * @why: see struct restore_client
 * @session: session descriptor, or -1; step_manifest() retrieves it unless it is
 *	     there already
 * @m: its manifest
 * @client: one for each driver of @m
 * @memfd: in the order of @m; -1: not retrieved (yet)
 * @iommufd: the same
 * @device: the same
 * @was_bound: the device was bound by a restore before this one
 * @v: what comparing the tables showed
 * @memlock: RLIMIT_MEMLOCK as it was before step_iommufd()
 *
 * What goes wrong with an object goes wrong for the drivers that have it, and
 * only for them (restore_lost()). What goes wrong with the session itself ends
 * it.
 */
struct restore {
	int luo;
	const char *name;
	struct hf_events *events;
	struct hf_error *err;
	int why;
	int session;
	struct hf_manifest m;
	struct restore_client *client;
	int *memfd;
	int *iommufd;
	int *device;
	bool *was_bound;
	struct verdict v;
	struct rlimit memlock;
};

/** restore_init() - nothing is retrieved yet */
void restore_init(struct restore *r, int luo, const char *name,
		  struct hf_events *events, struct hf_error *err);

/** restore_release() - close and free everything, the session among it */
void restore_release(struct restore *r);

/**
 * restore_wanted() - is there a driver left that wants an object?
 * @r: restore
 * @clients: drivers that have it
 */
bool restore_wanted(const struct restore *r, uint64_t clients);

/**
 * restore_lost() - an object could not be restored
 * @r: restore; its error says why
 * @clients: who had it
 * @code: EXIT_FAILED or EXIT_MISMATCH
 *
 * After a mismatch the bus mastering of these drivers' devices is switched off.
 */
void restore_lost(struct restore *r, uint64_t clients, int code);

/**
 * restore_check_device() - is a device what it was? Looks, and changes nothing
 *
 * Return: 0; EXIT_FAILED when it is not there, EXIT_MISMATCH when it is another
 * one; the error says which.
 */
int restore_check_device(struct restore *r, const struct hf_manifest_device *d);

/** restore_code() - exit code, by what became of the drivers */
int restore_code(const struct restore *r);

/** restore_left() - is a driver left that did not fail? */
bool restore_left(const struct restore *r);

/*
 * The steps, in this order. Each returns 0, or the exit code that ends the
 * restore: what fails for one driver does not.
 */
int step_manifest(struct restore *r);
int step_memfd(struct restore *r);
int step_iommufd(struct restore *r);
int step_device(struct restore *r);
int step_bind(struct restore *r);
int step_attach(struct restore *r);
int step_verify(struct restore *r);

#endif
