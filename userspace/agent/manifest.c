// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sha2.h>

#include "manifest_format.h"

void hf_manifest_init(struct hf_manifest *m)
{
	memset(m, 0, sizeof(*m));
}

void hf_manifest_free(struct hf_manifest *m)
{
	size_t i, j;

	for (i = 0; i < m->n_iommufd; i++) {
		for (j = 0; j < m->iommufd[i].n_ioas; j++)
			hf_extents_free(&m->iommufd[i].ioas[j].table);
		free(m->iommufd[i].ioas);
		free(m->iommufd[i].device_ids);
	}
	free(m->client);
	free(m->memfd);
	free(m->iommufd);
	free(m->device);
	hf_manifest_init(m);
}

const char *hf_manifest_names(const struct hf_manifest *m, uint64_t clients,
			      char *buf, size_t len)
{
	size_t i, at = 0;

	buf[0] = '\0';
	for (i = 0; i < m->n_client && at < len; i++)
		if (clients & hf_manifest_bit(i))
			at += (size_t)snprintf(buf + at, len - at, "%s%s",
					       at ? "," : "",
					       m->client[i].name);
	return buf;
}

void hf_manifest_header_digest(const void *blob, size_t len,
			       uint8_t out[HF_SHA256_SIZE])
{
	struct hf_manifest_header h;
	SHA2_CTX s;

	memcpy(&h, blob, sizeof(h));
	memset(h.sha256, 0, sizeof(h.sha256));
	SHA256Init(&s);
	SHA256Update(&s, (const uint8_t *)&h, sizeof(h));
	SHA256Update(&s, (const uint8_t *)blob + sizeof(h), len - sizeof(h));
	SHA256Final(out, &s);
}

void hf_extents_digest(const struct hf_extents *t, uint8_t out[HF_SHA256_SIZE])
{
	SHA2_CTX s;
	uint64_t be[3];
	size_t i;

	SHA256Init(&s);
	for (i = 0; i < t->n; i++) {
		be[0] = htobe64(t->v[i].iova);
		be[1] = htobe64(t->v[i].phys);
		be[2] = htobe64(t->v[i].length);
		SHA256Update(&s, (const uint8_t *)be, sizeof(be));
	}
	SHA256Final(out, &s);
}

void hf_manifest_seal(void *blob, size_t len)
{
	struct hf_manifest_header h;

	memcpy(&h, blob, sizeof(h));
	h.tree_size = htole64(len - sizeof(h));
	memcpy(blob, &h, sizeof(h));
	hf_manifest_header_digest(blob, len, h.sha256);
	memcpy(blob, &h, sizeof(h));
}

#define BAD(...) hf_fail(err, -EBADMSG, "manifest: " __VA_ARGS__)

/* Printable ASCII; @colon: may it contain the separator of LISTEN_FDNAMES? */
static bool good_text(const char *s, size_t max, bool colon)
{
	size_t n = strnlen(s, max + 1), i;

	if (!n || n > max)
		return false;
	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || (s[i] == ':' && !colon))
			return false;
	return true;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* A name, and who has a descriptor of that name. */
struct named {
	const char *name;
	uint64_t clients;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int check_tokens(const struct hf_manifest *m, struct hf_error *err)
{
	size_t n = m->n_memfd + m->n_iommufd + m->n_device, i, k = 0;
	uint64_t *tokens = calloc(n + 1, sizeof(*tokens));
	int ret = 0;

	if (!tokens)
		return hf_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < m->n_memfd; i++)
		tokens[k++] = m->memfd[i].token;
	for (i = 0; i < m->n_iommufd; i++)
		tokens[k++] = m->iommufd[i].token;
	for (i = 0; i < m->n_device; i++)
		tokens[k++] = m->device[i].token;
	qsort(tokens, k, sizeof(*tokens), by_value);
	for (i = 0; i < k && !ret; i++)
		if (tokens[i] == HF_MANIFEST_TOKEN)
			ret = BAD("token 0 is the manifest's own");
		else if (i && tokens[i] == tokens[i - 1])
			ret = BAD("token %" PRIu64 " is used twice", tokens[i]);
	free(tokens);
	return ret;
}

/* Two drivers may use one name, but no driver uses one twice. */
static int check_names(const struct hf_manifest *m, struct hf_error *err)
{
	size_t n = m->n_memfd + m->n_iommufd + m->n_device, i, k = 0;
	struct named *v = calloc(n + 1, sizeof(*v));
	uint64_t seen = 0;
	int ret = 0;

	if (!v)
		return hf_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < m->n_memfd; i++)
		v[k++] = (struct named){ m->memfd[i].name,
					 m->memfd[i].clients };
	for (i = 0; i < m->n_iommufd; i++)
		v[k++] = (struct named){ m->iommufd[i].name,
					 m->iommufd[i].clients };
	for (i = 0; i < m->n_device; i++)
		if (m->device[i].name[0])
			v[k++] = (struct named){ m->device[i].name,
						 m->device[i].clients };
	qsort(v, k, sizeof(*v), by_name);
	for (i = 0; i < k && !ret; i++) {
		if (i && strcmp(v[i].name, v[i - 1].name))
			seen = 0;
		if (seen & v[i].clients)
			ret = BAD("name \"%s\" is used twice", v[i].name);
		seen |= v[i].clients;
	}
	free(v);
	return ret;
}

