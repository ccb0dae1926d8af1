// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a manifest that may be anything at all.
 *
 * Four walls, in this order: the header (magic, version, sizes), the checksum
 * over everything, libfdt's walk over the whole tree, and a table of what each
 * node must and may contain. Only then are values taken over, and what they mean
 * together is left to hf_manifest_check(). Every refusal has its own words.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "manifest_format.h"

struct in {
	const void *fdt;
	uint32_t version;	/* of the writer */
	bool newer;		/* written by a newer agent: skip the unknown */
	struct hf_error *err;
};

enum type { U32, U64, STR, BYTES };

/*
 * One property a node may have. @dst: where the value goes (BYTES: nowhere);
 * @size: room of a string, or the granule of BYTES.
 */
struct field {
	const char *name;
	enum type type;
	bool optional;
	bool unused;		/* not a property of this version */
	void *dst;
	size_t size;
	const void *raw;
	int len;
};

#define TREE_VERSION 17

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BAD(...) hf_fail(in->err, -EBADMSG, "manifest: " __VA_ARGS__)

static const char *node_path(const struct in *in, int node, char *buf, int len)
{
	if (fdt_get_path(in->fdt, node, buf, len))
		snprintf(buf, (size_t)len, "node at %d", node);
	return buf;
}

static int take(const struct in *in, const char *path, struct field *f)
{
	uint32_t v32;
	uint64_t v64;
	size_t n = (size_t)f->len;

	switch (f->type) {
	case U32:
		if (n != sizeof(v32))
			return BAD("%s of %s has %d bytes instead of 4",
				   f->name, path, f->len);
		memcpy(&v32, f->raw, sizeof(v32));
		*(uint32_t *)f->dst = be32toh(v32);
		return 0;
	case U64:
		if (n != sizeof(v64))
			return BAD("%s of %s has %d bytes instead of 8",
				   f->name, path, f->len);
		memcpy(&v64, f->raw, sizeof(v64));
		*(uint64_t *)f->dst = be64toh(v64);
		return 0;
	case STR:
		if (!n || memchr(f->raw, '\0', n) != (const char *)f->raw + n - 1)
			return BAD("%s of %s is not one terminated string",
				   f->name, path);
		if (n > f->size)
			return BAD("%s of %s is too long (%d bytes)", f->name,
				   path, f->len);
		memcpy(f->dst, f->raw, n);
		return 0;
	case BYTES:
		if (n % f->size)
			return BAD("%s of %s has %d bytes, not a multiple of %zu",
				   f->name, path, f->len, f->size);
		return 0;
	}
	return -EINVAL;
}

/* Reads all properties of @node: each listed one once, and no others. */
static int read_fields(const struct in *in, int node, struct field *f,
		       size_t n)
{
	char path[256];
	size_t i;
	int prop, ret;

	node_path(in, node, path, sizeof(path));
	fdt_for_each_property_offset(prop, in->fdt, node) {
		const char *name;
		const void *raw;
		int len;

		raw = fdt_getprop_by_offset(in->fdt, prop, &name, &len);
		if (!raw)
			return BAD("a property of %s is broken: %s", path,
				   fdt_strerror(len));
		for (i = 0; i < n; i++)
			if (!f[i].unused && !strcmp(f[i].name, name))
				break;
		if (i == n) {
			if (in->newer)
				continue;
			return BAD("%s has an unknown property %.40s", path,
				   name);
		}
		if (f[i].raw)
			return BAD("%s of %s is there twice", name, path);
		f[i].raw = raw;
		f[i].len = len;
		ret = take(in, path, &f[i]);
		if (ret)
			return ret;
	}
	if (prop != -FDT_ERR_NOTFOUND)
		return BAD("the properties of %s cannot be walked: %s", path,
			   fdt_strerror(prop));
	for (i = 0; i < n; i++)
		if (!f[i].raw && !f[i].optional && !f[i].unused)
			return BAD("%s of %s is missing", f[i].name, path);
	return 0;
}

static int no_subnodes(const struct in *in, int node)
{
	char path[256];
	int sub = fdt_first_subnode(in->fdt, node);

	if (sub == -FDT_ERR_NOTFOUND || in->newer)
		return 0;
	return BAD("%s has a subnode", node_path(in, node, path, sizeof(path)));
}

/* "@base@UNIT" is the name a node must have. */
static int check_name(const struct in *in, int node, const char *base,
		      uint64_t unit)
{
	char want[64];
	const char *name = fdt_get_name(in->fdt, node, NULL);

	snprintf(want, sizeof(want), "%s@%llx", base, (unsigned long long)unit);
	if (name && !strcmp(name, want))
		return 0;
	return BAD("node %.60s should be called %s", name ? name : "?", want);
}

