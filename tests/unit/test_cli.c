// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command from outside: usage errors, exit codes, messages, and what it does
 * when the other end of the holder's socket is not what it should be. Nothing
 * here needs a kernel with live update.
 *
 * HOLDFAST in the environment names the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast/fdpass.h>
#include <holdfast/memfd.h>

#include "../../userspace/agent/holder_proto.h"
#include "ktap.h"
#include "run.h"
#include "sample.h"

static char dir[] = "/tmp/hf-cli-XXXXXX";
static char sock[64];
static void usage(void)
{
	expect(run((char *[]){ NULL }), 2, "which verb");
	expect(RUN("frobnicate"), 2, "no verb \"frobnicate\"");
	expect(RUN("preserve"), 2, "--pid is missing");
	expect(RUN("preserve", "--retry-ms", "5"), 2, "--pid is missing");
	expect(RUN("preserve", "--timeout", "5", "--pid", "1"), 2,
	       "--without and --daemon go without --pid");
	expect(RUN("preserve", "--without", "a", "--pid", "1"), 2,
	       "--without and --daemon go without --pid");
	expect(RUN("preserve", "--without", "a b"), 2, "--without takes");
	expect(RUN("update", "--without", ""), 2, "--without takes");
	expect(RUN("preserve", "--timeout", "3601"), 2, "--timeout takes");
	expect(RUN("preserve", "--timeout", "-1"), 2, "--timeout takes");
	expect(RUN("preserve", "--timeout", "0"), 2, "--timeout takes");
	expect(RUN("preserve", "--pid"), 2, "--pid needs a value");
	expect(RUN("preserve", "--pid", "0"), 2, "takes a process ID");
	expect(RUN("preserve", "--pid", "-5"), 2, "takes a process ID");
	expect(RUN("preserve", "--pid", "12x"), 2, "takes a process ID");
	expect(RUN("preserve", "--pid", "99999999999999"), 2, "takes a process ID");
	expect(RUN("preserve", "--pid", "1", "more"), 2, "what is \"more\"");
	expect(RUN("preserve", "--pid", "a="), 2, "takes a process ID");
	expect(RUN("preserve", "--pid", "=5"), 2, "a driver's name is");
	expect(RUN("preserve", "--pid", "a b=5"), 2, "a driver's name is");
	expect(RUN("preserve", "--pid", "a=b=5"), 2, "a driver's name is");
	expect(RUN("preserve", "--pid", "5", "--pid", "a=5"), 2,
	       "process 5 is given twice");
	expect(RUN("preserve", "--pid", "a=5", "--pid", "a=6"), 2,
	       "two drivers are to be called \"a\"");
	expect(RUN("preserve", "--pid", "5", "--retry-ms", "-1"), 2,
	       "--retry-ms takes");
	expect(RUN("preserve", "--pid", "5", "--retry-ms", "1s"), 2,
	       "--retry-ms takes");
	expect(RUN("preserve", "--nonsense"), 2, "no option \"--nonsense\"");
	expect(RUN("status", "--session", ""), 2, "--session takes");
	expect(RUN("status", "--session", "a b"), 2, "--session takes");
	expect(RUN("status", "--session",
		   "0123456789012345678901234567890123456789012345678901234567890123"),
	       2, "--session takes");
	expect(RUN("status", "--socket", ""), 2, "--socket takes");
	expect(RUN("status", "extra"), 2, "what is \"extra\"");
	expect(RUN("verify", "extra"), 2, "what is \"extra\"");
	expect(RUN("cancel", "extra"), 2, "what is \"extra\"");
	expect(RUN("inspect", "extra"), 2, "what is \"extra\"");
	expect(RUN("inspect", "--dump", "/tmp", "--save", "x"), 2,
	       "--dump reads what was saved");
	expect(RUN("inspect", "--dump", "/nonexistent"), 3, "No such file");
	expect(RUN("preflight", "extra"), 2, "what is \"extra\"");
	expect(RUN("preflight", "--initrd", "x"), 2, "go with --kernel");
	expect(RUN("preflight", "--modules", "x"), 2, "go with --kernel");
	expect(RUN("preflight", "--kernel", "k", "--append", "x", "--reuse-cmdline"),
	       2, "exclude each other");
	expect(RUN("preflight", "--pid", "0"), 2, "takes a process ID");
	expect(RUN("preflight", "--root", "/nonexistent", "--json"), 1,
	       "\"name\":\"kho-off\"");
	expect(RUN("kexec", "extra"), 2, "what is \"extra\"");
	expect(RUN("kexec", "--initrd", "x"), 2, "go with --load");
	expect(RUN("kexec", "--append", "x"), 2, "go with --load");
	expect(RUN("kexec", "--reuse-cmdline"), 2, "go with --load");
	expect(RUN("kexec", "--load", "k", "--append", "x", "--reuse-cmdline"),
	       2, "exclude each other");
	expect(RUN("kexec", "--direct", "--graceful"), 2, "exclude each other");
	if (access("/run/systemd/system", F_OK))
		expect(RUN("kexec", "--graceful"), 2, "does not run here");
	expect(RUN("update"), 2, "--kernel is missing");
	expect(RUN("update", "--kernel", "k", "--direct", "--graceful"), 2,
	       "exclude each other");
	expect(RUN("update", "--kernel", "k", "--session", "s"), 2,
	       "a session without holdfastd");
	expect(RUN("update", "--kernel", "k", "--append", "a", "--reuse-cmdline"),
	       2, "exclude each other");
	expect(RUN("restore"), 2, "which driver");
	expect(RUN("restore", "--"), 2, "which driver");
	expect(RUN("restore", "driver"), 2, "after \"--\"");
	expect(RUN("restore", "--release", "--no-finish"), 2, "--release");
	expect(RUN("restore", "--release", "--", "true"), 2, "--release");
	expect(RUN("restore", "--exec", "a"), 2, "--exec takes NAME=");
	expect(RUN("restore", "--exec", "=b"), 2, "--exec takes NAME=");
	expect(RUN("restore", "--exec", "a="), 2, "no word in it");
	expect(RUN("restore", "--exec", "a= '"), 2, "open at the end");
	expect(RUN("restore", "--exec", "a=b", "--exec", "a=c"), 2,
	       "\"a\" is given twice");
	expect(RUN("restore", "--exec", "a=b", "--drop", "a"), 2,
	       "\"a\" is given twice");
	expect(RUN("restore", "--drop", ""), 2, "--drop takes the NAME");
	expect(RUN("restore", "--drop", "a=b"), 2, "--drop takes the NAME");
	expect(RUN("restore", "--exec", "a=b", "--", "c"), 2, "not both");
	expect(RUN("restore", "--release", "--exec", "a=b"), 2, "--release");
	expect(RUN("restore", "--release", "--drop", "a"), 2, "--release");
	expect(RUN("restore", "--dry-run", "--release"), 2, "it goes alone");
	expect(RUN("restore", "--dry-run", "--", "a"), 2, "it goes alone");
	expect(RUN("status", "--daemon", ""), 2, "--daemon takes");
	expect(RUN("list", "extra"), 2, "what is \"extra\"");
	expect(RUN("clients", "extra"), 2, "what is \"extra\"");
	expect(RUN("finish"), 2, "whom?");
	expect(RUN("finish", "--all", "a"), 2, "whom?");
	expect(RUN("finish", "a b"), 2, "a client's name is");
	expect(RUN("finish", "a"), 2, "no holdfastd runs");
	expect(RUN("restore", "--after-step"), 2, "--after-step needs a value");
	expect(RUN("holder"), 2, "started by");
	expect(RUN("holder", "--iommufds", "1"), 2, "started by");
}

