// SPDX-License-Identifier: GPL-2.0-only
/* The last step of the old kernel, and what if it comes back (I7). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/reboot.h>

#include <holdfast/clock.h>
#include <holdfast/klog.h>
#include <holdfast/spawn.h>

#include "reboot.h"

static int refused(struct cli *cli, struct hf_error *err, int code, int mark)
{
	char log[768], *line;
	struct hf_json j;

	hf_event_begin(&j, "refused");
	hf_json_str(&j, "error", strerror(code));
	hf_event_send(&cli->events, &j);

	switch (code) {
	case EPERM:
		hf_fail(err, -code, "the reboot call was refused: CAP_SYS_BOOT is needed");
		break;
	case ENOEXEC:
		hf_fail(err, -code, "the reboot call was refused: the loaded kernel would not get what is handed over; load it by file (kexec -s, or --load)");
		break;
	case EINVAL:
		hf_fail(err, -code, "the reboot call was refused: no image is loaded any more, or what is preserved was found invalid at freeze");
		break;
	default:
		hf_fail(err, -code, "the reboot call was refused: %s",
			strerror(code));
	}
	hf_klog_since(mark, log, sizeof(log));
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		hf_fail_add(err, "kernel: %s", line);
	return -code;
}

int reboot_direct(struct cli *cli, const struct held *alive,
		  struct hf_error *err)
{
	struct hf_json j;
	int mark;

	/*
	 * The last look, after what takes long: a holder that died meanwhile took
	 * the session along. With the daemon, reboot_agreed() was that.
	 */
	if (alive) {
		sync();
		if (!held_alive(alive))
			return hf_fail(err, -EPIPE,
				       "the holder died just now: the session is gone and everything is as before preserve");
	}
	mark = hf_klog_mark();
	hf_event_begin(&j, "reboot");
	hf_json_u64(&j, "tsc", hf_tsc());
	hf_event_send(&cli->events, &j);
	hf_events_flush(&cli->events);
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return refused(cli, err, errno, mark);
}

int reboot_graceful(struct hf_error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	char *argv[] = { (char *)"systemctl", (char *)"kexec", NULL };
	size_t i;
	int ret;

	/* What stops services stops this, too: that is no failure. */
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	ret = spawn_wait(argv, err);
	if (ret)
		hf_fail_add(err, "systemd does not go down for a kexec");
	return ret;
}

void reboot_is_near(const struct cli *cli)
{
	struct hf_json j;

	cli_note(cli, "systemd stops what runs, and starts the next kernel then\n");
	if (!cli->json)
		return;
	cli_begin_json(cli, &j, EXIT_DONE, NULL);
	hf_json_bool(&j, "graceful", true);
	hf_json_object_end(&j);
	show_json(&j);
}

bool reboot_has_systemd(void)
{
	/* As sd_booted(3) finds out */
	return !access("/run/systemd/system", F_OK);
}

int reboot_agreed(struct cli *cli, struct hf_control *c, struct hf_error *err)
{
	struct hf_question q = { .op = HF_CTL_KEXEC };
	struct hf_answer a;
	int ret;

	/* This takes long, and whether all is held is to be true afterwards. */
	sync();
	ret = daemon_ask(cli, c, &q, &a, err);
	hf_answer_free(&a);
	if (ret)
		hf_fail_add(err, "not rebooting");
	if (a.answered && ret == -EBADE)
		return EXIT_MISMATCH;
	return ret ? EXIT_FAILED : EXIT_DONE;
}

void reboot_came_back(struct cli *cli, struct hf_control *c,
		      struct hf_error *err)
{
	struct hf_question q = { .op = HF_CTL_REFUSED, .text = err->text };
	struct hf_error why;
	struct hf_answer a;
	int ret = 0;

	if (c->sock < 0)
		ret = hf_control_open(c, cli->daemon, &why);
	if (!ret) {
		ret = daemon_ask(cli, c, &q, &a, &why);
		hf_answer_free(&a);
	}
	if (ret)
		hf_fail_add(err, "holdfastd could not be told: %s", why.text);
}
