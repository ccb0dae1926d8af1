// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold for a block that was accepted, worked out a second time: each
 * entry against each other one, in 128 bits, with no thought for speed.
 */

#include <linux/xxhash.h>

#include "fuzz.h"

__extension__ typedef unsigned __int128 u128;

#define HOLDS(cond) do { if (!(cond)) return #cond; } while (0)

static const char *ioases(const struct iommufd_ser_view *v)
{
	const struct iommufd_ser *hdr = v->hdr;
	u128 allowed = 0, areas = 0;
	u32 i, j, k;

	for (i = 0; i < hdr->nr_ioas; i++) {
		const struct iommufd_ioas_ser *ioas = &v->ioas[i];

		HOLDS(ioas->id > 0 && ioas->id < 0x80000000);
		HOLDS(ioas->flags < 4);
		for (j = 0; j < i; j++)
			HOLDS(v->ioas[j].id < ioas->id);

		HOLDS(allowed + ioas->nr_allowed <= hdr->nr_allowed);
		for (j = 0; j < ioas->nr_allowed; j++) {
			const struct iommufd_allowed_ser *a =
				&v->allowed[allowed + j];

			HOLDS(a->start <= a->last);
			for (k = 0; k < j; k++)
				HOLDS(a->start > v->allowed[allowed + k].last);
		}
		allowed += ioas->nr_allowed;

		HOLDS(areas + ioas->nr_areas <= hdr->nr_areas);
		for (j = 0; j < ioas->nr_areas; j++) {
			const struct iommufd_area_ser *a = &v->areas[areas + j];

			const struct iommufd_pages_ser *p = &v->pages[a->pages];

			HOLDS(a->length);
			HOLDS(a->flags < 4);
			HOLDS((u128)a->iova + a->length <= (u128)1 << 64);
			HOLDS(a->pages < hdr->nr_pages);
			HOLDS((u128)a->start + a->length <=
			      (u128)p->nr_pages * PAGE_SIZE);
			HOLDS((u128)p->offset + a->start + a->length <
			      (u128)1 << 63);
			HOLDS(!(a->flags & IOMMUFD_AREA_SER_WRITE) ||
			      p->flags & IOMMUFD_PAGES_SER_WRITE);
			for (k = 0; k < j; k++) {
				const struct iommufd_area_ser *b =
					&v->areas[areas + k];

				HOLDS((u128)b->iova + b->length <= a->iova);
			}
		}
		areas += ioas->nr_areas;
	}
	HOLDS(allowed == hdr->nr_allowed);
	HOLDS(areas == hdr->nr_areas);
	return NULL;
}

