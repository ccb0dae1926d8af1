// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast preserve: all or nothing (I7). Everything that is opened here is
 * closed again on any failure, and closing the session makes the kernel give
 * back what was preserved so far.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include <holdfast/clock.h>
#include <holdfast/luo.h>
#include <holdfast/preserve.h>
#include <holdfast/proc.h>

#include "cli.h"
#include "daemon.h"
#include "wanted.h"

/* How long objects that are busy are tried again */
#define DEFAULT_RETRY_MS	1000

/* Time of each part, in ms. */
struct times {
	struct preserve_times part;
	double take, total;
};

static void report(struct cli *cli, const struct taken *t, pid_t holder,
		   const struct times *tm, unsigned int busy)
{
	struct hf_json j;

	hf_event_begin(&j, "step");
	hf_json_str(&j, "name", "preserve");
	hf_json_ms(&j, "ms", tm->total);
	hf_json_ms(&j, "take_ms", tm->take);
	hf_json_ms(&j, "memfd_ms", tm->part.memfd);
	hf_json_ms(&j, "iommufd_ms", tm->part.iommufd);
	hf_json_ms(&j, "device_ms", tm->part.device);
	hf_json_ms(&j, "table_ms", tm->part.table);
	hf_json_ms(&j, "manifest_ms", tm->part.manifest);
	hf_json_u64(&j, "busy", busy);
	hf_event_send(&cli->events, &j);

	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", true);
		hf_json_int(&j, "holder", holder);
		hf_json_ms(&j, "ms", tm->total);
		hf_json_u64(&j, "busy", busy);
		show_manifest_json(&j, &t->m);
		hf_json_object_end(&j);
		show_json(&j);
		return;
	}
	show_manifest(&t->m, NULL);
	if (busy)
		printf("the kernel said %u times that something is busy just now\n",
		       busy);
	printf("preserved in %.1f ms; process %d holds the session.\n"
	       "Next: \"holdfast kexec\", or \"holdfast cancel\" to give everything back.\n",
	       tm->total, holder);
}

static int preserve(struct cli *cli, const struct wanted *w, size_t n,
		    double retry_ms, struct hf_error *err)
{
	int luo, listener, session, manifest, ret;
	double t0 = hf_now_ms();
	struct hf_patience patience = {};
	struct times tm = {};
	struct taken t;
	pid_t holder;

	if (!hf_proc_has_cap(CAP_SYS_RAWIO))
		return hf_fail(err, -EPERM,
			       "CAP_SYS_RAWIO is missing: devices without an IOMMU are preserved with the right that opening them takes; run this as root");
	luo = hf_luo_open(err);
	if (luo < 0)
		return luo;
	ret = take_from(w, n, &t, err);
	if (ret)
		goto close_luo;
	tm.take = hf_now_ms() - t0;
	if (t.m.n_iommufd >= 60) {
		ret = hf_fail(err, -E2BIG, "there are %zu iommufds, more than 59",
			      t.m.n_iommufd);
		goto free_taken;
	}
	listener = holder_listen(cli->socket, err);
	if (listener < 0) {
		ret = listener;
		goto free_taken;
	}
	session = hf_luo_create_session(luo, cli->session, err);
	if (session < 0) {
		ret = session;
		goto close_listener;
	}
	patience.until_ms = hf_now_ms() + retry_ms;
	manifest = preserve_fill(cli->session, session, &t, &tm.part, &patience,
				 err);
	if (manifest < 0) {
		ret = manifest;
		goto close_session;
	}
	holder = holder_start(cli->socket, cli->session, session, listener,
			      manifest, t.iommufd, t.m.n_iommufd, NULL, err);
	close(manifest);
	if (holder < 0) {
		ret = holder;
		goto close_session;
	}
	tm.total = hf_now_ms() - t0;
	report(cli, &t, holder, &tm, patience.tries);
	close(session);
	close(listener);
	take_free(&t);
	close(luo);
	return 0;

close_session:
	/* Unpreserves in the kernel: the driver is as it was. */
	close(session);
close_listener:
	close(listener);
	unlink(cli->socket);
free_taken:
	take_free(&t);
close_luo:
	close(luo);
	return ret;
}

/* All clients of the daemon, or none */
static int preserve_clients(struct cli *cli, long timeout_s,
			    const char *without)
{
	double t0 = hf_now_ms();
	struct hf_error err = {};
	struct hf_control c;
	struct hf_answer a;
	struct hf_json j;
	int ret;

	ret = daemon_find(cli, &c, &err);
	if (ret < 0)
		return cli_failed(cli, EXIT_FAILED, &err);
	if (!ret)
		return cli_usage(cli, "--pid is missing: the driver's process ID; no holdfastd runs that could know whom to preserve");
	daemon_catch();
	ret = daemon_preserve(cli, &c, timeout_s, without, &a, &err);
	if (!ret) {
		hf_event_begin(&j, "step");
		hf_json_str(&j, "name", "preserve");
		hf_json_ms(&j, "ms", hf_now_ms() - t0);
		hf_event_send(&cli->events, &j);
	}
	return daemon_end(cli, &c, ret ? EXIT_FAILED : EXIT_DONE, &err, &a,
			  show_clients);
}

int cmd_preserve(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "pid", required_argument, NULL, 'p' },
		{ "retry-ms", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "without", required_argument, NULL, 'w' },
		{}
	};
	struct wanted w[HF_MANIFEST_MAX_CLIENTS];
	char without[HF_PROTO_TEXT] = "";
	long retry_ms = -1, timeout_s = 0;
	struct hf_error err = {};
	int opt, ret;
	size_t n = 0;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			ret = wanted_add(cli, w, &n, optarg);
			break;
		case 'r':
			ret = cli_number(cli, "--retry-ms", optarg, 0, 600000,
					 &retry_ms);
			break;
		case 't':
			ret = cli_number(cli, "--timeout", optarg, 1,
					 ANSWER_S_MAX, &timeout_s);
			break;
		case 'w':
			ret = daemon_without(cli, without, optarg);
			break;
		default:
			ret = cli_option(cli, opt);
		}
		if (ret >= 0)
			return ret;
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (!n && retry_ms >= 0)
		return cli_usage(cli, "--pid is missing: --retry-ms goes with it");
	if (n && (timeout_s || without[0] || cli->daemon))
		return cli_usage(cli, "--timeout, --without and --daemon go without --pid: nobody is asked");
	if (!n)
		return preserve_clients(cli, timeout_s, without);
	ret = preserve(cli, w, n, retry_ms < 0 ? DEFAULT_RETRY_MS :
						 (double)retry_ms, &err);
	if (ret) {
		hf_fail_add(&err, "nothing was preserved; %s as before",
			    n == 1 ? "the driver is" : "the drivers are");
		return cli_failed(cli, EXIT_FAILED, &err);
	}
	return EXIT_DONE;
}
