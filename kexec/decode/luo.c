// SPDX-License-Identifier: GPL-2.0-only
/* The Live Update Orchestrator: include/linux/kho/abi/luo.h and block.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kho/abi/iommufd.h>
#include <linux/kho/abi/pci.h>
#include <linux/kho/abi/vfio_pci.h>

#include "decode.h"

/* As the kernel has it (kernel/liveupdate/kho_block.c) */
#define MAX_BLOCKS	10000

/*
 * each_entry() - call for each entry of a chain of blocks
 *
 * Return: how many there were; what is wrong with the chain was noted.
 */
static uint64_t each_entry(struct hk_decode *d, uint64_t phys, size_t size,
			   const char *what,
			   void (*fn)(struct hk_decode *d, const void *entry))
{
	const uint64_t room = (HK_PAGE - sizeof(struct hk_block_header)) / size;
	const struct hk_block_header *b;
	unsigned int blocks = 0;
	uint64_t n = 0, i;

	while (phys) {
		if (phys % HK_PAGE || ++blocks > MAX_BLOCKS) {
			hk_damaged(d, "%s: the chain of blocks leads to %#" PRIx64 " after %u blocks",
				   what, phys, blocks);
			return n;
		}
		b = hk_mem_page(d->mem, phys);
		if (!b) {
			hk_unreadable(d, phys, what);
			return n;
		}
		if (b->count > room) {
			hk_damaged(d, "%s: block %#" PRIx64 " has %" PRIu64 " entries, it has room for %" PRIu64,
				   what, phys, b->count, room);
			return n;
		}
		for (i = 0; i < b->count; i++)
			fn(d, (const char *)(b + 1) + i * size);
		n += b->count;
		phys = b->next;
	}
	return n;
}

static bool is(const char *field, size_t size, const char *name)
{
	return strnlen(field, size) == strlen(name) &&
	       !memcmp(field, name, strlen(name));
}

/* Members of the open object: what a handler has handed over at @data */
static void show_data(struct hk_decode *d, const char *handler, size_t size,
		      uint64_t token, uint64_t data)
{
	if (hk_seen(d, data))
		hk_damaged(d, "file of token %#" PRIx64 ": its data at %#" PRIx64 " belong to another, too",
			   token, data);
	else if (is(handler, size, IOMMUFD_LUO_FH_COMPATIBLE))
		hk_decode_iommufd(d, data);
	else if (is(handler, size, VFIO_PCI_LUO_FH_COMPATIBLE))
		hk_decode_vfio_pci(d, data);
	else if (is(handler, size, HK_MEMFD_COMPATIBLE))
		hk_decode_memfd(d, data, !token);
}

static void show_file(struct hk_decode *d, const void *entry)
{
	const struct hk_luo_file *f = entry;

	hk_out_object(d->out, NULL);
	hk_out_hex(d->out, "token", f->token);
	hk_out_bytes(d->out, "handler", f->compatible, sizeof(f->compatible));
	hk_out_hex(d->out, "data", f->data);
	show_data(d, f->compatible, sizeof(f->compatible), f->token, f->data);
	hk_out_object_end(d->out);
}

static void show_session(struct hk_decode *d, const void *entry)
{
	const struct hk_luo_session *s = entry;
	char name[sizeof(s->name) + 1], what[sizeof(name) + 32];
	uint64_t n;

	memcpy(name, s->name, sizeof(s->name));
	name[sizeof(s->name)] = '\0';
	snprintf(what, sizeof(what), "files of session \"%s\"", name);
	hk_out_object(d->out, NULL);
	hk_out_str(d->out, "session", name);
	hk_out_list(d->out, "files");
	n = each_entry(d, s->files, sizeof(struct hk_luo_file), what,
		       show_file);
	hk_out_list_end(d->out);
	hk_out_object_end(d->out);
	if (n != s->count)
		hk_damaged(d, "%s: %" PRIu64 " of %" PRIu64, what, n, s->count);
}

