// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing the tree, in one pass and with libfdt's sequential calls. Their errors
 * are collected: all they can say here is that the buffer was too small.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "manifest_format.h"

struct out {
	void *fdt;
	int err;
};

static void note(struct out *o, int ret)
{
	if (ret && !o->err)
		o->err = ret;
}

static void begin(struct out *o, const char *name)
{
	note(o, fdt_begin_node(o->fdt, name));
}

static void begin_unit(struct out *o, const char *name, uint64_t unit)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%s@%llx", name, (unsigned long long)unit);
	begin(o, buf);
}

static void end(struct out *o)
{
	note(o, fdt_end_node(o->fdt));
}

static void str(struct out *o, const char *name, const char *val)
{
	note(o, fdt_property_string(o->fdt, name, val));
}

static void u32(struct out *o, const char *name, uint32_t val)
{
	note(o, fdt_property_u32(o->fdt, name, val));
}

static void u64(struct out *o, const char *name, uint64_t val)
{
	note(o, fdt_property_u64(o->fdt, name, val));
}

static void put_table(struct out *o, const struct hf_extents *t)
{
	uint8_t digest[HF_SHA256_SIZE];
	void *p = NULL;
	uint64_t be[3];
	size_t i;
	int ret;

	u64(o, "bytes", t->bytes);
	hf_extents_digest(t, digest);
	note(o, fdt_property(o->fdt, "sha256", digest, sizeof(digest)));
	ret = fdt_property_placeholder(o->fdt, "extents",
				       (int)(t->n * sizeof(be)), &p);
	note(o, ret);
	if (ret)
		return;
	for (i = 0; i < t->n; i++) {
		be[0] = htobe64(t->v[i].iova);
		be[1] = htobe64(t->v[i].phys);
		be[2] = htobe64(t->v[i].length);
		/* Properties are aligned to 4 only. */
		memcpy((char *)p + i * sizeof(be), be, sizeof(be));
	}
}

static void put_iommufd(struct out *o, const struct hf_manifest_iommufd *f)
{
	void *p = NULL;
	size_t i;
	int ret;

	begin_unit(o, "iommufd", f->token);
	u64(o, "token", f->token);
	u64(o, "clients", f->clients);
	str(o, "name", f->name);
	ret = fdt_property_placeholder(o->fdt, "device-ids",
				       (int)(f->n_device_ids * 4), &p);
	note(o, ret);
	for (i = 0; !ret && i < f->n_device_ids; i++) {
		uint32_t be = htobe32(f->device_ids[i]);

		memcpy((char *)p + i * 4, &be, 4);
	}
	for (i = 0; i < f->n_ioas; i++) {
		begin_unit(o, "ioas", f->ioas[i].id);
		u32(o, "id", f->ioas[i].id);
		if (f->ioas[i].has_table)
			put_table(o, &f->ioas[i].table);
		end(o);
	}
	end(o);
}

static void put_device(struct out *o, const struct hf_manifest_device *d)
{
	char bdf[HF_PCI_ADDR_LEN];

	begin_unit(o, "device", d->token);
	u64(o, "token", d->token);
	u64(o, "clients", d->clients);
	if (d->name[0])
		str(o, "name", d->name);
	str(o, "address", hf_pci_format(&d->addr, bdf));
	u32(o, "vendor", d->ids.vendor);
	u32(o, "device", d->ids.device);
	u32(o, "subsystem-vendor", d->ids.subsystem_vendor);
	u32(o, "subsystem-device", d->ids.subsystem_device);
	u32(o, "revision", d->ids.revision);
	u32(o, "class", d->ids.class_code);
	if (d->iommufd)
		u64(o, "iommufd", d->iommufd);
	if (d->device_id)
		u32(o, "device-id", d->device_id);
	if (d->ioas)
		u32(o, "ioas", d->ioas);
	end(o);
}

static void put_client(struct out *o, const struct hf_manifest_client *c,
		       size_t id)
{
	begin_unit(o, "client", id);
	u32(o, "id", (uint32_t)id);
	str(o, "name", c->name);
	if (c->has_owner) {
		u32(o, "uid", c->uid);
		u32(o, "gid", c->gid);
	}
	if (c->session[0])
		str(o, "session", c->session);
	end(o);
}

