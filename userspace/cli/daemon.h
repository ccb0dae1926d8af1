/* SPDX-License-Identifier: GPL-2.0-only */
/* What verbs share that ask the daemon. */
#ifndef DAEMON_H
#define DAEMON_H

#include <holdfast/control.h>

#include "cli.h"
#include "report.h"

/* An hour: longest time that can be asked for */
#define ANSWER_S_MAX	3600

/**
 * daemon_find() - is it the daemon's to do?
 * @cli: options
 * @c: out, the connection; closed by daemon_end() or hf_control_close()
 * @err: message on failure
 *
 * It is when it runs and the command line does not name a session of its own.
 *
 * Return: 1: yes, connected; 0: no; or a negative errno: it should run.
 */
int daemon_find(struct cli *cli, struct hf_control *c, struct hf_error *err);

/**
 * daemon_catch() - SIGINT, SIGTERM and SIGHUP end the question, not the command
 *
 * For verbs that have something to take back.
 */
void daemon_catch(void);

/** daemon_interrupted() - was there such a signal? */
bool daemon_interrupted(void);

/**
 * daemon_ask() - ask, and show on a terminal how it goes
 * @cli: options
 * @c: connection
 * @q: question; its time-out and tick are set here, a time-out given is added
 * @a: out; released by daemon_end() or hf_answer_free()
 * @err: message on failure
 *
 * Return: as hf_control_ask().
 */
int daemon_ask(struct cli *cli, struct hf_control *c, struct hf_question *q,
	       struct hf_answer *a, struct hf_error *err);

/**
 * daemon_status() - ask for the report
 * @cli: options
 * @c: connection
 * @verify: with the tables read and compared
 * @a: out, has a report if 0 is returned
 * @err: message on failure
 */
int daemon_status(struct cli *cli, struct hf_control *c, bool verify,
		  struct hf_answer *a, struct hf_error *err);

/**
 * daemon_preserve() - have all clients preserved, or none
 * @cli: options
 * @c: connection; made anew if it had to be cancelled
 * @timeout_s: how long clients may take to answer; 0: as the daemon is configured
 * @without: names of clients that are left out, of daemon_without(); or ""
 * @a: out
 * @err: message on failure
 *
 * If the question is interrupted (daemon_catch()) or not answered, everything is
 * taken back.
 *
 * Return: 0 when all is preserved, or a negative errno: nothing is then, unless
 * @err says otherwise.
 */
int daemon_preserve(struct cli *cli, struct hf_control *c, long timeout_s,
		    const char *without, struct hf_answer *a,
		    struct hf_error *err);

/**
 * daemon_without() - an option --without
 * @cli: options
 * @names: list that it is added to
 * @name: of a client
 *
 * Return: -1, or an exit code when it is wrong.
 */
int daemon_without(const struct cli *cli, char names[HF_PROTO_TEXT],
		   const char *name);

/**
 * daemon_cancel() - give everything back, on a connection that may be new
 * @cli: options
 * @c: connection; made anew if it is closed
 * @err: gets a line appended, what came of it
 *
 * Return: 0; or a negative errno: it has to be done by hand.
 */
int daemon_cancel(struct cli *cli, struct hf_control *c, struct hf_error *err);

/**
 * daemon_end() - report what came of a verb, release and close everything
 * @cli: options
 * @c: connection
 * @code: exit code
 * @err: why, if it is not 0
 * @a: answer; with --json its report is printed
 * @show: prints the report for people; NULL: nothing is printed
 *
 * Return: @code.
 */
int daemon_end(struct cli *cli, struct hf_control *c, int code,
	       const struct hf_error *err, struct hf_answer *a,
	       void (*show)(struct json_object *o));

/** daemon_end_now() - the same, with a report of now in place of that in @a */
int daemon_end_now(struct cli *cli, struct hf_control *c, int code,
		   const struct hf_error *err, struct hf_answer *a,
		   void (*show)(struct json_object *o));

#endif
