// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a list of tests, up to --jobs at a time, and prints one KTAP document with each as a
 * subtest, in the order given. A test is a scenario, run by vmrun beside this program, or the
 * harness' own test ("self-test").
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accel.h"
#include "qemu.h"
#include "scenario.h"
#include "util.h"

#define SELF_TEST "self-test"
#define MAX_TESTS 128

struct test {
	const char *name;
	char *dir;
	pid_t pid; /* 0: not running */
	int runs;
	bool ended;
	int status;
};

struct suite_run {
	const char *kernel[KERNEL_KINDS], *initrd[KERNEL_KINDS]; /* by enum kernel_kind */
	const char *dir, *accel, *bin;
	struct test test[MAX_TESTS];
	int n, jobs;
};

static const char usage_text[] =
	"usage: vmcheck --dir DIR [--kernel F --initrd F] [--kernel-stock F --initrd-stock F] [--kernel-debug F --initrd-debug F]\n"
	"               [--accel ACCEL] [--jobs N] [--suite NAME]... [TEST...]\n"
	"TEST is a scenario or self-test, NAME a suite of scenarios (vmrun --list). The initramfs of a kernel is for updates to it.\n";

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "initrd", required_argument, NULL, 'i' },
	{ "kernel-stock", required_argument, NULL, 'K' },
	{ "initrd-stock", required_argument, NULL, 'I' },
	{ "kernel-debug", required_argument, NULL, 'd' },
	{ "initrd-debug", required_argument, NULL, 'D' },
	{ "dir", required_argument, NULL, 'o' },
	{ "accel", required_argument, NULL, 'a' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "suite", required_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

static void __attribute__((noreturn))
exec_test(const struct suite_run *s, const struct test *t, pid_t parent)
{
	const struct scenario *sc = scenario_find(t->name);
	char *program = xasprintf("%s/%s", s->bin, sc ? "vmrun" : "selftest");
	char *out = xasprintf("%s/ktap", t->dir);
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	die_with_parent(parent);
	dup2(fd, 1);
	if (sc)
		execl(program, program, "--kernel", s->kernel[sc->kernel], "--initrd",
		      s->initrd[scenario_next_kernel(sc)], "--dir", t->dir, "--accel", s->accel, t->name, NULL);
	else
		execl(program, program, t->dir, NULL);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static void start_test(const struct suite_run *s, struct test *t)
{
	pid_t parent = getpid();

	if (!t->runs++) {
		t->dir = xasprintf("%s/%s", s->dir, t->name);
		make_dirs(t->dir);
	}
	fflush(stdout);
	t->pid = fork();
	if (t->pid < 0)
		die("fork: %s", strerror(errno));
	if (!t->pid)
		exec_test(s, t, parent);
}

static bool may_run_again(const struct test *t)
{
	const struct scenario *sc = scenario_find(t->name);

	return sc && t->runs < sc->runs;
}

static void print_subtest(const struct test *t, int number)
{
	FILE *f = open_in(t->dir, "ktap", "r");
	bool ok = WIFEXITED(t->status) && !WEXITSTATUS(t->status), points = false;
	char *line = NULL;
	size_t room = 0;

	if (t->runs > 1)
		printf("    # run %d of it\n", t->runs);
	if (f) {
		while (getline(&line, &room, f) > 0) {
			printf("    %s", line);
			points = true;
		}
		free(line);
		fclose(f);
	}
	printf("%s %d %s%s\n", ok && points ? "ok" : "not ok", number, t->name,
	       points ? "" : " # said nothing");
	fflush(stdout);
}

static int run_all(struct suite_run *s)
{
	int started = 0, running = 0, printed = 0, failed = 0, status, i;
	pid_t pid;

	while (printed < s->n) {
		while (running < s->jobs && started < s->n) {
			start_test(s, &s->test[started++]);
			running++;
		}
		pid = wait(&status);
		if (pid < 0)
			die("wait: %s", strerror(errno));
		for (i = 0; i < started; i++) {
			if (s->test[i].pid != pid)
				continue;
			if (status && may_run_again(&s->test[i])) {
				start_test(s, &s->test[i]);
				continue;
			}
			s->test[i].status = status;
			s->test[i].ended = true;
			failed += status != 0;
			running--;
		}
		while (printed < started && s->test[printed].ended) {
			print_subtest(&s->test[printed], printed + 1);
			printed++;
		}
	}
	return failed;
}

/* What a test needs must be there before anything starts. */
static void check_inputs(const struct suite_run *s)
{
	const struct scenario *sc;
	const char *initrd;
	int i;

	for (i = 0; i < s->n; i++) {
		sc = scenario_find(s->test[i].name);
		if (!sc) {
			if (strcmp(s->test[i].name, SELF_TEST))
				die("%s: no such test", s->test[i].name);
			continue;
		}
		initrd = s->initrd[scenario_next_kernel(sc)];
		if (!s->kernel[sc->kernel] || access(s->kernel[sc->kernel], R_OK) || !initrd ||
		    access(initrd, R_OK))
			die("%s: the %s kernel or its initramfs is missing", sc->name,
			    kernel_kind_name(sc->kernel));
	}
}

static const char *probe_kernel(const struct suite_run *s)
{
	int i;

	for (i = 0; i < KERNEL_KINDS; i++)
		if (s->kernel[i])
			return s->kernel[i];
	return NULL;
}

static void add_test(struct suite_run *s, const char *name)
{
	if (s->n == MAX_TESTS)
		die("more than %d tests", MAX_TESTS);
	s->test[s->n++].name = name;
}

static void add_suite(struct suite_run *s, const char *name)
{
	const struct scenario *sc = NULL;
	int before = s->n;

	while ((sc = scenario_next(sc)))
		if (!strcmp(suite_name(sc->suite), name))
			add_test(s, sc->name);
	if (s->n == before)
		die("%s: no such suite", name);
}

int main(int argc, char **argv)
{
	struct suite_run s = { .accel = "auto", .jobs = 2 };
	char *probe_dir;
	int opt;

	s.bin = dirname(xstrdup(argv[0]));
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 'k':
			s.kernel[KERNEL_HOLDFAST] = optarg;
			break;
		case 'i':
			s.initrd[KERNEL_HOLDFAST] = optarg;
			break;
		case 'K':
			s.kernel[KERNEL_STOCK] = optarg;
			break;
		case 'I':
			s.initrd[KERNEL_STOCK] = optarg;
			break;
		case 'd':
			s.kernel[KERNEL_DEBUG] = optarg;
			break;
		case 'D':
			s.initrd[KERNEL_DEBUG] = optarg;
			break;
		case 'o':
			s.dir = optarg;
			break;
		case 'a':
			s.accel = optarg;
			break;
		case 's':
			add_suite(&s, optarg);
			break;
		case 'j':
			s.jobs = atoi(optarg);
			break;
		default:
			fputs(usage_text, stderr);
			return 2;
		}
	}
	for (; optind < argc; optind++)
		add_test(&s, argv[optind]);
	if (!s.dir || !s.n || s.jobs < 1) {
		fputs(usage_text, stderr);
		return 2;
	}
	check_inputs(&s);
	if (!strcmp(s.accel, "auto") && probe_kernel(&s)) {
		probe_dir = xasprintf("%s/probe", s.dir);
		s.accel = accel_probe(probe_kernel(&s), probe_dir);
		free(probe_dir);
	}
	printf("KTAP version 1\n1..%d\n", s.n);
	return run_all(&s) ? 1 : 0;
}
