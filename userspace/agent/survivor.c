// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that outlive the end of a system's services, and are in nobody's way:
 *
 *  - argv[0] begins with '@': systemd-shutdown spares such processes of root;
 *  - SIGTERM, SIGHUP and SIGINT are ignored: a stray one would cost the update
 *    silently;
 *  - they run from a memfd, statically linked, locked in memory, with / as their
 *    folder and no file of a disk open, so that file systems can be unmounted
 *    under them;
 *  - the OOM killer does not choose them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/exitcode.h>
#include <holdfast/launcher.h>
#include <holdfast/spawn.h>
#include <holdfast/survivor.h>

#define FIRST_FD	3
#ifndef MFD_EXEC
#define MFD_EXEC	0x0010U
#endif

/* Locking memory takes as long as there is other work. */
unsigned int survivor_start_ms = 60000;

/* --- the side that starts one --- */

/*
 * A copy of this program in a sealed memfd; -1 when that cannot be made, and the
 * holder then runs from the file.
 */
static int copy_of_self(void)
{
	struct stat st;
	off_t at = 0;
	int src, fd;

	src = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (src < 0)
		return -1;
	/* The launcher is one itself. */
	fd = fcntl(src, F_GET_SEALS);
	if (fd >= 0 && fd & F_SEAL_WRITE)
		return src;
	fd = memfd_create("holdfast",
			  MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (fd < 0 || fstat(src, &st))
		goto fail;
	while (at < st.st_size)
		if (sendfile(fd, src, &at, (size_t)(st.st_size - at)) <= 0)
			goto fail;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
				   F_SEAL_SEAL))
		goto fail;
	close(src);
	return fd;
fail:
	close(src);
	if (fd >= 0)
		close(fd);
	return -1;
}

void survivor_exec(const char *argv0, const char *const *args, const int *fds,
		   size_t n)
{
	char *argv[SURVIVOR_ARGS + 2] = { (char *)argv0 };
	char *envp[] = { NULL };
	size_t i;
	int self;

	for (i = 0; args[i] && i < SURVIVOR_ARGS; i++)
		argv[i + 1] = (char *)args[i];
	setsid();
	self = copy_of_self();
	if (self >= 0)
		self = fcntl(self, F_DUPFD_CLOEXEC, FIRST_FD + (int)n);
	if (spawn_place(fds, n))
		return;
	if (self >= 0)
		fexecve(self, argv, envp);
	execve("/proc/self/exe", argv, envp);
}

/* Reads what it says until it says all, or the time is over. */
static ssize_t await_report(int fd, char *text, size_t len)
{
	double until = hf_now_ms() + survivor_start_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double left;
	ssize_t got;

	for (;;) {
		left = until - hf_now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left + 1) <= 0)
			continue;
		got = read(fd, text, len);
		if (got >= 0 || errno != EINTR)
			return got < 0 ? -errno : got;
	}
}

/* As nobody's child it would be a number that may soon be somebody else's. */
static pid_t fork_with_pidfd(int *pidfd)
{
	void (*old)(int) = signal(SIGCHLD, SIG_DFL);
	pid_t pid = fork();

	if (pid > 0)
		*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pid && old != SIG_DFL) {
		signal(SIGCHLD, old);
		/* One that ended before that is still to be waited for. */
		if (pid > 0 && old == SIG_IGN)
			waitpid(pid, NULL, WNOHANG);
	}
	return pid;
}

pid_t survivor_fork(const char *const *args, int *fds, size_t n, size_t ready,
		    int *pidfd, struct hf_error *err)
{
	char text[sizeof(err->text) - 64] = "";
	int report[2], child = -1;
	ssize_t got;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return hf_fail(err, -errno, "cannot start the %s: pipe: %s",
			       args[0], strerror(errno));
	fds[ready] = report[1];
	fflush(NULL);
	pid = fork_with_pidfd(&child);
	if (!pid) {
		survivor_exec(SURVIVOR_ARGV0, args, fds, n);
		_exit(127);
	}
	close(report[1]);
	fds[ready] = -1;
	if (pid < 0) {
		close(report[0]);
		return hf_fail(err, -EAGAIN, "cannot start the %s: fork: %s",
			       args[0], strerror(errno));
	}
	got = await_report(report[0], text, sizeof(text) - 1);
	close(report[0]);
	if (got == 1 && text[0] == 'R') {
		if (pidfd)
			*pidfd = child;
		else if (child >= 0)
			close(child);
		return pid;
	}
	text[got > 0 ? got : 0] = '\0';
	/* It may take its time to end: nobody waits for it. */
	if (child >= 0) {
		syscall(SYS_pidfd_send_signal, child, SIGKILL, NULL, 0);
		close(child);
	}
	waitpid(pid, NULL, WNOHANG);
	if (got == -ETIMEDOUT)
		return hf_fail(err, -ETIMEDOUT,
			       "the %s did not start within %u ms", args[0],
			       survivor_start_ms);
	return hf_fail(err, -ECHILD, "the %s did not start%s%s", args[0],
		       text[0] ? ": " : "", text);
}

pid_t survivor_start(const char *const *args, int *fds, size_t n, size_t ready,
		     int *pidfd, struct hf_error *err)
{
	if (launcher_there())
		return launcher_ask(args, fds, n, ready, pidfd, err);
	return survivor_fork(args, fds, n, ready, pidfd, err);
}

/* --- the process itself --- */

static void not_ready(int ready, const char *what)
{
	dprintf(ready, "%s: %s", what, strerror(errno));
	_exit(EXIT_FAILED);
}

void survivor_settle(int ready)
{
	static const int ignored[] = { SIGTERM, SIGHUP, SIGINT, SIGPIPE,
				       SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM };
	size_t i;
	int fd;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "holdfast");
	umask(077);
	if (chdir("/"))
		not_ready(ready, "chdir");
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		not_ready(ready, "/dev/null");
	close(fd);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		/* Without it this works, only less safely. */
		if (write(fd, "-1000", 5) < 0)
			errno = 0;
		close(fd);
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		not_ready(ready, "mlockall");
}

void survivor_ready(int ready)
{
	if (write(ready, "R", 1) != 1)
		_exit(EXIT_FAILED);
	close(ready);
}
