// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfastd through updates, on a machine without live update: $HOLDFASTD_LUO is a
 * daemon whose kernel is fake_luo.c. Its clients have memory only; what goes wrong
 * around them is what is tested.
 */
#include <dirent.h>
#include <poll.h>

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

static void finish_test(void)
{
	stop();
	each_survivor(end_it);
}

/* --- clients and operator --- */

/* One that has given memory, and is ready: unasked, or not at all */
static int client(const char *name, uint64_t flags)
{
	int fd = hello(name), mem = some_memfd();

	CHECK(pwrite(mem, name, strlen(name), 0) == (ssize_t)strlen(name));
	CHECK(!fallocate(mem, 0, 0, 4096));
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
	CHECK(survivors() == 3);
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	IS("state", "idle");
	CHECK(survivors() == 0);
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
	finish_test();
}

static pid_t parent_of(pid_t pid)
{
	char *p = strstr(read_text(path_of("../../proc/%d/status", pid)),
			 "PPid:");

	return p ? atoi(p + 5) : 0;
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
	CHECK(survivors() == 2);
	/* Without it nothing can be preserved, and everything else can. */
	if (!start())
		return;
	IS("state", "preserved");
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	a = client("a", HF_READY_UNASKED);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == 0);
	launcher = parent_of(holder_of("a"));
	CHECK(control(HF_CTL_CANCEL, "", 0) == 0);
	end_it(launcher, NULL);
	CHECK(control(HF_CTL_PRESERVE, "", 5000) == -EPIPE);
	CHECK_HAS(words, "the launcher does not answer");
	CHECK_HAS(words, "nothing was preserved");
	IS("state", "idle");
	close(a);
	finish_test();
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

static const struct ktap_test tests[] = {
	{ "update: from preserve to resumed", plain },
	{ "update: who starts the holders", not_a_child },
	{ "update: a holder that does not start", never_ready },
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
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	if (dir[0]) {
		snprintf(command, sizeof(command), "rm -rf %s", dir);
		if (system(command))
			ret = 1;
	}
	return ret;
}
