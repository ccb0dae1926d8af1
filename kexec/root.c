// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "root.h"

static bool join(const char *root, const char *path, char full[PATH_MAX])
{
	return snprintf(full, PATH_MAX, "%s%s", root, path) < PATH_MAX;
}

ssize_t hk_root_read(const char *root, const char *path, char *buf, size_t len)
{
	char full[PATH_MAX];
	size_t have = 0;
	ssize_t n;
	int fd;

	buf[0] = '\0';
	if (!join(root, path, full))
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf + have, len - 1 - have);
		if (n > 0)
			have += (size_t)n;
	} while (n > 0 && have < len - 1);
	n = n < 0 ? -errno : (ssize_t)have;
	close(fd);
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

bool hk_root_has(const char *root, const char *path)
{
	char full[PATH_MAX];

	return join(root, path, full) && !access(full, F_OK);
}

void hk_root_link(const char *root, const char *path, char *buf, size_t len)
{
	char full[PATH_MAX], to[PATH_MAX], *slash;
	ssize_t n;

	buf[0] = '\0';
	if (!join(root, path, full))
		return;
	n = readlink(full, to, sizeof(to) - 1);
	if (n <= 0)
		return;
	to[n] = '\0';
	slash = strrchr(to, '/');
	snprintf(buf, len, "%s", slash ? slash + 1 : to);
}
