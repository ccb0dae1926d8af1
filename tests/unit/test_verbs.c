// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verbs that ask the daemon, against one that says what it is told to:
 * questions, exit codes, tables, JSON, and being interrupted.
 *
 * HOLDFAST in the environment names the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "../../userspace/cli/report.h"
#include "fake_daemon.h"
#include "ktap.h"
#include "run.h"

static char dir[] = "/tmp/hf-verbs-XXXXXX";
static char sock[64];

/* What the daemon answers; the report goes with STATUS and PRESERVE. */
static struct {
	int status;
	const char *words;
	const char *report;
	uint16_t op;		/* whom @status is for */
	bool silent;		/* no answer to @op at all */
} say;

static void told(int fd, const struct hf_msg *q)
{
	bool me = q->op == say.op;
	bool report = q->op == HF_CTL_STATUS || q->op == HF_CTL_PRESERVE;

	if (me && say.silent)
		return;
	fake_answer(fd, q, me ? say.status : 0, me ? say.words : "",
		    report ? say.report : NULL);
}

static pid_t start(uint16_t op, int status, const char *words,
		   const char *report)
{
	say.op = op;
	say.status = status;
	say.words = words;
	say.report = report;
	say.silent = false;
	return fake_start(sock, told);
}

#define HEAD "{\"version\":1,\"kernel\":\"7.3.4-x\",\"boot_id\":\"b\"," \
	"\"daemon\":{\"pid\":77,\"version\":\"0.1\"},"
#define NIC "{\"name\":\"nic0\",\"uid\":1000,\"gid\":100,\"connected\":true," \
	"\"pid\":4711,\"unasked\":false,\"session\":\"hf.nic0\",\"holder\":88," \
	"\"descriptors\":[{\"name\":\"nic\",\"kind\":\"device\"},{\"name\":\"iommu\",\"kind\":\"iommufd\"}]," \
	"\"devices\":[{\"address\":\"0000:00:02.0\",\"name\":\"nic\",\"vendor\":32902,\"device\":5321,\"token\":3,\"iommufd\":2,\"device_id\":1,\"ioas\":0}]," \
	"\"iommufds\":[{\"name\":\"iommu\",\"token\":2,\"ioas\":[{\"id\":2,\"table\":true,\"extents\":17,\"bytes\":69632}]}]," \
	"\"memfds\":[{\"name\":\"buffers\",\"token\":1,\"bytes\":4194304}],"
#define MEM "{\"name\":\"mem\",\"uid\":0,\"gid\":0,\"connected\":false,\"unasked\":true," \
	"\"descriptors\":[{\"name\":\"cache\",\"kind\":\"memfd\"}],"
#define EQUAL "\"tables\":{\"pa_table_equal\":true,\"ids_equal\":true,\"pages\":17,\"extents\":3}"
#define DIFFER "\"tables\":{\"pa_table_equal\":false,\"ids_equal\":true,\"pages\":17,\"extents\":3,\"difference\":\"IOAS 2: IOVA 0x1000 was mapped\"}"

static const char idle[] = HEAD "\"state\":\"idle\",\"clients\":[]}";
static const char preserved[] = HEAD "\"state\":\"preserved\",\"clients\":["
	MEM "\"state\":\"new\"}," NIC "\"state\":\"preserved\"}]}";
static const char history[] = HEAD "\"state\":\"restoring\",\"clients\":["
	MEM "\"state\":\"ready\"}," NIC "\"state\":\"claimed\"}],"
	"\"update\":{\"id\":\"20261123T201500-0002\",\"state\":\"restoring\","
	"\"started_ns\":1795464900000000000,\"from\":{\"kernel\":\"7.3.4-x\"},\"to\":{\"kernel\":\"7.3.5-y\"},"
	"\"phases\":[{\"name\":\"preserve\",\"ms\":12.25},{\"name\":\"kexec\",\"ms\":300}],"
	"\"steps\":[{\"name\":\"iommufd\",\"ms\":3.5}],"
	"\"clients\":[{\"name\":\"nic0\",\"state\":\"resumed\",\"gap_ms\":812.5},{\"name\":\"mem\",\"state\":\"waiting\"}]},"
	"\"history\":[{\"id\":\"20261122T101500-0001\",\"state\":\"refused\",\"started_ns\":1795378500000000000,"
	"\"phases\":[{\"name\":\"preserve\",\"ms\":10}],\"clients\":[{\"name\":\"nic0\",\"gap_ms\":900}]}]}";