static void help(void)
{
	expect(RUN("--help"), 0, "usage: holdfast VERB");
	expect(RUN("help"), 0, "exit status");
	expect(RUN("restore", "--help"), 0, "--after-step CMD");
	expect(RUN("help", "finish"), 0, "usage: holdfast finish NAME...");
	expect(RUN("--version"), 0, "holdfast 0.");
}

static void no_holder(void)
{
	expect(RUN("status", "--socket", sock), 0, "no session \"holdfast\" is held");
	expect(RUN("status", "--socket", sock, "--json"), 0, "\"state\":\"idle\"");
	expect(RUN("verify", "--socket", sock), 1, "no holder answers");
	expect(RUN("cancel", "--socket", sock), 1, "no holder answers");
	expect(RUN("verify", "--socket", sock, "--json"), 1, "\"ok\":false");
	if (!geteuid())
		expect(RUN("kexec", "--socket", sock), 1, "no holder answers");
}

static void no_liveupdate(void)
{
	if (!access("/dev/liveupdate", F_OK))
		SKIP("this kernel has /dev/liveupdate");
	expect(RUN("restore", "--no-finish"), 1, "/dev/liveupdate does not exist");
	expect(RUN("restore", "--dry-run"), 1, "/dev/liveupdate does not exist");
	expect(RUN("finish", "--all"), 1, "/dev/liveupdate does not exist");
	CHECK_HAS(text, "liveupdate=on");
	if (!geteuid())
		expect(RUN("preserve", "--pid", "1"), 1,
		       "nothing was preserved; the driver is as before");
}

