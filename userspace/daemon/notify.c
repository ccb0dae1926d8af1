// SPDX-License-Identifier: GPL-2.0-only
/* What systemd is told, and which rights are kept. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/capability.h>

#include "daemon.h"

void notify_systemd(const char *fmt, ...)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	char text[512];
	socklen_t len;
	va_list ap;
	int fd, n;

	if (!path || !*path || strlen(path) >= sizeof(addr.sun_path))
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return;
	memcpy(addr.sun_path, path, strlen(path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			  strlen(path));
	/* "@": in the abstract name space */
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* If nobody listens, nobody is to be told. */
	if (sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&addr,
		   len) < 0)
		errno = 0;
	close(fd);
}

/*
 * RAWIO: devices without an IOMMU. IPC_LOCK and SYS_RESOURCE: their memory is
 * pinned without a limit, holders are locked in memory and not chosen by the OOM
 * killer. SYSLOG: to say what the kernel logged when it refused.
 */
static const int kept[] = {
	CAP_SYS_RAWIO, CAP_IPC_LOCK, CAP_SYS_RESOURCE, CAP_SYSLOG,
};

int caps_drop(struct hf_error *err)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {}, have[2] = {};
	uint32_t mask[2] = {};
	size_t i;
	int cap;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		mask[kept[i] / 32] |= 1u << (kept[i] % 32);
	/* Holders are to have no more, either. */
	for (cap = 0; cap <= 63; cap++)
		if (!(mask[cap / 32] & (1u << (cap % 32))))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capget, &hdr, have))
		return hf_fail(err, -errno, "capget: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		data[i].permitted = have[i].permitted & mask[i];
		data[i].effective = data[i].permitted;
	}
	if (syscall(SYS_capset, &hdr, data))
		return hf_fail(err, -errno, "capset: %s", strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return hf_fail(err, -errno, "no_new_privs: %s", strerror(errno));
	return 0;
}
