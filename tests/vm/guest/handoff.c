// SPDX-License-Identifier: GPL-2.0-only
/*
 * handoff - hand a driver's descriptors on without holdfast
 *
 * For the two scenarios that must work without our kernel and without our
 * agent:
 *
 *	handoff pass --pid PID [--kill] -- COMMAND...
 *		take the driver's memfds, iommufd and device, kill it if asked
 *		to, and start COMMAND with them
 *	handoff preserve --pid PID [--kexec] [--events FILE]
 *		put the driver's memfds, which is all that a stock kernel can
 *		carry, into a LUO session and start the next kernel
 *	handoff retrieve -- COMMAND...
 *		take the memfds out of that session in the next kernel and start
 *		COMMAND with them
 *
 * Descriptors go to COMMAND by the LISTEN_FDS protocol.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <linux/liveupdate.h>

/* Not in this C library's headers */
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#ifndef RB_KEXEC
#define RB_KEXEC 0x45584543
#endif

#define SESSION		"handoff"
#define FIRST_FD	3
#define FDS_MAX		16

/* Out of the way of the numbers that COMMAND will see */
#define PARKED_FD	100

struct given {
	int fd;
	char name[64];
};

static struct given given[FDS_MAX];
static int given_count;

/* A driver and its library have the same file open */
static bool is_there(int fd, const char *name)
{
	for (int i = 0; i < given_count; i++)
		if (!strcmp(given[i].name, name) &&
		    fcntl(fd, F_DUPFD_QUERY, given[i].fd) == 1)
			return true;
	return false;
}

static void add(int fd, const char *file)
{
	struct given *g = &given[given_count];
	char name[sizeof(g->name)];

	snprintf(name, sizeof(name), "%s", file);
	/* Colons separate the names: an address is written without */
	for (char *p = name; *p; p++)
		if (*p == ':')
			*p = '_';
	if (is_there(fd, name)) {
		close(fd);
		return;
	}
	if (given_count == FDS_MAX)
		errx(1, "more than %d descriptors", FDS_MAX);
	g->fd = fcntl(fd, F_DUPFD_CLOEXEC, PARKED_FD);
	if (g->fd < 0)
		err(1, "descriptor %d", fd);
	close(fd);
	memcpy(g->name, name, sizeof(g->name));
	given_count++;
}

/* The address of the device behind /dev/vfio/devices/NAME */
static bool address_of(const char *node, char *bdf, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base = strrchr(node, '/');
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/vfio-dev%.64s/device",
		 base ? base : "");
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	base = strrchr(target, '/');
	snprintf(bdf, size, "%.12s", base ? base + 1 : target);
	return true;
}

/* What a descriptor of the driver is called, if it is of interest */
static bool name_of(const char *target, bool memory_only, char *name,
		    size_t size)
{
	static const char memfd[] = "/memfd:";

	if (!strncmp(target, memfd, sizeof(memfd) - 1)) {
		const char *start = target + sizeof(memfd) - 1;

		snprintf(name, size, "%.*s", (int)strcspn(start, " "), start);
		return true;
	}
	if (memory_only)
		return false;
	if (!strcmp(target, "/dev/iommu")) {
		snprintf(name, size, "iommufd");
		return true;
	}
	return !strncmp(target, "/dev/vfio/devices/", 18) &&
	       address_of(target, name, size);
}

static void take_from(long pid, bool memory_only)
{
	char path[PATH_MAX], target[PATH_MAX], name[64];
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct dirent *entry;
	DIR *dir;

	if (pidfd < 0)
		err(1, "process %ld", pid);
	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = opendir(path);
	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir))) {
		ssize_t n;
		int fd;

		n = readlinkat(dirfd(dir), entry->d_name, target,
			       sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (!name_of(target, memory_only, name, sizeof(name)))
			continue;
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name),
				  0);
		if (fd < 0)
			err(1, "descriptor %s of process %ld", entry->d_name,
			    pid);
		add(fd, name);
	}
	closedir(dir);
	close(pidfd);
	if (!given_count)
		errx(1, "process %ld has nothing to hand on", pid);
}

static void start(char **command) __attribute__((noreturn));

