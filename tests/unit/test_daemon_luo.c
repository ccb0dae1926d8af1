// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfastd through updates, on a machine without live update: $HOLDFASTD_LUO is a
 * daemon whose kernel is fake_luo.c. Its clients have memory only; what goes wrong
 * around them is what is tested.
 */
#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>

#include <holdfast/exitcode.h>
#include <holdfast/holder.h>
#include <holdfast/survivor.h>

#include "daemon_run.h"

/* --- a machine --- */

static bool dead(pid_t pid)
{
	char *state = read_text(path_of("../../proc/%d/stat", pid));

	state = strrchr(state, ')');
	return !state || state[2] == 'Z';
}

/* Calls @fn for each process that the daemon of this test left with a session. */
static void each_survivor(void (*fn)(pid_t pid, const char *socket))
{
	char args[512], *p;
	struct dirent *de;
	DIR *v = opendir("/proc");
	ssize_t n;
	int fd;

	while (v && (de = readdir(v))) {
		fd = atoi(de->d_name) > 0 ?
		     open(path_of("../../proc/%s/cmdline", de->d_name),
			  O_RDONLY | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		n = read(fd, args, sizeof(args) - 1);
		close(fd);
		if (n <= 0 || strcmp(args, "@holdfast"))
			continue;
		args[n] = '\0';
		for (p = args; p < args + n; p += strlen(p) + 1)
			if (strstr(p, dir) && strstr(p, "/sessions/"))
				fn(atoi(de->d_name), strrchr(p, '/') + 1);
	}
	if (v)
		closedir(v);
}

static char sought[64];
static pid_t found;
static size_t n_found;

static void compare(pid_t pid, const char *socket)
{
	n_found++;
	if (!strcmp(socket, sought))
		found = pid;
}

/* The holder of a client, of the index ("@index"), or 0 */
static pid_t holder_of(const char *name)
{
	snprintf(sought, sizeof(sought), "%s.sock", name);
	found = 0;
	n_found = 0;
	each_survivor(compare);
	return found;
}

static size_t survivors(void)
{
	holder_of("");
	return n_found;
}

/* So many of them are left; one that has answered takes a moment to end. */
static bool left(size_t n)
{
	double until = hf_now_ms() + 20000;

	while (survivors() != n && hf_now_ms() < until)
		usleep(1000);
	return survivors() == n;
}

static void end_it(pid_t pid, const char *socket)
{
	double until = hf_now_ms() + 20000;

	(void)socket;
	kill(pid, SIGKILL);
	while (!dead(pid) && hf_now_ms() < until)
		usleep(1000);
	CHECK(dead(pid));
}

static void new_machine(void)
{
	fresh();
	mkdir(path_of("luo"), 0700);
	mkdir(path_of("luo/out"), 0700);
	mkdir(path_of("luo/in"), 0700);
	write_text(path_of("luo/boot_id"), "first\n");
	setenv("FAKE_LUO", path_of("luo"), 1);
}

static void kill_daemon(void)
{
	kill(daemon_pid, SIGKILL);
	wait_for_end(daemon_pid);
}

/* Everything ends, and the next kernel begins; without @handed it has nothing. */
static void reboot(bool handed)
{
	char command[256];

	kill_daemon();
	each_survivor(end_it);
	if (handed)
		snprintf(command, sizeof(command),
			 "cd %s && rm -rf luo/in run s && mv luo/out luo/in && mkdir luo/out",
			 dir);
	else
		snprintf(command, sizeof(command),
			 "cd %s && rm -rf luo/in luo/out run s && mkdir luo/in luo/out",
			 dir);
	CHECK(!system(command));
	write_text(path_of("luo/boot_id"), handed ? "second\n" : "reset\n");
}

/* Ends the daemon, and after it what it is meant to have left: so many. */
static void finish_test(size_t n)
{
	stop();
	CHECK(left(n));
	each_survivor(end_it);
}

static pid_t parent_of(pid_t pid)
{
	char *p = strstr(read_text(path_of("../../proc/%d/status", pid)),
			 "PPid:");

	return p ? atoi(p + 5) : 0;
}

/* Ends the children of this process; theirs become children of it by that. */
static void end_children(void)
{
	DIR *v = opendir("/proc");
	struct dirent *de;
	pid_t pid;

	while (v && (de = readdir(v))) {
		pid = atoi(de->d_name);
		if (pid > 0 && parent_of(pid) == getpid())
			kill(pid, SIGKILL);
	}
	if (v)
		closedir(v);
}

/* Waits for all that ended. Returns false if there is something that has not. */
static bool reaped(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid < 0 && errno == ECHILD;
}

/*
 * After each test: whatever it started, and that started, has come to be a child of
 * this process (PR_SET_CHILD_SUBREAPER), and has ended or does so now. After a test
 * that failed it is ended, else it is a failure.
 */
static void nothing_left(void)
{
	double until = hf_now_ms() + 20000;
	bool none;

	while (!(none = reaped()) && !ktap_failed && hf_now_ms() < until)
		usleep(1000);
	if (none)
		return;
	if (!ktap_failed)
		CHECK(!"processes are left");
	for (until = hf_now_ms() + 20000; !reaped() && hf_now_ms() < until;
	     usleep(1000))
		end_children();
}

/* --- clients and operator --- */

/* One that has given memory, and is ready: unasked, or not at all */
static int client(const char *name, uint64_t flags)
{
	int fd = hello(name), mem = some_memfd();

	CHECK(pwrite(mem, name, strlen(name), 0) == (ssize_t)strlen(name));
	CHECK(status_of(fd, HF_OP_PUT, "ring", 0, mem) == 0);
	CHECK(status_of(fd, HF_OP_READY, "", flags, -1) == 0);
	close(mem);
	return fd;
}

static char words[HF_PROTO_TEXT];	/* of the last answer */

static int control(unsigned int op, const char *name, uint64_t arg)
{
	struct hf_msg a = {};
	int fd = dial(), ret;

	ret = ask(fd, op, name, arg, -1, &a, NULL) ? a.status : 1;
	snprintf(words, sizeof(words), "%s", a.text);
	close(fd);
	return ret;
}

static bool is_so(const char *path, const char *value)
{
	struct json_object *o = report();
	bool same = !strcmp(at(o, path), value);

	if (!same)
		printf("# %s is \"%s\", not \"%s\"\n", path, at(o, path), value);
	json_object_put(o);
	return same;
}

#define IS(path, value) CHECK(is_so(path, value))

static int client_state(int fd)
{
	struct hf_msg a;

	return ask(fd, HF_OP_STATE, "", 0, -1, &a, NULL) ? (int)a.arg[0] : -1;
}

/* --- tests --- */

/* The control of all others: an update as it is meant to be */
static void plain(void)
{
	int a, b, got = -1;
	struct hf_msg m;
	char text[8] = "";

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	b = client("b", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	IS("state", "preserved");
	CHECK(client_state(b) == HF_CLIENT_PRESERVED);
	CHECK(left(3));
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	IS("state", "idle");
	CHECK(left(0));
	CHECK(access(path_of("state/pending.json"), F_OK));
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	CHECK(control(HF_CTL_KEXEC, "", 0) == 0);
	close(a);
	close(b);
	reboot(true);
	if (!start())
		return;
	IS("state", "restoring");
	IS("update.clients.1.state", "waiting");
	a = hello("a");
	CHECK(status_of(a, HF_OP_CLAIM, "", 0, -1) == 0);
	CHECK(ask(a, HF_OP_FETCH, "", 0, -1, &m, &got) && got >= 0);
	CHECK(pread(got, text, 7, 0) == 7 && !strcmp(text, "a"));
	close(got);
	CHECK(status_of(a, HF_OP_RESUMED, "", 0, -1) == 0);
	b = hello("b");
	CHECK(status_of(b, HF_OP_CLAIM, "", 0, -1) == 0);
	CHECK(status_of(b, HF_OP_RESUMED, "", 0, -1) == 0);
	IS("state", "idle");
	IS("update.state", "done");
	CHECK(!access(path_of("luo/in/hf.a/finished"), F_OK));
	CHECK(!access(path_of("luo/in/holdfast/finished"), F_OK));
	close(a);
	close(b);
	finish_test(0);
}

/*
 * A child begins with all descriptors of the daemon, and closes them: that can be
 * to wait for a client. So holders are children of a process that has none.
 */
static void not_a_child(void)
{
	pid_t launcher;
	int a;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	launcher = parent_of(holder_of("a"));
	CHECK(launcher && launcher != daemon_pid);
	CHECK(parent_of(launcher) == daemon_pid);
	CHECK(!strcmp(read_text(path_of("../../proc/%d/cmdline", launcher)),
		      "holdfast-launcher"));
	close(a);
	kill_daemon();
	/* It ends with the daemon, the holders do not. */
	while (!dead(launcher))
		usleep(1000);
	CHECK(left(2));
	/* Nor does the daemon go on without it; the next one can all again. */
	if (!start())
		return;
	IS("state", "preserved");
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	end_it(parent_of(holder_of("a")), NULL);
	CHECK(wait_for_end(daemon_pid) == EXIT_FAILED);
	CHECK_HAS(read_text(path_of("log")), "the launcher, which starts holders, was killed");
	close(a);
	if (!start())
		return;
	IS("state", "preserved");
	CHECK(left(2));
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	close(a);
	finish_test(0);
}

/* One that neither starts nor ends is not waited for. */
static void never_ready(void)
{
	const char *const args[] = { "sleeper", NULL };
	struct hf_error err;
	double t0 = hf_now_ms();
	int fds[1], pidfd = -1;

	survivor_start_ms = 200;
	CHECK(survivor_start(args, fds, 1, 0, &pidfd, &err) == -ETIMEDOUT);
	CHECK_HAS(err.text, "the sleeper did not start within 200 ms");
	CHECK(hf_now_ms() - t0 < 20000);
	CHECK(pidfd == -1);
}

/* Waits until the report says so. */
static bool soon(const char *path, const char *value)
{
	double until = hf_now_ms() + 60000;
	struct json_object *o;
	bool same;

	do {
		o = report();
		same = o && !strcmp(at(o, path), value);
		json_object_put(o);
	} while (!same && !usleep(20000) && hf_now_ms() < until);
	return same;
}

/* Holders that were started, and then nobody could connect to them */
static void deaf_holders(void)
{
	static const char *const who[] = { "luo/deaf-b.sock",
					   "luo/deaf-@index.sock" };
	size_t i;
	int a, b;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	b = client("b", HF_READY_UNASKED);
	for (i = 0; i < 2; i++) {
		write_text(path_of("%s", who[i]), "");
		CHECK(control(HF_CTL_PRESERVE, "", 5000) == -ETIMEDOUT);
		CHECK_HAS(words, "nothing was preserved");
		CHECK(left(0));
		IS("state", "idle");
		unlink(path_of("%s", who[i]));
		CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
		CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	}
	close(a);
	close(b);
	finish_test(0);
}

/* What cannot be given back now is neither forgotten nor said to be. */
static void stopped_at_cancel(void)
{
	pid_t holder;
	int a, b;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	b = client("b", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	/* One that answers nothing is killed. */
	holder = holder_of("b");
	kill(holder, SIGSTOP);
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	CHECK(left(0));
	CHECK(client_state(b) == HF_CLIENT_READY);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	/* After a restart it cannot be: nobody knows who it is. */
	holder = holder_of("b");
	kill_daemon();
	close(a);
	close(b);
	kill(holder, SIGSTOP);
	if (!start())
		return;
	CHECK(left(3));
	IS("state", "failed");
	CHECK(control(HF_CTL_KEXEC, "", 0) == -EBUSY);
	CHECK_HAS(words, "client b: the holder does not answer");
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == -EBUSY);
	CHECK(control(HF_CTL_CANCEL, "", 0) == -ETIMEDOUT);
	CHECK_HAS(words, "session hf.b is still held");
	/* The others were given back, */
	CHECK(left(1));
	CHECK(holder_of("b") == holder);
	CHECK(control(HF_CTL_KEXEC, "", 0) == -EBUSY);
	IS("state", "failed");
	kill(holder, SIGCONT);
	/* and that one as soon as it can be. */
	CHECK(soon("state", "idle"));
	CHECK(left(0));
	IS("clients.0.name", "");
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	close(a);
	finish_test(2);
}

/* An index that cannot be read now is no reason to end what it lists. */
static void stopped_index(void)
{
	pid_t index;
	int a;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	index = holder_of("@index");
	kill_daemon();
	close(a);
	kill(index, SIGSTOP);
	if (!start())
		return;
	CHECK(left(2));
	IS("state", "failed");
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == -EBUSY);
	CHECK_HAS(words, "the holder of the index");
	/* A client that comes meanwhile gives everything again. */
	a = client("a", HF_READY_UNASKED);
	CHECK(client_state(a) == HF_CLIENT_READY);
	kill(index, SIGCONT);
	CHECK(soon("state", "preserved"));
	CHECK(client_state(a) == HF_CLIENT_PRESERVED);
	CHECK(left(2));
	CHECK(control(HF_CTL_KEXEC, "", 0) == 0);
	close(a);
	reboot(true);
	if (start()) {
		IS("clients.0.state", "waiting");
		finish_test(1);
	}
}

/* The record is that of the index, whatever else is on the disk. */
static void record_of_another(void)
{
	char command[256];
	int a;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	kill_daemon();
	close(a);
	/* Killed before it was written: the older one is all that there is. */
	snprintf(command, sizeof(command),
		 "cd %s/state && rm pending.json && cd history && rm $(ls | tail -1)",
		 dir);
	CHECK(!system(command));
	if (!start())
		return;
	IS("update.state", "preserved");
	IS("update.clients.0.name", "a");
	IS("update.clients.0.state", "preserved");
	IS("history.0.state", "cancelled");
	/* A reset is told. */
	reboot(false);
	if (!start())
		return;
	IS("state", "lost");
	IS("clients.0.name", "a");
	finish_test(0);
}

/* What the previous kernel left cannot be looked at: nothing begins meanwhile. */
static void busy_at_start(void)
{
	struct hf_msg m;
	int a;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	CHECK(control(HF_CTL_KEXEC, "", 0) == 0);
	close(a);
	reboot(true);
	write_text(path_of("luo/busy"), "");
	if (!start())
		return;
	IS("state", "failed");
	a = hello("a");
	CHECK(ask(a, HF_OP_CLAIM, "", 0, -1, &m, NULL) && m.status == -EAGAIN);
	close(a);
	a = client("new", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == -EBUSY);
	CHECK(!access(path_of("state/pending.json"), F_OK));
	unlink(path_of("luo/busy"));
	/* By itself */
	CHECK(soon("clients.0.state", "waiting"));
	close(a);
	finish_test(1);
}

/* Two clients in the next kernel, of which the daemon knows by what @before left */
static bool two_in_next(void (*before)(void))
{
	int a, b;

	new_machine();
	if (!start())
		return false;
	a = client("a", HF_READY_UNASKED);
	b = client("b", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	CHECK(control(HF_CTL_KEXEC, "", 0) == 0);
	close(a);
	close(b);
	reboot(true);
	before();
	return start();
}

static int take_up(const char *name)
{
	int fd = hello(name);

	CHECK(status_of(fd, HF_OP_CLAIM, "", 0, -1) == 0);
	CHECK(status_of(fd, HF_OP_RESUMED, "", 0, -1) == 0);
	return fd;
}

static char record_path[256];

/* No record of this update can be written: a folder is in its place. */
static void full_disk(void)
{
	struct json_object *o = report();

	snprintf(record_path, sizeof(record_path), "%s",
		 path_of("state/history/%s.json", at(o, "update.id")));
	json_object_put(o);
	CHECK(!unlink(record_path) && !mkdir(record_path, 0700));
}

static void nothing(void)
{
}

/* Who is through stays so if only the keeper could be told. */
static void not_written(void)
{
	int a, b;

	if (!two_in_next(nothing))
		return;
	full_disk();
	a = take_up("a");
	CHECK_HAS(read_text(path_of("log")), "the update cannot be recorded");
	kill_daemon();
	close(a);
	if (!start())
		return;
	IS("state", "restoring");
	IS("update.state", "restoring");
	IS("update.clients.0.state", "resumed");
	a = hello("a");
	CHECK(client_state(a) == HF_CLIENT_NEW);
	b = hello("b");
	CHECK(control(HF_CTL_FINISH, "b", 0) == 0);
	kill_daemon();
	close(a);
	close(b);
	if (!start())
		return;
	b = hello("b");
	CHECK(client_state(b) == HF_CLIENT_NEW);
	close(b);
	finish_test(0);
}

/* Killed when it was said to be through, and its session was not finished yet */
static void marked_only(void)
{
	int a, b;

	if (!two_in_next(nothing))
		return;
	full_disk();
	write_text(path_of("luo/finish-hf.a"), "12");
	a = hello("a");
	CHECK(status_of(a, HF_OP_CLAIM, "", 0, -1) == 0);
	CHECK(status_of(a, HF_OP_RESUMED, "", 0, -1) == -ENOMEM);
	kill_daemon();
	close(a);
	unlink(path_of("luo/finish-hf.a"));
	if (!start())
		return;
	/* That was taken back. */
	a = take_up("a");
	b = take_up("b");
	IS("state", "idle");
	IS("update.state", "done");
	close(a);
	close(b);
	finish_test(0);
}

/* It cannot be said anywhere: it is not said to be done. */
static void written_nowhere(void)
{
	pid_t keeper;
	int a;

	if (!two_in_next(nothing))
		return;
	full_disk();
	a = hello("a");
	CHECK(status_of(a, HF_OP_CLAIM, "", 0, -1) == 0);
	keeper = holder_of("@keeper");
	end_it(keeper, NULL);
	CHECK(status_of(a, HF_OP_RESUMED, "", 0, -1) == -EAGAIN);
	CHECK(client_state(a) == HF_CLIENT_CLAIMED);
	CHECK(access(path_of("luo/in/hf.a/finished"), F_OK));
	/* A disk will do. */
	rmdir(record_path);
	CHECK(status_of(a, HF_OP_RESUMED, "", 0, -1) == 0);
	CHECK(!access(path_of("luo/in/hf.a/finished"), F_OK));
	close(a);
	stop();
}

static void no_memory(void)
{
	write_text(path_of("luo/fail-hf.a"), "12");
}

/* What the keeper could not retrieve it tries again. */
static void retrieved_later(void)
{
	int a, b;

	if (!two_in_next(no_memory))
		return;
	IS("update.clients.0.state", "failed");
	IS("update.clients.1.state", "waiting");
	unlink(path_of("luo/fail-hf.a"));
	CHECK(control(HF_CTL_RESTORE, "", 0) == 0);
	IS("update.clients.0.state", "waiting");
	a = take_up("a");
	b = take_up("b");
	IS("update.state", "done");
	close(a);
	close(b);
	finish_test(0);
}

static void hide_index(void)
{
	rename(path_of("luo/in/holdfast/0"), path_of("luo/hidden"));
}

/* Nor is anything lost when it could not read the index. */
static void index_read_later(void)
{
	int a, b;

	if (!two_in_next(hide_index))
		return;
	IS("state", "failed");
	rename(path_of("luo/hidden"), path_of("luo/in/holdfast/0"));
	CHECK(soon("clients.0.state", "waiting"));
	a = take_up("a");
	b = take_up("b");
	IS("update.state", "done");
	close(a);
	close(b);
	finish_test(0);
}

/* The daemon has it only while it needs it: others preserve, too. */
static void device_is_closed(void)
{
	char link[256], path[300];
	struct dirent *de;
	size_t n = 0;
	ssize_t len;
	DIR *v;
	int a;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	v = opendir(path_of("../../proc/%d/fd", daemon_pid));
	while (v && (de = readdir(v))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", daemon_pid,
			 de->d_name);
		len = readlink(path, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = '\0';
		n += !strcmp(link, path_of("luo"));
	}
	if (v)
		closedir(v);
	CHECK(n == 0);
	close(a);
	finish_test(2);
}

/* It had declared itself ready, and took back what it was ready with. */
static void dropped_after_ready(void)
{
	int a, b, c, mem = some_memfd();

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	b = client("b", HF_READY_UNASKED);
	c = client("c", 0);
	CHECK(status_of(b, HF_OP_DROP, "ring", 0, -1) == 0);
	CHECK(client_state(b) == HF_CLIENT_NEW);
	CHECK(status_of(c, HF_OP_DROP, "ring", 0, -1) == 0);
	CHECK(control(HF_CTL_PRESERVE, "", 1000) == 0);
	CHECK(client_state(a) == HF_CLIENT_PRESERVED);
	CHECK(client_state(c) == HF_CLIENT_NEW);
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	CHECK(status_of(c, HF_OP_PUT, "ring", 0, mem) == 0);
	close(a);
	close(b);
	close(c);
	close(mem);
	finish_test(0);
}

/* Killed at any moment of its start, one after the other */
static void killed_at_start(void)
{
	unsigned int seed = 3, i;
	int a, b, status;

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	b = client("b", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	CHECK(control(HF_CTL_KEXEC, "", 0) == 0);
	close(a);
	close(b);
	reboot(true);
	for (i = 0; i < 60; i++) {
		daemon_pid = run(NULL);
		usleep((useconds_t)rand_r(&seed) % (i < 30 ? 60000 : 10000));
		if (!CHECK(waitpid(daemon_pid, &status, WNOHANG) == 0)) {
			printf("# %u: it ended by itself, %#x: %s\n", i, status,
			       read_text(path_of("log")));
			return;
		}
		kill_daemon();
	}
	if (!start())
		return;
	IS("state", "restoring");
	IS("clients.0.state", "waiting");
	IS("clients.1.state", "waiting");
	CHECK(left(1));
	finish_test(1);
}

static int preserve_without(const char *names)
{
	struct hf_msg q, a = {};
	int fd = dial(), got = -1, ret;

	hf_msg_init(&q, HF_CTL_PRESERVE, 5);
	q.arg[0] = 300;
	hf_msg_set_text(&q, names);
	ret = hf_msg_send(fd, &q, -1);
	if (!ret)
		ret = hf_msg_recv(fd, &a, &got, NULL) > 0 ? a.status : 1;
	snprintf(words, sizeof(words), "%s", a.text);
	if (got >= 0)
		close(got);
	close(fd);
	return ret;
}

/* Who does not get ready can be left out. */
static void left_out(void)
{
	int a, b, mem = some_memfd();

	new_machine();
	if (!start())
		return;
	a = client("a", HF_READY_UNASKED);
	b = hello("b");
	CHECK(status_of(b, HF_OP_PUT, "ring", 0, mem) == 0);
	CHECK(control(HF_CTL_PRESERVE, "", 300) == -ETIMEDOUT);
	CHECK_HAS(words, "b (process");
	CHECK(preserve_without("c") == -ENOENT);
	CHECK_HAS(words, "no client c");
	CHECK(preserve_without("a b") == -ENOENT);
	CHECK_HAS(words, "no client has given anything");
	CHECK(preserve_without("b") == 0);
	CHECK(client_state(a) == HF_CLIENT_PRESERVED);
	CHECK(client_state(b) == HF_CLIENT_NEW);
	CHECK(left(2));
	CHECK(control(HF_CTL_KEXEC, "", 0) == 0);
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	/* The next one is again for all. */
	CHECK(control(HF_CTL_PRESERVE, "", 300) == -ETIMEDOUT);
	close(a);
	close(b);
	close(mem);
	finish_test(0);
}

/* Memory that is not there yet would be taken from others at preserve. */
static void sparse(void)
{
	int a, mem = some_memfd();

	new_machine();
	if (!start())
		return;
	a = hello("a");
	CHECK(status_of(a, HF_OP_PUT, "ring", 0, mem) == 0);
	CHECK(status_of(a, HF_OP_READY, "", HF_READY_UNASKED, -1) == 0);
	CHECK(!ftruncate(mem, 4 << 20));
	CHECK(control(HF_CTL_PRESERVE, "", 1000) == -ENODATA);
	CHECK_HAS(words, "client a: memfd ring has 4190208 bytes");
	CHECK(!fallocate(mem, 0, 0, 4 << 20));
	CHECK(control(HF_CTL_PRESERVE, "", 1000) == 0);
	close(a);
	close(mem);
	finish_test(2);
}

static const struct ktap_test tests[] = {
	{ "update: from preserve to resumed", plain },
	{ "update: who starts the holders", not_a_child },
	{ "update: a holder that does not start", never_ready },
	{ "update: holders that nobody can connect to", deaf_holders },
	{ "update: holders that are stopped when it is cancelled", stopped_at_cancel },
	{ "update: an index that is stopped when the daemon starts", stopped_index },
	{ "update: a record of another update", record_of_another },
	{ "update: what was left cannot be looked at", busy_at_start },
	{ "update: through, and no disk takes it", not_written },
	{ "update: not through after all, and no disk takes it", marked_only },
	{ "update: through, and nobody can be told", written_nowhere },
	{ "update: a session that is retrieved at the second try", retrieved_later },
	{ "update: an index that is read at the second try", index_read_later },
	{ "update: /dev/liveupdate is left to others", device_is_closed },
	{ "update: dropped after ready", dropped_after_ready },
	{ "update: killed at its start", killed_at_start },
	{ "update: a client that is left out", left_out },
	{ "update: memory that is not there", sparse },
};

int main(int argc, char **argv)
{
	char command[128];
	int ret;

	if (argc > 1 && !strcmp(argv[1], "sleeper"))
		for (;;)
			pause();

	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("HOLDFASTD", getenv("HOLDFASTD_LUO"), 1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ktap_after = nothing_left;
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	if (dir[0]) {
		snprintf(command, sizeof(command), "rm -rf %s", dir);
		if (system(command))
			ret = 1;
	}
	return ret;
}