static const char lost[] = HEAD "\"state\":\"lost\",\"clients\":["
	MEM "\"state\":\"lost\",\"error\":\"its session did not come through\"}," NIC "\"state\":\"claimed\"}]}";
static const char failed[] = HEAD "\"state\":\"failed\",\"clients\":["
	NIC "\"state\":\"failed\",\"error\":\"another device\"}]}";
static const char changed[] = HEAD "\"state\":\"failed\",\"clients\":["
	NIC "\"state\":\"failed\",\"mismatch\":true,\"error\":\"another device\"}]}";
static const char not_yet[] = HEAD "\"state\":\"restoring\",\"clients\":["
	NIC "\"state\":\"waiting\",\"error\":\"not bound\\nbind it\"}]}";
static const char partly[] = HEAD "\"state\":\"failed\",\"clients\":["
	MEM "\"state\":\"waiting\"}," NIC "\"state\":\"failed\",\"error\":\"another device\"}]}";

/* Is @text one JSON object, with these members? */
static void expect_json(const char *verb, int code)
{
	struct json_object *o = json_tokener_parse(text), *v;

	if (!CHECK(json_object_is_type(o, json_type_object))) {
		printf("# %s\n", text);
		return;
	}
	CHECK(json_object_object_get_ex(o, "verb", &v) &&
	      !strcmp(json_object_get_string(v), verb));
	CHECK(json_object_object_get_ex(o, "ok", &v) &&
	      json_object_get_boolean(v) == !code);
	CHECK(json_object_object_get_ex(o, "exit", &v) == !!code);
	CHECK(!code || json_object_get_int(v) == code);
	CHECK(json_object_object_get_ex(o, "error", &v) == !!code);
	CHECK(json_object_object_get_ex(o, "state", &v));
	CHECK(json_object_object_get_ex(o, "clients", &v) &&
	      json_object_is_type(v, json_type_array));
	json_object_put(o);
}

/* --json writes the object to stdout and complaints to stderr. */
static int run_json(const char *verb, const char *arg)
{
	const char *prog = getenv("HOLDFAST");
	char *command;
	int ret;

	if (asprintf(&command, "exec %s %s %s --daemon %s --json 2>/dev/null",
		     prog ? prog : "holdfast", verb, arg, sock) < 0)
		return -1;
	FILE *f = popen(command, "r");

	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	ret = pclose(f);
	free(command);
	return WIFEXITED(ret) ? WEXITSTATUS(ret) : -1;
}

static void which(void)
{
	char sessions[80], session[96];
	pid_t pid = start(0, 0, "", idle);

	snprintf(sessions, sizeof(sessions), "%s/sessions", dir);
	snprintf(session, sizeof(session), "%s/nic0.sock", sessions);
	setenv("HOLDFAST_SOCKET", sock, 1);
	expect(RUN("status"), 0, "process 77");
	/* A session of its own is not the daemon's. */
	expect(RUN("status", "--session", "x"), 0, "no session \"x\" is held");
	expect(RUN("cancel", "--socket", "/nonexistent/s"), 1, "no holder answers");
	CHECK(fake_seen->n == 1);
	expect(RUN("status", "--session", "x", "--daemon", sock), 1,
	       "--daemon goes neither");
	fake_stop(pid);
	/* It died: that is said, and not taken for "nothing is held". */
	expect(RUN("status"), 1, "nobody listens");
	CHECK_HAS(text, "kept by their holders");
	CHECK_HAS(text, "--session or --socket");
	unlink(sock);
	expect(RUN("status"), 0, "no session \"holdfast\" is held");
	/* It was stopped, and the sessions it had are held still. */
	CHECK(!mkdir(sessions, 0700));
	expect(RUN("status"), 0, "no session");
	CHECK(!mkdir(session, 0700));
	expect(RUN("status"), 1, "does not run");
	CHECK_HAS(text, "still held");
	expect(RUN("status", "--session", "x"), 0, "no session \"x\" is held");
	CHECK(!rmdir(session) && !rmdir(sessions));
	/* Where it was asked for by name it has to be. */
	expect(RUN("status", "--daemon", sock), 1, "does not run");
	unsetenv("HOLDFAST_SOCKET");
}

