// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_util.h"

static int fail_nth = -1, make_it_fail = -1;

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = -1;

	if (fd >= 0) {
		len = write(fd, text, strlen(text));
		close(fd);
	}
	return len == (ssize_t)strlen(text) ? 0 : -1;
}

/* All of it, for a process that says so, until it says otherwise */
static int set_attributes(const char *name)
{
	static const char *const attributes[][2] = {
		{ "task-filter", "1" },
		{ "probability", "100" },
		{ "interval", "1" },
		{ "times", "-1" },
		{ "verbose", "0" },
		{ "ignore-gfp-wait", "0" },
		{ "ignore-gfp-highmem", "0" },
		{ "min-order", "0" },
		{ "cache-filter", "0" },
	};
	char path[128];
	unsigned int i;

	for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", name, attributes[i][0]);
		/* Not every kind has the last ones */
		if (i >= 5 && access(path, F_OK))
			continue;
		if (write_text(path, attributes[i][1]))
			return -1;
	}
	return 0;
}

static bool set(int fd, unsigned int value)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", value);

	return pwrite(fd, text, len, 0) == len;
}

static void set_or_die(int fd, unsigned int value)
{
	if (set(fd, value))
		return;
	perror("fault injection");
	abort();
}

void fault_arm(unsigned int nth, bool lasts)
{
	set_or_die(make_it_fail, lasts);
	set_or_die(fail_nth, nth);
}

bool fault_disarm(void)
{
	char left[16] = "";
	ssize_t len = pread(fail_nth, left, sizeof(left) - 1, 0);

	/* Each of these copies counts, too. If one of them fails, nothing else did */
	set(fail_nth, 0);
	set_or_die(make_it_fail, 0);
	return len >= 0 && atoi(left) == 0;
}

/* What the kernel allocates for its own checks */
static bool is_for_checks(const char *cache)
{
	return strstr(cache, "kmemleak") || strstr(cache, "debug_objects");
}

const char *fault_spare_fallbacks(void)
{
	unsigned int set = 0;
	glob_t caches;
	size_t i;

	if (write_text("/sys/kernel/debug/fail_page_alloc/min-order", "100") ||
	    write_text("/sys/kernel/debug/failslab/cache-filter", "1"))
		return "no fail_page_alloc/min-order or failslab/cache-filter in debugfs";
	if (glob("/sys/kernel/slab/*/failslab", 0, NULL, &caches))
		return "no failslab of a cache in sysfs";
	/* Not that of a cache which is several in one */
	for (i = 0; i < caches.gl_pathc; i++)
		if (!is_for_checks(caches.gl_pathv[i]) && !write_text(caches.gl_pathv[i], "1"))
			set++;
	globfree(&caches);
	return set ? NULL : "no cache can fail";
}

const char *fault_setup(void)
{
	close(fail_nth);
	close(make_it_fail);
	fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	make_it_fail = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
	if (fail_nth < 0 || make_it_fail < 0)
		return "no fault injection in this kernel, or not root";
	if (set_attributes("failslab") || set_attributes("fail_page_alloc"))
		return "no failslab or fail_page_alloc in debugfs, or no debugfs";
	/* One copy fails, never more: else what is written below would fail, too */
	if (write_text("/sys/kernel/debug/fail_usercopy/probability", "0") ||
	    write_text("/sys/kernel/debug/fail_usercopy/verbose", "0"))
		return "no fail_usercopy in debugfs";

	/* So that no page of this has to be found while there is no memory */
	fault_arm(UINT_MAX, false);
	fault_disarm();
	return NULL;
}
