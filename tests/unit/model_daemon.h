/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A holdfastd for tests of the library: one client, in a thread of its own. It
 * keeps the rules of proto.h, and can be told to die at a message, to keep silent,
 * to be slow, or to answer something that breaks a rule.
 */
#ifndef MODEL_DAEMON_H
#define MODEL_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <holdfast/proto.h>

#define MODEL_ITEMS	16

/* What an answer is made into */
enum model_wrong {
	WRONG_NONE,
	WRONG_MAGIC,
	WRONG_VERSION,
	WRONG_OP,
	WRONG_SERIAL,
	WRONG_SHORT,
	WRONG_EMPTY,
	WRONG_LONG,
	WRONG_TEXT_LEN,
	WRONG_RESERVED,
	WRONG_NAME,
	WRONG_STATUS,
	WRONG_TWO_FDS,
	WRONG_FD,		/* from here on: not for each question */
	WRONG_NO_FD,
	WRONG_KIND,
	WRONG_NO_NAME,
	WRONG_TWICE,
	WRONG_COUNT,
	WRONG_STATE,
	WRONG_EVENT,
	WRONG_EVENT_FD,
};

/**
 * struct model - the daemon
 * @path: of its socket
 * @lock: of everything below
 * @state: of its client
 * @put: names that were given
 * @n_put: how many
 * @wait: names of what waits to be claimed
 * @n_wait: how many
 * @seen: messages that came, over all connections
 * @hellos: connections
 * @die_at: number of the message at which it dies, 0: never
 * @die_done: it does so after doing what the message says
 * @down: nobody listens after that, until model_up()
 * @mute_at: from this message on nothing is answered
 * @slow_ms: before each answer
 * @wrong: what is wrong with an answer
 * @wrong_op: to this question, 0: to each
 * @refuse: status of each answer but that to hello
 * @text: of each answer
 * @answer: status of the last HF_OP_ANSWER, 1: none came
 * @why: its text
 * @gap: of the last HF_OP_RESUMED
 */
struct model {
	char path[64];
	pthread_mutex_t lock;
	pthread_t thread;
	int listen;
	int conn;
	int stop[2];
	int state;
	char put[MODEL_ITEMS][HF_PROTO_NAME];
	int n_put;
	char wait[MODEL_ITEMS][HF_PROTO_NAME];
	int n_wait;
	int seen;
	int hellos;
	int die_at;
	bool die_done;
	bool down;
	int mute_at;
	int slow_ms;
	enum model_wrong wrong;
	int wrong_op;
	int refuse;
	const char *text;
	int answer;
	char why[HF_PROTO_TEXT];
	uint64_t gap[2];
};

/* model_start() - listen, with @f as its fields are set beforehand */
void model_start(struct model *f);
void model_stop(struct model *f);

/* model_tell() - send an event to the client; false when none is connected */
bool model_tell(struct model *f, unsigned int op, uint64_t arg);

/* model_restart() - lose the connection and all that is not preserved */
void model_restart(struct model *f);

/* model_down(), model_up() - the same with a time in which nobody listens */
void model_down(struct model *f);
void model_up(struct model *f);

/* model_has() - was that given? */
bool model_has(struct model *f, const char *name);

#endif