static void status(void)
{
	pid_t pid = start(0, 0, "", idle);

	expect(RUN("status", "--daemon", sock), 0, "idle: nothing is preserved");
	CHECK_HAS(text, "7.3.4-x");
	CHECK_HAS(text, "process 77, version 0.1");
	CHECK_HAS(text, "no client");
	CHECK(run_json("status", "") == 0);
	expect_json("status", 0);
	CHECK(fake_asked(HF_CTL_STATUS) == 2 && fake_seen->n == 2);
	CHECK(fake_last(HF_CTL_STATUS)->arg[0] == 0);
	fake_stop(pid);

	pid = start(0, 0, "", history);
	expect(RUN("status", "--daemon", sock), 0, "restoring: waiting for nic0\n");
	CHECK_HAS(text, "update 20261123T201500-0002: restoring");
	CHECK_HAS(text, "2026-11-23 20:15:00 UTC by kernel 7.3.4-x, came to 7.3.5-y");
	CHECK_HAS(text, "preserve           12.2");
	CHECK_HAS(text, "all               312.2");
	CHECK_HAS(text, "iommufd             3.5");
	CHECK_HAS(text, "nic0                 resumed         812.5");
	CHECK_HAS(text, "mem                  waiting             -");
	CHECK_HAS(text, "20261122T101500-0001");
	CHECK_HAS(text, "refused          1       10.0        900.0");
	fake_stop(pid);

	/* What is lost is said as lost, and is no success. */
	pid = start(0, 0, "", lost);
	expect(RUN("status", "--daemon", sock), 1,
	       "lost: did not come through the update: mem");
	CHECK_HAS(text, "1 client(s) were preserved and did not come through");
	CHECK_HAS(text, "its session did not come through");
	CHECK(run_json("status", "") == 1);
	expect_json("status", 1);
	expect(RUN("list", "--daemon", sock), 0, "lost");
	fake_stop(pid);

	pid = start(0, 0, "", failed);
	expect(RUN("status", "--daemon", sock), 1, "could not be restored: nic0");
	CHECK_HAS(text, "\"holdfast restore\" tries again");
	fake_stop(pid);
}

static void list(void)
{
	pid_t pid = start(0, 0, "", preserved);

	expect(RUN("list", "--daemon", sock), 0,
	       "0000:00:02.0   8086:14c9 nic                 1     -  nic0");
	CHECK_HAS(text, "iommu                2        17          69632  nic0");
	CHECK_HAS(text, "buffers                         4194304  nic0");
	CHECK_HAS(text, "cache                    memfd      mem");
	/* What is preserved is listed once. */
	CHECK(!strstr(text, "nic                      device"));
	expect(RUN("clients", "--daemon", sock), 0,
	       "nic0                 1000:100      preserved      4711       88      2");
	CHECK_HAS(text, "mem                  0:0           new               -        -      1");
	CHECK(run_json("list", "") == 0);
	expect_json("list", 0);
	CHECK(run_json("clients", "") == 0);
	expect_json("clients", 0);
	fake_stop(pid);
}

/* Reports that are right as JSON and wrong in every member */
static void odd_reports(void)
{
	static const char *const odd[] = {
		"{\"version\":1}",
		"{\"version\":1,\"state\":5,\"clients\":{},\"daemon\":[],\"update\":7,\"history\":\"x\"}",
		"{\"version\":1,\"clients\":[1,null,\"a\",[],{}],\"update\":{\"phases\":[1,{}],\"clients\":[null,{\"gap_ms\":\"x\"}],\"steps\":{}},\"history\":[{},3]}",
		"{\"version\":1,\"clients\":[{\"name\":5,\"uid\":\"x\",\"descriptors\":[0],\"session\":1,\"devices\":[null,{\"vendor\":-1}],\"iommufds\":[{\"ioas\":[5,{}]}],\"memfds\":[[]],\"tables\":[],\"error\":{}}]}",
	};
	static const char *const ask[] = { "status", "list", "clients", "verify" };
	size_t i, k;
	pid_t pid;
	int ret;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		pid = start(0, 0, "", odd[i]);
		for (k = 0; k < sizeof(ask) / sizeof(ask[0]); k++) {
			ret = RUN((char *)ask[k], "--daemon", sock);
			if (ret != 0 && ret != 1 && ret != 4)
				printf("# %s of %s: %d\n", ask[k], odd[i], ret);
			CHECK(ret == 0 || ret == 1 || ret == 4);
		}
		fake_stop(pid);
	}
	/* A name that is meant for the terminal */
	pid = start(0, 0, "", "{\"version\":1,\"state\":\"\\u001b[2J\",\"clients\":[{\"name\":\"a\\u0007\\u009bb\"}]}");
	expect(RUN("status", "--daemon", sock), 0, "?[2J");
	CHECK_HAS(text, "a???b");
	CHECK(!strchr(text, '\033') && !strchr(text, '\a'));
	fake_stop(pid);
	/* No report where there has to be one */
	pid = start(0, 0, "", NULL);
	expect(RUN("status", "--daemon", sock), 1, "sent no report");
	fake_stop(pid);
}

