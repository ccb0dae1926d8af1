// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast update: its order, and what is taken back when one of its steps fails.
 * The daemon is a fake one; looking, loading and rebooting are the functions
 * below (linked with --wrap), which write down that they were called.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <load.h>
#include <preflight/preflight.h>

#include "../../userspace/cli/reboot.h"
#include "fake_daemon.h"
#include "ktap.h"

static char dir[] = "/tmp/hf-update-XXXXXX";
static char sock[64];
static char text[16384];	/* what the command wrote */

/* Which step fails, and how */
enum fault {
	NONE,
	FOUND,			/* preflight finds something */
	LOAD,
	PRESERVE,
	MISMATCH,		/* the daemon does not agree to the reboot */
	REFUSED,		/* the reboot comes back */
	NOT_TOLD,		/* the same, and the daemon is gone */
};

/* Shared with the process that is the command: the order of what was done */
static struct shared {
	char done[512];
} *shared;

static enum fault fault;
static bool has_systemd;
static int raise_at;		/* a signal at this letter */

static void did(char what)
{
	size_t n = strlen(shared->done);

	shared->done[n] = what;
	if (what == raise_at)
		raise(SIGTERM);
}

void __wrap_hk_preflight(const struct hk_preflight *q, struct hk_report *r);
int __wrap_hk_image_load(const struct hk_image *im, struct hf_error *err);
int __wrap_hk_image_unload(struct hf_error *err);
int __wrap_reboot_direct(struct cli *cli, const struct held *alive,
			 struct hf_error *err);
int __wrap_reboot_graceful(struct hf_error *err);
bool __wrap_reboot_has_systemd(void);
bool __wrap_hf_proc_has_cap(int cap);

void __wrap_hk_preflight(const struct hk_preflight *q, struct hk_report *r)
{
	did('P');
	CHECK(!strcmp(q->image.kernel, "bzImage"));
	hk_found(r, HK_WARNING, "watchdog", "stop it", "a watchdog runs");
	if (fault == FOUND)
		hk_found(r, HK_ERROR, "kho-off", "boot it with kho=on",
			 "kexec handover is off");
}

int __wrap_hk_image_load(const struct hk_image *im, struct hf_error *err)
{
	did('L');
	CHECK(!strcmp(im->initrd, "initrd") && im->reuse);
	return fault == LOAD ? hf_fail(err, -ENOEXEC, "it is no kernel") : 0;
}

int __wrap_hk_image_unload(struct hf_error *err)
{
	(void)err;
	did('U');
	return 0;
}

int __wrap_reboot_direct(struct cli *cli, const struct held *alive,
			 struct hf_error *err)
{
	(void)cli;
	CHECK(!alive);
	did('D');
	return hf_fail(err, -EINVAL, "the reboot call was refused");
}

int __wrap_reboot_graceful(struct hf_error *err)
{
	did('G');
	return fault >= REFUSED ? hf_fail(err, -EIO, "systemctl failed") : 0;
}

bool __wrap_reboot_has_systemd(void)
{
	return has_systemd;
}

bool __wrap_hf_proc_has_cap(int cap)
{
	(void)cap;
	return true;
}

/* What the daemon is asked goes into the same list. */
static void answer(int fd, const struct hf_msg *q)
{
	static const char report[] = "{\"version\":1,\"state\":\"idle\",\"clients\":[]}";

	switch (q->op) {
	case HF_CTL_PRESERVE:
		did('p');
		CHECK(q->arg[0] == 7000);
		fake_answer(fd, q, fault == PRESERVE ? -ETIMEDOUT : 0,
			    fault == PRESERVE ? "nic0 did not answer" : "",
			    report);
		return;
	case HF_CTL_KEXEC:
		did('k');
		fake_answer(fd, q, fault == MISMATCH ? -EBADE : 0,
			    fault == MISMATCH ? "nic0: IOVA 0x1000" : "", NULL);
		if (fault == NOT_TOLD) {
			unlink(sock);
			shutdown(fd, SHUT_RDWR);
			_exit(0);
		}
		return;
	case HF_CTL_REFUSED:
		did('r');
		CHECK(strstr(q->text, "refused") || strstr(q->text, "failed"));
		break;
	case HF_CTL_CANCEL:
		did('c');
		break;
	case HF_CTL_STATUS:
		did('s');
		break;
	}
	fake_answer(fd, q, 0, "", q->op == HF_CTL_STATUS ? report : NULL);
}

