// SPDX-License-Identifier: GPL-2.0
/* Runs one scenario, or judges a recorded one again, and prints its checks as KTAP. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "accel.h"
#include "judge.h"
#include "run.h"

static const char usage_text[] =
	"usage: vmrun [options] --kernel BZIMAGE --initrd FILE --dir DIR SCENARIO [-- QEMU-ARGUMENTS]\n"
	"       vmrun --judge DIR SCENARIO\n"
	"\n"
	"  --kernel FILE      kernel to boot\n"
	"  --initrd FILE      initramfs, from tests/vm/guest/mkinitramfs.sh\n"
	"  --dir DIR          where logs and report go\n"
	"  --judge DIR        judge the logs in DIR again, start nothing\n"
	"  --rules FILE       what may differ in configuration space\n"
	"  --accel ACCEL      kvm, tcg or auto (default: auto, which tries kvm)\n"
	"  --append TEXT      more for the kernel command line\n"
	"  --rate N           frames per second (default: the scenario's)\n"
	"  --timeout S        bound of the run in seconds (default: the scenario's)\n"
	"  --mem MB, --cpus N size of the machine (default: 2048, 1)\n"
	"  --quiet            do not say on stderr what happens\n"
	"  --list             list the scenarios\n";

enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_DIR,
	OPT_JUDGE,
	OPT_RULES,
	OPT_ACCEL,
	OPT_APPEND,
	OPT_RATE,
	OPT_TIMEOUT,
	OPT_MEM,
	OPT_CPUS,
	OPT_QUIET,
	OPT_LIST,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "judge", required_argument, NULL, OPT_JUDGE },
	{ "rules", required_argument, NULL, OPT_RULES },
	{ "accel", required_argument, NULL, OPT_ACCEL },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void list_scenarios(void)
{
	static const char *const places[] = { "root bus", "root port", "root port and switch",
					      "root port and PCI bridge" };
	const struct scenario *s = NULL;

	while ((s = scenario_next(s)))
		printf("%-16s suite %s: %s on %s, %s kernel, then %s, guest scenario \"%s\", %d updates\n",
		       s->name, suite_name(s->suite), s->device, places[s->topology],
		       kernel_kind_name(s->kernel), kernel_kind_name(scenario_next_kernel(s)),
		       s->guest, s->updates);
}

static int bad_usage(void)
{
	fputs(usage_text, stderr);
	return 2;
}

static int number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 0);

	if (*end || n <= 0 || n > 1000000)
		die("%s: not a number that makes sense here", s);
	return n;
}

static int report(const char *dir, const struct scenario *sc, const char *rules_path)
{
	struct cfg_rules rules;
	struct json_object *o;
	struct verdict v;
	char *path;
	int failed;

	if (cfg_rules_load(&rules, rules_path) || judge(&v, dir, sc, &rules))
		return 1;
	checks_print_ktap(&v.checks, stdout, 0);
	o = verdict_to_json(&v, sc);
	path = xasprintf("%s/report.json", dir);
	json_object_to_file_ext(path, o, JSON_C_TO_STRING_PRETTY);
	json_object_put(o);
	free(path);
	failed = checks_failed(&v.checks) != 0;
	if (failed)
		fprintf(stderr, "%s: failed; logs: %s\n", sc->name, dir);
	verdict_free(&v);
	cfg_rules_free(&rules);
	return failed;
}

int main(int argc, char **argv)
{
	struct run_config c = {
		.accel = "auto", .append = "", .mem_mb = 2048, .cpus = 1, .progress = true
	};
	const char *judge_dir = NULL, *rules = CFG_RULES;
	char *probe_dir;
	int opt;

	while ((opt = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_KERNEL:
			c.kernel = optarg;
			break;
		case OPT_INITRD:
			c.initrd = optarg;
			break;
		case OPT_DIR:
			c.dir = optarg;
			break;
		case OPT_JUDGE:
			judge_dir = optarg;
			break;
		case OPT_RULES:
			rules = optarg;
			break;
		case OPT_ACCEL:
			c.accel = optarg;
			break;
		case OPT_APPEND:
			c.append = optarg;
			break;
		case OPT_RATE:
			c.rate = number(optarg);
			break;
		case OPT_TIMEOUT:
			c.timeout_s = number(optarg);
			break;
		case OPT_MEM:
			c.mem_mb = number(optarg);
			break;
		case OPT_CPUS:
			c.cpus = number(optarg);
			break;
		case OPT_QUIET:
			c.progress = false;
			break;
		case OPT_LIST:
			list_scenarios();
			return 0;
		case OPT_HELP:
			fputs(usage_text, stdout);
			return 0;
		default:
			return bad_usage();
		}
	}
	if (optind >= argc)
		return bad_usage();
	c.qemu_args = (const char *const *)argv + optind + 1;
	if (*c.qemu_args && strcmp(*c.qemu_args++, "--"))
		return bad_usage();
	c.scenario = scenario_find(argv[optind]);
	if (!c.scenario)
		die("%s: no such scenario; --list shows them", argv[optind]);
	if (judge_dir)
		return report(judge_dir, c.scenario, rules);
	if (!c.kernel || !c.initrd || !c.dir)
		return bad_usage();
	if (!c.rate)
		c.rate = c.scenario->rate;
	if (!c.timeout_s)
		c.timeout_s = c.scenario->timeout_s;
	if (!strcmp(c.accel, "auto")) {
		probe_dir = xasprintf("%s/probe", c.dir);
		c.accel = accel_probe(c.kernel, probe_dir);
		free(probe_dir);
	}
	run_vm(&c);
	return report(c.dir, c.scenario, rules);
}
