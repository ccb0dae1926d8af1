// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <holdfast/fdpass.h>

static void discard(int fd)
{
	close(fd);
}

void (*hf_fdpass_discard)(int fd) = discard;

/*
 * What does not fit the kernel closes by itself, before recvmsg() returns: so there
 * is always room for as many as it lets anybody send (SCM_MAX_FD), and the rest is
 * discarded here.
 */
#define MOST_FDS	253

union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(MOST_FDS * sizeof(int))];
};

int hf_fdpass_send(int sock, const void *data, size_t len, const int *fds,
		   size_t n_fds)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control ctl;
	struct cmsghdr *c;
	ssize_t n;

	if (n_fds > HF_FDPASS_MAX)
		return -EINVAL;
	if (n_fds) {
		memset(&ctl, 0, sizeof(ctl));
		msg.msg_control = ctl.buf;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

ssize_t hf_fdpass_recv(int sock, void *data, size_t len, int *fds,
		       size_t *n_fds)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	union control ctl;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf),
	};
	size_t room = *n_fds, got = 0, i, n;
	bool fits = true;
	struct cmsghdr *c;
	ssize_t ret;

	*n_fds = 0;
	do {
		ret = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;

	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (got < room) {
				fds[got++] = fd;
			} else {
				hf_fdpass_discard(fd);
				fits = false;
			}
		}
	}
	if (!fits || msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		while (got)
			hf_fdpass_discard(fds[--got]);
		return -EMSGSIZE;
	}
	*n_fds = got;
	return ret;
}
