// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmdline.h"

bool hf_cmdline_text_is_on(const char *text, const char *name)
{
	size_t n = strlen(name);
	bool on = false;
	const char *p = text;

	while (*p) {
		size_t len;

		p += strspn(p, " \t\n");
		len = strcspn(p, " \t\n");
		if (len > n + 1 && !strncmp(p, name, n) && p[n] == '=') {
			/* kstrtobool(): y, Y, t, T, 1, on */
			char c = p[n + 1], d = len > n + 2 ? p[n + 2] : '\0';

			on = c == '1' || c == 'y' || c == 'Y' || c == 't' ||
			     c == 'T' || ((c == 'o' || c == 'O') &&
					  (d == 'n' || d == 'N'));
		}
		p += len;
	}
	return on;
}

bool hf_cmdline_is_on(const char *name)
{
	char buf[4097];
	ssize_t n;
	int fd;

	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return hf_cmdline_text_is_on(buf, name);
}