static void bad_events_file(void)
{
	expect(RUN("status", "--events", "/nonexistent/x"), 1, "/nonexistent/x");
}

/* --- a holder of our own --- */

enum lie {
	HONEST,
	HANG_UP,		/* ends the connection without a word */
	BAD_MAGIC,
	BAD_VERSION,
	SHORT,
	LONG,
	REFUSE,
	NO_FDS,
	NO_IOMMUFD,
	DAMAGED,
	OTHER_SESSION,
	N_LIES,
	TWO,			/* no lie: two drivers */
};

static int manifest_fd(enum lie lie)
{
	struct hf_error err = {};
	struct hf_manifest m;
	size_t len;
	void *blob;
	int fd;

	if (lie == TWO)
		sample_two(&m);
	else
		sample(&m);
	if (lie == OTHER_SESSION)
		strcpy(m.session, "other");
	if (hf_manifest_encode(&m, &blob, &len, &err))
		abort();
	if (lie == DAMAGED)
		((char *)blob)[len / 2] ^= 1;
	fd = hf_memfd_sealed("m", blob, len, &err);
	free(blob);
	hf_manifest_free(&m);
	return fd;
}

static void serve(int fd, enum lie lie)
{
	struct {
		struct holder_reply r;
		char more[4];
	} a = { .r = { HOLDER_MAGIC, HOLDER_VERSION, 0, 4711 } };
	struct holder_request q;
	size_t none = 0, n = 2, len = sizeof(a.r);
	int fds[3];

	while (hf_fdpass_recv(fd, &q, sizeof(q), NULL, &none) == sizeof(q)) {
		fds[0] = manifest_fd(lie);
		/* Something that is no iommufd and answers no ioctl */
		fds[1] = open("/dev/null", O_RDONLY);
		fds[2] = fds[1];
		n = q.op == HOLDER_GET ? 2 : 0;
		switch (lie) {
		case TWO:
			n += n / 2;
			break;
		case HANG_UP:
			return;
		case BAD_MAGIC:
			a.r.magic = 1;
			break;
		case BAD_VERSION:
			a.r.version = 99;
			break;
		case SHORT:
			len = 3;
			break;
		case LONG:
			len = sizeof(a);
			break;
		case REFUSE:
			a.r.status = -EOPNOTSUPP;
			break;
		case NO_FDS:
			n = 0;
			break;
		case NO_IOMMUFD:
			n = 1;
			break;
		default:
			break;
		}
		hf_fdpass_send(fd, &a, len, fds, n);
		close(fds[0]);
		close(fds[1]);
		none = 0;
	}
}

static pid_t start_holder(enum lie lie)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int l, fd;
	pid_t pid;

	strcpy(addr.sun_path, sock);
	unlink(sock);
	l = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 4))
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(60);
		for (;;) {
			fd = accept(l, NULL, NULL);
			serve(fd, lie);
			close(fd);
		}
	}
	close(l);
	return pid;
}

