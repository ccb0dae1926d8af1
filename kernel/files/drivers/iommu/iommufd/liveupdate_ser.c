// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * The block that carries a context to the next kernel: its layout in memory, and
 * the checks that come before anything of it is believed. The other half of
 * liveupdate.c, without a context in sight.
 */

#define pr_fmt(fmt) "iommufd: " fmt

#include <kunit/visibility.h>
#include <linux/bsearch.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/xxhash.h>

#include "io_pagetable.h"
#include "liveupdate_ser.h"

/* No overflow: u32 counts of small entries */
u64 iommufd_ser_size(const struct iommufd_ser *hdr)
{
	return sizeof(*hdr) +
	       (u64)hdr->nr_ioas * sizeof(struct iommufd_ioas_ser) +
	       (u64)hdr->nr_allowed * sizeof(struct iommufd_allowed_ser) +
	       (u64)hdr->nr_hwpt * sizeof(struct iommufd_hwpt_ser) +
	       (u64)hdr->nr_pages * sizeof(struct iommufd_pages_ser) +
	       (u64)hdr->nr_areas * sizeof(struct iommufd_area_ser) +
	       (u64)hdr->nr_chunks * sizeof(struct iommufd_chunk_ser) +
	       (u64)hdr->nr_devices * sizeof(struct iommufd_device_ser);
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_size);

void iommufd_ser_view_init(struct iommufd_ser_view *view,
			   struct iommufd_ser *hdr)
{
	view->hdr = hdr;
	view->phys = 0;
	view->ioas = (void *)(hdr + 1);
	view->allowed = (void *)(view->ioas + hdr->nr_ioas);
	view->hwpt = (void *)(view->allowed + hdr->nr_allowed);
	view->pages = (void *)(view->hwpt + hdr->nr_hwpt);
	view->areas = (void *)(view->pages + hdr->nr_pages);
	view->chunks = (void *)(view->areas + hdr->nr_areas);
	view->devices = (void *)(view->chunks + hdr->nr_chunks);
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_view_init);

u64 iommufd_ser_checksum(struct iommufd_ser *hdr)
{
	struct iommufd_ser copy = *hdr;
	struct xxh64_state state;

	copy.checksum = 0;
	xxh64_reset(&state, 0);
	xxh64_update(&state, &copy, sizeof(copy));
	xxh64_update(&state, hdr + 1, hdr->size - sizeof(copy));
	return xxh64_digest(&state);
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_checksum);

/* The modes are handed over as they are */
static_assert(IOPT_PAGES_ACCOUNT_USER == IOMMUFD_SER_ACCOUNT_USER);
static_assert(IOPT_PAGES_ACCOUNT_MM == IOMMUFD_SER_ACCOUNT_MM);

static bool iommufd_ser_id_valid(u32 id)
{
	return id && id <= INT_MAX;
}

static int iommufd_ser_check_pages(const struct iommufd_ser_view *view)
{
	u64 nr_runs = 0;
	u32 i;

	for (i = 0; i < view->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *pages = &view->pages[i];

		if (pages->reserved ||
		    (pages->flags & ~IOMMUFD_PAGES_SER_FLAGS) ||
		    !pages->nr_pages ||
		    pages->nr_pages > MAX_LFS_FILESIZE >> PAGE_SHIFT)
			return -EINVAL;

		if (pages->flags & IOMMUFD_PAGES_SER_MEMFD) {
			if (!PAGE_ALIGNED(pages->offset) || pages->nr_runs ||
			    pages->offset > MAX_LFS_FILESIZE)
				return -EINVAL;
			continue;
		}

		if (pages->token || pages->offset || !pages->nr_runs ||
		    pages->nr_runs > view->hdr->nr_runs - nr_runs)
			return -EINVAL;
		nr_runs += pages->nr_runs;
	}
	return nr_runs == view->hdr->nr_runs ? 0 : -EINVAL;
}

