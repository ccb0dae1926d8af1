// SPDX-License-Identifier: GPL-2.0-only
/* An iommufd: include/linux/kho/abi/iommufd.h in the series. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kho/abi/iommufd.h>

#include "decode.h"
#include "sum.h"

/* The kernel's own limits: what KHO allocates in one piece, and a file's length */
#define MAX_SIZE	(4ull << 20)
#define MAX_BYTES	((uint64_t)INT64_MAX)

struct view {
	struct hk_decode *d;
	uint64_t phys;
	const struct iommufd_ser *hdr;
	const struct iommufd_ioas_ser *ioas;
	const struct iommufd_allowed_ser *allowed;
	const struct iommufd_hwpt_ser *hwpt;
	const struct iommufd_pages_ser *pages;
	const struct iommufd_area_ser *areas;
	const struct iommufd_chunk_ser *chunks;
	const struct iommufd_device_ser *devices;
	/* All claims, then all runs; NULL if they cannot be read */
	u64 *entry;
};

#define WRONG(v, fmt, ...) \
	hk_damaged((v)->d, "iommufd at %#" PRIx64 ": " fmt, (v)->phys, \
		   ##__VA_ARGS__)

static uint64_t layout(struct view *v, const struct iommufd_ser *hdr)
{
	uint64_t at = sizeof(*hdr);

	/* No overflow: 32 bits each, and small entries */
#define PLACE(field, count) do { \
	v->field = (const void *)((const char *)hdr + at); \
	at += (uint64_t)(count) * sizeof(*v->field); \
} while (0)
	v->hdr = hdr;
	PLACE(ioas, hdr->nr_ioas);
	PLACE(allowed, hdr->nr_allowed);
	PLACE(hwpt, hdr->nr_hwpt);
	PLACE(pages, hdr->nr_pages);
	PLACE(areas, hdr->nr_areas);
	PLACE(chunks, hdr->nr_chunks);
	PLACE(devices, hdr->nr_devices);
#undef PLACE
	return at;
}

static bool id_valid(u32 id)
{
	return id && id <= INT32_MAX;
}

static bool check_header(const struct view *v)
{
	const struct iommufd_ser *h = v->hdr;
	uint64_t nr;

	if (h->flags || h->reserved)
		return WRONG(v, "a field that must be 0 is not");
	if (h->page_shift != HK_PAGE_SHIFT)
		return WRONG(v, "pages of 2^%u bytes", h->page_shift);
	if (h->account_mode > IOMMUFD_SER_ACCOUNT_MM)
		return WRONG(v, "unknown way %u of charging memory",
			     h->account_mode);
	if (__builtin_add_overflow(h->nr_claims, h->nr_runs, &nr) ||
	    nr > (uint64_t)UINT32_MAX * IOMMUFD_CHUNK_SER_ENTRIES ||
	    h->nr_chunks != (nr + IOMMUFD_CHUNK_SER_ENTRIES - 1) /
			    IOMMUFD_CHUNK_SER_ENTRIES)
		return WRONG(v, "%u chunks are not what %" PRIu64 " claims and %" PRIu64 " runs take",
			     h->nr_chunks, h->nr_claims, h->nr_runs);
	return true;
}

static bool check_pages(const struct view *v)
{
	uint64_t runs = 0;
	u32 i;

	for (i = 0; i < v->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *p = &v->pages[i];

		if (p->reserved || p->flags & ~IOMMUFD_PAGES_SER_FLAGS)
			return WRONG(v, "page object %u has unknown flags", i);
		if (!p->nr_pages || p->nr_pages > MAX_BYTES >> HK_PAGE_SHIFT)
			return WRONG(v, "page object %u has %" PRIu64 " pages",
				     i, p->nr_pages);
		if (p->flags & IOMMUFD_PAGES_SER_MEMFD) {
			if (p->nr_runs || p->offset % HK_PAGE ||
			    p->offset > MAX_BYTES)
				return WRONG(v, "page object %u of memfd %#" PRIx64 " has runs or a bad offset",
					     i, p->token);
			continue;
		}
		if (p->token || p->offset || !p->nr_runs ||
		    p->nr_runs > v->hdr->nr_runs - runs)
			return WRONG(v, "page object %u has %" PRIu64 " runs of %" PRIu64,
				     i, p->nr_runs, v->hdr->nr_runs);
		runs += p->nr_runs;
	}
	if (runs != v->hdr->nr_runs)
		return WRONG(v, "page objects have %" PRIu64 " runs of %" PRIu64,
			     runs, v->hdr->nr_runs);
	return true;
}

