/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holdfastd, between its files.
 *
 * One thread and one loop. Nothing waits for a client: sockets are non-blocking,
 * what cannot be sent at once is queued, and who lets his queue grow is
 * disconnected. What takes time is the kernel's work only.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <holdfast/error.h>
#include <holdfast/holder.h>
#include <holdfast/manifest.h>
#include <holdfast/proc.h>
#include <holdfast/proto.h>
#include <holdfast/restore.h>

/* Sessions of clients are called this and the client's name */
#define SESSION_PREFIX	"hf."
#define INDEX_SESSION	"holdfast"

/* Fixed: descriptors one client can give, clients there can be */
#define MAX_ITEMS	64
#define MAX_CLIENTS	HF_MANIFEST_MAX_CLIENTS

/* Clients that only root can add */
#define ROOM_FOR_ROOT	16

/* Ranges of users in the configuration */
#define MAX_USERS	32

/* --- configuration --- */

/**
 * struct config - what can be configured, see docs/daemon.md
 * @ready_timeout_ms: how long an update waits for its clients, if not asked
 *		      otherwise
 * @retry_ms: how long an object that is busy is tried again
 * @connections: most connections at a time
 * @connections_per_uid: of one user; user 0 is not limited
 * @clients_per_uid: names that one user can have; the same
 * @messages_per_second: of one connection; more are left waiting
 * @history: updates that are kept
 * @debug: log each message
 * @user: who may be a client besides root
 * @n_user: how many ranges; 0: anybody
 */
struct config {
	unsigned int ready_timeout_ms;
	unsigned int retry_ms;
	unsigned int connections;
	unsigned int connections_per_uid;
	unsigned int clients_per_uid;
	unsigned int messages_per_second;
	unsigned int history;
	bool debug;
	struct user_range {
		uid_t first, last;
	} user[MAX_USERS];
	size_t n_user;
};

/** config_default() - what is so without a file */
void config_default(struct config *c);

/**
 * config_read() - read a file
 * @c: out; untouched on failure
 * @path: file
 * @must: it has to be there
 * @err: on failure names line and key
 *
 * Return: 0 or a negative errno.
 */
int config_read(struct config *c, const char *path, bool must,
		struct hf_error *err);

/** config_allows() - may this user be a client? */
bool config_allows(const struct config *c, uid_t uid);

/* --- logging and systemd --- */

/* Priorities are those of syslog. */
void log_open(bool debug);
void log_debug(bool on);

/**
 * log_line() - log
 * @priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG
 * @client: name of the client it is about, or NULL
 * @fmt: printf format; further lines are logged by themselves
 */