static bool iommufd_ser_area_valid(const struct iommufd_ser_view *view,
				   const struct iommufd_area_ser *area)
{
	const struct iommufd_pages_ser *pages;
	u64 last, end;

	if (!area->length || (area->flags & ~IOMMUFD_AREA_SER_FLAGS) ||
	    check_add_overflow(area->iova, area->length - 1, &last) ||
	    check_add_overflow(area->start, area->length, &end) ||
	    area->pages >= view->hdr->nr_pages)
		return false;

	pages = &view->pages[area->pages];
	if (end > pages->nr_pages << PAGE_SHIFT ||
	    ((area->flags & IOMMUFD_AREA_SER_WRITE) &&
	     !(pages->flags & IOMMUFD_PAGES_SER_WRITE)))
		return false;

	/* Neither sum overflows, both are checked to be at most 2^63 */
	return pages->offset + end <= MAX_LFS_FILESIZE;
}

static int iommufd_ser_check_ioas(const struct iommufd_ser_view *view)
{
	u64 nr_allowed = 0, nr_areas = 0;
	u32 i, j;

	for (i = 0; i < view->hdr->nr_ioas; i++) {
		const struct iommufd_ioas_ser *ioas = &view->ioas[i];

		if (!iommufd_ser_id_valid(ioas->id) ||
		    (i && ioas->id <= view->ioas[i - 1].id) ||
		    (ioas->flags & ~IOMMUFD_IOAS_SER_FLAGS) ||
		    nr_allowed + ioas->nr_allowed > view->hdr->nr_allowed ||
		    nr_areas + ioas->nr_areas > view->hdr->nr_areas)
			return -EINVAL;

		for (j = 0; j < ioas->nr_allowed; j++) {
			const struct iommufd_allowed_ser *allowed =
				&view->allowed[nr_allowed++];

			if (allowed->start > allowed->last ||
			    (j && allowed->start <= allowed[-1].last))
				return -EINVAL;
		}

		for (j = 0; j < ioas->nr_areas; j++) {
			const struct iommufd_area_ser *area =
				&view->areas[nr_areas++];

			if (!iommufd_ser_area_valid(view, area) ||
			    (j && area->iova <=
				  area[-1].iova + area[-1].length - 1))
				return -EINVAL;
		}
	}

	if (nr_allowed != view->hdr->nr_allowed ||
	    nr_areas != view->hdr->nr_areas)
		return -EINVAL;
	return 0;
}

/* What has an ID has it first, and tables are in the order of IDs */
static_assert(!offsetof(struct iommufd_ioas_ser, id));
static_assert(!offsetof(struct iommufd_hwpt_ser, id));

static int iommufd_ser_cmp_id(const void *key, const void *entry)
{
	return cmp_int(*(const u32 *)key, *(const u32 *)entry);
}

/* Only once the order of the table was checked */
static const struct iommufd_ioas_ser *
iommufd_ser_find_ioas(const struct iommufd_ser_view *view, u32 id)
{
	return bsearch(&id, view->ioas, view->hdr->nr_ioas,
		       sizeof(*view->ioas), iommufd_ser_cmp_id);
}

/**
 * iommufd_ser_find_hwpt() - Find a hardware page table by its ID
 * @view: Block to search
 * @id: Object ID
 *
 * Return: the entry, or NULL.
 */
const struct iommufd_hwpt_ser *
iommufd_ser_find_hwpt(const struct iommufd_ser_view *view, u32 id)
{
	return bsearch(&id, view->hwpt, view->hdr->nr_hwpt,
		       sizeof(*view->hwpt), iommufd_ser_cmp_id);
}

static int iommufd_ser_check_hwpt(const struct iommufd_ser_view *view)
{
	u32 i;

	for (i = 0; i < view->hdr->nr_hwpt; i++) {
		const struct iommufd_hwpt_ser *hwpt = &view->hwpt[i];
		const struct iommufd_ioas_ser *ioas;

		if (!iommufd_ser_id_valid(hwpt->id) || hwpt->reserved ||
		    (i && hwpt->id <= view->hwpt[i - 1].id) ||
		    (hwpt->flags & ~IOMMUFD_HWPT_SER_FLAGS))
			return -EINVAL;
		ioas = iommufd_ser_find_ioas(view, hwpt->ioas_id);
		if (!ioas || !(ioas->flags & IOMMUFD_IOAS_SER_TABLE))
			return -EINVAL;
	}
	return 0;
}

