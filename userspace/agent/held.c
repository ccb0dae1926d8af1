// SPDX-License-Identifier: GPL-2.0-only
/* Talking to the holder from another process. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <holdfast/fdpass.h>
#include <holdfast/holder.h>
#include <holdfast/memfd.h>

#include "holder_proto.h"

/* A holder answers at once; one that does not is stopped or broken. */
unsigned int held_answer_ms = 10000;

static int no_holder(const char *socket, struct hf_error *err)
{
	return hf_fail(err, -ENOENT,
		       "no holder answers at %s: no session is held here (was it preserved, with the same --socket? did the holder die? then the session is gone and the devices are as before preserve)",
		       socket);
}

static int dial(const char *path, struct hf_error *err)
{
	struct timeval limit = {
		.tv_sec = held_answer_ms / 1000,
		.tv_usec = held_answer_ms % 1000 * 1000,
	};
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return hf_fail(err, -ENAMETOOLONG,
			       "socket path %s is too long", path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return hf_fail(err, -errno, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	ret = -errno;
	close(fd);
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		return no_holder(path, err);
	return hf_fail(err, ret, "%s: %s", path, strerror(-ret));
}

static int ask(int fd, uint32_t op, struct holder_reply *r, int *fds,
	       size_t *n_fds, struct hf_error *err)
{
	struct holder_request q = {
		.magic = HOLDER_MAGIC,
		.version = HOLDER_VERSION,
		.op = op,
	};
	ssize_t n = hf_fdpass_send(fd, &q, sizeof(q), NULL, 0);

	if (!n)
		n = hf_fdpass_recv(fd, r, sizeof(*r), fds, n_fds);
	if (n == -EAGAIN)
		return hf_fail(err, -ETIMEDOUT,
			       "the holder does not answer (stopped?)");
	if (n <= 0)
		return hf_fail(err, n ? (int)n : -EPIPE,
			       "the holder ended the connection: only root may ask it, or it just died");
	if (n != sizeof(*r) || r->magic != HOLDER_MAGIC ||
	    r->version != HOLDER_VERSION)
		return hf_fail(err, -EPROTO,
			       "the holder speaks another protocol: it was started by another version of holdfast");
	if (r->status)
		return hf_fail(err, r->status, "the holder refuses: %s",
			       strerror(-r->status));
	return 0;
}

/* Takes over what a GET brought; @fds are closed on failure. */
static int read_answer(struct held *h, const int *fds, size_t n,
		       struct hf_error *err)
{
	struct hf_error why;
	size_t len, i;
	void *blob;
	int ret;

	ret = hf_memfd_read(fds[0], HF_MANIFEST_MAX, &blob, &len, &why);
	close(fds[0]);
	if (!ret) {
		ret = hf_manifest_decode(blob, len, &h->manifest, &why);
		free(blob);
	}
	if (!ret && h->manifest.n_iommufd != n - 1)
		ret = hf_fail(&why, -EPROTO, "it does not fit its descriptors");
	if (!ret) {
		h->iommufd = calloc(n, sizeof(*h->iommufd));
		if (!h->iommufd)
			ret = hf_fail(&why, -ENOMEM, "out of memory");
	}
	if (!ret) {
		memcpy(h->iommufd, fds + 1, (n - 1) * sizeof(*fds));
		return 0;
	}
	for (i = 1; i < n; i++)
		close(fds[i]);
	hf_manifest_free(&h->manifest);
	return hf_fail(err, ret, "what the holder sent: %s", why.text);
}

int held_connect(const char *socket, const char *session, struct held *h,
		 struct hf_error *err)
{
	int fds[HF_FDPASS_MAX];
	size_t n = HF_FDPASS_MAX;
	struct holder_reply r;
	int ret;

	memset(h, 0, sizeof(*h));
	h->sock = dial(socket, err);
	if (h->sock < 0)
		return h->sock;
	ret = ask(h->sock, HOLDER_GET, &r, fds, &n, err);
	if (!ret && !n)
		ret = hf_fail(err, -EPROTO, "the holder sent no manifest");
	if (!ret)
		ret = read_answer(h, fds, n, err);
	if (ret) {
		close(h->sock);
		return ret;
	}
	h->pid = r.pid;
	if (strcmp(h->manifest.session, session)) {
		ret = hf_fail(err, -EEXIST,
			      "the holder has session \"%s\", not \"%s\"",
			      h->manifest.session, session);
		held_free(h);
	}
	return ret;
}

void held_free(struct held *h)
{
	size_t i;

	for (i = 0; i < h->manifest.n_iommufd; i++)
		close(h->iommufd[i]);
	free(h->iommufd);
	hf_manifest_free(&h->manifest);
	close(h->sock);
	h->iommufd = NULL;
	h->sock = -1;
}

bool held_alive(const struct held *h)
{
	struct pollfd p = { .fd = h->sock, .events = POLLIN };

	/* It never speaks unasked: anything to read is the end of the stream. */
	return poll(&p, 1, 0) == 0;
}

int held_cancel(const char *socket, const char *session, struct hf_error *err)
{
	struct holder_reply r;
	struct held h;
	size_t none = 0;
	int ret;

	ret = held_connect(socket, session, &h, err);
	if (!ret)
		/* Its descriptors are references, too: away with them first. */
		held_free(&h);
	else if (ret != -EBADMSG && ret != -EPROTONOSUPPORT)
		return ret;
	/* A manifest that cannot be read is no reason to keep the session. */
	h.sock = dial(socket, err);
	if (h.sock < 0)
		return h.sock;
	ret = ask(h.sock, HOLDER_CANCEL, &r, NULL, &none, err);
	close(h.sock);
	return ret;
}
