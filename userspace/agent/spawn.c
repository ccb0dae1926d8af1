// SPDX-License-Identifier: GPL-2.0-only
/* Starting other programs: the driver, kexec, commands of tests. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast/spawn.h>

#define FIRST_FD	3
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

int spawn_place(const int *fds, size_t n)
{
	int *high = calloc(n ? n : 1, sizeof(*high));
	int ret = -ENOMEM;
	size_t i;

	if (!high)
		return ret;
	/* First out of the way, so that no target is a source still needed. */
	for (i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + (int)n);
		if (high[i] < 0)
			goto fail;
	}
	for (i = 0; i < n; i++)
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			goto fail;
	if (syscall(SYS_close_range, FIRST_FD + n, UINT_MAX,
		    CLOSE_RANGE_CLOEXEC))
		goto fail;
	free(high);
	return 0;
fail:
	ret = -errno;
	free(high);
	return ret;
}

static void child_defaults(void)
{
	sigset_t none;

	/* An ignored signal stays ignored across exec. */
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_listen_env(const char *const *names, size_t n)
{
	size_t len = 1, i;
	char num[24];
	char *list;
	int ret;

	for (i = 0; i < n; i++)
		len += strlen(names[i]) + 1;
	list = malloc(len);
	if (!list)
		return -ENOMEM;
	list[0] = '\0';
	for (i = 0; i < n; i++) {
		if (i)
			strcat(list, ":");
		strcat(list, names[i]);
	}
	ret = setenv("LISTEN_FDNAMES", list, 1);
	free(list);
	snprintf(num, sizeof(num), "%zu", n);
	ret |= setenv("LISTEN_FDS", num, 1);
	snprintf(num, sizeof(num), "%d", getpid());
	ret |= setenv("LISTEN_PID", num, 1);
	return ret ? -ENOMEM : 0;
}

static void exec_driver(char *const argv[], const int *fds,
			const char *const *names, size_t n,
			const struct rlimit *memlock, int report)
{
	int ret;

	child_defaults();
	setrlimit(RLIMIT_MEMLOCK, memlock);
	/* The report pipe is close-on-exec and goes out of the way first. */
	report = fcntl(report, F_DUPFD_CLOEXEC, FIRST_FD + (int)n);
	ret = report < 0 ? -errno : set_listen_env(names, n);
	if (!ret)
		ret = spawn_place(fds, n);
	if (!ret) {
		execvp(argv[0], argv);
		ret = -errno;
	}
	if (write(report, &ret, sizeof(ret)) < 0)
		_exit(126);
	_exit(127);
}

/*
 * A pipe that exec closes: end of file means the program runs, an errno means it
 * does not.
 */
static int await_exec(int fd)
{
	int code = 0;
	ssize_t n;

	do {
		n = read(fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(code) ? code : 0;
}

pid_t spawn_driver(char *const argv[], const int *fds, const char *const *names,
		   size_t n, const struct rlimit *memlock,
		   struct hf_error *err)
{
	int report[2], ret;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return hf_fail(err, -errno, "pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		close(report[0]);
		close(report[1]);
		return hf_fail(err, ret, "fork: %s", strerror(-ret));
	}
	if (!pid)
		exec_driver(argv, fds, names, n, memlock, report[1]);
	close(report[1]);
	ret = await_exec(report[0]);
	close(report[0]);
	if (ret) {
		waitpid(pid, NULL, 0);
		return hf_fail(err, ret, "cannot start the driver %s: %s",
			       argv[0], strerror(-ret));
	}
	return pid;
}

int spawn_wait(char *const argv[], struct hf_error *err)
{
	const char *path = getenv("PATH");
	char with_sbin[4096];
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return hf_fail(err, -errno, "fork: %s", strerror(errno));
	if (!pid) {
		child_defaults();
		snprintf(with_sbin, sizeof(with_sbin),
			 "%s%s/usr/sbin:/sbin:/usr/bin:/bin", path ? path : "",
			 path ? ":" : "");
		setenv("PATH", with_sbin, 1);
		execvp(argv[0], argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return hf_fail(err, -errno, "wait: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return hf_fail(err, -EIO, "%s was killed by signal %d", argv[0],
			       WTERMSIG(status));
	if (WEXITSTATUS(status) == 127)
		return hf_fail(err, -ENOENT, "%s cannot be run: no such program",
			       argv[0]);
	if (WEXITSTATUS(status))
		return hf_fail(err, -EIO, "%s failed with exit status %d",
			       argv[0], WEXITSTATUS(status));
	return 0;
}