static int iommufd_ser_cmp_address(const void *a, const void *b)
{
	return cmp_int(*(const u64 *)a, *(const u64 *)b);
}

static u64 iommufd_ser_address(const struct iommufd_device_ser *device)
{
	return (u64)device->segment << 16 | device->bdf;
}

/* More devices than that are sorted, rather than each compared with each */
#define IOMMUFD_SER_FEW_DEVICES	64

/*
 * No device has two entries, which are in the order of IDs, not of addresses.
 * This must not fail for want of memory, and takes its time then.
 */
static int iommufd_ser_check_addresses(const struct iommufd_ser_view *view)
{
	u32 i, j, nr = view->hdr->nr_devices;
	u64 *addresses = NULL;
	int rc = 0;

	if (nr > IOMMUFD_SER_FEW_DEVICES)
		addresses = kvmalloc_array(nr, sizeof(*addresses),
					   GFP_KERNEL | __GFP_NOWARN);
	if (!addresses) {
		for (i = 0; i < nr; i++)
			for (j = 0; j < i; j++)
				if (iommufd_ser_address(&view->devices[i]) ==
				    iommufd_ser_address(&view->devices[j]))
					return -EINVAL;
		return 0;
	}

	for (i = 0; i < nr; i++)
		addresses[i] = iommufd_ser_address(&view->devices[i]);
	sort(addresses, nr, sizeof(*addresses), iommufd_ser_cmp_address, NULL);
	for (i = 1; i < nr && !rc; i++)
		if (addresses[i] == addresses[i - 1])
			rc = -EINVAL;
	kvfree(addresses);
	return rc;
}

static int iommufd_ser_check_devices(const struct iommufd_ser_view *view)
{
	u32 i;

	for (i = 0; i < view->hdr->nr_devices; i++) {
		const struct iommufd_device_ser *device = &view->devices[i];

		if (!iommufd_ser_id_valid(device->id) || device->reserved ||
		    (i && device->id <= view->devices[i - 1].id) ||
		    !iommufd_ser_find_hwpt(view, device->hwpt_id))
			return -EINVAL;
	}
	return iommufd_ser_check_addresses(view);
}

/**
 * iommufd_ser_chunk_entries() - How many entries a chunk has
 * @hdr: Header, checked
 * @chunk: Index of the chunk
 */
u32 iommufd_ser_chunk_entries(const struct iommufd_ser *hdr, u32 chunk)
{
	u64 first = (u64)chunk * IOMMUFD_CHUNK_SER_ENTRIES;

	return min_t(u64, IOMMUFD_CHUNK_SER_ENTRIES,
		     hdr->nr_claims + hdr->nr_runs - first);
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_chunk_entries);

/* The same in pages */
u64 iommufd_ser_chunk_pages(const struct iommufd_ser *hdr, u32 chunk)
{
	return PFN_UP(iommufd_ser_chunk_entries(hdr, chunk) * sizeof(u64));
}

static bool iommufd_ser_overlap(u64 pfn_a, u64 nr_a, u64 pfn_b, u64 nr_b)
{
	return pfn_a < pfn_b + nr_b && pfn_b < pfn_a + nr_a;
}