void log_line(int priority, const char *client, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** notify_systemd() - "READY=1" and such; nothing without NOTIFY_SOCKET */
void notify_systemd(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** caps_drop() - keep the capabilities that are needed, and no new ones ever */
int caps_drop(struct hf_error *err);

/* --- connections --- */

struct client;
struct conn;

/**
 * struct daemon - everything
 * @cfg: configuration
 * @state_dir: what outlives the machine: record of intent, history
 * @run_dir: sockets of holders
 * @luo: /dev/liveupdate, -1: not open
 * @listener: socket
 * @deaf_until_ms: no connection is accepted before
 * @conn: connections; owned
 * @client: clients, by name; owned
 * @update: the one under way, or the last
 * @index: before the kexec: holder of the index; sock -1: none
 * @incoming: after it: session of the index, negative: none
 * @unresolved: it could not be found out whether there is one
 * @trouble: what is held could not be found out, or not be given back; "": all is well
 * @look_again_ms: when these two are looked at again
 * @asking: an update waits for its clients: who asked for it, until when, and
 *	    if it is to be given up, why
 */
struct daemon {
	struct config cfg;
	const char *config_path;
	bool config_given;
	const char *socket_path;
	const char *state_dir;
	const char *run_dir;
	int luo;
	int listener;
	double deaf_until_ms;
	struct conn **conn;
	size_t n_conn;
	struct client **client;
	size_t n_client;
	struct update *update;
	struct held index;
	int incoming;
	bool unresolved;
	struct hf_error trouble;
	double look_again_ms;
	char boot_id[40];
	char release[HF_RELEASE_MAX + 1];
	struct {
		bool on;
		struct conn *who;
		struct hf_msg question;
		double began_ms;
		double until_ms;
		int status;
		struct hf_error why;
	} asking;
};

/**
 * struct conn - a connection
 * @fd: socket
 * @pid: who connected; may have ended since
 * @uid: the same
 * @gid: the same
 * @client: set by HELLO
 * @since_ms: when it was accepted
 * @tokens: messages it may send at once
 * @refilled_ms: when @tokens were counted last
 * @out: messages that did not fit; owned
 * @n_out: how many
 * @ending: answer what is queued, then disconnect
 * @broken: a message was lost for it, to be disconnected
 */
struct conn {
	int fd;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	struct client *client;
	double since_ms;
	double tokens;
	double refilled_ms;
	struct queued {
		struct hf_msg msg;
		int fd;
	} *out;
	size_t n_out;
	bool ending;
	bool broken;
};

/** conn_listen() - create the socket. Return: 0 or a negative errno */
int conn_listen(struct daemon *d, struct hf_error *err);

/** conn_accept() - take new connections */
void conn_accept(struct daemon *d);

/** conn_discard() - what becomes of descriptors that come unasked */
void conn_discard(int fd);

/** conn_send() - send a message, or queue it; @fd stays the caller's, or -1 */
void conn_send(struct conn *c, const struct hf_msg *m, int fd);

/** conn_tell() - send an event; nothing when @c is NULL */
void conn_tell(struct conn *c, unsigned int op, uint64_t arg);

/** conn_answer() - answer a question without numbers */
void conn_answer(struct conn *c, const struct hf_msg *q, int status,
		 const char *text);

/** conn_end() - disconnect; @why: for the log, NULL: it ended by itself */
void conn_end(struct daemon *d, struct conn *c, const char *why);

/**
 * conn_loop() - serve until a signal says to end, or it cannot
 * @d: daemon
 * @signals: signalfd
 *
 * Return: number of the signal; -ECHILD when the launcher is gone, or -ENOMEM, and
 * the log says it.
 */
int conn_loop(struct daemon *d, int signals);

/* --- clients --- */

/**
 * struct item - a descriptor that a client gave, or got out of a session
 * @fd: descriptor; owned
 * @kind: enum hf_kind
 * @what: for take_given()
 */
struct item {
	int fd;
	int kind;
	struct hf_proc_fd what;
};

/**
 * struct client - who has a name
 * @name: that name
 * @uid: whose it is
 * @gid: the same
 * @state: where it is in an update
 * @unasked: preserve it without asking
 * @left_out: of the last update that was asked for, by the operator
 * @conn: connection, or NULL
 * @item: descriptors; owned
 * @n_item: how many
 * @session: name of its session
 * @held: before the kexec: its holder; sock -1: none
 * @r: after it: what was taken out; @restoring: it is in use
 * @took: @r has what it can have
 * @not_yet: a device has no driver yet, so that it is worth trying again
 * @v: what comparing its tables showed
 * @has_verdict: @v says something
 * @error: why it failed, is lost, or could not be preserved the last time
 */
struct client {
	char name[HF_PROTO_CLIENT + 1];
	uid_t uid;
	gid_t gid;
	int state;
	bool unasked;
	bool left_out;
	struct conn *conn;
	struct item item[MAX_ITEMS];
	size_t n_item;
	char session[HF_LUO_NAME_MAX + 1];
	struct held held;
	struct restore r;
	bool restoring;
	bool took;
	bool not_yet;
	struct verdict v;
	bool has_verdict;
	struct hf_error error;
};

/** client_find() - by name, or NULL */
struct client *client_find(const struct daemon *d, const char *name);

/** client_add() - a new one, or NULL */
struct client *client_add(struct daemon *d, const char *name, uid_t uid,
			  gid_t gid);

/** client_forget() - release everything of it; a connection is not ended */
void client_forget(struct daemon *d, struct client *c);

/** client_drop_items() - close its descriptors */
void client_drop_items(struct client *c);

/** client_gone() - its connection ended */
void client_gone(struct daemon *d, struct client *c);

/**
 * client_check() - is there memory for all of its memfds?
 *
 * The kernel allocates what is not there when it preserves, for the daemon: no
 * limit of the client's would count. Return: 0 or -ENODATA.
 */
int client_check(const struct client *c, struct hf_error *err);

/** client_state_name() - as docs/status.md calls it */
const char *client_state_name(int state);

/**
 * client_message() - answer one of HF_OP_*
 * @d: daemon
 * @conn: who asks
 * @q: question, which obeys the rules for messages
 * @fd: descriptor that came along, or -1; taken over
 *
 * Return: NULL, or which rule was broken.
 */
const char *client_message(struct daemon *d, struct conn *conn,
			   const struct hf_msg *q, int fd);

/* --- operator --- */

/** control_reload() - read the configuration again. 0 or a negative errno */
int control_reload(struct daemon *d);

/** control_message() - answer one of HF_CTL_*; as client_message() */
const char *control_message(struct daemon *d, struct conn *conn,
			    const struct hf_msg *q);

/**
 * control_report() - answer with the report
 * @d: daemon
 * @c: who asked
 * @q: question
 * @status: 0 or a negative errno
 * @text: words
 */
void control_report(struct daemon *d, struct conn *c, const struct hf_msg *q,
		    int status, const char *text);

/** status_memfd() - the report of docs/status.md; a descriptor or an errno */
int status_memfd(const struct daemon *d, struct hf_error *err);

/* --- before the kexec --- */

/** update_begin() - HF_CTL_PRESERVE; answered now or later */
void update_begin(struct daemon *d, struct conn *c, const struct hf_msg *q);

/** update_look() - have all answered, is the time over? */
void update_look(struct daemon *d);

/** update_abort() - a client cannot, or the operator has gone: update_look() acts */
void update_abort(struct daemon *d, int status, const struct hf_error *why);

/** update_give_back() - end all sessions that are held; tells the clients */
int update_give_back(struct daemon *d, struct hf_error *err);

/** update_cancel() - HF_CTL_CANCEL. Return: 0 or a negative errno */
int update_cancel(struct daemon *d, struct hf_error *err);

/** update_kexec() - HF_CTL_KEXEC. Return: 0 or a negative errno */
int update_kexec(struct daemon *d, struct hf_error *err);

/** update_refused() - HF_CTL_REFUSED */
int update_refused(struct daemon *d, const char *why, struct hf_error *err);

/** update_verify() - read and compare the tables of what is held */
int update_verify(struct daemon *d, struct hf_error *err);

/** update_find_holders() - at start: was there a daemon before this one? */
void update_find_holders(struct daemon *d);

/** update_holder_died() - a holder hung up: nothing can be carried any more */
void update_holder_died(struct daemon *d, const char *name);

/** update_preserved() - is anything held? */
bool update_preserved(const struct daemon *d);

/** daemon_luo() - open /dev/liveupdate if it is not. 0 or a negative errno */
int daemon_luo(struct daemon *d, struct hf_error *err);

/** daemon_luo_close() - it is others' turn: one process at a time can have it */
void daemon_luo_close(struct daemon *d);

/* --- after it --- */

/** resume_start() - at start: what did the previous kernel leave? */
void resume_start(struct daemon *d);

/** resume_client() - take out what can be taken out, once more if need be */
void resume_client(struct daemon *d, struct client *c);

/** resume_retry() - HF_CTL_RESTORE */
void resume_retry(struct daemon *d);

/** resume_finish() - the client has taken up again. 0 or a negative errno */
int resume_finish(struct daemon *d, struct client *c, uint64_t last_tsc,
		  uint64_t first_tsc, struct hf_error *err);

/** resume_give_up() - nobody will claim it. 0 or a negative errno */
int resume_give_up(struct daemon *d, struct client *c, struct hf_error *err);

/** resume_done() - finish the index once nobody waits */
void resume_done(struct daemon *d);

/** resume_pending() - does a client of the last update still wait? */
const struct client *resume_pending(const struct daemon *d);

/* --- history --- */

#define UPDATE_PHASES	6

/** struct update_client - a client in an update */
struct update_client {
	char name[HF_PROTO_CLIENT + 1];
	uid_t uid;
	gid_t gid;
	char state[16];
	uint64_t last_tsc;
	uint64_t first_tsc;
	double gap_ms;		/* 0: not known */
	char *error;
};

/**
 * struct update - an update, as docs/status.md shows it
 *
 * All strings are its own. @phase: in order, negative: not known.
 */
struct update {
	char id[32];
	char state[16];
	uint64_t started_ns;
	char from_kernel[HF_RELEASE_MAX + 1];
	char from_boot[40];
	char to_kernel[HF_RELEASE_MAX + 1];
	char to_boot[40];
	char *error;
	double phase[UPDATE_PHASES];
	uint64_t preserved_tsc;
	uint64_t reboot_tsc;
	uint64_t restored_tsc;
	struct {
		char name[16];
		double ms;
	} step[8];
	size_t n_step;
	struct update_client *client;
	size_t n_client;
};

enum {
	PHASE_PRESERVE,
	PHASE_HOLD,
	PHASE_KEXEC,
	PHASE_BOOT,
	PHASE_RESTORE,
	PHASE_CLAIM,
};

/** update_new() - begin one, called @id or by the time; NULL without memory */
struct update *update_new(struct daemon *d, uint64_t realtime_ns);

/** update_free() - release; NULL is allowed */
void update_free(struct update *u);

/** update_set() - change state and error (NULL: none) */
void update_set(struct update *u, const char *state, const char *error);

/** update_client() - a client in it; added if it is not there; or NULL */
struct update_client *update_client(struct update *u, const char *name);

/** update_client_set() - its state and error (NULL: none) */
void update_client_set(struct update *u, const struct client *c,
		       const char *state, const char *error);

/** update_step() - add to a step of restore */
void update_step(struct update *u, const char *name, double ms);

/** update_json() - write its members */
void update_json(struct hf_json *j, const struct update *u);

/**
 * history_save() - write the update under way
 *
 * Return: 0 or a negative errno, which is logged.
 */
int history_save(struct daemon *d);

/** history_load() - read an update. NULL when there is none, or it is damaged */
struct update *history_load(struct daemon *d, const char *id);

/** history_last() - the newest update, or NULL */
struct update *history_last(struct daemon *d);

/** history_json() - write all but the update under way, newest first */
void history_json(const struct daemon *d, struct hf_json *j);

/** pending_write() - the record of intent. 0 or a negative errno */
int pending_write(struct daemon *d, struct hf_error *err);

/** pending_remove() - nothing is intended any more */
void pending_remove(struct daemon *d);

/**
 * pending_read() - the update that was intended when the machine went down
 * @d: daemon
 * @boot_id: out, of the kernel that wrote it
 *
 * Return: the update; NULL: there is none.
 */
struct update *pending_read(struct daemon *d, char boot_id[40]);

/** tsc_ms() - milliseconds between two time stamps, 0 if they make no sense */
double tsc_ms(uint64_t from, uint64_t to);

/** tsc_at_boot() - time stamp when this kernel began */
uint64_t tsc_at_boot(void);

/** tsc_start() - begin to find out how fast the counter counts */
void tsc_start(void);

#endif
