// SPDX-License-Identifier: GPL-2.0
/*
 * One update with holdfast and the same on the stock kernel, side by side; a short table,
 * report.json and report.html. Exit status 0 only if nothing was lost, all checks held, and the
 * control lost the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accel.h"
#include "html.h"
#include "qemu.h"
#include "table.h"

struct side {
	const struct scenario *sc;
	const char *kernel, *initrd;
	char *dir;
	pid_t pid;
	struct verdict verdict;
};

struct demo {
	struct side run, control;
	const char *dir, *rules, *accel, *rate, *bin;
	bool one_by_one;
};

static const char usage_text[] =
	"usage: vmdemo --dir DIR --kernel F --initrd F --kernel-stock F --initrd-stock F [--scenario NAME] [--rate N]\n"
	"              [--accel ACCEL] [--one-by-one]\n"
	"       vmdemo --dir DIR --judge    judge the logs in DIR again and write the report\n";

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "initrd", required_argument, NULL, 'i' },
	{ "kernel-stock", required_argument, NULL, 'K' },
	{ "initrd-stock", required_argument, NULL, 'I' },
	{ "dir", required_argument, NULL, 'o' },
	{ "rules", required_argument, NULL, 'r' },
	{ "accel", required_argument, NULL, 'a' },
	{ "rate", required_argument, NULL, 'n' },
	{ "scenario", required_argument, NULL, 's' },
	{ "one-by-one", no_argument, NULL, '1' },
	{ "judge", no_argument, NULL, 'J' },
	{ NULL, 0, NULL, 0 },
};

static void start_side(const struct demo *d, struct side *s)
{
	char *program = xasprintf("%s/vmrun", d->bin);
	pid_t parent = getpid();
	int null;

	make_dirs(s->dir);
	s->pid = fork();
	if (s->pid < 0)
		die("fork: %s", strerror(errno));
	if (s->pid) {
		free(program);
		return;
	}
	die_with_parent(parent);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, 1);
	execl(program, program, "--kernel", s->kernel, "--initrd", s->initrd, "--dir", s->dir,
	      "--accel", d->accel, "--rate", d->rate, "--rules", d->rules, s->sc->name, NULL);
	_exit(127);
}

static void wait_side(struct side *s)
{
	int status;

	if (s->pid > 0)
		waitpid(s->pid, &status, 0);
	s->pid = 0;
}

static void run_sides(struct demo *d)
{
	char *probe_dir;

	if (!strcmp(d->accel, "auto")) {
		probe_dir = xasprintf("%s/probe", d->dir);
		d->accel = accel_probe(d->run.kernel, probe_dir);
		free(probe_dir);
	}
	fprintf(stderr,
		"Two machines (%s): %s with holdfast, and the same on the stock kernel. Each gets %s frames/s.\n",
		d->accel, d->run.sc->name, d->rate);
	start_side(d, &d->run);
	if (d->one_by_one)
		wait_side(&d->run);
	start_side(d, &d->control);
	wait_side(&d->run);
	wait_side(&d->control);
}

static void judge_side(struct side *s, const struct cfg_rules *rules)
{
	if (judge(&s->verdict, s->dir, s->sc, rules))
		die("%s: no logs of a run", s->dir);
}

static void print_table(const struct demo *d)
{
	struct table_row rows[TABLE_MAX];
	int n = table_fill(rows, &d->run.verdict, &d->control.verdict), i;

	printf("\n%-32s %14s %14s\n", "", "holdfast", "control");
	for (i = 0; i < n; i++)
		printf("%-32s %14s %14s\n", rows[i].label, rows[i].run, rows[i].control);
	printf("\n");
}

static void print_failures(const struct side *s)
{
	const struct checks *c = &s->verdict.checks;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!c->check[i].ok)
			printf("%s: %s failed: %s\n", s->sc->name, c->check[i].name,
			       c->check[i].detail);
	if (checks_failed(c))
		printf("%s: logs in %s\n", s->sc->name, s->dir);
}

static void write_reports(struct demo *d, bool passed)
{
	struct json_object *o = verdict_to_json(&d->run.verdict, d->run.sc);
	char *json = xasprintf("%s/report.json", d->dir),
	     *html = xasprintf("%s/report.html", d->dir);

	json_object_object_add(o, "control", verdict_to_json(&d->control.verdict, d->control.sc));
	json_object_object_add(o, "demo_passed", json_object_new_boolean(passed));
	if (json_object_to_file_ext(json, o, JSON_C_TO_STRING_PRETTY))
		die("%s: %s", json, json_util_get_last_err());
	if (html_write(html, &d->run.verdict, &d->control.verdict, passed))
		die("%s: %s", html, strerror(errno));
	printf("%s\nreport: %s\n        %s\n",
	       passed ? "Nothing lost, all checks held, and the control lost the device." :
			"FAILED",
	       json, html);
	json_object_put(o);
	free(json);
	free(html);
}

static int bad_usage(void)
{
	fputs(usage_text, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct demo d = { .accel = "auto", .rules = CFG_RULES, .rate = "1000" };
	struct cfg_rules rules;
	bool run = true, passed;
	int opt;

	d.bin = dirname(xstrdup(argv[0]));
	d.run.sc = scenario_find("igb-root-port");
	d.control.sc = scenario_find("control");
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 'k':
			d.run.kernel = optarg;
			break;
		case 'i':
			d.run.initrd = optarg;
			break;
		case 'K':
			d.control.kernel = optarg;
			break;
		case 'I':
			d.control.initrd = optarg;
			break;
		case 'o':
			d.dir = optarg;
			break;
		case 'r':
			d.rules = optarg;
			break;
		case 'a':
			d.accel = optarg;
			break;
		case 'n':
			d.rate = optarg;
			break;
		case 's':
			d.run.sc = scenario_find(optarg);
			break;
		case '1':
			d.one_by_one = true;
			break;
		case 'J':
			run = false;
			break;
		default:
			return bad_usage();
		}
	}
	if (!d.dir || !d.run.sc ||
	    (run && (!d.run.kernel || !d.run.initrd || !d.control.kernel || !d.control.initrd)))
		return bad_usage();
	if (cfg_rules_load(&rules, d.rules))
		return 1;
	d.run.dir = xasprintf("%s/holdfast", d.dir);
	d.control.dir = xasprintf("%s/control", d.dir);
	make_dirs(d.dir);
	if (run)
		run_sides(&d);
	judge_side(&d.run, &rules);
	judge_side(&d.control, &rules);
	passed = !checks_failed(&d.run.verdict.checks) &&
		 !checks_failed(&d.control.verdict.checks) && !d.run.verdict.account.lost;
	print_table(&d);
	print_failures(&d.run);
	print_failures(&d.control);
	write_reports(&d, passed);
	verdict_free(&d.run.verdict);
	verdict_free(&d.control.verdict);
	cfg_rules_free(&rules);
	free(d.run.dir);
	free(d.control.dir);
	return passed ? 0 : 1;
}