static int iommufd_ser_check_chunk_table(const struct iommufd_ser_view *view)
{
	const struct iommufd_ser *hdr = view->hdr;
	u64 nr, end = 0;
	u32 i, last;

	if (check_add_overflow(hdr->nr_claims, hdr->nr_runs, &nr) ||
	    nr > (u64)U32_MAX * IOMMUFD_CHUNK_SER_ENTRIES ||
	    hdr->nr_chunks != DIV_ROUND_UP_ULL(nr, IOMMUFD_CHUNK_SER_ENTRIES))
		return -EINVAL;

	for (i = 0; i < hdr->nr_chunks; i++) {
		u64 pfn = PHYS_PFN(view->chunks[i].phys);

		nr = iommufd_ser_chunk_pages(hdr, i);
		if (!view->chunks[i].phys ||
		    !PAGE_ALIGNED(view->chunks[i].phys) ||
		    iommufd_ser_overlap(pfn, nr, PHYS_PFN(view->phys),
					PFN_UP(hdr->size)))
			return -EINVAL;

		/* The last one is shorter, so it is where there was room */
		last = hdr->nr_chunks - 1;
		if (i == last)
			break;
		if (pfn < end ||
		    iommufd_ser_overlap(pfn, nr,
					PHYS_PFN(view->chunks[last].phys),
					iommufd_ser_chunk_pages(hdr, last)))
			return -EINVAL;
		end = pfn + nr;
	}
	return 0;
}

/**
 * iommufd_ser_check() - Check a block before any of it is used
 * @ser: Block of at least a page from the previous kernel
 * @phys: Where it is in physical memory
 * @view: Filled on success
 *
 * Every field is checked against its range, every reference from one part to
 * another against that part. What is left to the user is whether the tokens name
 * memfds that are long enough, whether there is memory where the chunks are said
 * to be, and then iommufd_ser_check_chunks().
 *
 * Return: 0, -EILSEQ if the block is damaged, -EINVAL if it is of another
 * version or makes no sense.
 */
int iommufd_ser_check(struct iommufd_ser *ser, u64 phys,
		      struct iommufd_ser_view *view)
{
	int rc;

	if (ser->magic != IOMMUFD_SER_MAGIC ||
	    ser->version != IOMMUFD_SER_VERSION) {
		pr_err("serialized state: unknown magic %#llx or version %u\n",
		       ser->magic, ser->version);
		return -EINVAL;
	}
	if (ser->size > IOMMUFD_SER_SIZE_MAX ||
	    ser->size != iommufd_ser_size(ser) ||
	    ser->checksum != iommufd_ser_checksum(ser)) {
		pr_err("serialized state: damaged\n");
		return -EILSEQ;
	}

	iommufd_ser_view_init(view, ser);
	view->phys = phys;
	rc = -EINVAL;
	if (!ser->flags && !ser->reserved && ser->page_shift == PAGE_SHIFT &&
	    ser->account_mode <= IOMMUFD_SER_ACCOUNT_MM)
		rc = iommufd_ser_check_chunk_table(view);
	if (!rc)
		rc = iommufd_ser_check_pages(view);
	if (!rc)
		rc = iommufd_ser_check_ioas(view);
	if (!rc)
		rc = iommufd_ser_check_hwpt(view);
	if (!rc)
		rc = iommufd_ser_check_devices(view);
	if (rc)
		pr_err("serialized state: invalid\n");
	return rc;
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_check);

u64 iommufd_ser_chunk_checksum(const struct iommufd_ser_view *view, u32 chunk)
{
	u32 nr = iommufd_ser_chunk_entries(view->hdr, chunk);

	return xxh64(phys_to_virt(view->chunks[chunk].phys), nr * sizeof(u64),
		     0);
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_chunk_checksum);