/* A driver by itself */
static int check_client(const struct hf_manifest *m, size_t at,
			struct hf_error *err)
{
	const struct hf_manifest_client *c = &m->client[at];
	size_t i;

	if (!good_text(c->name, HF_NAME_MAX, true))
		return BAD("a driver's name is empty, too long or has odd characters");
	for (i = 0; i < at; i++)
		if (!strcmp(c->name, m->client[i].name))
			return BAD("two drivers are called \"%s\"", c->name);
	if (!c->session[0])
		return 0;
	if (!good_text(c->session, HF_LUO_NAME_MAX, true))
		return BAD("the session of driver %s is too long or has odd characters",
			   c->name);
	if (!c->has_owner)
		return BAD("driver %s has a session and no owner", c->name);
	if (!strcmp(c->session, m->session))
		return BAD("the session of driver %s is this one", c->name);
	for (i = 0; i < at; i++)
		if (!strcmp(c->session, m->client[i].session))
			return BAD("two drivers have session \"%s\"",
				   c->session);
	return 0;
}

/* An index has sessions and no objects, all others have it the other way round */
static int check_index(const struct hf_manifest *m, struct hf_error *err)
{
	bool objects = m->n_memfd || m->n_iommufd || m->n_device;
	size_t i, sessions = 0;

	for (i = 0; i < m->n_client; i++)
		sessions += m->client[i].session[0] ? 1 : 0;
	if (!sessions && !objects)
		return BAD("it lists nothing");
	if (sessions && objects)
		return BAD("it lists objects, and drivers with sessions of their own");
	if (sessions && sessions < m->n_client)
		return BAD("it is an index, and does not say where all drivers are");
	return 0;
}

/* All drivers, and that all masks are made of them */
static int check_clients(const struct hf_manifest *m, struct hf_error *err)
{
	uint64_t all, iommufds = 0, devices = 0, strange = 0;
	bool nobodys = false;
	size_t i;
	int ret;

	if (!m->n_client)
		return BAD("it lists no driver");
	if (m->n_client > HF_MANIFEST_MAX_CLIENTS)
		return BAD("it lists more than %d drivers",
			   HF_MANIFEST_MAX_CLIENTS);
	for (i = 0; i < m->n_client; i++) {
		ret = check_client(m, i, err);
		if (ret)
			return ret;
	}
	all = hf_manifest_bit(m->n_client - 1) * 2 - 1;
	for (i = 0; i < m->n_memfd; i++) {
		strange |= m->memfd[i].clients & ~all;
		nobodys |= !m->memfd[i].clients;
	}
	for (i = 0; i < m->n_iommufd; i++) {
		iommufds |= m->iommufd[i].clients;
		nobodys |= !m->iommufd[i].clients;
	}
	for (i = 0; i < m->n_device; i++) {
		devices |= m->device[i].clients;
		nobodys |= !m->device[i].clients;
	}
	strange |= (iommufds | devices) & ~all;
	if (strange)
		return BAD("an object belongs to a driver that is not listed");
	if (nobodys)
		return BAD("an object belongs to no driver");
	for (i = 0; i < m->n_client; i++)
		if (devices & ~iommufds & hf_manifest_bit(i))
			return BAD("driver %s has a device and no iommufd",
				   m->client[i].name);
	return check_index(m, err);
}

static int check_table(const struct hf_manifest *m,
		       const struct hf_manifest_ioas *io, struct hf_error *err)
{
	const struct hf_extents *t = &io->table;
	uint64_t mask = m->page_size - 1, bytes = 0;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct hf_extent *e = &t->v[i], *p = i ? e - 1 : e;

		if (!e->length || (e->iova | e->phys | e->length) & mask)
			return BAD("IOAS %u: extent %zu is not made of pages",
				   io->id, i);
		if (e->iova + (e->length - 1) < e->iova ||
		    e->phys + (e->length - 1) < e->phys)
			return BAD("IOAS %u: extent %zu wraps around", io->id, i);
		if (i && e->iova <= p->iova + (p->length - 1))
			return BAD("IOAS %u: extent %zu is out of order",
				   io->id, i);
		if (i && e->iova == p->iova + p->length &&
		    e->phys == p->phys + p->length && e->phys > p->phys)
			return BAD("IOAS %u: extents %zu and %zu are one",
				   io->id, i - 1, i);
		bytes += e->length;
	}
	if (bytes != t->bytes)
		return BAD("IOAS %u: its extents do not add up", io->id);
	return 0;
}

static int check_iommufd(const struct hf_manifest *m,
			 const struct hf_manifest_iommufd *f,
			 struct hf_error *err)
{
	size_t i;
	int ret;

