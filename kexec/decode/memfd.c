// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memfd: include/linux/kho/abi/memfd.h. Its list of folios lies in pages that the
 * kernel maps to one virtual address, and which are found by a chain of chunks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/manifest.h>

#include "abi.h"
#include "decode.h"

/* Folios of one file that are read: 64 GiB of single pages */
#define MAX_LIST	(256u << 20)
/* A manifest that is read: what is larger is not shown, but not wrong either */
#define MAX_MANIFEST	((uint64_t)16 << 20)

#define WRONG(d, phys, fmt, ...) \
	hk_damaged(d, "memfd at %#" PRIx64 ": " fmt, phys, ##__VA_ARGS__)

static bool check(struct hk_decode *d, uint64_t phys, const struct hk_memfd *m)
{
	const uint64_t max = INT64_MAX;
	uint64_t pages = m->size / HK_PAGE + !!(m->size % HK_PAGE);

	if (m->flags)
		return WRONG(d, phys, "unknown flags %#x", m->flags);
	if (m->pos > max || m->size > max)
		return WRONG(d, phys, "position %" PRIu64 ", size %" PRIu64,
			     m->pos, m->size);
	if (!m->size != !m->nr_folios || m->nr_folios > pages ||
	    m->nr_folios > (uint64_t)m->folios.total_pages * HK_PAGE /
			   sizeof(struct hk_memfd_folio))
		return WRONG(d, phys, "%" PRIu64 " folios in %u pages for %" PRIu64 " bytes",
			     m->nr_folios, m->folios.total_pages, m->size);
	return true;
}

/*
 * The pages of a vmalloc area, one after the other. A chunk has a page's worth of
 * addresses and ends early with a 0; each address is that of 2^order pages.
 */
static void *read_area(struct hk_decode *d, uint64_t phys,
		       const struct hk_vmalloc *area, uint64_t want)
{
	uint64_t at = area->first, got = 0, block;
	const struct hk_vmalloc_chunk *c;
	unsigned int chunks = 0, i;
	char *buf = NULL, *more;

	if (area->order > 10) {
		WRONG(d, phys, "its list of folios lies in blocks of order %u",
		      area->order);
		return NULL;
	}
	block = HK_PAGE << area->order;
	while (got < want) {
		/* As many as have an address each, not in a circle */
		if (!at || at % HK_PAGE || ++chunks > MAX_LIST / HK_PAGE) {
			WRONG(d, phys, "its list of folios ends after %" PRIu64 " of %" PRIu64 " bytes",
			      got, want);
			goto fail;
		}
		c = hk_mem_page(d->mem, at);
		if (!c) {
			hk_unreadable(d, at, "list of folios of a memfd");
			goto fail;
		}
		for (i = 0; got < want; i++) {
			uint64_t n = want - got < block ? want - got : block;

			if (i == sizeof(c->phys) / sizeof(c->phys[0]) ||
			    !c->phys[i])
				break;
			if (c->phys[i] % HK_PAGE || c->phys[i] + n < n) {
				WRONG(d, phys, "its list of folios has a bad address %#" PRIx64,
				      c->phys[i]);
				goto fail;
			}
			more = realloc(buf, got + n);
			if (!more)
				goto fail;
			buf = more;
			if (!hk_mem_read(d->mem, c->phys[i], buf + got, n)) {
				hk_unreadable(d, c->phys[i],
					      "list of folios of a memfd");
				goto fail;
			}
			got += n;
		}
		at = c->next;
	}
	return buf;
fail:
	free(buf);
	return NULL;
}

static bool check_folios(struct hk_decode *d, uint64_t phys,
			 const struct hk_memfd *m,
			 const struct hk_memfd_folio *f)
{
	uint64_t pages = m->size / HK_PAGE + !!(m->size % HK_PAGE);
	uint64_t i, end = 0;

	for (i = 0; i < m->nr_folios; i++) {
		uint64_t flags = HK_MEMFD_FLAGS(f[i].pfn_flags);

		/* The kernel notes in bit 11 which it has restored. */
		flags &= ~(1ull << 11);
		if (!HK_MEMFD_PFN(f[i].pfn_flags) ||
		    flags & ~(uint64_t)(HK_MEMFD_DIRTY | HK_MEMFD_UPTODATE) ||
		    f[i].index < end || f[i].index >= pages)
			return WRONG(d, phys, "its list of folios is damaged at %" PRIu64,
				     i);
		end = f[i].index + 1;
	}
	return true;
}

static void show_folios(struct hk_decode *d, const struct hk_memfd *m,
			const struct hk_memfd_folio *f)
{
	struct hk_out *o = d->out;
	uint64_t i;

	hk_out_list(o, "list");
	for (i = 0; i < m->nr_folios; i++) {
		hk_out_row(o);
		hk_out_u64(o, "page", f[i].index);
		hk_out_hex(o, "phys",
			   HK_MEMFD_PFN(f[i].pfn_flags) << HK_PAGE_SHIFT);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
}

/* The file under token 0 says what the others are: docs/manifest.md */
static void show_manifest(struct hk_decode *d, uint64_t phys,
			  const struct hk_memfd *m,
			  const struct hk_memfd_folio *f)
{
	struct hf_manifest man;
	struct hf_error err;
	char magic[8];
	uint64_t i;
	char *buf;

	if (!m->nr_folios || m->size > MAX_MANIFEST || f[0].index ||
	    !hk_mem_peek(d->mem, HK_MEMFD_PFN(f[0].pfn_flags) << HK_PAGE_SHIFT,
			 magic, sizeof(magic)) ||
	    memcmp(magic, "HOLDFAST", sizeof(magic)))
		return;
	buf = calloc(1, m->size + HK_PAGE);
	if (!buf)
		return;
	for (i = 0; i < m->nr_folios; i++) {
		uint64_t begin = f[i].index * HK_PAGE, end = m->size, at;

		/* A folio is as long as it is to the next one. */
		if (i + 1 < m->nr_folios)
			end = f[i + 1].index * HK_PAGE;
		at = HK_MEMFD_PFN(f[i].pfn_flags) << HK_PAGE_SHIFT;
		if (!hk_mem_read(d->mem, at, buf + begin, end - begin)) {
			hk_unreadable(d, at, "manifest");
			free(buf);
			return;
		}
	}
	hk_out_object(d->out, "manifest");
	if (hf_manifest_decode(buf, m->size, &man, &err)) {
		WRONG(d, phys, "manifest: %s", err.text);
	} else {
		hk_show_manifest(d->out, &man, d->ranges);
		hf_manifest_free(&man);
	}
	hk_out_object_end(d->out);
	free(buf);
}

void hk_decode_memfd(struct hk_decode *d, uint64_t phys, bool manifest)
{
	struct hk_memfd_folio *folios;
	struct hk_memfd *m;
	uint64_t len;

	m = hk_block(d, phys, sizeof(*m), sizeof(*m), "memfd");
	if (!m)
		return;
	if (!check(d, phys, m)) {
		free(m);
		return;
	}
	hk_out_u64(d->out, "bytes", m->size);
	hk_out_u64(d->out, "position", m->pos);
	hk_out_hex(d->out, "seals", m->seals);
	hk_out_u64(d->out, "folios", m->nr_folios);
	/* Not larger than the pages it is said to have, which was checked */
	len = m->nr_folios * sizeof(*folios);
	if (len > MAX_LIST) {
		WRONG(d, phys, "%" PRIu64 " folios are more than can be shown",
		      m->nr_folios);
	} else if (len) {
		folios = read_area(d, phys, &m->folios, len);
		if (folios && check_folios(d, phys, m, folios)) {
			if (d->ranges)
				show_folios(d, m, folios);
			if (manifest)
				show_manifest(d, phys, m, folios);
		}
		free(folios);
	}
	free(m);
}
