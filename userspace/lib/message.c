// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include <holdfast/fdpass.h>
#include <holdfast/message.h>

#define HEAD	offsetof(struct hf_msg, text)

void hf_msg_init(struct hf_msg *m, unsigned int op, uint32_t serial)
{
	memset(m, 0, sizeof(*m));
	m->magic = HF_PROTO_MAGIC;
	m->version = HF_PROTO_VERSION;
	m->op = (uint16_t)op;
	m->serial = serial;
}

int hf_msg_set_name(struct hf_msg *m, const char *name)
{
	size_t len = strlen(name);

	if (len >= sizeof(m->name))
		return -ENAMETOOLONG;
	memset(m->name, 0, sizeof(m->name));
	memcpy(m->name, name, len);
	return 0;
}

void hf_msg_set_text(struct hf_msg *m, const char *text)
{
	size_t len = strnlen(text, sizeof(m->text) - 1);

	memcpy(m->text, text, len);
	m->text[len] = '\0';
	m->text_len = (uint32_t)len;
}

static bool name_is_padded(const char *name)
{
	size_t i = strnlen(name, HF_PROTO_NAME);

	if (i == HF_PROTO_NAME)
		return false;
	for (; i < HF_PROTO_NAME; i++)
		if (name[i])
			return false;
	return true;
}

const char *hf_msg_check(struct hf_msg *m, size_t len)
{
	if (len < HEAD)
		return "it is shorter than a message can be";
	if (m->magic != HF_PROTO_MAGIC)
		return "its magic is not that of a message";
	if (m->version != HF_PROTO_VERSION)
		return "it is of another version of the protocol";
	if (m->text_len >= sizeof(m->text) || m->text_len != len - HEAD)
		return "its text has another length than it says";
	if (m->reserved)
		return "a reserved field is not 0";
	if (!name_is_padded(m->name))
		return "its name does not end, or something is behind it";
	if (memchr(m->text, '\0', m->text_len))
		return "there is a 0 in its text";
	m->text[m->text_len] = '\0';
	return NULL;
}

int hf_msg_send(int sock, const struct hf_msg *m, int fd)
{
	return hf_fdpass_send(sock, m, hf_msg_size(m), &fd, fd < 0 ? 0 : 1);
}

int hf_msg_recv(int sock, struct hf_msg *m, int *fd, const char **wrong)
{
	const char *why = "it is too long, or has more than one descriptor";
	int ret = -EPROTO;
	size_t n_fds = 1;
	ssize_t len;

	*fd = -1;
	len = hf_fdpass_recv(sock, m, sizeof(*m), fd, &n_fds);
	if (len < 0 && len != -EMSGSIZE)
		return (int)len;
	if (len > 0) {
		why = hf_msg_check(m, (size_t)len);
		if (!why)
			return 1;
		if ((size_t)len >= HEAD && m->magic == HF_PROTO_MAGIC &&
		    m->version != HF_PROTO_VERSION)
			ret = -EPROTONOSUPPORT;
	}
	/* An empty message cannot be told from the end, but may bring one, too */
	if (len >= 0 && n_fds)
		hf_fdpass_discard(*fd);
	*fd = -1;
	if (!len)
		return 0;
	if (wrong)
		*wrong = why;
	return ret;
}

bool hf_client_name_valid(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(name);

	return len >= 1 && len <= HF_PROTO_CLIENT &&
	       strspn(name, allowed) == len;
}

bool hf_item_name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == ':')
			return false;
	return i >= 1 && i < HF_PROTO_NAME;
}
