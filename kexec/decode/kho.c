// SPDX-License-Identifier: GPL-2.0-only
/*
 * KHO's tree: include/linux/kho/abi/kexec_handover.h. A flattened device tree with
 * the address of the map of preserved memory, and a node for each user of KHO.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "abi.h"
#include "decode.h"

/* Users of KHO write small things, or lists of their own. */
#define MAX_BLOB	(1u << 20)

/* Numbers are as the machine has them, not big-endian. */
static bool get_u64(const void *fdt, int node, const char *name, u64 *val)
{
	const void *p;
	int len;

	p = fdt_getprop(fdt, node, name, &len);
	if (!p || len != sizeof(*val))
		return false;
	memcpy(val, p, sizeof(*val));
	return true;
}

static bool fdt_good(struct hk_decode *d, const void *fdt, size_t len,
		     const char *what)
{
	int ret = -FDT_ERR_TRUNCATED;

	/* fdt_check_full() of libfdt 1.6 does not survive versions before 16. */
	if (len >= FDT_V1_SIZE && fdt_magic(fdt) != FDT_MAGIC)
		ret = -FDT_ERR_BADMAGIC;
	else if (len >= sizeof(struct fdt_header))
		ret = fdt_version(fdt) == 17 ? fdt_check_full(fdt, len) :
		      -FDT_ERR_BADVERSION;
	if (!ret)
		return true;
	return hk_damaged(d, "%s: no flattened device tree: %s", what,
			  fdt_strerror(ret));
}

static bool is_compatible(const void *fdt, int node, const char *want)
{
	const char *p;
	int len;

	p = fdt_getprop(fdt, node, "compatible", &len);
	return p && len == (int)strlen(want) + 1 && !memcmp(p, want, len);
}

static void decode_metadata(struct hk_decode *d, const void *blob, size_t len)
{
	const struct hk_metadata *m = blob;

	if (len < sizeof(*m)) {
		hk_damaged(d, "kexec-metadata has %zu bytes of %zu", len,
			   sizeof(*m));
		return;
	}
	if (m->version != HK_METADATA_VERSION) {
		hk_damaged(d, "kexec-metadata has version %u, known is %d",
			   m->version, HK_METADATA_VERSION);
		return;
	}
	hk_out_object(d->out, "kexec");
	hk_out_bytes(d->out, "previous_release", m->previous_release,
		     sizeof(m->previous_release));
	hk_out_u64(d->out, "count", m->kexec_count);
	hk_out_object_end(d->out);
}

/* Memory of reserve_mem= */
static void decode_memblock(struct hk_decode *d, const void *fdt, size_t len)
{
	u64 start, size;
	int node;

	if (!fdt_good(d, fdt, len, "memblock"))
		return;
	if (!is_compatible(fdt, 0, HK_MEMBLOCK_COMPATIBLE)) {
		hk_damaged(d, "memblock: its tree is not \"" HK_MEMBLOCK_COMPATIBLE "\"");
		return;
	}
	hk_out_list(d->out, "reserved");
	fdt_for_each_subnode(node, fdt, 0) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (!is_compatible(fdt, node, HK_RESERVE_COMPATIBLE) ||
		    !get_u64(fdt, node, "start", &start) ||
		    !get_u64(fdt, node, "size", &size)) {
			hk_damaged(d, "memblock: node \"%s\" is not \"" HK_RESERVE_COMPATIBLE "\"",
				   name ? name : "?");
			continue;
		}
		hk_out_row(d->out);
		hk_out_str(d->out, "name", name ? name : "?");
		hk_out_hex(d->out, "phys", start);
		hk_out_u64(d->out, "bytes", size);
		hk_out_row_end(d->out);
	}
	hk_out_list_end(d->out);
}

static const struct hk_sub *find_sub(const struct hk_blobs *b, const char *name)
{
	size_t i;

	for (i = 0; i < b->n_sub; i++)
		if (!strcmp(b->sub[i].name, name))
			return &b->sub[i];
	return NULL;
}

