// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast restore: take everything out of the session again.
 *
 * Restartable at any instruction (I8): a session that is closed unfinished can
 * be retrieved again, retrieving a descriptor again gives the same file, and
 * what is bound, attached or handed over already is noticed and left alone.
 *
 * Several drivers do not depend on one another: what fails for one is left in
 * the session, which is then not finished, and the others go on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/spawn.h>
#include <holdfast/words.h>

#include "restore.h"

/* A failed step: what the command exits with. 0: go on. */
typedef int (*step_fn)(struct restore *r);

static int step_finish(struct restore *r)
{
	return hf_luo_finish(r->session, r->err) ? EXIT_FAILED : 0;
}

static int run_after_step(struct restore_run *run, const char *name)
{
	char *argv[] = {
		(char *)"/bin/sh", (char *)"-c", NULL, (char *)"sh",
		(char *)name, NULL,
	};
	struct hf_error *err = run->r.err;
	char *script;
	int ret;

	if (!run->after_step)
		return 0;
	if (asprintf(&script, "%s \"$1\"", run->after_step) < 0) {
		hf_fail(err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	argv[2] = script;
	ret = spawn_wait(argv, err);
	free(script);
	if (!ret)
		return 0;
	hf_fail_add(err, "that was --after-step after step %s", name);
	return EXIT_FAILED;
}

static int step_done(struct restore_run *run, const char *name, double t0,
		     int ret)
{
	double ms = hf_now_ms() - t0;

	if (ret)
		return ret;
	/* With nobody left there is nothing more to do. */
	if (!restore_left(&run->r))
		return restore_code(&run->r);
	run->step[run->n_steps].name = name;
	run->step[run->n_steps++].ms = ms;
	hf_event_step(run->r.events, name, ms);
	return run_after_step(run, name);
}

static int run_step(struct restore_run *run, const char *name, step_fn fn)
{
	double t0 = hf_now_ms();

	return step_done(run, name, t0, fn(&run->r));
}

static int run_manifest(struct restore_run *run)
{
	double t0 = hf_now_ms();
	int ret;

	run->r.luo = hf_luo_open(run->r.err);
	if (run->r.luo < 0)
		return EXIT_FAILED;
	ret = step_manifest(&run->r);
	if (!ret)
		ret = clients_assign(run);
	return step_done(run, "manifest", t0, ret);
}

static int run_steps(struct restore_run *run)
{
	static const struct {
		const char *name;
		step_fn fn;
	} steps[] = {
		{ "memfd", step_memfd },
		{ "iommufd", step_iommufd },
		{ "device", step_device },
		{ "bind", step_bind },
		{ "attach", step_attach },
		{ "verify", step_verify },
	};
	double t0;
	size_t i;
	int ret;

	ret = run_manifest(run);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !ret; i++)
		ret = run_step(run, steps[i].name, steps[i].fn);
	if (ret)
		return ret;
	if (run->driver || run->n_order) {
		t0 = hf_now_ms();
		ret = step_done(run, "handover", t0, step_handover(run));
		if (ret)
			return ret;
	}
	/* Finishing would stop the devices of those that failed. */
	ret = restore_code(&run->r);
	if (ret || run->no_finish)
		return ret;
	return run_step(run, "finish", step_finish);
}

/* The drivers that failed, in words, as far as there is room. */
static void gather(const struct restore *r, struct hf_error *err)
{
	size_t i;

	err->text[0] = '\0';
	for (i = 0; i < r->m.n_client; i++)
		if (r->client[i].failed)
			hf_fail_add(err, "%s: %s", r->m.client[i].name,
				    r->client[i].err.text);
}

static void report_json(const struct restore_run *run, int code, double ms)
{
	const struct restore *r = &run->r;
	struct hf_error all;
	struct utsname uts;
	struct hf_json j;
	size_t i;

	uname(&uts);
	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_str(&j, "verb", run->cli->verb);
	hf_json_bool(&j, "ok", !code);
	if (code) {
		gather(r, &all);
		hf_json_int(&j, "exit", code);
		hf_json_str(&j, "error", all.text);
	}
	hf_json_bool(&j, "finished", !code && !run->no_finish);
	hf_json_str(&j, "restored_by", uts.release);
	if (r->m.n_client == 1)
		hf_json_int(&j, "driver_pid", run->run[0].pid);
	clients_json(&j, run);
	hf_json_ms(&j, "ms", ms);
	verdict_json(&j, &r->v);
	show_manifest_json(&j, &r->m);
	hf_json_object(&j, "steps_ms");
	for (i = 0; i < run->n_steps; i++)
		hf_json_ms(&j, run->step[i].name, run->step[i].ms);
	hf_json_object_end(&j);
	hf_json_object_end(&j);
	show_json(&j);
}

static void report(const struct restore_run *run, int code, double ms)
{
	const struct restore *r = &run->r;
	struct utsname uts;
	size_t i;

	if (run->cli->json) {
		report_json(run, code, ms);
		return;
	}
	uname(&uts);
	show_manifest(&r->m, &r->v);
	printf("%-10s %10s\n", "step", "ms");
	for (i = 0; i < run->n_steps; i++)
		printf("%-10s %10.3f\n", run->step[i].name, run->step[i].ms);
	printf("\nrestored by kernel %s in %.1f ms, %s", uts.release, ms,
	       code || run->no_finish ? "not finished" : "finished");
	for (i = 0; i < r->m.n_client; i++)
		if (run->run[i].pid)
			printf("; %s is process %d",
			       r->m.n_client > 1 ? r->m.client[i].name :
						   "the driver",
			       run->run[i].pid);
	printf("\n");
}

static int restore(struct restore_run *run)
{
	struct restore *r = &run->r;
	double t0 = hf_now_ms();
	int ret = run_steps(run);

	clients_report(run);
	if (!ret || ret == EXIT_PARTLY)
		report(run, ret, hf_now_ms() - t0);
	if (ret == EXIT_PARTLY) {
		hf_fail(r->err, -EBADE,
			"the session is not finished: what these drivers had stays with the kernel, and their devices go on unless it says otherwise; the others are at work. Run this again with the same orders, or give the lost ones up with --drop");
		cli_complain(run->cli, r->err);
	} else if (ret && r->client && ret == restore_code(r)) {
		/* Nobody is left: what is said is what happened to the first */
		if (r->m.n_client == 1)
			*r->err = r->client[0].err;
		else
			hf_fail(r->err, -EBADE, "no driver could be restored");
	}
	clients_free(run);
	restore_release(r);
	if (r->luo >= 0)
		close(r->luo);
	return ret;
}

/* NAME=COMMAND or NAME; returns -1 to go on, else the code to exit with. */
static int add_order(struct restore_run *run, char *arg, bool drop)
{
	struct restore_order *o = &run->order[run->n_order];
	char *eq = strchr(arg, '=');
	struct hf_error err;
	size_t i;

	if (run->n_order == HF_MANIFEST_MAX_CLIENTS)
		return cli_usage(run->cli, "more than %d drivers",
				 HF_MANIFEST_MAX_CLIENTS);
	if (drop ? eq || !*arg : !eq || eq == arg)
		return cli_usage(run->cli, "%s, not \"%s\"",
				 drop ? "--drop takes the NAME of a driver" :
					"--exec takes NAME='DRIVER [ARG...]'",
				 arg);
	o->name = arg;
	o->words = NULL;
	if (eq) {
		*eq = '\0';
		o->words = hf_words_split(eq + 1, &err);
		if (!o->words)
			return cli_usage(run->cli, "--exec %s: \"%s\": %s", arg,
					 eq + 1, err.text);
	}
	run->n_order++;
	for (i = 0; i + 1 < run->n_order; i++)
		if (!strcmp(run->order[i].name, arg))
			return cli_usage(run->cli, "driver \"%s\" is given twice",
					 arg);
	return -1;
}

static int check_options(const struct restore_run *run)
{
	const struct cli *cli = run->cli;

	if (run->dry_run && (run->driver || run->n_order || run->release ||
			     run->no_finish))
		return cli_usage(cli, "--dry-run starts and finishes nothing: it goes alone");
	if (run->dry_run)
		return -1;
	if (run->release && (run->driver || run->n_order || run->no_finish))
		return cli_usage(cli, "--release goes neither with a driver nor with --no-finish");
	if (run->driver && run->n_order)
		return cli_usage(cli, "the driver goes after \"--\" or into --exec, not both");
	if (!run->driver && !run->n_order && !run->no_finish && !run->release)
		return cli_usage(cli, "which driver? No holdfastd runs that could know. Name it after \"--\", or several with --exec; or use --no-finish to look only, or --release to give device and memory up");
	return -1;
}

/* -1: it is not the daemon's, else the exit code */
static int ask_daemon(struct restore_run *run)
{
	struct cli *cli = run->cli;
	struct hf_control c;
	int ret;

	if (run->driver || run->n_order || run->release || run->no_finish ||
	    run->after_step)
		return -1;
	ret = daemon_find(cli, &c, run->r.err);
	if (ret < 0)
		return cli_failed(cli, EXIT_FAILED, run->r.err);
	return ret ? restore_by_daemon(cli, &c, run->dry_run) : -1;
}

int cmd_restore(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "dry-run", no_argument, NULL, 'D' },
		{ "no-finish", no_argument, NULL, 'n' },
		{ "release", no_argument, NULL, 'r' },
		{ "after-step", required_argument, NULL, 'a' },
		{ "exec", required_argument, NULL, 'e' },
		{ "drop", required_argument, NULL, 'd' },
		{}
	};
	struct hf_error err = {};
	struct restore_run run = { .cli = cli };
	int opt, ret;

	restore_init(&run.r, -1, NULL, &cli->events, &err);
	/* '+': the driver's own options are the driver's. */
	while ((opt = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		ret = -1;
		switch (opt) {
		case 'D':
			run.dry_run = true;
			break;
		case 'n':
			run.no_finish = true;
			break;
		case 'r':
			run.release = true;
			break;
		case 'a':
			run.after_step = optarg;
			break;
		case 'e':
		case 'd':
			ret = add_order(&run, optarg, opt == 'd');
			break;
		default:
			ret = cli_option(cli, opt);
		}
		if (ret >= 0)
			goto out;
	}
	if (optind < argc) {
		if (strcmp(argv[optind - 1], "--")) {
			ret = cli_usage(cli, "the driver goes after \"--\"");
			goto out;
		}
		run.driver = argv + optind;
	}
	ret = ask_daemon(&run);
	if (ret < 0)
		ret = check_options(&run);
	if (ret >= 0)
		goto out;
	run.r.name = cli->session;
	if (run.dry_run)
		return restore_look(&run);
	ret = restore(&run);
	return ret && ret != EXIT_PARTLY ? cli_failed(cli, ret, &err) : ret;
out:
	clients_free(&run);
	return ret;
}