static void show_flbs(struct hk_decode *d, uint64_t phys)
{
	const char *what = "what files of sessions share";
	const struct hk_luo_flb_header *h;
	const struct hk_luo_flb *f;
	uint64_t i, max;
	void *all;

	h = hk_block(d, phys, sizeof(*h), sizeof(*h), what);
	if (!h)
		return;
	max = h->pgcnt * HK_PAGE;
	if (h->pgcnt > 1024 || max < sizeof(*h) ||
	    h->count > (max - sizeof(*h)) / sizeof(*f)) {
		hk_damaged(d, "%s: %" PRIu64 " entries in %" PRIu64 " pages",
			   what, h->count, h->pgcnt);
		free((void *)h);
		return;
	}
	all = hk_block(d, phys, sizeof(*h) + h->count * sizeof(*f), max, what);
	max = h->count;
	free((void *)h);
	if (!all)
		return;
	f = (const void *)((const char *)all + sizeof(*h));
	for (i = 0; i < max; i++, f++) {
		hk_out_object(d->out, NULL);
		hk_out_bytes(d->out, "name", f->name, sizeof(f->name));
		hk_out_hex(d->out, "data", f->data);
		hk_out_u64(d->out, "files", f->count);
		if (is(f->name, sizeof(f->name), PCI_LUO_FLB_COMPATIBLE) &&
		    !hk_seen(d, f->data))
			hk_decode_pci(d, f->data);
		hk_out_object_end(d->out);
	}
	free(all);
}

void hk_decode_luo(struct hk_decode *d, const void *blob, size_t len)
{
	const struct hk_luo *luo = blob;

	if (len < sizeof(*luo)) {
		hk_damaged(d, "LUO's header has %zu bytes of %zu", len,
			   sizeof(*luo));
		return;
	}
	if (!is(luo->compatible, sizeof(luo->compatible), HK_LUO_COMPATIBLE)) {
		hk_damaged(d, "LUO's header is \"%.*s\", known is \"%s\"",
			   (int)strnlen(luo->compatible, sizeof(luo->compatible)),
			   luo->compatible, HK_LUO_COMPATIBLE);
		return;
	}
	hk_out_object(d->out, "luo");
	hk_out_bytes(d->out, "compatible", luo->compatible,
		     sizeof(luo->compatible));
	hk_out_u64(d->out, "update", luo->liveupdate_num);
	hk_out_list(d->out, "sessions");
	each_entry(d, luo->sessions_pa, sizeof(struct hk_luo_session),
		   "list of sessions", show_session);
	hk_out_list_end(d->out);
	hk_out_list(d->out, "shared");
	if (luo->flbs_pa)
		show_flbs(d, luo->flbs_pa);
	hk_out_list_end(d->out);
	hk_out_object_end(d->out);
}

static const char *value_of(char *line, const char *key)
{
	size_t n = strlen(key);
	char *p = line;

	for (; (p = strstr(p, key)); p += n)
		if (p == line || p[-1] == ' ' || p[-1] == '\t')
			return p + n;
	return NULL;
}

static void show_file_line(struct hk_decode *d, char *line)
{
	const char *token = value_of(line, "token=");
	const char *handler = value_of(line, "handler=");
	const char *data = value_of(line, "data=");
	const char *rest = handler ? handler + strcspn(handler, " ") : "";
	size_t len = handler ? strcspn(handler, " ") : 0;
	uint64_t at = data ? strtoull(data, NULL, 16) : 0;

	hk_out_object(d->out, NULL);
	hk_out_hex(d->out, "token", token ? strtoull(token, NULL, 16) : 0);
	hk_out_bytes(d->out, "handler", handler ? handler : "", len);
	hk_out_str(d->out, "state", rest + (*rest == ' '));
	/* Kernels that tell where it is */
	if (at) {
		hk_out_hex(d->out, "data", at);
		/* Who has retrieved a file may have given them back. */
		d->stale = strstr(rest, " retrieved") || strstr(rest, " failed");
		if (handler)
			show_data(d, handler, len,
				  token ? strtoull(token, NULL, 16) : 0, at);
		d->stale = false;
	}
	hk_out_object_end(d->out);
}

/*
 * The kernel's own list (debugfs liveupdate/sessions): a line for each session and
 * below it, indented, one for each file. Words it has beyond those are passed on.
 */
void hk_decode_sessions(struct hk_decode *d, const char *text)
{
	char *copy = strdup(text), *line, *save = NULL;
	bool open = false;

	hk_out_list(d->out, "sessions");
	for (line = copy ? strtok_r(copy, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *name = value_of(line, "session=");

		if (name && line[0] != '\t') {
			size_t len = strcspn(name, " ");

			if (open) {
				hk_out_list_end(d->out);
				hk_out_object_end(d->out);
			}
			open = true;
			hk_out_object(d->out, NULL);
			hk_out_bytes(d->out, "session", name, len);
			hk_out_str(d->out, "state",
				   name + len + (name[len] == ' '));
			hk_out_list(d->out, "files");
		} else if (open && line[0] == '\t') {
			show_file_line(d, line);
		}
	}
	if (open) {
		hk_out_list_end(d->out);
		hk_out_object_end(d->out);
	}
	hk_out_list_end(d->out);
	free(copy);
}