/* Index of the first claim that ends after @pfn, or their number */
static u64 iommufd_ser_find_claim(const struct iommufd_ser_view *view, u64 pfn)
{
	u64 low = 0, high = view->hdr->nr_claims;

	while (low < high) {
		u64 mid = low + (high - low) / 2;
		u64 claim = *iommufd_ser_run(view, mid);

		if (IOMMUFD_RUN_SER_PFN(claim) + IOMMUFD_RUN_SER_NR(claim) > pfn)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* Whether every page of a run is in a claim, however the two are cut */
static bool iommufd_ser_claimed(const struct iommufd_ser_view *view, u64 run)
{
	u64 pfn = IOMMUFD_RUN_SER_PFN(run);
	u64 end = pfn + IOMMUFD_RUN_SER_NR(run);
	u64 i = iommufd_ser_find_claim(view, pfn);

	for (; pfn < end; i++) {
		u64 claim;

		if (i == view->hdr->nr_claims)
			return false;
		claim = *iommufd_ser_run(view, i);
		if (IOMMUFD_RUN_SER_PFN(claim) > pfn)
			return false;
		pfn = IOMMUFD_RUN_SER_PFN(claim) + IOMMUFD_RUN_SER_NR(claim);
	}
	return true;
}

/* Whether any of @nr pages is in a claim */
static bool iommufd_ser_in_claim(const struct iommufd_ser_view *view, u64 pfn,
				 u64 nr)
{
	u64 i = iommufd_ser_find_claim(view, pfn);

	return i < view->hdr->nr_claims &&
	       IOMMUFD_RUN_SER_PFN(*iommufd_ser_run(view, i)) < pfn + nr;
}

static int iommufd_ser_check_claims(const struct iommufd_ser_view *view)
{
	u64 i, end = 1;

	for (i = 0; i < view->hdr->nr_claims; i++) {
		u64 claim = *iommufd_ser_run(view, i);

		/* Not for PFN 0 either, which stands for a hole */
		if (IOMMUFD_RUN_SER_PFN(claim) < end)
			return -EINVAL;
		end = IOMMUFD_RUN_SER_PFN(claim) + IOMMUFD_RUN_SER_NR(claim);
		if (end - 1 > IOMMUFD_RUN_SER_PFN_MAX)
			return -EINVAL;
	}

	/* What says where the memory is would be given away with it */
	if (iommufd_ser_in_claim(view, PHYS_PFN(view->phys),
				 PFN_UP(view->hdr->size)))
		return -EINVAL;
	for (i = 0; i < view->hdr->nr_chunks; i++)
		if (iommufd_ser_in_claim(view, PHYS_PFN(view->chunks[i].phys),
					 iommufd_ser_chunk_pages(view->hdr, i)))
			return -EINVAL;
	return 0;
}

static int iommufd_ser_check_runs(const struct iommufd_ser_view *view)
{
	u64 next = view->hdr->nr_claims;
	u32 i;

	for (i = 0; i < view->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *pages = &view->pages[i];
		u64 nr_pages = 0;
		u64 j;

		if (pages->flags & IOMMUFD_PAGES_SER_MEMFD)
			continue;

		for (j = 0; j < pages->nr_runs; j++) {
			u64 run = *iommufd_ser_run(view, next++);

			if (IOMMUFD_RUN_SER_PFN(run) &&
			    !iommufd_ser_claimed(view, run))
				return -EINVAL;
			nr_pages += IOMMUFD_RUN_SER_NR(run);
			if (nr_pages > pages->nr_pages)
				return -EINVAL;
		}
		if (nr_pages != pages->nr_pages)
			return -EINVAL;
	}
	return 0;
}

/**
 * iommufd_ser_check_chunks() - Check claims and runs before any of them is used
 * @view: From iommufd_ser_check()
 *
 * That areas do not use holes is found out when they are mapped.
 *
 * Return: 0, -EILSEQ if a chunk is damaged, -EINVAL if it makes no sense.
 */
int iommufd_ser_check_chunks(const struct iommufd_ser_view *view)
{
	u32 i;
	int rc;

	for (i = 0; i < view->hdr->nr_chunks; i++) {
		if (view->chunks[i].checksum ==
		    iommufd_ser_chunk_checksum(view, i))
			continue;
		pr_err("serialized state: chunk %u is damaged\n", i);
		return -EILSEQ;
	}

	rc = iommufd_ser_check_claims(view);
	if (!rc)
		rc = iommufd_ser_check_runs(view);
	if (rc)
		pr_err("serialized state: invalid list of memory\n");
	return rc;
}
EXPORT_SYMBOL_IF_KUNIT(iommufd_ser_check_chunks);
