// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors by LISTEN_FDS: what is taken, and what is refused */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event.h"
#include "handover.h"
#include "test.h"

/* Where descriptors come from; must not be among those handed over */
#define NULL_FD		200

static const char *const memfds[] = { "ring", "buffers", "state", NULL };

static void set_number(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

/* Runs in a child, which can do to its descriptors as it likes */
static bool taken(int count, const char *names, struct handover *want)
{
	struct handover out;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) && !WEXITSTATUS(status);
	}
	dup2(NULL_FD, STDERR_FILENO);
	for (int i = 0; i < count; i++)
		dup2(NULL_FD, 3 + i);
	for (int i = count; i < 20; i++)
		close(3 + i);
	set_number("LISTEN_PID", getpid());
	set_number("LISTEN_FDS", count);
	setenv("LISTEN_FDNAMES", names, 1);
	if (handover_take(&out, memfds))
		_exit(1);
	if (want && (memcmp(out.memfd, want->memfd, 3 * sizeof(int)) ||
		     out.iommufd != want->iommufd ||
		     out.device != want->device ||
		     strcmp(out.bdf, want->bdf)))
		_exit(2);
	_exit(getenv("LISTEN_FDS") ? 3 : 0);
}

static bool everything(void)
{
	struct handover want = { { 3, 4, 5 }, 6, 7, "0000:00:02.0" };

	EXPECT(taken(5, "ring:buffers:state:iommufd:0000_00_02.0", &want));
	EXPECT(taken(5, "ring:buffers:state:iommufd:0000:00:02.0", &want));
	return true;
}

static bool any_order(void)
{
	struct handover want = { { 7, 4, 6 }, 3, 5, "0000:a1:1f.7" };

	EXPECT(taken(5, "iommufd:buffers:0000:a1:1f.7:state:ring", &want));
	return true;
}

static bool memory_alone(void)
{
	struct handover want = { { 3, 4, 5 }, -1, -1, "" };

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
	struct handover out;
	int keep = dup(STDERR_FILENO);
	bool good = true;

	dup2(NULL_FD, STDERR_FILENO);
	good &= handover_take(&out, memfds) != 0;
	set_number("LISTEN_PID", getpid() + 1);
	set_number("LISTEN_FDS", 3);
	setenv("LISTEN_FDNAMES", "ring:buffers:state", 1);
	good &= handover_take(&out, memfds) != 0;
	setenv("LISTEN_PID", "12x", 1);
	good &= handover_take(&out, memfds) != 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	dup2(keep, STDERR_FILENO);
	close(keep);
	EXPECT(good);
	return true;
}

static const struct test tests[] = {
	{ "handover: everything, in the usual order", everything },
	{ "handover: any order, an address among the names", any_order },
	{ "handover: memory alone", memory_alone },
	{ "handover: wrong counts and names are refused", refused },
	{ "handover: nothing, or not for this process", not_for_us },
};

int main(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0 || dup2(fd, NULL_FD) < 0 || event_open("/dev/null"))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
