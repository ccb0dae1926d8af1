// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors by LISTEN_FDS: what is taken, and what is refused */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "event.h"
#include "handover.h"
#include "test.h"

/* For what is said meanwhile; must not be among those handed over */
#define NULL_FD		200

static const char *const memfds[] = { "ring", "buffers", "state", NULL };

static void set_number(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

static bool same(int fd, int want)
{
	struct stat a, b;

	if (fd < 0 || want < 0)
		return fd < 0 && want < 0;
	return !fstat(fd, &a) && !fstat(want, &b) && a.st_ino == b.st_ino;
}

static bool as_wanted(const struct descriptors *out,
		      const struct descriptors *want)
{
	for (int i = 0; memfds[i]; i++)
		if (!same(out->memfd[i], want->memfd[i]))
			return false;
	return same(out->iommufd, want->iommufd) &&
	       same(out->device, want->device) && !strcmp(out->bdf, want->bdf);
}

static int take(struct descriptors *out)
{
	struct handover h = { 0 };
	int ret = handover_open(&h, NULL, NULL, true);

	if (!ret)
		ret = handover_claim(&h, out, memfds);
	holdfast_close(h.hf);
	return ret;
}

/* Runs in a child, which can do to its descriptors as it likes */
static bool taken(int count, const char *names, struct descriptors *want)
{
	struct handover h = { 0 };
	struct descriptors out;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) && !WEXITSTATUS(status);
	}
	dup2(NULL_FD, STDERR_FILENO);
	for (int i = 0; i < 20; i++)
		close(3 + i);
	/* The lowest number is the next one */
	for (int i = 0; i < count; i++)
		if (memfd_create("", 0) != 3 + i)
			_exit(4);
	set_number("LISTEN_PID", getpid());
	set_number("LISTEN_FDS", count);
	setenv("LISTEN_FDNAMES", names, 1);
	if (handover_open(&h, NULL, NULL, true) ||
	    handover_claim(&h, &out, memfds))
		_exit(1);
	if (want && !as_wanted(&out, want))
		_exit(2);
	_exit(getenv("LISTEN_FDS") ? 3 : 0);
}

static bool everything(void)
{
	struct descriptors want = { { 3, 4, 5 }, 6, 7, "0000:00:02.0" };

	EXPECT(taken(5, "ring:buffers:state:iommufd:0000_00_02.0", &want));
	EXPECT(taken(5, "ring:buffers:state:iommufd:0000:00:02.0", &want));
	return true;
}

static bool any_order(void)
{
	struct descriptors want = { { 7, 4, 6 }, 3, 5, "0000:a1:1f.7" };

	EXPECT(taken(5, "iommufd:buffers:0000:a1:1f.7:state:ring", &want));
	return true;
}

static bool memory_alone(void)
{
	struct descriptors want = { { 3, 4, 5 }, -1, -1, "" };

	EXPECT(taken(3, "ring:buffers:state", &want));
	return true;
}

static bool refused(void)
{
	EXPECT(!taken(3, "ring:buffers", NULL));
	EXPECT(!taken(2, "ring:buffers:state", NULL));
	EXPECT(!taken(3, "ring:ring:state", NULL));
	EXPECT(!taken(3, "ring:buffers:elephant", NULL));
	EXPECT(!taken(2, "0000:00:02.0:0000:00:03.0", NULL));
	EXPECT(!taken(2, "0000:00:02.0:0000:00:02.0", NULL));
	EXPECT(!taken(2, "0000_00_02.0:0000:00:02.0", NULL));
	EXPECT(!taken(2, "ring:0000:00:02", NULL));
	EXPECT(!taken(2, "ring:0000_00_02", NULL));
	return true;
}

static bool not_for_us(void)
{
	struct descriptors out;
	int keep = dup(STDERR_FILENO);
	bool good = true;

	dup2(NULL_FD, STDERR_FILENO);
	good &= take(&out) != 0;
	set_number("LISTEN_PID", getpid() + 1);
	set_number("LISTEN_FDS", 3);
	setenv("LISTEN_FDNAMES", "ring:buffers:state", 1);
	good &= take(&out) != 0;
	setenv("LISTEN_PID", "12x", 1);
	good &= take(&out) != 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	dup2(keep, STDERR_FILENO);
	close(keep);
	EXPECT(good);
	return true;
}

/* A driver that is not woken tries again all the same what did not work. */
static bool sleeps_no_longer(void)
{
	struct handover h = { 0 };
	int ms;

	EXPECT(handover_timeout(&h, -1) == -1);
	EXPECT(handover_timeout(&h, 5000) == 5000);
	/* The first look is still to come, and decides */
	h.pending = true;
	EXPECT(handover_timeout(&h, -1) == -1);
	h.retry_ns = clock_local_ns() + UINT64_C(400000000000);
	ms = handover_timeout(&h, -1);
	EXPECT(ms > 5000 && ms <= 400001);
	EXPECT(handover_timeout(&h, 1) == 1);
	h.pending = false;
	EXPECT(handover_timeout(&h, -1) == -1);
	h.unready = true;
	EXPECT(handover_timeout(&h, 500000) <= 400001);
	h.retry_ns = clock_local_ns() - 1;
	EXPECT(handover_timeout(&h, -1) == 0);
	return true;
}

static const struct test tests[] = {
	{ "handover: everything, in the usual order", everything },
	{ "handover: any order, an address among the names", any_order },
	{ "handover: memory alone", memory_alone },
	{ "handover: wrong counts and names are refused", refused },
	{ "handover: nothing, or not for this process", not_for_us },
	{ "handover: sleeps no longer than until it tries again", sleeps_no_longer },
};

int main(void)
{
	int fd = open("/dev/null", O_RDWR);

	/* Nobody else's daemon is meant to answer */
	if (fd < 0 || dup2(fd, NULL_FD) < 0 || event_open("/dev/null") ||
	    setenv("HOLDFAST_SOCKET", "/nonexistent/socket", 1))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
