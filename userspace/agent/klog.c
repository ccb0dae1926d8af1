// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/klog.h>

#define KERN_NOTICE_LEVEL 5

int hf_klog_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void hf_klog_since(int fd, char *buf, size_t len)
{
	char rec[2048], *text, *end;
	size_t at = 0, need;
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return;
	for (;;) {
		/* One read is one record; EPIPE: older ones were overwritten. */
		n = read(fd, rec, sizeof(rec) - 1);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		rec[n] = '\0';
		if ((strtoul(rec, NULL, 10) & 7) > KERN_NOTICE_LEVEL)
			continue;
		text = strchr(rec, ';');
		if (!text)
			continue;
		text++;
		end = strchr(text, '\n');
		if (end)
			*end = '\0';
		need = strlen(text) + 1;
		if (need >= len)
			continue;
		/* The last lines matter: drop from the front to make room. */
		while (at + need >= len) {
			char *nl = strchr(buf, '\n');

			if (!nl)
				break;
			at -= (size_t)(nl + 1 - buf);
			memmove(buf, nl + 1, at + 1);
		}
		at += (size_t)snprintf(buf + at, len - at, "%s\n", text);
	}
	if (at)
		buf[at - 1] = '\0';
	close(fd);
}