/* Whatever parses is printed somehow; ASan and UBSan have the last word. */
static void damaged_reports(void)
{
	static const char *const all[] = { idle, preserved, history, lost,
					   failed, partly, not_yet };
	static const char change[] = "0123456789{}[],:\"-.etrufalsn\\ ";
	unsigned int seed = 4711, round, k;
	struct json_object *o;
	size_t parsed = 0;
	char buf[4096];
	int out, null;

	fflush(stdout);
	out = dup(1);
	null = open("/dev/null", O_WRONLY);
	dup2(null, 1);
	for (round = 0; round < 20000; round++) {
		snprintf(buf, sizeof(buf), "%s", all[round % 7]);
		for (k = 0; k < round % 4; k++)
			buf[(size_t)rand_r(&seed) % strlen(buf)] =
				change[(size_t)rand_r(&seed) % (sizeof(change) - 1)];
		o = json_tokener_parse(buf);
		if (!o)
			continue;
		parsed++;
		show_status(o);
		show_clients(o);
		show_objects(o);
		show_tables(o);
		json_object_put(o);
	}
	fflush(stdout);
	dup2(out, 1);
	close(out);
	close(null);
	/* Else nothing was looked at. */
	CHECK(parsed > 5000);
}

static void preserve(void)
{
	pid_t pid = start(HF_CTL_PRESERVE, 0, "", preserved);

	expect(RUN("preserve", "--daemon", sock), 0, "nic0");
	/* 0: the daemon knows how long. */
	CHECK(fake_last(HF_CTL_PRESERVE)->arg[0] == 0);
	expect(RUN("preserve", "--daemon", sock, "--timeout", "2"), 0, "preserved");
	CHECK(fake_last(HF_CTL_PRESERVE)->arg[0] == 2000);
	CHECK(run_json("preserve", "") == 0);
	expect_json("preserve", 0);
	/* Without a success there is nothing to take back. */
	CHECK(!fake_asked(HF_CTL_CANCEL));
	fake_stop(pid);

	pid = start(HF_CTL_PRESERVE, -ETIMEDOUT, "mem did not answer within 2000 ms", idle);
	expect(RUN("preserve", "--daemon", sock), 1,
	       "holdfast preserve: mem did not answer within 2000 ms");
	CHECK(run_json("preserve", "") == 1);
	expect_json("preserve", 1);
	/* The daemon's own word: it has given everything back itself. */
	CHECK(!fake_asked(HF_CTL_CANCEL));
	fake_stop(pid);

	pid = start(HF_CTL_PRESERVE, -EPERM, "", idle);
	expect(RUN("preserve", "--daemon", sock), 1, "Operation not permitted");
	fake_stop(pid);
}

static void interrupted(void)
{
	char *args[] = { (char *)"preserve", (char *)"--daemon", sock, NULL };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	pid_t pid, me;
	int out = -1;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		say.op = HF_CTL_PRESERVE;
		say.silent = true;
		pid = fake_start(sock, told);
		me = run_start(args, &out);
		while (!fake_asked(HF_CTL_PRESERVE))
			usleep(1000);
		kill(me, signals[i]);
		expect(run_end(me, out), 1, "interrupted");
		CHECK_HAS(text, "everything was given back");
		CHECK(fake_asked(HF_CTL_CANCEL) == 1);
		fake_stop(pid);
	}
}