static bool is_kind(const struct in *in, int node, const char *base)
{
	const char *name = fdt_get_name(in->fdt, node, NULL);
	size_t n = strlen(base);

	return name && !strncmp(name, base, n) && name[n] == '@';
}

/*
 * Counts the subnodes of @node that are called @base@..., refusing others, and
 * allocates @size bytes for each.
 */
static int alloc_children(const struct in *in, int node, const char *base,
			  size_t size, void **v, size_t *n)
{
	char path[256];
	size_t count = 0;
	int sub;

	*v = NULL;
	*n = 0;
	fdt_for_each_subnode(sub, in->fdt, node) {
		if (is_kind(in, sub, base))
			count++;
		else if (!in->newer)
			return BAD("%s has an unknown node %.60s",
				   node_path(in, node, path, sizeof(path)),
				   fdt_get_name(in->fdt, sub, NULL));
	}
	if (sub != -FDT_ERR_NOTFOUND)
		return BAD("the nodes of %s cannot be walked: %s",
			   node_path(in, node, path, sizeof(path)),
			   fdt_strerror(sub));
	if (count > HF_MANIFEST_MAX_OBJECTS)
		return BAD("%s has %zu nodes, more than %d",
			   node_path(in, node, path, sizeof(path)), count,
			   HF_MANIFEST_MAX_OBJECTS);
	*v = calloc(count ? count : 1, size);
	if (!*v)
		return hf_fail(in->err, -ENOMEM, "out of memory");
	*n = count;
	return 0;
}

/*
 * The property that says whose an object is. A writer of version 1 knew of one
 * driver only: all is his.
 */
static struct field clients_field(const struct in *in, uint64_t *dst)
{
	struct field f = { .name = "clients", .type = U64, .dst = dst };

	if (in->version == 1) {
		*dst = hf_manifest_bit(0);
		f.unused = true;
	}
	return f;
}

static int read_clients(const struct in *in, int node, struct hf_manifest *m)
{
	size_t i = 0;
	int sub, ret;
	void *v;

	ret = alloc_children(in, node, "client", sizeof(*m->client), &v,
			     &m->n_client);
	m->client = v;
	if (ret)
		return ret;
	fdt_for_each_subnode(sub, in->fdt, node) {
		struct hf_manifest_client *c = &m->client[i];
		const bool old = in->version < 3;
		uint32_t id = 0;
		struct field f[] = {
			{ .name = "id", .type = U32, .dst = &id },
			{ .name = "name", .type = STR, .dst = c->name,
			  .size = sizeof(c->name) },
			{ .name = "uid", .type = U32, .dst = &c->uid,
			  .optional = true, .unused = old },
			{ .name = "gid", .type = U32, .dst = &c->gid,
			  .optional = true, .unused = old },
			{ .name = "session", .type = STR, .dst = c->session,
			  .size = sizeof(c->session), .optional = true,
			  .unused = old },
		};

		if (!is_kind(in, sub, "client"))
			continue;
		ret = read_fields(in, sub, f, COUNT(f));
		if (!ret)
			ret = no_subnodes(in, sub);
		if (!ret)
			ret = check_name(in, sub, "client", id);
		if (ret)
			return ret;
		if (!f[2].raw != !f[3].raw)
			return BAD("driver %s: uid and gid come together",
				   c->name);
		c->has_owner = f[2].raw;
		if (f[4].raw && !c->session[0])
			return BAD("driver %s: its session has no name",
				   c->name);
		if (id != i)
			return BAD("driver %s has ID %u instead of %zu",
				   c->name, id, i);
		i++;
	}
	return 0;
}