static void stop_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void honest(void)
{
	pid_t pid = start_holder(HONEST);

	expect(RUN("status", "--socket", sock), 0, "held by process 4711");
	CHECK_HAS(text, "0000:00:02.0");
	CHECK_HAS(text, "buffers");
	expect(RUN("status", "--socket", sock, "--json"), 0,
	       "\"address\":\"0000:00:02.0\"");
	/* Its "iommufd" is none: said, not taken for a mismatch. */
	expect(RUN("verify", "--socket", sock), 1, "iommufd");
	expect(RUN("cancel", "--socket", sock), 0, "given back");
	expect(RUN("status", "--socket", sock, "--session", "x"), 0,
	       "no session \"x\"");
	expect(RUN("verify", "--socket", sock, "--session", "x"), 1,
	       "has session \"holdfast\", not \"x\"");
	stop_holder(pid);
	/* Its socket is still there, with nobody behind it. */
	expect(RUN("status", "--socket", sock), 0, "no session");
	expect(RUN("cancel", "--socket", sock), 1, "no holder answers");
}

static void two_drivers(void)
{
	pid_t pid = start_holder(TWO);

	expect(RUN("status", "--socket", sock), 0,
	       "drivers nic-rx,nvme-io, preserved");
	CHECK_HAS(text, "0000:00:07.0");
	CHECK_HAS(text, "iommufd       3     1  nvme-io");
	expect(RUN("status", "--socket", sock, "--json"), 0,
	       "\"drivers\":[\"nic-rx\",\"nvme-io\"]");
	CHECK_HAS(text, "\"drivers\":[\"nvme-io\"]");
	expect(RUN("verify", "--socket", sock), 1, "iommufd");
	expect(RUN("cancel", "--socket", sock), 0, "given back");
	stop_holder(pid);
}

static void lies(void)
{
	static const char *const want[N_LIES] = {
		[HANG_UP] = "ended the connection",
		[BAD_MAGIC] = "another protocol",
		[BAD_VERSION] = "another protocol",
		[SHORT] = "another protocol",
		[LONG] = "ended the connection",
		[REFUSE] = "refuses",
		[NO_FDS] = "no manifest",
		[NO_IOMMUFD] = "does not fit its descriptors",
		[DAMAGED] = "checksum",
		[OTHER_SESSION] = "has session \"other\"",
	};
	int lie;

	for (lie = HANG_UP; lie < N_LIES; lie++) {
		pid_t pid = start_holder((enum lie)lie);

		expect(RUN("verify", "--socket", sock), 1, want[lie]);
		/* What cannot be read can be cancelled all the same. */
		if (lie == DAMAGED)
			expect(RUN("cancel", "--socket", sock), 0, "given back");
		else
			expect(RUN("cancel", "--socket", sock), 1, want[lie]);
		if (!geteuid())
			expect(RUN("kexec", "--socket", sock), 1,
			       "not rebooting");
		stop_holder(pid);
	}
}

/* --- the real holder, with stand-ins for the kernel's descriptors --- */

struct real {
	pid_t pid;
	int session;	/* end of file here: the holder closed its session */
};

static int place(int fd, int to)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 64);

	return dup2(high, to);
}

static struct real start_real(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *prog = getenv("HOLDFAST");
	int l, session[2], ready[2];
	struct real r = { -1, -1 };
	char c[128] = "";

	strcpy(addr.sun_path, sock);
	unlink(sock);
	l = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 16) ||
	    pipe2(session, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		abort();
	fflush(stdout);
	r.pid = fork();
	if (!r.pid) {
		int m = manifest_fd(HONEST), null = open("/dev/null", O_RDWR);
		int fds[] = { session[1], l, ready[1], m, null }, i;

		for (i = 0; i < 5; i++)
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
		for (i = 0; i < 5; i++)
			place(fds[i], 3 + i);
		alarm(120);
		execl(prog ? prog : "holdfast", "@holdfast", "holder",
		      "--socket", sock, "--iommufds", "1", NULL);
		_exit(126);
	}
	close(l);
	close(session[1]);
	close(ready[1]);
	if (read(ready[0], c, sizeof(c) - 1) < 1 || strcmp(c, "R")) {
		printf("# holder: %s\n", c);
		stop_holder(r.pid);
		close(session[0]);
		r.pid = -1;
	}
	close(ready[0]);
	r.session = session[0];
	return r;
}