/* PRESERVE takes its time; whoever asks meanwhile is told who is waited for. */
static void slow_preserve(int fd, const struct hf_msg *q)
{
	if (q->op == HF_CTL_PRESERVE)
		usleep(1300 * 1000);
	fake_answer(fd, q, 0, "", say.report);
}

static void progress(void)
{
	const char *prog = getenv("HOLDFAST");
	int pty = posix_openpt(O_RDWR | O_NOCTTY), tty;
	size_t have = 0;
	pid_t pid, me;
	int status;
	ssize_t n;

	if (pty < 0 || grantpt(pty) || unlockpt(pty))
		SKIP("no pseudo-terminal");
	say.report = HEAD "\"state\":\"asking\",\"clients\":["
		     MEM "\"state\":\"agreed\"}," NIC "\"state\":\"asked\"}]}";
	pid = fake_start(sock, slow_preserve);
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY);
	fflush(stdout);
	me = fork();
	if (!me) {
		dup2(open("/dev/null", O_WRONLY), 1);
		dup2(tty, 2);
		execl(prog ? prog : "holdfast", "holdfast", "preserve",
		      "--daemon", sock, NULL);
		_exit(126);
	}
	close(tty);
	/* The other end closed: EIO */
	while ((n = read(pty, text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	close(pty);
	CHECK(waitpid(me, &status, 0) == me && status == 0);
	CHECK_HAS(text, "\rholdfast preserve: waiting for nic0, ");
	/* It leaves nothing on the line. */
	CHECK(have > 4 && !strcmp(text + have - 4, "\r\033[K"));
	fake_stop(pid);
}

static void verify(void)
{
	pid_t pid = start(0, 0, "", HEAD "\"state\":\"preserved\",\"clients\":["
			  MEM EQUAL "}," NIC EQUAL "}]}");

	expect(RUN("verify", "--daemon", sock), 0,
	       "nic0                         3        17       yes        yes");
	CHECK(fake_last(HF_CTL_STATUS)->arg[0] == 1);
	CHECK(run_json("verify", "") == 0);
	expect_json("verify", 0);
	fake_stop(pid);
	pid = start(0, 0, "", HEAD "\"state\":\"preserved\",\"clients\":["
		    MEM EQUAL "}," NIC DIFFER "}]}");
	expect(RUN("verify", "--daemon", sock), 4,
	       "holdfast verify: nic0: IOAS 2: IOVA 0x1000 was mapped");
	CHECK_HAS(text, "NO");
	CHECK(run_json("verify", "") == 4);
	expect_json("verify", 4);
	fake_stop(pid);
	/* Nothing to compare is no success. */
	pid = start(0, 0, "", idle);
	expect(RUN("verify", "--daemon", sock), 1, "nothing is preserved");
	fake_stop(pid);
}

static void cancel(void)
{
	pid_t pid = start(HF_CTL_CANCEL, 0, "2 sessions were closed", idle);

	expect(RUN("cancel", "--daemon", sock), 0, "2 sessions were closed");
	CHECK(fake_asked(HF_CTL_CANCEL) == 1);
	CHECK(run_json("cancel", "") == 0);
	expect_json("cancel", 0);
	fake_stop(pid);
	pid = start(HF_CTL_CANCEL, -ENOENT, "nothing is preserved", idle);
	expect(RUN("cancel", "--daemon", sock), 1, "nothing is preserved");
	fake_stop(pid);
}

static void finish(void)
{
	pid_t pid = start(HF_CTL_FINISH, 0, "", idle);

	expect(RUN("finish", "nic0", "mem", "--daemon", sock), 0,
	       "client mem is given up");
	CHECK(fake_asked(HF_CTL_FINISH) == 2);
	CHECK(!strcmp(fake_last(HF_CTL_FINISH)->name, "mem"));
	expect(RUN("finish", "--all", "--daemon", sock), 0, "nobody is waited for");
	CHECK(!strcmp(fake_last(HF_CTL_FINISH)->name, ""));
	CHECK(run_json("finish", "--all") == 0);
	expect_json("finish", 0);
	fake_stop(pid);
	pid = start(HF_CTL_FINISH, -ENOENT, "there is no such client", idle);
	expect(RUN("finish", "x", "--daemon", sock), 3,
	       "holdfast finish: there is no such client");
	fake_stop(pid);
	pid = start(HF_CTL_FINISH, -EBUSY, "a device is not bound", failed);
	expect(RUN("finish", "nic0", "--daemon", sock), 1,
	       "holdfast finish: a device is not bound");
	CHECK(run_json("finish", "nic0") == 1);
	expect_json("finish", 1);
	fake_stop(pid);
}

static void restore(void)
{
	static const struct {
		int status;
		const char *report;
		int code;
		const char *words;
	} cases[] = {
		{ 0, history, 0, "claimed" },
		{ 0, idle, 3, "nothing waits" },
		{ -ENOENT, idle, 3, "nothing" },
		{ -EIO, idle, 1, "nothing" },
		{ 0, failed, 1, "nic0: another device" },
		{ -EAGAIN, failed, 1, "nic0: another device" },
		{ 0, changed, 4, "nic0: another device" },
		{ 0, partly, 5, "nic0: another device" },
		{ 0, not_yet, 1, "nic0: not bound;bind it" },
		{ 0, lost, 5, "mem: its session did not come" },
		{ -ENOENT, lost, 5, "mem: its session did not come" },
	};
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid = start(HF_CTL_RESTORE, cases[i].status, "nothing",
			    cases[i].report);
		expect(RUN("restore", "--daemon", sock), cases[i].code,
		       cases[i].words);
		CHECK(fake_last(HF_CTL_RESTORE)->arg[0] == 0);
		CHECK(run_json("restore", "--dry-run") == cases[i].code);
		expect_json("restore", cases[i].code);
		CHECK(fake_last(HF_CTL_RESTORE)->arg[0] == 1);
		fake_stop(pid);
	}
	/* Alone, nothing is "nothing to restore", but what is lost is not. */
	pid = start(HF_CTL_RESTORE, -ENOENT, "nothing", HEAD
		    "\"state\":\"lost\",\"clients\":[" MEM "\"state\":\"lost\"}]}");
	expect(RUN("restore", "--daemon", sock), 1, "mem: -");
	fake_stop(pid);
	/* With a driver to start it is about a session of its own. */
	if (access("/dev/liveupdate", F_OK)) {
		pid = start(HF_CTL_RESTORE, 0, "", idle);
		setenv("HOLDFAST_SOCKET", sock, 1);
		expect(RUN("restore", "--release"), 1, "/dev/liveupdate");
		CHECK(!fake_seen->n);
		unsetenv("HOLDFAST_SOCKET");
		fake_stop(pid);
	}
}

static bool image_loaded(void)
{
	FILE *f = fopen("/sys/kernel/kexec_loaded", "r");
	int c = f ? fgetc(f) : '0';

	if (f)
		fclose(f);
	return c == '1';
}

static void kexec(void)
{
	pid_t pid;

	if (geteuid())
		SKIP("needs root: CAP_SYS_BOOT");
	if (image_loaded())
		SKIP("a kernel is loaded on this machine: not to be started");
	pid = start(HF_CTL_KEXEC, -ENOENT, "nothing is preserved", idle);
	/* Nobody is asked whether they agree while there is nothing to start. */
	expect(RUN("kexec", "--daemon", sock), 1, "no kernel is loaded");
	CHECK(!fake_asked(HF_CTL_KEXEC));
	fake_stop(pid);
	expect(RUN("kexec", "--daemon", sock), 1, "nobody listens");
}

static const struct ktap_test tests[] = {
	{ "verbs: the daemon, or a session without it", which },
	{ "verbs: status", status },
	{ "verbs: list and clients", list },
	{ "verbs: reports that are not what they should be", odd_reports },
	{ "verbs: 20000 damaged reports", damaged_reports },
	{ "verbs: preserve", preserve },
	{ "verbs: preserve, interrupted", interrupted },
	{ "verbs: progress on a terminal", progress },
	{ "verbs: verify", verify },
	{ "verbs: cancel", cancel },
	{ "verbs: finish", finish },
	{ "verbs: restore", restore },
	{ "verbs: kexec", kexec },
};

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(dir))
		return 1;
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	unsetenv("HOLDFAST_SOCKET");
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	unlink(sock);
	rmdir(dir);
	return ret;
}