static bool check_area(const struct view *v, u32 at)
{
	const struct iommufd_area_ser *a = &v->areas[at];
	const struct iommufd_pages_ser *p;
	uint64_t last, end;

	if (!a->length || a->flags & ~IOMMUFD_AREA_SER_FLAGS ||
	    __builtin_add_overflow(a->iova, a->length - 1, &last) ||
	    __builtin_add_overflow(a->start, a->length, &end))
		return WRONG(v, "area %u at IOVA %#" PRIx64 " has a bad length or flags",
			     at, a->iova);
	if (a->pages >= v->hdr->nr_pages)
		return WRONG(v, "area %u is of page object %u of %u", at,
			     a->pages, v->hdr->nr_pages);
	p = &v->pages[a->pages];
	if (end > p->nr_pages << HK_PAGE_SHIFT || p->offset + end > MAX_BYTES)
		return WRONG(v, "area %u goes beyond page object %u", at,
			     a->pages);
	if (a->flags & IOMMUFD_AREA_SER_WRITE &&
	    !(p->flags & IOMMUFD_PAGES_SER_WRITE))
		return WRONG(v, "area %u may be written to, its page object %u may not",
			     at, a->pages);
	return true;
}

static bool check_one_ioas(const struct view *v, u32 i, u64 *allowed,
			   u64 *areas)
{
	const struct iommufd_ioas_ser *io = &v->ioas[i];
	u32 j;

	if (!id_valid(io->id) || (i && io->id <= io[-1].id))
		return WRONG(v, "IDs of IOASes do not ascend at %u", io->id);
	if (io->flags & ~IOMMUFD_IOAS_SER_FLAGS)
		return WRONG(v, "IOAS %u has unknown flags", io->id);
	if (io->nr_allowed > v->hdr->nr_allowed - *allowed ||
	    io->nr_areas > v->hdr->nr_areas - *areas)
		return WRONG(v, "IOAS %u has more ranges or areas than there are",
			     io->id);
	for (j = 0; j < io->nr_allowed; j++) {
		const struct iommufd_allowed_ser *r = &v->allowed[(*allowed)++];

		if (r->start > r->last || (j && r->start <= r[-1].last))
			return WRONG(v, "IOAS %u: allowed ranges do not ascend at %#" PRIx64,
				     io->id, r->start);
	}
	for (j = 0; j < io->nr_areas; j++) {
		const struct iommufd_area_ser *a = &v->areas[*areas];

		if (!check_area(v, (u32)*areas))
			return false;
		if (j && a->iova <= a[-1].iova + a[-1].length - 1)
			return WRONG(v, "IOAS %u: areas do not ascend at IOVA %#" PRIx64,
				     io->id, a->iova);
		(*areas)++;
	}
	return true;
}

static bool check_ioas(const struct view *v)
{
	u64 allowed = 0, areas = 0;
	u32 i;

	for (i = 0; i < v->hdr->nr_ioas; i++)
		if (!check_one_ioas(v, i, &allowed, &areas))
			return false;
	if (allowed != v->hdr->nr_allowed || areas != v->hdr->nr_areas)
		return WRONG(v, "some ranges or areas belong to no IOAS");
	return true;
}

