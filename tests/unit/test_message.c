// SPDX-License-Identifier: GPL-2.0-only
/* Messages between daemon and clients: what goes through, what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <holdfast/fdpass.h>
#include <holdfast/message.h>

#include "ktap.h"

static int pair[2];

static void open_pair(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair))
		perror("socketpair");
}

static void close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
}

/* The lowest free descriptor: tells whether one was left open. */
static int lowest(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void there_and_back(void)
{
	struct hf_msg m, got;
	int fd;

	open_pair();
	hf_msg_init(&m, HF_OP_PUT, 7);
	m.status = -EBUSY;
	m.arg[3] = UINT64_MAX;
	CHECK(!hf_msg_set_name(&m, "ring"));
	hf_msg_set_text(&m, "words");
	CHECK(!hf_msg_send(pair[0], &m, 0));
	memset(&got, 0xff, sizeof(got));
	CHECK(hf_msg_recv(pair[1], &got, &fd, NULL) == 1);
	CHECK(!memcmp(&m, &got, hf_msg_size(&m)));
	CHECK(!strcmp(got.text, "words"));
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);

	CHECK(!hf_msg_send(pair[0], &m, -1));
	CHECK(hf_msg_recv(pair[1], &got, &fd, NULL) == 1 && fd == -1);
	CHECK(hf_msg_recv(pair[1], &got, &fd, NULL) == -EAGAIN && fd == -1);
	close(pair[0]);
	CHECK(hf_msg_recv(pair[1], &got, &fd, NULL) == 0 && fd == -1);
	close(pair[1]);
}

static void longest(void)
{
	char text[HF_PROTO_TEXT + 10], name[HF_PROTO_NAME + 1];
	struct hf_msg m, got;
	int fd;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	open_pair();
	hf_msg_init(&m, HF_OP_PUT, 1);
	CHECK(hf_msg_set_name(&m, name) == -ENAMETOOLONG);
	name[HF_PROTO_NAME - 1] = '\0';
	CHECK(!hf_msg_set_name(&m, name));
	hf_msg_set_text(&m, text);
	CHECK(m.text_len == HF_PROTO_TEXT - 1);
	CHECK(!hf_msg_send(pair[0], &m, -1));
	CHECK(hf_msg_recv(pair[1], &got, &fd, NULL) == 1);
	CHECK(!strcmp(got.name, name) && strlen(got.text) == HF_PROTO_TEXT - 1);
	close_pair();
}

static struct hf_msg good(void)
{
	struct hf_msg m;

	hf_msg_init(&m, HF_OP_PUT, 1);
	hf_msg_set_name(&m, "a");
	hf_msg_set_text(&m, "text");
	return m;
}

/* Sends @len bytes with @n_fds descriptors: refused, in words, nothing leaks. */
static void refused(const struct hf_msg *m, size_t len, size_t n_fds, int code,
		    const char *words)
{
	const int fds[2] = { 0, 1 };
	const char *wrong = "";
	char buf[sizeof(*m) + 1] = "";
	int before, fd = 5;
	struct hf_msg got;

	memcpy(buf, m, len < sizeof(*m) ? len : sizeof(*m));
	open_pair();
	before = lowest();
	CHECK(!hf_fdpass_send(pair[0], buf, len, fds, n_fds));
	CHECK(hf_msg_recv(pair[1], &got, &fd, &wrong) == code);
	CHECK(fd == -1);
	CHECK_HAS(wrong, words);
	CHECK(lowest() == before);
	close_pair();
}

static void rules(void)
{
	struct hf_msg m = good();
	size_t len = hf_msg_size(&m);

	m.magic++;
	refused(&m, len, 1, -EPROTO, "magic");
	m = good();
	m.version++;
	refused(&m, len, 1, -EPROTONOSUPPORT, "version");
	m = good();
	m.text_len++;
	refused(&m, len, 1, -EPROTO, "length");
	m.text_len = UINT32_MAX;
	refused(&m, len, 0, -EPROTO, "length");
	m.text_len = HF_PROTO_TEXT;
	refused(&m, sizeof(m), 0, -EPROTO, "length");
	m = good();
	m.reserved = 1;
	refused(&m, len, 1, -EPROTO, "reserved");
	m = good();
	m.name[5] = 'x';
	refused(&m, len, 1, -EPROTO, "behind");
	memset(m.name, 'x', sizeof(m.name));
	refused(&m, len, 1, -EPROTO, "does not end");
	m = good();
	m.text[1] = '\0';
	refused(&m, len, 1, -EPROTO, "a 0");
}

static void sizes(void)
{
	struct hf_msg m = good();

	for (size_t len = 1; len < offsetof(struct hf_msg, text); len++)
		refused(&m, len, 1, -EPROTO, "shorter");
	refused(&m, sizeof(m) + 1, 1, -EPROTO, "too long");
	refused(&m, hf_msg_size(&m), 2, -EPROTO, "more than one");
	/* The same as the end of the connection, with a descriptor or without */
	refused(&m, 0, 0, 0, "");
	refused(&m, 0, 1, 0, "");
}

static void names(void)
{
	char name[HF_PROTO_NAME + 1] = "";

	CHECK(hf_client_name_valid("nic-rx_0.A"));
	CHECK(!hf_client_name_valid(""));
	CHECK(!hf_client_name_valid("a b"));
	CHECK(!hf_client_name_valid("a/b"));
	CHECK(!hf_client_name_valid("a\xc3"));
	memset(name, 'a', HF_PROTO_CLIENT);
	CHECK(hf_client_name_valid(name));
	name[HF_PROTO_CLIENT] = 'a';
	CHECK(!hf_client_name_valid(name));

	CHECK(hf_item_name_valid("0000_00_02.0"));
	CHECK(hf_item_name_valid("!~"));
	CHECK(!hf_item_name_valid(""));
	CHECK(!hf_item_name_valid("a:b"));
	CHECK(!hf_item_name_valid("a b"));
	CHECK(!hf_item_name_valid("a\x7f"));
	CHECK(!hf_item_name_valid("\xc3\xa4"));
	memset(name, 'a', HF_PROTO_NAME - 1);
	CHECK(hf_item_name_valid(name));
	name[HF_PROTO_NAME - 1] = 'a';
	CHECK(!hf_item_name_valid(name));
}

static const struct ktap_test tests[] = {
	{ "a message and its descriptor arrive as they were", there_and_back },
	{ "the longest name and text", longest },
	{ "each rule of a message", rules },
	{ "each length that is none", sizes },
	{ "names of clients and descriptors", names },
};

KTAP_MAIN(tests)