static void put_tree(struct out *o, const struct hf_manifest *m)
{
	size_t i;

	note(o, fdt_finish_reservemap(o->fdt));
	begin(o, "");
	str(o, "compatible", HF_MANIFEST_COMPATIBLE);
	str(o, "session", m->session);
	str(o, "kernel-release", m->release);
	/* What a reader of version 1 knows, and it knows of one driver only */
	if (m->n_client == 1)
		str(o, "driver", m->client[0].name);
	u32(o, "page-size", m->page_size);
	u64(o, "tsc", m->tsc);
	u64(o, "realtime-ns", m->realtime_ns);
	begin(o, "clients");
	for (i = 0; i < m->n_client; i++)
		put_client(o, &m->client[i], i);
	end(o);
	begin(o, "memfds");
	for (i = 0; i < m->n_memfd; i++) {
		begin_unit(o, "memfd", m->memfd[i].token);
		u64(o, "token", m->memfd[i].token);
		u64(o, "clients", m->memfd[i].clients);
		str(o, "name", m->memfd[i].name);
		u64(o, "size", m->memfd[i].size);
		end(o);
	}
	end(o);
	begin(o, "iommufds");
	for (i = 0; i < m->n_iommufd; i++)
		put_iommufd(o, &m->iommufd[i]);
	end(o);
	begin(o, "devices");
	for (i = 0; i < m->n_device; i++)
		put_device(o, &m->device[i]);
	end(o);
	end(o);
	note(o, fdt_finish(o->fdt));
}

/*
 * The oldest reader: 1 knows one driver only, 2 wants an iommufd and a device of
 * each. What else is new can be skipped.
 */
static uint32_t oldest_reader(const struct hf_manifest *m)
{
	uint64_t all = hf_manifest_bit(m->n_client - 1) * 2 - 1;
	uint64_t iommufds = 0, devices = 0;
	size_t i;

	for (i = 0; i < m->n_iommufd; i++)
		iommufds |= m->iommufd[i].clients;
	for (i = 0; i < m->n_device; i++)
		devices |= m->device[i].clients;
	if ((iommufds & devices) != all)
		return 3;
	return m->n_client == 1 ? 1 : 2;
}

/* Room that is always enough: a property costs 12 bytes beyond its value. */
static size_t bound(const struct hf_manifest *m)
{
	size_t n = 4096 + 1024 * (m->n_client + m->n_memfd + m->n_iommufd +
				  m->n_device);
	size_t i, j;

	for (i = 0; i < m->n_iommufd; i++) {
		n += 4 * m->iommufd[i].n_device_ids;
		for (j = 0; j < m->iommufd[i].n_ioas; j++)
			n += 256 + 24 * m->iommufd[i].ioas[j].table.n;
	}
	return n;
}

int hf_manifest_encode(const struct hf_manifest *m, void **blob, size_t *len,
		       struct hf_error *err)
{
	struct hf_manifest_header h = {
		.magic = HF_MANIFEST_MAGIC,
		.version = htole32(HF_MANIFEST_VERSION),
		.header_size = htole32(HF_MANIFEST_HEADER_SIZE),
	};
	size_t room = sizeof(h) + bound(m);
	struct out o = {};
	char *buf;
	int ret;

	ret = hf_manifest_check(m, err);
	if (ret)
		return ret;
	h.compat = htole32(oldest_reader(m));
	if (room > HF_MANIFEST_MAX)
		return hf_fail(err, -EFBIG,
			       "manifest: the tables are too large (%zu bytes of at most %zu): memory is too fragmented",
			       room, HF_MANIFEST_MAX);
	buf = calloc(1, room);
	if (!buf)
		return hf_fail(err, -ENOMEM, "out of memory");
	o.fdt = buf + sizeof(h);
	note(&o, fdt_create(o.fdt, (int)(room - sizeof(h))));
	put_tree(&o, m);
	if (o.err) {
		free(buf);
		return hf_fail(err, -ENOMEM, "manifest: %s",
			       fdt_strerror(o.err));
	}
	memcpy(buf, &h, sizeof(h));
	*len = sizeof(h) + fdt_totalsize(o.fdt);
	hf_manifest_seal(buf, *len);
	*blob = buf;
	return 0;
}