/* IDs of both ascend, which was checked. */
static const struct iommufd_ioas_ser *find_ioas(const struct view *v, u32 id)
{
	size_t low = 0, high = v->hdr->nr_ioas;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->ioas[mid].id == id)
			return &v->ioas[mid];
		if (v->ioas[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool has_hwpt(const struct view *v, u32 id)
{
	size_t low = 0, high = v->hdr->nr_hwpt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->hwpt[mid].id == id)
			return true;
		if (v->hwpt[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static bool check_hwpt(const struct view *v)
{
	u32 i;

	for (i = 0; i < v->hdr->nr_hwpt; i++) {
		const struct iommufd_hwpt_ser *h = &v->hwpt[i];
		const struct iommufd_ioas_ser *io;

		if (!id_valid(h->id) || (i && h->id <= h[-1].id))
			return WRONG(v, "IDs of page tables do not ascend at %u",
				     h->id);
		if (h->reserved || h->flags & ~IOMMUFD_HWPT_SER_FLAGS)
			return WRONG(v, "page table %u has unknown flags", h->id);
		io = find_ioas(v, h->ioas_id);
		if (!io || !(io->flags & IOMMUFD_IOAS_SER_TABLE))
			return WRONG(v, "page table %u is of IOAS %u, which has none",
				     h->id, h->ioas_id);
	}
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct iommufd_device_ser *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return (int)x->bdf - (int)y->bdf;
}

static bool check_places(const struct view *v)
{
	struct iommufd_device_ser *copy;
	u32 i, n = v->hdr->nr_devices;
	bool good = true;

	if (n < 2)
		return true;
	copy = malloc(n * sizeof(*copy));
	if (!copy)
		return WRONG(v, "no memory here to check %u devices", n);
	memcpy(copy, v->devices, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_place);
	for (i = 1; i < n && good; i++)
		if (!by_place(&copy[i], &copy[i - 1]))
			good = WRONG(v, "device %04x:%04x is in it twice",
				     copy[i].segment, copy[i].bdf);
	free(copy);
	return good;
}

static bool check_devices(const struct view *v)
{
	u32 i;

	for (i = 0; i < v->hdr->nr_devices; i++) {
		const struct iommufd_device_ser *dev = &v->devices[i];

		if (!id_valid(dev->id) || (i && dev->id <= dev[-1].id))
			return WRONG(v, "IDs of devices do not ascend at %u",
				     dev->id);
		if (dev->reserved)
			return WRONG(v, "device %u has unknown flags", dev->id);
		if (!has_hwpt(v, dev->hwpt_id))
			return WRONG(v, "device %u is attached to page table %u, which is not there",
				     dev->id, dev->hwpt_id);
	}
	return check_places(v);
}

/* Claims and runs, from the chunks; false if there is something wrong with them */
static bool read_chunks(struct view *v)
{
	uint64_t n = v->hdr->nr_claims + v->hdr->nr_runs, at = 0;
	char what[64];
	u32 i;

	if (!n)
		return true;
	/* 8 GiB of entries describe more memory than there is anywhere */
	if (n > 1u << 30)
		return WRONG(v, "%" PRIu64 " claims and runs", n);
	for (i = 0; i < v->hdr->nr_chunks; i++) {
		uint64_t part = n - at, len;
		void *chunk, *more;

		if (part > IOMMUFD_CHUNK_SER_ENTRIES)
			part = IOMMUFD_CHUNK_SER_ENTRIES;
		len = part * sizeof(u64);
		snprintf(what, sizeof(what), "iommufd at %#" PRIx64 ": chunk %u",
			 v->phys, i);
		chunk = hk_block(v->d, v->chunks[i].phys, len, len, what);
		if (!chunk)
			goto fail;
		if (hk_xxh64(chunk, len, 0) != v->chunks[i].checksum) {
			free(chunk);
			WRONG(v, "chunk %u at %#" PRIx64 " is damaged: its checksum is wrong",
			      i, v->chunks[i].phys);
			goto fail;
		}
		/* Grown with what is there, not by what the header says */
		more = realloc(v->entry, at * sizeof(u64) + len);
		if (!more) {
			free(chunk);
			WRONG(v, "no memory here for %" PRIu64 " claims and runs",
			      n);
			goto fail;
		}
		v->entry = more;
		memcpy(v->entry + at, chunk, len);
		free(chunk);
		at += part;
	}
	return true;
fail:
	free(v->entry);
	v->entry = NULL;
	return false;
}

static bool check_claims(const struct view *v)
{
	uint64_t i, end = 1;

	for (i = 0; i < v->hdr->nr_claims; i++) {
		uint64_t pfn = IOMMUFD_RUN_SER_PFN(v->entry[i]);

		/* Page 0 would be a hole */
		if (pfn < end)
			return WRONG(v, "claims do not ascend at page %#" PRIx64,
				     pfn);
		end = pfn + IOMMUFD_RUN_SER_NR(v->entry[i]);
		if (end - 1 > IOMMUFD_RUN_SER_PFN_MAX)
			return WRONG(v, "claim %" PRIu64 " goes beyond all memory",
				     i);
	}
	return true;
}

/* The first claim that ends after a page, or their number */
static uint64_t find_claim(const struct view *v, uint64_t pfn)
{
	uint64_t low = 0, high = v->hdr->nr_claims;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2, c = v->entry[mid];

		if (IOMMUFD_RUN_SER_PFN(c) + IOMMUFD_RUN_SER_NR(c) > pfn)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static int by_start(const void *a, const void *b)
{
	const struct hk_range *x = a, *y = b;

	return x->phys < y->phys ? -1 : x->phys > y->phys;
}

/* The block and its chunks are memory of their own, and nobody's for DMA. */
static bool check_own(const struct view *v)
{
	uint64_t left = v->hdr->nr_claims + v->hdr->nr_runs, at, i;
	size_t n = (size_t)v->hdr->nr_chunks + 1;
	struct hk_range *own = calloc(n, sizeof(*own));
	bool good = true;

	if (!own)
		return WRONG(v, "no memory here to check %zu chunks", n - 1);
	own[0] = (struct hk_range){ v->phys, v->hdr->size };
	for (i = 1; i < n; i++) {
		at = left < IOMMUFD_CHUNK_SER_ENTRIES ? left :
		     IOMMUFD_CHUNK_SER_ENTRIES;
		own[i].phys = v->chunks[i - 1].phys;
		own[i].len = at * sizeof(u64);
		left -= at;
	}
	qsort(own, n, sizeof(*own), by_start);
	for (i = 0; good && i < n; i++) {
		uint64_t first = own[i].phys >> HK_PAGE_SHIFT;
		uint64_t last = (own[i].phys + own[i].len - 1) >> HK_PAGE_SHIFT;

		if (i + 1 < n && last >= own[i + 1].phys >> HK_PAGE_SHIFT)
			good = WRONG(v, "the chunk at %#" PRIx64 " overlaps another, or the block",
				     own[i + 1].phys);
		at = find_claim(v, first);
		if (good && at < v->hdr->nr_claims &&
		    IOMMUFD_RUN_SER_PFN(v->entry[at]) <= last)
			good = WRONG(v, "the memory at %#" PRIx64 " that says this is claimed, too",
				     own[i].phys);
	}
	free(own);
	return good;
}

static bool claimed(const struct view *v, uint64_t run)
{
	uint64_t pfn = IOMMUFD_RUN_SER_PFN(run);
	uint64_t end = pfn + IOMMUFD_RUN_SER_NR(run);
	uint64_t low = find_claim(v, pfn);

	for (; pfn < end; low++) {
		if (low == v->hdr->nr_claims ||
		    IOMMUFD_RUN_SER_PFN(v->entry[low]) > pfn)
			return false;
		pfn = IOMMUFD_RUN_SER_PFN(v->entry[low]) +
		      IOMMUFD_RUN_SER_NR(v->entry[low]);
	}
	return true;
}

static bool check_runs(const struct view *v)
{
	const u64 *run = v->entry + v->hdr->nr_claims;
	u32 i;

	for (i = 0; i < v->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *p = &v->pages[i];
		uint64_t pages = 0, j;

		for (j = 0; j < p->nr_runs; j++, run++) {
			pages += IOMMUFD_RUN_SER_NR(*run);
			if (pages > p->nr_pages)
				break;
			if (IOMMUFD_RUN_SER_PFN(*run) && !claimed(v, *run))
				return WRONG(v, "page object %u has pages at %#" PRIx64 " that nobody claimed",
					     i, IOMMUFD_RUN_SER_PFN(*run));
		}
		if (!(p->flags & IOMMUFD_PAGES_SER_MEMFD) &&
		    pages != p->nr_pages)
			return WRONG(v, "runs of page object %u do not add up to its %" PRIu64 " pages",
				     i, p->nr_pages);
	}
	return true;
}

static void show_areas(const struct view *v, const struct iommufd_ioas_ser *io,
		       u64 first)
{
	struct hk_out *o = v->d->out;
	u32 j;

	hk_out_list(o, "areas");
	for (j = 0; j < io->nr_areas; j++) {
		const struct iommufd_area_ser *a = &v->areas[first + j];

		hk_out_row(o);
		hk_out_hex(o, "iova", a->iova);
		hk_out_u64(o, "bytes", a->length);
		hk_out_u64(o, "page_object", a->pages);
		hk_out_u64(o, "start", a->start);
		hk_out_bool(o, "read", a->flags & IOMMUFD_AREA_SER_READ);
		hk_out_bool(o, "write", a->flags & IOMMUFD_AREA_SER_WRITE);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
}

static void show_ioas(const struct view *v)
{
	struct hk_out *o = v->d->out;
	u64 allowed = 0, areas = 0;
	u32 i, j;

	hk_out_list(o, "ioas");
	for (i = 0; i < v->hdr->nr_ioas; i++) {
		const struct iommufd_ioas_ser *io = &v->ioas[i];
		bool table = io->flags & IOMMUFD_IOAS_SER_TABLE;

		hk_out_object(o, NULL);
		hk_out_u64(o, "id", io->id);
		hk_out_bool(o, "large_pages",
			    !(io->flags & IOMMUFD_IOAS_SER_NO_LARGE_PAGES));
		hk_out_bool(o, "table", table);
		if (table) {
			hk_out_u64(o, "extents", io->nr_extents);
			hk_out_hex(o, "digest", io->digest);
		}
		if (io->nr_allowed) {
			hk_out_list(o, "allowed");
			for (j = 0; j < io->nr_allowed; j++) {
				hk_out_row(o);
				hk_out_hex(o, "first",
					   v->allowed[allowed + j].start);
				hk_out_hex(o, "last",
					   v->allowed[allowed + j].last);
				hk_out_row_end(o);
			}
			hk_out_list_end(o);
		}
		show_areas(v, io, areas);
		hk_out_object_end(o);
		allowed += io->nr_allowed;
		areas += io->nr_areas;
	}
	hk_out_list_end(o);
}

static void show_objects(const struct view *v)
{
	struct hk_out *o = v->d->out;
	char bdf[32];
	u32 i;

	hk_out_list(o, "page_tables");
	for (i = 0; i < v->hdr->nr_hwpt; i++) {
		hk_out_row(o);
		hk_out_u64(o, "id", v->hwpt[i].id);
		hk_out_u64(o, "ioas", v->hwpt[i].ioas_id);
		hk_out_bool(o, "auto", v->hwpt[i].flags & IOMMUFD_HWPT_SER_AUTO);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
	hk_out_list(o, "devices");
	for (i = 0; i < v->hdr->nr_devices; i++) {
		u16 at = v->devices[i].bdf;

		snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%x",
			 v->devices[i].segment, at >> 8, at >> 3 & 31, at & 7);
		hk_out_row(o);
		hk_out_u64(o, "id", v->devices[i].id);
		hk_out_str(o, "address", bdf);
		hk_out_u64(o, "page_table", v->devices[i].hwpt_id);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
}

static void show_run(struct hk_out *o, u64 run)
{
	hk_out_row(o);
	if (IOMMUFD_RUN_SER_PFN(run))
		hk_out_hex(o, "phys", IOMMUFD_RUN_SER_PFN(run) << HK_PAGE_SHIFT);
	else
		hk_out_bool(o, "hole", true);
	hk_out_u64(o, "bytes", IOMMUFD_RUN_SER_NR(run) << HK_PAGE_SHIFT);
	hk_out_row_end(o);
}

static void show_pages(const struct view *v)
{
	const u64 *run = v->entry ? v->entry + v->hdr->nr_claims : NULL;
	struct hk_out *o = v->d->out;
	uint64_t j;
	u32 i;

	hk_out_list(o, "page_objects");
	for (i = 0; i < v->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *p = &v->pages[i];

		hk_out_object(o, NULL);
		hk_out_u64(o, "pages", p->nr_pages);
		hk_out_bool(o, "write", p->flags & IOMMUFD_PAGES_SER_WRITE);
		if (p->flags & IOMMUFD_PAGES_SER_MEMFD) {
			hk_out_hex(o, "memfd", p->token);
			hk_out_u64(o, "offset", p->offset);
		} else {
			hk_out_u64(o, "runs", p->nr_runs);
		}
		if (run && v->d->ranges && p->nr_runs) {
			hk_out_list(o, "list");
			for (j = 0; j < p->nr_runs; j++)
				show_run(o, run[j]);
			hk_out_list_end(o);
		}
		if (run)
			run += p->nr_runs;
		hk_out_object_end(o);
	}
	hk_out_list_end(o);
}

static void show_claims(const struct view *v)
{
	struct hk_out *o = v->d->out;
	uint64_t i, pages = 0;

	if (v->entry)
		for (i = 0; i < v->hdr->nr_claims; i++)
			pages += IOMMUFD_RUN_SER_NR(v->entry[i]);
	hk_out_u64(o, "claims", v->hdr->nr_claims);
	if (v->entry)
		hk_out_u64(o, "claimed_bytes", pages << HK_PAGE_SHIFT);
	if (!v->entry || !v->d->ranges)
		return;
	hk_out_list(o, "claim_list");
	for (i = 0; i < v->hdr->nr_claims; i++)
		show_run(o, v->entry[i]);
	hk_out_list_end(o);
}

/* The block as a whole; NULL if it was noted what is wrong */
static struct iommufd_ser *take(struct view *v)
{
	char what[64];
	struct iommufd_ser *hdr, *all;
	uint64_t sum;

	snprintf(what, sizeof(what), "iommufd");
	hdr = hk_block(v->d, v->phys, sizeof(*hdr), sizeof(*hdr), what);
	if (!hdr)
		return NULL;
	if (hdr->magic != IOMMUFD_SER_MAGIC)
		WRONG(v, "it does not begin as one");
	else if (hdr->version != IOMMUFD_SER_VERSION)
		WRONG(v, "version %u, known is %d", hdr->version,
		      IOMMUFD_SER_VERSION);
	else if (hdr->size != layout(v, hdr))
		WRONG(v, "its size of %" PRIu64 " bytes does not fit its contents",
		      hdr->size);
	else
		goto whole;
	free(hdr);
	return NULL;
whole:
	all = hk_block(v->d, v->phys, hdr->size, MAX_SIZE, what);
	free(hdr);
	if (!all)
		return NULL;
	sum = all->checksum;
	all->checksum = 0;
	if (hk_xxh64(all, all->size, 0) == sum)
		return all;
	WRONG(v, "it is damaged: its checksum is wrong");
	free(all);
	return NULL;
}

void hk_decode_iommufd(struct hk_decode *d, uint64_t phys)
{
	struct view v = { .d = d, .phys = phys };
	struct iommufd_ser *ser = take(&v);

	if (!ser)
		return;
	layout(&v, ser);
	hk_out_u64(d->out, "version", ser->version);
	hk_out_u64(d->out, "size", ser->size);
	if (check_header(&v) && check_pages(&v) && check_ioas(&v) &&
	    check_hwpt(&v) && check_devices(&v)) {
		if (read_chunks(&v) && v.entry && !(check_claims(&v) &&
						    check_own(&v) &&
						    check_runs(&v))) {
			free(v.entry);
			v.entry = NULL;
		}
		hk_out_str(d->out, "charged_to",
			   ser->account_mode == IOMMUFD_SER_ACCOUNT_USER ? "user" :
			   ser->account_mode == IOMMUFD_SER_ACCOUNT_MM ? "process" :
			   "nobody");
		show_ioas(&v);
		show_objects(&v);
		show_pages(&v);
		show_claims(&v);
	}
	free(v.entry);
	free(ser);
}