static void decode_blob(struct hk_decode *d, const char *name, const void *blob,
			size_t len)
{
	if (!strcmp(name, HK_LUO_NAME))
		hk_decode_luo(d, blob, len);
	else if (!strcmp(name, HK_METADATA_NAME))
		decode_metadata(d, blob, len);
	else if (!strcmp(name, HK_MEMBLOCK_NAME))
		decode_memblock(d, blob, len);
}

static void decode_user(struct hk_decode *d, const struct hk_blobs *b,
			const char *name, int node)
{
	const struct hk_sub *sub = find_sub(b, name);
	char what[80];
	u64 phys, len;
	void *blob;

	if (!get_u64(b->fdt, node, HK_KHO_DATA, &phys) ||
	    !get_u64(b->fdt, node, HK_KHO_SIZE, &len)) {
		hk_damaged(d, "KHO's tree: node \"%s\" does not say where its data are",
			   name);
		return;
	}
	/* debugfs has the same bytes, and is readable where memory is not. */
	if (sub) {
		decode_blob(d, name, sub->data, sub->len);
		return;
	}
	snprintf(what, sizeof(what), "data of \"%s\"", name);
	blob = hk_block(d, phys, len, MAX_BLOB, what);
	if (blob)
		decode_blob(d, name, blob, len);
	free(blob);
}

static void show_users(struct hk_decode *d, const void *fdt)
{
	u64 phys = 0, len = 0;
	int node;

	hk_out_list(d->out, "users");
	fdt_for_each_subnode(node, fdt, 0) {
		const char *name = fdt_get_name(fdt, node, NULL);

		get_u64(fdt, node, HK_KHO_DATA, &phys);
		get_u64(fdt, node, HK_KHO_SIZE, &len);
		hk_out_row(d->out);
		hk_out_str(d->out, "name", name ? name : "?");
		hk_out_hex(d->out, "phys", phys);
		hk_out_u64(d->out, "bytes", len);
		hk_out_row_end(d->out);
	}
	hk_out_list_end(d->out);
}

static void show_scratch(struct hk_decode *d, const struct hk_blobs *b)
{
	size_t i;

	if (!b->n_scratch)
		return;
	hk_out_list(d->out, "scratch");
	for (i = 0; i < b->n_scratch; i++) {
		hk_out_row(d->out);
		hk_out_hex(d->out, "phys", b->scratch[i].phys);
		hk_out_u64(d->out, "bytes", b->scratch[i].len);
		hk_out_row_end(d->out);
	}
	hk_out_list_end(d->out);
}

void hk_decode_kho(struct hk_decode *d, const struct hk_blobs *b)
{
	const char *name;
	int node, len;
	u64 map;

	show_scratch(d, b);
	if (!fdt_good(d, b->fdt, b->fdt_len, "KHO's tree"))
		return;
	name = fdt_getprop(b->fdt, 0, "compatible", &len);
	if (!name || !is_compatible(b->fdt, 0, HK_KHO_COMPATIBLE)) {
		hk_damaged(d, "KHO's tree is \"%.*s\", known is \"" HK_KHO_COMPATIBLE "\"",
			   name ? (int)strnlen(name, (size_t)len) : 0,
			   name ? name : "");
		return;
	}
	hk_out_str(d->out, "compatible", HK_KHO_COMPATIBLE);
	show_users(d, b->fdt);
	fdt_for_each_subnode(node, b->fdt, 0) {
		name = fdt_get_name(b->fdt, node, NULL);
		if (name)
			decode_user(d, b, name, node);
	}
	if (get_u64(b->fdt, 0, HK_KHO_MAP, &map))
		hk_decode_map(d, map);
	else
		hk_damaged(d, "KHO's tree does not say where the map of preserved memory is");
}
