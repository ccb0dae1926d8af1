// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast update: all of it, from the first look to the reboot. What is after the
 * reboot the daemon does by itself, and "holdfast status" tells how it went.
 *
 * Whatever fails before the reboot, and a reboot that is refused, takes back what
 * was done so far (I7): sessions are cancelled and the kernel is unloaded.
 */
#include <errno.h>
#include <stdio.h>

#include <linux/capability.h>

#include <holdfast/clock.h>
#include <holdfast/proc.h>

#include <load.h>
#include <preflight/preflight.h>

#include "preflight.h"
#include "reboot.h"

enum way { WAY_DEFAULT, WAY_DIRECT, WAY_GRACEFUL };

struct update {
	struct cli *cli;
	struct hf_error *err;
	/* options */
	struct hk_preflight q;
	enum way way;
	long timeout_s;
	char without[HF_PROTO_TEXT];
	/* what was done, to be taken back */
	struct hf_control c;
	struct hf_answer a;
	struct hk_report found;
	bool loaded;
	bool preserved;
};

static void step(struct update *u, const char *name, double t0)
{
	hf_event_step(&u->cli->events, name, hf_now_ms() - t0);
	cli_note(u->cli, "%-10s %10.1f ms\n", name, hf_now_ms() - t0);
}

static int look(struct update *u)
{
	hk_preflight(&u->q, &u->found);
	if (u->found.failed) {
		hf_fail(u->err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	if (!u->cli->json)
		preflight_show(stderr, &u->found);
	if (!u->found.errors)
		return 0;
	hf_fail(u->err, -EINVAL,
		"not begun: %zu thing(s) would make the update fail, see \"holdfast preflight\"",
		u->found.errors);
	return EXIT_FAILED;
}

static int load(struct update *u)
{
	if (hk_image_load(&u->q.image, u->err))
		return EXIT_FAILED;
	u->loaded = true;
	return 0;
}

static int preserve(struct update *u)
{
	if (daemon_preserve(u->cli, &u->c, u->timeout_s, u->without, &u->a,
			    u->err))
		return EXIT_FAILED;
	u->preserved = true;
	return 0;
}

static int agree(struct update *u)
{
	return reboot_agreed(u->cli, &u->c, u->err);
}

/* Everything up to the reboot; each returns 0 or an exit code */
static int prepare(struct update *u)
{
	static const struct {
		const char *name;
		int (*fn)(struct update *u);
	} steps[] = {
		{ "preflight", look },
		{ "load", load },
		{ "preserve", preserve },
		{ "verify", agree },
	};
	double t0;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		t0 = hf_now_ms();
		ret = steps[i].fn(u);
		if (ret)
			return ret;
		step(u, steps[i].name, t0);
		if (!daemon_interrupted())
			continue;
		hf_fail(u->err, -EINTR, "interrupted after %s", steps[i].name);
		return EXIT_FAILED;
	}
	return 0;
}

static int go(struct update *u)
{
	int ret;

	if (u->way == WAY_GRACEFUL) {
		ret = reboot_graceful(u->err);
		if (!ret)
			return 0;
	} else {
		reboot_direct(u->cli, NULL, u->err);
	}
	reboot_came_back(u->cli, &u->c, u->err);
	return EXIT_FAILED;
}

static void take_back(struct update *u)
{
	struct hf_error why;

	if (u->preserved)
		daemon_cancel(u->cli, &u->c, u->err);
	if (u->loaded && hk_image_unload(&why))
		hf_fail_add(u->err, "%s", why.text);
}

static int end(struct update *u, int code)
{
	struct hf_json j;

	if (!u->cli->json)
		goto out;
	cli_begin_json(u->cli, &j, code, u->err);
	hf_json_bool(&j, "graceful", u->way == WAY_GRACEFUL);
	preflight_json(&j, &u->found);
	/* A report of now: what was answered before was taken back since. */
	hf_answer_free(&u->a);
	if (u->c.sock >= 0 && !daemon_status(u->cli, &u->c, false, &u->a, NULL))
		hf_json_members(&j, u->a.report);
	hf_json_object_end(&j);
	show_json(&j);
out:
	if (code)
		cli_complain(u->cli, u->err);
	hf_answer_free(&u->a);
	hf_control_close(&u->c);
	hk_report_free(&u->found);
	return code;
}

static int run(struct update *u)
{
	int ret;

	if (!hf_proc_has_cap(CAP_SYS_BOOT)) {
		hf_fail(u->err, -EPERM, "CAP_SYS_BOOT is missing: run this as root");
		return end(u, EXIT_FAILED);
	}
	daemon_catch();
	ret = prepare(u);
	if (!ret)
		ret = go(u);
	if (ret)
		take_back(u);
	else if (!u->cli->json)
		reboot_is_near(u->cli);
	return end(u, ret);
}

static int check(struct update *u)
{
	const struct cli *cli = u->cli;
	int ret;

	if (!u->q.image.kernel)
		return cli_usage(cli, "--kernel is missing: the next kernel");
	if (u->q.image.append && u->q.image.reuse)
		return cli_usage(cli, "--append and --reuse-cmdline exclude each other");
	if (cli->alone)
		return cli_usage(cli, "a session without holdfastd is updated by \"preserve --pid\", \"kexec\" and \"restore\"");
	if (u->way == WAY_GRACEFUL && !reboot_has_systemd())
		return cli_usage(cli, REBOOT_NO_SYSTEMD);
	if (u->way == WAY_DEFAULT)
		u->way = reboot_has_systemd() ? WAY_GRACEFUL : WAY_DIRECT;
	ret = daemon_find(u->cli, &u->c, u->err);
	if (!ret)
		hf_fail(u->err, -ENOENT, "holdfastd does not run: start it (systemctl start holdfastd). A driver that knows nothing of it is updated by \"preserve --pid\", \"kexec\" and \"restore\"");
	return ret > 0 ? -1 : cli_failed(cli, EXIT_FAILED, u->err);
}

int cmd_update(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "reuse-cmdline", no_argument, NULL, 'r' },
		{ "modules", required_argument, NULL, 'm' },
		{ "direct", no_argument, NULL, 'd' },
		{ "graceful", no_argument, NULL, 'g' },
		{ "timeout", required_argument, NULL, 't' },
		{ "without", required_argument, NULL, 'w' },
		{}
	};
	struct hf_error err = {};
	struct update u = {
		.cli = cli,
		.err = &err,
		.q.root = "",
		.c.sock = -1,
	};
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		ret = -1;
		switch (opt) {
		case 'k':
			u.q.image.kernel = optarg;
			break;
		case 'i':
			u.q.image.initrd = optarg;
			break;
		case 'a':
			u.q.image.append = optarg;
			break;
		case 'r':
			u.q.image.reuse = true;
			break;
		case 'm':
			u.q.modules = optarg;
			break;
		case 'd':
		case 'g':
			if (u.way)
				return cli_usage(cli, "--direct and --graceful exclude each other");
			u.way = opt == 'd' ? WAY_DIRECT : WAY_GRACEFUL;
			break;
		case 't':
			ret = cli_number(cli, "--timeout", optarg, 1,
					 ANSWER_S_MAX, &u.timeout_s);
			break;
		case 'w':
			ret = daemon_without(cli, u.without, optarg);
			break;
		default:
			ret = cli_option(cli, opt);
		}
		if (ret >= 0)
			return ret;
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret < 0)
		ret = check(&u);
	return ret < 0 ? run(&u) : ret;
}
