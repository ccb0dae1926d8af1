// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accel.h"
#include "qemu.h"
#include "stamp.h"

#define PROBE_MS 20000

static void look_for_end(void *ctx, ns_t t, const char *line)
{
	(void)t;
	/* "Unable to mount root fs" or "No working init found": the whole kernel ran. */
	if (strstr(line, "not syncing"))
		*(bool *)ctx = true;
}

const char *accel_probe(const char *kernel, const char *dir)
{
	struct qemu_config c = {
		.kernel = kernel,
		.accel = "kvm",
		.mem_mb = 256,
		.cpus = 1,
		.event_fd = -1,
		.qmp_fd = -1,
		.net_fd = -1,
		.dir = dir,
		.append = "console=ttyS0,115200 earlyprintk=serial,ttyS0,115200 panic=-1",
	};
	struct pollfd p = { .events = POLLIN };
	ns_t end = now_mono() + PROBE_MS * NSEC_PER_MSEC;
	bool works = false;
	struct stamper s;
	int pair[2];
	pid_t pid;

	if (access("/dev/kvm", R_OK | W_OK))
		return "tcg";
	make_dirs(dir);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair: %s", strerror(errno));
	c.console_fd = pair[1];
	pid = qemu_start(&c);
	close(pair[1]);
	stamper_open(&s, pair[0], dir, "console.log", look_for_end, &works);
	p.fd = pair[0];
	while (!works && now_mono() < end)
		if (poll(&p, 1, 200) > 0 && !stamper_read(&s))
			break;
	qemu_stop(pid);
	stamper_close(&s);
	return works ? "kvm" : "tcg";
}
