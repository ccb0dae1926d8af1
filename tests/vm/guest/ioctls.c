// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls - walk through docs/ioctls.md in the states that take two kernels
 *
 *	ioctls go HELD LET_GO	preserve a device and start the next kernel. That
 *				waits for a program that makes HELD and ends when
 *				there is LET_GO: meanwhile, walk
 *	ioctls take BDF		walk, retrieve it, walk, bind it, walk, finish
 *
 * Each state that was as the tables say is a line {"ev":"point",...} on stdout.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "ioctl_walk.h"

#ifndef RB_KEXEC
#define RB_KEXEC 0x45584543
#endif

#define WAITING_MAX	16

static struct ioctl_walk w;

static void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ioctls: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* For the host, who has it before the next kernel starts */
static void say(const char *event, const char *name)
{
	printf("{\"ev\":\"%s\",\"name\":\"ioctls: %s\"}\n", event, name);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

static void walk(void)
{
	pid_t waiting[WAITING_MAX];
	unsigned int i, wrong = 0, n = 0;

	for (i = 0; i < nr_ioctl_rows; i++) {
		const struct ioctl_row *row = &ioctl_rows[i];
		int did;

		if (n == WAITING_MAX)
			die("more than %d wait", WAITING_MAX);
		did = ioctl_walk_row(&w, row, &waiting[n]);
		n += did == IOCTL_WAITS;
		if (did == row->cell[w.state])
			continue;
		fprintf(stderr, "ioctls: %s: %s%s: %s, but the table says %s\n", ioctl_state_name(w.state),
			row->name, row->more, ioctl_cell_name(did), ioctl_cell_name(row->cell[w.state]));
		wrong++;
	}
	while (n--)
		if (waitpid(waiting[n], NULL, WNOHANG)) {
			fprintf(stderr, "ioctls: %s: one came back that seemed to wait\n",
				ioctl_state_name(w.state));
			wrong++;
		}
	if (w.v.iommufd >= 0 && ioctl_walk_unknown(&w)) {
		fprintf(stderr, "ioctls: %s: there is a number %#x\n", ioctl_state_name(w.state),
			ioctl_walk_unknown(&w));
		wrong++;
	}
	if (wrong)
		die("%s: not as the tables say", ioctl_state_name(w.state));
	say("point", ioctl_state_name(w.state));
}

/* Config space can be written to until it is frozen. It waits for LET_GO. */
static bool is_frozen(void)
{
	switch (vfio_config_write(w.v.device, PCI_CACHE_LINE_SIZE, 1, 0)) {
	case 0:
		return false;
	case -EBUSY:
		return true;
	}
	die("the device cannot be written to");
}

static void go(const char *held, const char *let_go)
{
	const char *why = ioctl_walk_setup(&w);

	if (why)
		die("%s", why);
	if (ioctl_walk_preserve(&w) || ioctl_walk_preserve_spare(&w))
		die("cannot preserve");

	/* A protocol that there is not, for which the kernel starts the program */
	if (!fork()) {
		socket(AF_X25, SOCK_SEQPACKET, 0);
		_exit(0);
	}
	while (access(held, F_OK))
		usleep(1000);
	say("reboot", "kexec");
	if (!fork()) {
		reboot(RB_KEXEC);
		die("kexec: %m");
	}
	while (!is_frozen())
		usleep(1000);

	w.state = IOCTL_FROZEN;
	walk();
	close(open(let_go, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	pause();
}

static void take(const char *bdf)
{
	const char *why = ioctl_walk_begin(&w, bdf);

	if (why)
		die("%s", why);
	walk();
	if (ioctl_walk_retrieve(&w))
		die("cannot retrieve");
	walk();
	if (ioctl_walk_adopt(&w))
		die("cannot attach");
	walk();
	if (luo_finish(w.v.session))
		die("cannot finish");
	if (iommufd_usable(w.v.iommufd, w.v.ioas))
		die("it cannot be used after finish");
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "go"))
		go(argv[2], argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "take"))
		take(argv[2]);
	else
		die("usage: ioctls go HELD LET_GO | take BDF");
	return 0;
}
