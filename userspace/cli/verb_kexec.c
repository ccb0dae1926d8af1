// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast kexec: the end of the old kernel, with what is preserved already. At
 * once unless said otherwise: services are not stopped and file systems not
 * unmounted, only synced; on the other hand an update that the kernel refuses
 * leaves everything running (I7).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/capability.h>

#include <holdfast/proc.h>
#include <load.h>

#include "cli.h"
#include "reboot.h"

static int go_with_holder(struct cli *cli, bool graceful, struct hf_error *err)
{
	struct verdict v;
	struct held h;
	int ret;

	if (held_connect(cli->socket, cli->session, &h, err)) {
		hf_fail_add(err, "not rebooting");
		return EXIT_FAILED;
	}
	if (verdict_take(&h.manifest, h.iommufd, &v, err)) {
		held_free(&h);
		return EXIT_FAILED;
	}
	verdict_event(&cli->events, &v, "kexec");
	if (!verdict_good(&v)) {
		held_free(&h);
		hf_fail(err, -EBADE, "%s: the tables are not what they were at preserve; not rebooting",
			v.text);
		return EXIT_MISMATCH;
	}
	ret = graceful ? reboot_graceful(err) : reboot_direct(cli, &h, err);
	if (ret && ret != -EPIPE)
		hf_fail_add(err, "everything is as before: the session is still held, the driver runs; try again or \"holdfast cancel\"");
	held_free(&h);
	return ret ? EXIT_FAILED : EXIT_DONE;
}

static int go_with_daemon(struct cli *cli, struct hf_control *c, bool graceful,
			  struct hf_error *err)
{
	int ret = reboot_agreed(cli, c, err);

	if (ret)
		return ret;
	ret = graceful ? reboot_graceful(err) : reboot_direct(cli, NULL, err);
	if (!ret)
		return EXIT_DONE;
	reboot_came_back(cli, c, err);
	hf_fail_add(err, "everything is as before: all sessions are still held, the drivers run; try again or \"holdfast cancel\"");
	return EXIT_FAILED;
}

/* Before a kernel is loaded: is there anything to take along? */
static int held_by_whom(struct cli *cli, struct hf_control *c,
			struct hf_error *err)
{
	struct held h;
	int ret;

	ret = daemon_find(cli, c, err);
	if (ret)
		return ret;
	ret = held_connect(cli->socket, cli->session, &h, err);
	if (ret)
		hf_fail_add(err, "not rebooting");
	else
		held_free(&h);
	return ret;
}

static int start(struct cli *cli, const struct hk_image *im, bool graceful,
		 struct hf_error *err)
{
	struct hf_control c = { .sock = -1 };
	int ret, with_daemon;

	if (!hf_proc_has_cap(CAP_SYS_BOOT)) {
		hf_fail(err, -EPERM, "CAP_SYS_BOOT is missing: run this as root");
		return EXIT_FAILED;
	}
	with_daemon = held_by_whom(cli, &c, err);
	if (with_daemon < 0)
		return EXIT_FAILED;
	ret = im->kernel ? hk_image_load(im, err) : 0;
	if (!ret && !hk_image_is_loaded(""))
		ret = hf_fail(err, -EINVAL,
			      "no kernel is loaded: load one with --load KERNEL, or with \"kexec -s -l KERNEL --initrd=FILE --append=...\" (by file: -s)");
	if (ret)
		ret = EXIT_FAILED;
	else
		ret = with_daemon ? go_with_daemon(cli, &c, graceful, err) :
				    go_with_holder(cli, graceful, err);
	hf_control_close(&c);
	return ret;
}

int cmd_kexec(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "load", required_argument, NULL, 'l' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "reuse-cmdline", no_argument, NULL, 'r' },
		{ "direct", no_argument, NULL, 'd' },
		{ "graceful", no_argument, NULL, 'g' },
		{}
	};
	bool direct = false, graceful = false;
	struct hf_error err = {};
	struct hk_image im = {};
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case 'l':
			im.kernel = optarg;
			break;
		case 'i':
			im.initrd = optarg;
			break;
		case 'a':
			im.append = optarg;
			break;
		case 'r':
			im.reuse = true;
			break;
		case 'd':
			direct = true;
			break;
		case 'g':
			graceful = true;
			break;
		default:
			ret = cli_option(cli, opt);
			if (ret >= 0)
				return ret;
		}
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (!im.kernel && (im.initrd || im.append || im.reuse))
		return cli_usage(cli, "--initrd, --append and --reuse-cmdline go with --load");
	if (im.append && im.reuse)
		return cli_usage(cli, "--append and --reuse-cmdline exclude each other");
	if (direct && graceful)
		return cli_usage(cli, "--direct and --graceful exclude each other");
	if (graceful && !reboot_has_systemd())
		return cli_usage(cli, REBOOT_NO_SYSTEMD);
	ret = start(cli, &im, graceful, &err);
	if (ret)
		return cli_failed(cli, ret, &err);
	reboot_is_near(cli);
	return EXIT_DONE;
}