static int read_memfds(const struct in *in, int node, struct hf_manifest *m)
{
	size_t i = 0;
	int sub, ret;
	void *v;

	ret = alloc_children(in, node, "memfd", sizeof(*m->memfd), &v,
			     &m->n_memfd);
	m->memfd = v;
	if (ret)
		return ret;
	fdt_for_each_subnode(sub, in->fdt, node) {
		struct hf_manifest_memfd *d = &m->memfd[i];
		struct field f[] = {
			{ .name = "token", .type = U64, .dst = &d->token },
			clients_field(in, &d->clients),
			{ .name = "name", .type = STR, .dst = d->name,
			  .size = sizeof(d->name) },
			{ .name = "size", .type = U64, .dst = &d->size },
		};

		if (!is_kind(in, sub, "memfd"))
			continue;
		i++;
		ret = read_fields(in, sub, f, COUNT(f));
		if (!ret)
			ret = no_subnodes(in, sub);
		if (!ret)
			ret = check_name(in, sub, "memfd", d->token);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_table(const struct in *in, struct hf_manifest_ioas *io,
		      const struct field *extents, const struct field *digest,
		      uint64_t bytes)
{
	size_t n = (size_t)extents->len / 24, i;
	uint8_t real[HF_SHA256_SIZE];
	uint64_t be[3];

	io->table.v = calloc(n ? n : 1, sizeof(*io->table.v));
	if (!io->table.v)
		return hf_fail(in->err, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		memcpy(be, (const char *)extents->raw + i * sizeof(be),
		       sizeof(be));
		io->table.v[i].iova = be64toh(be[0]);
		io->table.v[i].phys = be64toh(be[1]);
		io->table.v[i].length = be64toh(be[2]);
	}
	io->table.n = n;
	io->table.cap = n;
	io->table.bytes = bytes;
	if (digest->len != HF_SHA256_SIZE)
		return BAD("IOAS %u: its digest has %d bytes instead of %d",
			   io->id, digest->len, HF_SHA256_SIZE);
	hf_extents_digest(&io->table, real);
	if (memcmp(real, digest->raw, sizeof(real)))
		return BAD("IOAS %u: the digest does not match its extents",
			   io->id);
	return 0;
}

static int read_ioas(const struct in *in, int node, struct hf_manifest_ioas *io)
{
	uint64_t bytes = 0;
	struct field f[] = {
		{ .name = "id", .type = U32, .dst = &io->id },
		{ .name = "bytes", .type = U64, .dst = &bytes,
		  .optional = true },
		{ .name = "sha256", .type = BYTES, .size = 1,
		  .optional = true },
		{ .name = "extents", .type = BYTES, .size = 24,
		  .optional = true },
	};
	int ret = read_fields(in, node, f, COUNT(f));

	if (!ret)
		ret = no_subnodes(in, node);
	if (!ret)
		ret = check_name(in, node, "ioas", io->id);
	if (ret)
		return ret;
	if (!f[1].raw && !f[2].raw && !f[3].raw)
		return 0;
	if (!f[1].raw || !f[2].raw || !f[3].raw)
		return BAD("IOAS %u: bytes, sha256 and extents come together",
			   io->id);
	io->has_table = true;
	return read_table(in, io, &f[3], &f[2], bytes);
}

static int read_iommufd(const struct in *in, int node,
			struct hf_manifest_iommufd *d)
{
	struct field f[] = {
		{ .name = "token", .type = U64, .dst = &d->token },
		{ .name = "name", .type = STR, .dst = d->name,
		  .size = sizeof(d->name) },
		{ .name = "device-ids", .type = BYTES, .size = 4 },
		clients_field(in, &d->clients),
	};
	size_t i = 0, n;
	int sub, ret;
	void *v;

	ret = read_fields(in, node, f, COUNT(f));
	if (!ret)
		ret = check_name(in, node, "iommufd", d->token);
	if (ret)
		return ret;

	n = (size_t)f[2].len / 4;
	if (n > HF_MANIFEST_MAX_OBJECTS)
		return BAD("iommufd %s has %zu device IDs, more than %d",
			   d->name, n, HF_MANIFEST_MAX_OBJECTS);
	d->device_ids = calloc(n ? n : 1, sizeof(*d->device_ids));
	if (!d->device_ids)
		return hf_fail(in->err, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		uint32_t be;

		memcpy(&be, (const char *)f[2].raw + i * 4, sizeof(be));
		d->device_ids[i] = be32toh(be);
	}
	d->n_device_ids = n;

	ret = alloc_children(in, node, "ioas", sizeof(*d->ioas), &v,
			     &d->n_ioas);
	d->ioas = v;
	if (ret)
		return ret;
	i = 0;
	fdt_for_each_subnode(sub, in->fdt, node) {
		if (!is_kind(in, sub, "ioas"))
			continue;
		ret = read_ioas(in, sub, &d->ioas[i++]);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_iommufds(const struct in *in, int node, struct hf_manifest *m)
{
	size_t i = 0;
	int sub, ret;
	void *v;

	ret = alloc_children(in, node, "iommufd", sizeof(*m->iommufd), &v,
			     &m->n_iommufd);
	m->iommufd = v;
	if (ret)
		return ret;
	fdt_for_each_subnode(sub, in->fdt, node) {
		if (!is_kind(in, sub, "iommufd"))
			continue;
		ret = read_iommufd(in, sub, &m->iommufd[i++]);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_device(const struct in *in, int node,
		       struct hf_manifest_device *d)
{
	char bdf[HF_PCI_ADDR_LEN] = "";
	struct field f[] = {
		{ .name = "token", .type = U64, .dst = &d->token },
		clients_field(in, &d->clients),
		{ .name = "name", .type = STR, .dst = d->name,
		  .size = sizeof(d->name), .optional = true,
		  .unused = in->version < 3 },
		{ .name = "address", .type = STR, .dst = bdf,
		  .size = sizeof(bdf) },
		{ .name = "vendor", .type = U32, .dst = &d->ids.vendor },
		{ .name = "device", .type = U32, .dst = &d->ids.device },
		{ .name = "subsystem-vendor", .type = U32,
		  .dst = &d->ids.subsystem_vendor },
		{ .name = "subsystem-device", .type = U32,
		  .dst = &d->ids.subsystem_device },
		{ .name = "revision", .type = U32, .dst = &d->ids.revision },
		{ .name = "class", .type = U32, .dst = &d->ids.class_code },
		{ .name = "iommufd", .type = U64, .dst = &d->iommufd,
		  .optional = true },
		{ .name = "device-id", .type = U32, .dst = &d->device_id,
		  .optional = true },
		{ .name = "ioas", .type = U32, .dst = &d->ioas,
		  .optional = true },
	};
	int ret = read_fields(in, node, f, COUNT(f));

	if (!ret)
		ret = no_subnodes(in, node);
	if (!ret)
		ret = check_name(in, node, "device", d->token);
	if (ret)
		return ret;
	if (hf_pci_parse(bdf, &d->addr))
		return BAD("\"%s\" is no PCI address", bdf);
	return 0;
}

static int read_devices(const struct in *in, int node, struct hf_manifest *m)
{
	size_t i = 0;
	int sub, ret;
	void *v;

	ret = alloc_children(in, node, "device", sizeof(*m->device), &v,
			     &m->n_device);
	m->device = v;
	if (ret)
		return ret;
	fdt_for_each_subnode(sub, in->fdt, node) {
		if (!is_kind(in, sub, "device"))
			continue;
		ret = read_device(in, sub, &m->device[i++]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * What readers of version 1 go by: the driver. In that version it is all there
 * is, later it is there if it says all, and then it says the same.
 */
static int take_driver(const struct in *in, struct hf_manifest *m,
		       const struct field *there, const char *driver)
{
	if (in->version == 1) {
		m->client = calloc(1, sizeof(*m->client));
		if (!m->client)
			return hf_fail(in->err, -ENOMEM, "out of memory");
		m->n_client = 1;
		strcpy(m->client->name, driver);
		return 0;
	}
	if (there->raw &&
	    (m->n_client != 1 || strcmp(driver, m->client->name)))
		return BAD("driver of / is \"%.40s\", which is not what its clients say",
			   driver);
	return 0;
}

static int read_root(const struct in *in, struct hf_manifest *m)
{
	char compatible[sizeof(HF_MANIFEST_COMPATIBLE)] = "";
	char driver[sizeof(m->client->name)] = "";
	struct field f[] = {
		{ .name = "compatible", .type = STR, .dst = compatible,
		  .size = sizeof(compatible) },
		{ .name = "session", .type = STR, .dst = m->session,
		  .size = sizeof(m->session) },
		{ .name = "kernel-release", .type = STR, .dst = m->release,
		  .size = sizeof(m->release) },
		{ .name = "driver", .type = STR, .dst = driver,
		  .size = sizeof(driver), .optional = in->version > 1 },
		{ .name = "page-size", .type = U32, .dst = &m->page_size },
		{ .name = "tsc", .type = U64, .dst = &m->tsc },
		{ .name = "realtime-ns", .type = U64, .dst = &m->realtime_ns },
	};
	const struct {
		const char *name;
		int (*read)(const struct in *in, int node,
			    struct hf_manifest *m);
	} part[] = {
		{ "clients", read_clients },
		{ "memfds", read_memfds },
		{ "iommufds", read_iommufds },
		{ "devices", read_devices },
	};
	bool seen[COUNT(part)] = {};
	/* Version 1 has no clients, but a driver. */
	const size_t first = in->version == 1;
	size_t i;
	int sub, ret;

	ret = read_fields(in, 0, f, COUNT(f));
	if (ret)
		return ret;
	if (strcmp(compatible, HF_MANIFEST_COMPATIBLE))
		return BAD("the tree is \"%s\", not \"%s\"", compatible,
			   HF_MANIFEST_COMPATIBLE);
	fdt_for_each_subnode(sub, in->fdt, 0) {
		const char *name = fdt_get_name(in->fdt, sub, NULL);
		struct field none[1];

		for (i = first; i < COUNT(part); i++)
			if (name && !strcmp(name, part[i].name))
				break;
		if (i == COUNT(part)) {
			if (in->newer)
				continue;
			return BAD("there is an unknown node %.60s",
				   name ? name : "?");
		}
		if (seen[i])
			return BAD("node %s is there twice", name);
		seen[i] = true;
		ret = read_fields(in, sub, none, 0);
		if (!ret)
			ret = part[i].read(in, sub, m);
		if (ret)
			return ret;
	}
	if (sub != -FDT_ERR_NOTFOUND)
		return BAD("the nodes of the tree cannot be walked: %s",
			   fdt_strerror(sub));
	for (i = first; i < COUNT(part); i++)
		if (!seen[i])
			return BAD("node %s is missing", part[i].name);
	return take_driver(in, m, &f[3], driver);
}

static int read_header(struct in *in, const void *blob, size_t len)
{
	struct hf_manifest_header h;
	uint8_t digest[HF_SHA256_SIZE];
	uint32_t version, compat;
	uint64_t tree;

	if (len < sizeof(h))
		return BAD("%zu bytes are too few for its header", len);
	if (len > HF_MANIFEST_MAX)
		return BAD("%zu bytes are more than any manifest has", len);
	memcpy(&h, blob, sizeof(h));
	if (memcmp(h.magic, HF_MANIFEST_MAGIC, sizeof(h.magic)))
		return BAD("it does not begin with \"" HF_MANIFEST_MAGIC "\": this is something else");
	version = le32toh(h.version);
	compat = le32toh(h.compat);
	tree = le64toh(h.tree_size);
	if (!version || !compat || compat > version)
		return BAD("its version %u (readable from %u on) makes no sense",
			   version, compat);
	if (compat > HF_MANIFEST_VERSION)
		return hf_fail(in->err, -EPROTONOSUPPORT,
			       "manifest: it was written by a newer holdfast (version %u) and needs a reader of version %u; this one is version %d",
			       version, compat, HF_MANIFEST_VERSION);
	if (le32toh(h.header_size) != sizeof(h))
		return BAD("its header claims %u bytes instead of %zu",
			   le32toh(h.header_size), sizeof(h));
	if (h.reserved)
		return BAD("a reserved field of its header is not 0");
	if (tree != len - sizeof(h))
		return BAD("it claims a tree of %llu bytes, but %zu are there: cut short or grown",
			   (unsigned long long)tree, len - sizeof(h));
	hf_manifest_header_digest(blob, len, digest);
	if (memcmp(digest, h.sha256, sizeof(digest)))
		return BAD("the checksum does not match: its contents were damaged");
	in->version = version;
	in->newer = version > HF_MANIFEST_VERSION;
	in->fdt = (const char *)blob + sizeof(h);
	return 0;
}

int hf_manifest_decode(const void *blob, size_t len, struct hf_manifest *m,
		       struct hf_error *err)
{
	struct in input = { .err = err }, *in = &input;
	size_t tree;
	int ret;

	hf_manifest_init(m);
	ret = read_header(in, blob, len);
	if (ret)
		return ret;

	tree = len - HF_MANIFEST_HEADER_SIZE;
	/* fdt_check_full() looks at the header before it knows the size. */
	if (tree < sizeof(struct fdt_header))
		return BAD("%zu bytes are too few for a tree", tree);
	if (fdt_magic(in->fdt) != FDT_MAGIC)
		return BAD("its tree does not begin with the magic of one");
	/*
	 * Only the version that is written: before 16, names are stored in
	 * another way, and fdt_check_full() of libfdt 1.6 takes a name it could
	 * not find for one it could.
	 */
	if (fdt_version(in->fdt) != TREE_VERSION)
		return BAD("its tree has version %u instead of %d",
			   fdt_version(in->fdt), TREE_VERSION);
	ret = fdt_check_full(in->fdt, tree);
	if (ret)
		return BAD("its tree is broken: %s", fdt_strerror(ret));
	if (fdt_totalsize(in->fdt) != tree)
		return BAD("its tree has %u bytes instead of %zu",
			   fdt_totalsize(in->fdt), tree);

	ret = read_root(in, m);
	if (!ret)
		ret = hf_manifest_check(m, err);
	if (ret)
		hf_manifest_free(m);
	return ret;
}