static bool closed(const struct real *r, int ms)
{
	struct pollfd p = { .fd = r->session };

	return poll(&p, 1, ms) == 1 && p.revents & POLLHUP;
}

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, sock);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void real_holder(void)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT,
				       SIGUSR1, SIGUSR2 };
	struct real r;
	int status;
	size_t i;

	if (geteuid())
		SKIP("needs root: the holder answers to nobody else");
	r = start_real();
	if (!CHECK(r.pid > 0))
		return;
	expect(RUN("status", "--socket", sock), 0, "held by process");
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		kill(r.pid, signals[i]);
	CHECK(!closed(&r, 100));
	expect(RUN("status", "--socket", sock), 0, "held by process");
	expect(RUN("status", "--socket", sock, "--session", "x"), 0,
	       "has session \"holdfast\"");
	expect(RUN("cancel", "--socket", sock, "--session", "x"), 1,
	       "has session \"holdfast\"");
	CHECK(!closed(&r, 0));
	expect(RUN("cancel", "--socket", sock), 0, "given back");
	/* When the command says so, it is so. */
	CHECK(closed(&r, 0));
	CHECK(waitpid(r.pid, &status, 0) == r.pid && status == 0);
	CHECK(access(sock, F_OK));
	close(r.session);
}

static void garbage(void)
{
	struct holder_request q = { HOLDER_MAGIC, HOLDER_VERSION, HOLDER_GET, 0 };
	unsigned int seed = 11, round, k;
	int fds[24], fd, n;
	struct real r;
	char buf[300];

	if (geteuid())
		SKIP("needs root: the holder answers to nobody else");
	r = start_real();
	if (!CHECK(r.pid > 0))
		return;
	for (round = 0; round < 2000; round++) {
		size_t len = (size_t)rand_r(&seed) % sizeof(buf);

		for (k = 0; k < sizeof(buf); k++)
			buf[k] = (char)rand_r(&seed);
		if (round % 2)
			memcpy(buf, &q, round % 4 == 1 ? 4 : 8);
		if (round % 8 == 3)
			len = sizeof(q);
		/* Whatever comes out of it, it must not be a cancel. */
		((struct holder_request *)buf)->op |= 0x100;
		fd = dial();
		if (!CHECK(fd >= 0))
			break;
		n = round % 3 ? 0 : 3;
		fds[0] = fds[1] = fds[2] = 0;
		hf_fdpass_send(fd, buf, len, fds, (size_t)n);
		close(fd);
	}
	/* More connections than it takes, silent ones, and some half-way */
	for (k = 0; k < 24; k++) {
		fds[k] = dial();
		if (k % 3 == 0)
			hf_fdpass_send(fds[k], &q, sizeof(q), NULL, 0);
	}
	CHECK(!closed(&r, 50));
	for (k = 0; k < 24; k++)
		close(fds[k]);
	expect(RUN("status", "--socket", sock), 0, "held by process");
	kill(r.pid, SIGKILL);
	waitpid(r.pid, NULL, 0);
	/* Killed: the session is gone, and that is said. */
	CHECK(closed(&r, 0));
	expect(RUN("verify", "--socket", sock), 1, "did the holder die");
	close(r.session);
}

static const struct ktap_test tests[] = {
	{ "cli: usage errors exit with 2", usage },
	{ "cli: help and version", help },
	{ "cli: without a holder", no_holder },
	{ "cli: without /dev/liveupdate", no_liveupdate },
	{ "cli: events file that cannot be written", bad_events_file },
	{ "cli: a holder that answers", honest },
	{ "cli: a holder with two drivers", two_drivers },
	{ "cli: holders that do not speak the protocol", lies },
	{ "holder: signals, cancel", real_holder },
	{ "holder: 2000 garbled messages, too many connections", garbage },
};

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(dir))
		return 1;
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	/* Whether this machine has a daemon is none of this test's business. */
	setenv("HOLDFAST_SOCKET", "/nonexistent/holdfastd.sock", 1);
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	unlink(sock);
	rmdir(dir);
	return ret;
}