	if (!good_text(f->name, HF_NAME_MAX, false))
		return BAD("an iommufd's name is empty, too long or has odd characters");
	if (!f->n_ioas)
		return BAD("iommufd %s has no IOAS", f->name);
	for (i = 0; i < f->n_ioas; i++) {
		if (!f->ioas[i].id)
			return BAD("IOAS ID 0 does not exist");
		if (i && f->ioas[i].id <= f->ioas[i - 1].id)
			return BAD("IOAS IDs of %s are not in order", f->name);
		if (!f->ioas[i].has_table && f->ioas[i].table.n)
			return BAD("IOAS %u has extents but no table",
				   f->ioas[i].id);
		ret = check_table(m, &f->ioas[i], err);
		if (ret)
			return ret;
	}
	for (i = 0; i < f->n_device_ids; i++) {
		if (!f->device_ids[i])
			return BAD("device ID 0 does not exist");
		if (i && f->device_ids[i] <= f->device_ids[i - 1])
			return BAD("device IDs of %s are not in order", f->name);
	}
	return 0;
}

static const struct hf_manifest_iommufd *
find_iommufd(const struct hf_manifest *m, uint64_t token)
{
	size_t i;

	for (i = 0; i < m->n_iommufd; i++)
		if (m->iommufd[i].token == token)
			return &m->iommufd[i];
	return NULL;
}

static int check_device(const struct hf_manifest *m, size_t at,
			struct hf_error *err)
{
	const struct hf_manifest_device *d = &m->device[at];
	const struct hf_manifest_iommufd *f;
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;

	hf_pci_format(&d->addr, bdf);
	if (d->name[0] && !good_text(d->name, HF_NAME_MAX, false))
		return BAD("the name of device %s is too long or has odd characters",
			   bdf);
	for (i = 0; i < at; i++)
		if (hf_pci_equal(&m->device[i].addr, &d->addr))
			return BAD("device %s is listed twice", bdf);
	if (d->ids.vendor > 0xffff || d->ids.device > 0xffff ||
	    d->ids.subsystem_vendor > 0xffff ||
	    d->ids.subsystem_device > 0xffff || d->ids.revision > 0xff ||
	    d->ids.class_code > 0xffffff)
		return BAD("device %s: an identification is too large", bdf);
	if (!d->iommufd) {
		if (d->ioas || d->device_id)
			return BAD("device %s: IDs without an iommufd", bdf);
		return 0;
	}
	f = find_iommufd(m, d->iommufd);
	if (!f)
		return BAD("device %s refers to iommufd %" PRIu64 ", which is not listed",
			   bdf, d->iommufd);
	if (!(f->clients & d->clients))
		return BAD("device %s refers to iommufd %s of another driver",
			   bdf, f->name);
	if (d->device_id) {
		for (i = 0; i < f->n_device_ids; i++)
			if (f->device_ids[i] == d->device_id)
				break;
		if (i == f->n_device_ids)
			return BAD("device %s: ID %u is not one of %s", bdf,
				   d->device_id, f->name);
	}
	if (d->ioas) {
		for (i = 0; i < f->n_ioas; i++)
			if (f->ioas[i].id == d->ioas)
				break;
		if (i == f->n_ioas)
			return BAD("device %s: IOAS %u is not one of %s", bdf,
				   d->ioas, f->name);
		if (!f->ioas[i].has_table)
			return BAD("device %s: IOAS %u has no table", bdf,
				   d->ioas);
	}
	return 0;
}

int hf_manifest_check(const struct hf_manifest *m, struct hf_error *err)
{
	size_t i;
	int ret;

	if (!good_text(m->session, HF_LUO_NAME_MAX, true))
		return BAD("the session name is empty, too long or has odd characters");
	if (!good_text(m->release, HF_RELEASE_MAX, true))
		return BAD("the kernel release is empty, too long or has odd characters");
	if (m->page_size < 4096 || m->page_size & (m->page_size - 1))
		return BAD("page size %u is none", m->page_size);
	if (m->n_memfd > HF_MANIFEST_MAX_OBJECTS ||
	    m->n_iommufd > HF_MANIFEST_MAX_OBJECTS ||
	    m->n_device > HF_MANIFEST_MAX_OBJECTS)
		return BAD("it lists too many objects");
	ret = check_clients(m, err);
	if (ret)
		return ret;
	for (i = 0; i < m->n_memfd; i++)
		if (!good_text(m->memfd[i].name, HF_NAME_MAX, false))
			return BAD("a memfd's name is empty, too long or has odd characters");
	for (i = 0; i < m->n_iommufd; i++) {
		ret = check_iommufd(m, &m->iommufd[i], err);
		if (ret)
			return ret;
	}
	for (i = 0; i < m->n_device; i++) {
		ret = check_device(m, i, err);
		if (ret)
			return ret;
	}
	ret = check_tokens(m, err);
	return ret ? ret : check_names(m, err);
}