static u128 page_end(u128 end)
{
	return (end + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

static u128 chunk_end(const struct iommufd_ser_view *v, u32 i)
{
	u64 left = v->hdr->nr_claims + v->hdr->nr_runs - i * 8192ULL;

	return page_end((u128)v->chunks[i].phys +
			min_t(u64, left, 8192) * sizeof(u64));
}

static const char *pages(const struct iommufd_ser_view *v, u64 phys)
{
	const struct iommufd_ser *hdr = v->hdr;
	u128 runs = 0, entries = (u128)hdr->nr_claims + hdr->nr_runs;
	u128 block_end = page_end((u128)phys + hdr->size);
	u32 i, j;

	for (i = 0; i < hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *p = &v->pages[i];
		bool memfd = p->flags & IOMMUFD_PAGES_SER_MEMFD;

		HOLDS(p->flags < 4 && !p->reserved);
		HOLDS(p->nr_pages > 0);
		HOLDS((u128)p->nr_pages * PAGE_SIZE < (u128)1 << 63);
		HOLDS(memfd || (!p->token && !p->offset));
		HOLDS(memfd == !p->nr_runs);
		HOLDS(!(p->offset % PAGE_SIZE) && p->offset < 1ULL << 63);
		runs += p->nr_runs;
	}
	HOLDS(runs == hdr->nr_runs);

	HOLDS((u128)hdr->nr_chunks * IOMMUFD_CHUNK_SER_ENTRIES >= entries);
	HOLDS(!hdr->nr_chunks ||
	      (u128)(hdr->nr_chunks - 1) * IOMMUFD_CHUNK_SER_ENTRIES < entries);
	for (i = 0; i < hdr->nr_chunks; i++) {
		u128 end = chunk_end(v, i);

		HOLDS(v->chunks[i].phys && !(v->chunks[i].phys % PAGE_SIZE));
		HOLDS(v->chunks[i].phys >= block_end || end <= phys);
		for (j = 0; j < i; j++) {
			HOLDS(v->chunks[i].phys >= chunk_end(v, j) ||
			      end <= v->chunks[j].phys);
			HOLDS(i == hdr->nr_chunks - 1 ||
			      v->chunks[i].phys > v->chunks[j].phys);
		}
	}
	return NULL;
}

static const char *hwpts(const struct iommufd_ser_view *v)
{
	u32 i, j;

	for (i = 0; i < v->hdr->nr_hwpt; i++) {
		const struct iommufd_hwpt_ser *hwpt = &v->hwpt[i];
		u32 found = 0;

		HOLDS(hwpt->id > 0 && hwpt->id < 0x80000000);
		HOLDS(hwpt->flags < 2 && !hwpt->reserved);
		for (j = 0; j < i; j++)
			HOLDS(v->hwpt[j].id < hwpt->id);
		for (j = 0; j < v->hdr->nr_ioas; j++)
			found += v->ioas[j].id == hwpt->ioas_id &&
				 v->ioas[j].flags & IOMMUFD_IOAS_SER_TABLE;
		HOLDS(found == 1);
	}
	return NULL;
}

static const char *devices(const struct iommufd_ser_view *v)
{
	u32 i, j;

	for (i = 0; i < v->hdr->nr_devices; i++) {
		const struct iommufd_device_ser *device = &v->devices[i];
		u32 found = 0;

		HOLDS(device->id > 0 && device->id < 0x80000000);
		HOLDS(!device->reserved);
		for (j = 0; j < i; j++) {
			HOLDS(v->devices[j].id < device->id);
			HOLDS(v->devices[j].segment != device->segment ||
			      v->devices[j].bdf != device->bdf);
		}
		for (j = 0; j < v->hdr->nr_hwpt; j++)
			found += v->hwpt[j].id == device->hwpt_id;
		HOLDS(found == 1);
	}
	return NULL;
}

/* A claim or run as the ABI has it, wherever it is */
static u64 entry(const struct iommufd_ser_view *v, u64 i, u64 *pages)
{
	const u64 *chunk = phys_to_virt(v->chunks[i / 8192].phys);

	*pages = (chunk[i % 8192] & 0xffffff) + 1;
	return chunk[i % 8192] >> 24;
}

/* Whose end is behind @pfn: 0 if no claim has it */
static u64 claim_end(const struct iommufd_ser_view *v, u64 pfn)
{
	u64 i, first, pages;

	for (i = 0; i < v->hdr->nr_claims; i++) {
		first = entry(v, i, &pages);
		if (pfn >= first && pfn < first + pages)
			return first + pages;
	}
	return 0;
}

const char *oracle_chunks(const struct iommufd_ser_view *v)
{
	u64 i, j, at, end = 0, pages, next = v->hdr->nr_claims;

	for (i = 0; i < v->hdr->nr_chunks; i++) {
		u64 left = v->hdr->nr_claims + v->hdr->nr_runs - i * 8192;

		HOLDS(v->chunks[i].checksum ==
		      xxh64(phys_to_virt(v->chunks[i].phys),
			    min_t(u64, left, 8192) * sizeof(u64), 0));
	}

	for (i = 0; i < v->hdr->nr_claims; i++) {
		at = entry(v, i, &pages);
		HOLDS(at);
		HOLDS(at >= end);
		end = at + pages;
		HOLDS(end <= 1ULL << 40);

		HOLDS(at * PAGE_SIZE >= page_end((u128)v->phys + v->hdr->size) ||
		      end * PAGE_SIZE <= v->phys);
		for (j = 0; j < v->hdr->nr_chunks; j++)
			HOLDS(at * PAGE_SIZE >= chunk_end(v, j) ||
			      end * PAGE_SIZE <= v->chunks[j].phys);
	}

	for (i = 0; i < v->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *p = &v->pages[i];
		u128 sum = 0;

		for (j = 0; j < p->nr_runs; j++) {
			at = entry(v, next++, &pages);
			sum += pages;
			if (!at)
				continue;
			for (end = at + pages; at < end;) {
				at = claim_end(v, at);
				HOLDS(at);
			}
		}
		HOLDS(p->flags & IOMMUFD_PAGES_SER_MEMFD || sum == p->nr_pages);
	}
	return NULL;
}

/* @block at @phys is what was checked */
const char *oracle(struct iommufd_ser *block, u64 phys,
		   const struct iommufd_ser_view *v)
{
	struct iommufd_ser *hdr = v->hdr;
	const char *wrong;

	HOLDS(hdr == block);
	HOLDS(v->phys == phys);
	HOLDS(hdr->magic == IOMMUFD_SER_MAGIC);
	HOLDS(hdr->version == IOMMUFD_SER_VERSION);
	HOLDS(!hdr->flags && !hdr->reserved && hdr->account_mode <= 2);
	HOLDS(hdr->page_shift == 12);
	HOLDS(hdr->size <= 4 << 20);
	HOLDS(hdr->checksum == iommufd_ser_checksum(hdr));

	/* Where the parts are, by the table of the tests */
	HOLDS((void *)v->ioas == iommufd_ser_entry(hdr, SER_IOAS, 0));
	HOLDS((void *)v->allowed == iommufd_ser_entry(hdr, SER_ALLOWED, 0));
	HOLDS((void *)v->hwpt == iommufd_ser_entry(hdr, SER_HWPT, 0));
	HOLDS((void *)v->pages == iommufd_ser_entry(hdr, SER_PAGES, 0));
	HOLDS((void *)v->areas == iommufd_ser_entry(hdr, SER_AREAS, 0));
	HOLDS((void *)v->chunks == iommufd_ser_entry(hdr, SER_CHUNKS, 0));
	HOLDS((void *)v->devices == iommufd_ser_entry(hdr, SER_DEVICES, 0));
	HOLDS((u8 *)iommufd_ser_entry(hdr, SER_DEVICES, hdr->nr_devices) ==
	      (u8 *)hdr + hdr->size);

	wrong = pages(v, phys);
	if (!wrong)
		wrong = ioases(v);
	if (!wrong)
		wrong = hwpts(v);
	if (!wrong)
		wrong = devices(v);
	return wrong;
}