static void start(char **command)
{
	char names[FDS_MAX * 65] = "", number[16];

	for (int i = 0; i < given_count; i++) {
		if (dup2(given[i].fd, FIRST_FD + i) < 0)
			err(1, "%s", given[i].name);
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
			 "%s%s", i ? ":" : "", given[i].name);
	}
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%d", given_count);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	execvp(command[0], command);
	err(1, "%s", command[0]);
}

static int open_luo(void)
{
	int fd = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "/dev/liveupdate");
	return fd;
}

static void preserve(void)
{
	struct liveupdate_ioctl_create_session create = {
		.size = sizeof(create),
		.name = SESSION,
	};

	if (ioctl(open_luo(), LIVEUPDATE_IOCTL_CREATE_SESSION, &create))
		err(1, "cannot create a session");
	for (int i = 0; i < given_count; i++) {
		struct liveupdate_session_preserve_fd arg = {
			.size = sizeof(arg),
			.fd = given[i].fd,
			/* Stable across the update: the name tells the token */
			.token = (uint64_t)(unsigned char)given[i].name[0],
		};

		if (ioctl(create.fd, LIVEUPDATE_SESSION_PRESERVE_FD, &arg))
			err(1, "cannot preserve memfd %s", given[i].name);
	}
}

static void retrieve(void)
{
	/* What drivers call theirs; none has all of them */
	static const char *const names[] = { "ring", "queues", "buffers",
					     "state" };
	struct liveupdate_ioctl_retrieve_session session = {
		.size = sizeof(session),
		.name = SESSION,
	};
	struct liveupdate_session_finish finish = { .size = sizeof(finish) };

	if (ioctl(open_luo(), LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &session))
		err(1, "no session from the last kernel");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct liveupdate_session_retrieve_fd arg = {
			.size = sizeof(arg),
			.token = (uint64_t)(unsigned char)names[i][0],
		};

		if (!ioctl(session.fd, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg))
			add(arg.fd, names[i]);
		else if (errno != ENOENT)
			err(1, "cannot retrieve memfd %s", names[i]);
	}
	if (!given_count)
		errx(1, "no memfd in the session");
	if (ioctl(session.fd, LIVEUPDATE_SESSION_FINISH, &finish))
		err(1, "cannot finish");
}

static void next_kernel(const char *events)
{
	static const char line[] = "{\"ev\":\"reboot\"}\n";

	if (events) {
		int fd = open(events, O_WRONLY | O_APPEND | O_NOCTTY);

		if (fd < 0 || write(fd, line, sizeof(line) - 1) < 0)
			err(1, "%s", events);
		tcdrain(fd);
		close(fd);
	}
	reboot(RB_KEXEC);
	err(1, "kexec");
}

/* The driver must be gone before another one starts on its device */
static void end_process(long pid)
{
	char path[64];

	if (kill((pid_t)pid, SIGKILL))
		err(1, "process %ld", pid);
	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	for (int i = 0; i < 1000; i++) {
		char target[8];

		/* A zombie has no exe any more */
		if (readlink(path, target, sizeof(target)) < 0)
			return;
		usleep(1000);
	}
	errx(1, "process %ld does not end", pid);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "kill", no_argument, NULL, 'k' },
		{ "kexec", no_argument, NULL, 'x' },
		{ "events", required_argument, NULL, 'e' },
		{ }
	};
	const char *verb = argc > 1 ? argv[1] : "", *events = NULL;
	bool kill_it = false, kexec = false;
	long pid = 0;
	int c;

	optind = 2;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			pid = atol(optarg);
			break;
		case 'k':
			kill_it = true;
			break;
		case 'x':
			kexec = true;
			break;
		case 'e':
			events = optarg;
			break;
		default:
			return 2;
		}
	}

	if (!strcmp(verb, "pass") && pid > 0 && argc > optind) {
		take_from(pid, false);
		if (kill_it)
			end_process(pid);
		start(argv + optind);
	}
	if (!strcmp(verb, "retrieve") && argc > optind) {
		retrieve();
		start(argv + optind);
	}
	if (!strcmp(verb, "preserve") && pid > 0) {
		take_from(pid, true);
		preserve();
		if (kexec)
			next_kernel(events);
		pause();	/* a session lives as long as it is open */
		return 0;
	}
	fputs("usage: handoff pass --pid PID [--kill] -- COMMAND...\n"
	      "       handoff preserve --pid PID [--kexec] [--events FILE]\n"
	      "       handoff retrieve -- COMMAND...\n", stderr);
	return 2;
}