/* Runs the verb in a process of its own; returns its exit code. */
static int update(const char *way, bool json)
{
	char *argv[] = {
		(char *)"update", (char *)"--kernel", (char *)"bzImage",
		(char *)"--initrd", (char *)"initrd", (char *)"--reuse-cmdline",
		(char *)"--timeout", (char *)"7", (char *)(json ? "--json" : way),
		(char *)way, NULL,
	};
	struct cli cli = {
		.verb = "update",
		.argv = argv,
		.daemon = sock,
		.events.fd = -1,
		.json = json,
	};
	pid_t daemon, pid;
	int out, status;
	ssize_t n;

	memset(shared, 0, sizeof(*shared));
	daemon = fake_start(sock, answer);
	out = open(dir, O_TMPFILE | O_RDWR, 0600);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(out, 1);
		dup2(out, 2);
		alarm(60);
		optind = 1;
		ktap_failed = false;
		status = cmd_update(&cli, json ? 9 + !!way : 8 + !!way, argv);
		fflush(stdout);
		_exit(ktap_failed ? 99 : status);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		status = -1;
	fake_stop(daemon);
	n = pread(out, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(out);
	return status < 0 ? -1 : WEXITSTATUS(status);
}

static void expect(enum fault f, const char *way, int code, const char *done,
		   const char *words)
{
	int got;

	fault = f;
	got = update(way, false);
	if (got != code || strcmp(shared->done, done)) {
		printf("# exit %d instead of %d, \"%s\" instead of \"%s\": %s\n",
		       got, code, shared->done, done, text);
		ktap_failed = true;
	}
	CHECK_HAS(text, words);
}

static void graceful(void)
{
	has_systemd = true;
	expect(NONE, NULL, 0, "PLpkG", "systemd stops what runs");
	CHECK_HAS(text, "a watchdog runs");
	CHECK_HAS(text, "preserve ");
	expect(NONE, "--graceful", 0, "PLpkG", "systemd stops what runs");
	expect(REFUSED, NULL, 1, "PLpkGrcU", "systemctl failed");
	CHECK_HAS(text, "everything was given back");
	has_systemd = false;
	expect(NONE, "--graceful", 2, "", "does not run here");
}

static void direct(void)
{
	has_systemd = false;
	/* It comes back always: nobody can tell of the other case. */
	expect(NONE, NULL, 1, "PLpkDrcU", "the reboot call was refused");
	CHECK_HAS(text, "everything was given back");
	has_systemd = true;
	expect(NONE, "--direct", 1, "PLpkDrcU", "the reboot call was refused");
}

static void taken_back(void)
{
	has_systemd = true;
	expect(FOUND, NULL, 1, "P", "kexec handover is off");
	CHECK_HAS(text, "not begun");
	expect(LOAD, NULL, 1, "PL", "it is no kernel");
	expect(PRESERVE, NULL, 1, "PLpU", "nic0 did not answer");
	expect(MISMATCH, NULL, 4, "PLpkcU", "nic0: IOVA 0x1000");
	CHECK_HAS(text, "not rebooting");
	expect(NOT_TOLD, NULL, 1, "PLpkGU", "holdfastd could not be told");
	CHECK_HAS(text, "holdfast cancel");
}

static void interrupted(void)
{
	has_systemd = true;
	raise_at = 'P';
	expect(NONE, NULL, 1, "P", "interrupted after preflight");
	raise_at = 'L';
	expect(NONE, NULL, 1, "PLU", "interrupted after load");
	/* From here on there is no way back but systemd's. */
	raise_at = 'G';
	expect(NONE, NULL, 0, "PLpkG", "systemd stops what runs");
	raise_at = 0;
}

static void as_json(void)
{
	has_systemd = true;
	fault = NONE;
	CHECK(update(NULL, true) == 0);
	CHECK_HAS(text, "{\"verb\":\"update\",\"ok\":true,\"graceful\":true,");
	CHECK_HAS(text, "\"name\":\"watchdog\"");
	CHECK_HAS(text, "\"state\":\"idle\"");
	fault = REFUSED;
	CHECK(update(NULL, true) == 1);
	CHECK_HAS(text, "\"ok\":false,\"exit\":1,\"error\":\"systemctl failed");
}

static const struct ktap_test tests[] = {
	{ "update: with systemd", graceful },
	{ "update: direct", direct },
	{ "update: what fails is taken back", taken_back },
	{ "update: interrupted", interrupted },
	{ "update: JSON", as_json },
};

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !mkdtemp(dir))
		return 1;
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	unlink(sock);
	rmdir(dir);
	return ret;
}
