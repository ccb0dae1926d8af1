/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>

#include <holdfast/error.h>
#include <holdfast/manifest.h>

/* Of its socket; no client can be called so */
#define KEEPER_SOCKET	"@keeper"

struct daemon;

/**
 * keeper_main() - be the keeper
 * @argc: number of arguments, "keeper" is the first
 * @argv: arguments
 */
int keeper_main(int argc, char **argv);

/**
 * enum keeper_mark - what the keeper knows of a client, beyond the end of a daemon
 * @KEEPER_UNMARKED: its session waits for it
 * @KEEPER_RESUMED: it has taken up again, the session is finished or about to be
 * @KEEPER_GIVEN_UP: nobody takes it up, likewise
 */
enum keeper_mark {
	KEEPER_UNMARKED,
	KEEPER_RESUMED,
	KEEPER_GIVEN_UP,
};

/**
 * keeper_get() - get a session that the previous kernel left
 * @d: daemon; a keeper is started if there is none yet
 * @client: name of the client, or "" for the index
 * @mark: out, an enum keeper_mark, also if there is no session any more; or NULL
 * @err: message on failure
 *
 * A client that could not be retrieved earlier is tried again. The index is not:
 * what is damaged stays so, and another call starts another keeper.
 *
 * Return: a session descriptor owned by the caller; -ENOENT: the kernel has no
 * such session; -ENODEV: it has no live update; or another negative errno.
 */
int keeper_get(struct daemon *d, const char *client, unsigned int *mark,
	       struct hf_error *err);

/**
 * keeper_mark() - have something known to the next daemon, without a disk
 * @d: daemon
 * @client: its name
 * @mark: an enum keeper_mark
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int keeper_mark(struct daemon *d, const char *client, unsigned int mark,
		struct hf_error *err);

/**
 * keeper_release() - a session is finished, or given up
 * @d: daemon
 * @client: name of the client, or "" for the index
 *
 * When it has none any more, the keeper ends. Failures are logged.
 */
void keeper_release(struct daemon *d, const char *client);

/** keeper_takes() - is it a client of the daemon that an index speaks of? */
bool keeper_takes(const struct hf_manifest_client *k);

/**
 * read_index() - retrieve and read the index from its session
 * @session: session descriptor
 * @m: out, released by hf_manifest_free(), also if it is no index
 * @err: message on failure
 *
 * Return: 1; 0: the manifest is none of the daemon's; or a negative errno.
 */
int read_index(int session, struct hf_manifest *m, struct hf_error *err);

#endif
