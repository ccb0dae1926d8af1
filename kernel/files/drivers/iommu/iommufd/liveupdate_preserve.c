// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * The half of live update that runs in the old kernel: a context is described in
 * a block of KHO memory, and what it has pinned is preserved. See liveupdate.c.
 */

#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>
#include <trace/events/iommufd.h>

#include "io_pagetable.h"
#include "liveupdate_internal.h"

/*
 * Walk the objects in the order of IDs: unlocks @obj and returns the one after
 * it, locked, or the first for NULL. Objects that are being created cannot be
 * met while the shape is locked, but devices may unbind at any time.
 */
static struct iommufd_object *iommufd_lu_next_object(struct iommufd_ctx *ictx,
						     struct iommufd_object *obj)
{
	unsigned long index = 0;

	if (obj) {
		index = obj->id + 1UL;
		iommufd_put_object(ictx, obj);
	}

	xa_lock(&ictx->objects);
	obj = xa_find(&ictx->objects, &index, U32_MAX, XA_PRESENT);
	while (obj && !iommufd_lock_obj(obj))
		obj = xa_find_after(&ictx->objects, &index, U32_MAX, XA_PRESENT);
	xa_unlock(&ictx->objects);
	return obj;
}

static int iommufd_lu_check_hwpt(struct iommufd_hw_pagetable *hwpt)
{
	if (!iommufd_lu_is_noiommu(hwpt) || hwpt->fault || hwpt->pasid_compat ||
	    to_hwpt_paging(hwpt)->nest_parent) {
		pr_err("cannot preserve HWPT %u: only plain noiommu HWPTs are carried\n",
		       hwpt->obj.id);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int iommufd_lu_check_device(struct iommufd_device *idev)
{
	if (idev->igroup->group || idev->vdev || !dev_is_pci(idev->dev)) {
		pr_err("cannot preserve device %u (%s): only noiommu PCI devices are carried\n",
		       idev->obj.id, dev_name(idev->dev));
		return -EOPNOTSUPP;
	}
	if (!iommufd_lu_attached_hwpt(idev)) {
		pr_err("cannot preserve device %u (%s): it is not attached to an IOAS\n",
		       idev->obj.id, dev_name(idev->dev));
		return -ENOTCONN;
	}
	return 0;
}

/* A page object on its way to the next kernel */
struct iommufd_lu_pages {
	struct iopt_pages *pages;
	/* The memfd it is a range of, or NULL if it is made of runs */
	struct file *memfd;
	u64 token;
	u64 offset;
	/* Index of the first one in struct iommufd_lu_build */
	size_t first_run;
	u64 nr_runs;
};

/* What is found out before the size of the block is known */
struct iommufd_lu_build {
	struct liveupdate_session *session;
	/* struct iopt_pages to index in pages */
	struct xarray index;
	struct iommufd_lu_pages *pages;
	size_t nr_pages;
	/* IOMMUFD_RUN_SER() */
	u64 *runs;
	size_t nr_runs;
	u64 *claims;
	size_t nr_claims;
	/* IDs of those that are held */
	u32 *hwpts;
	size_t nr_hwpts;
};

/* Make room for one more element, the arrays double at every power of two */
static int iommufd_lu_grow(void **array, size_t nr, size_t size)
{
	size_t bytes;
	void *grown;

	if (nr & (nr - 1))
		return 0;
	if (check_mul_overflow(nr ? nr * 2 : 1, size, &bytes))
		return -EOVERFLOW;
	grown = kvrealloc(*array, bytes, IOMMUFD_LU_GFP);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	return 0;
}

static int iommufd_lu_add_u64(u64 **array, size_t *nr, u64 value)
{
	int rc = iommufd_lu_grow((void **)array, *nr, sizeof(value));

	if (!rc)
		(*array)[(*nr)++] = value;
	return rc;
}

static void iommufd_lu_build_destroy(struct iommufd_lu_build *build)
{
	size_t i;

	for (i = 0; i < build->nr_pages; i++)
		if (build->pages[i].memfd)
			fput(build->pages[i].memfd);
	kvfree(build->pages);
	kvfree(build->runs);
	kvfree(build->claims);
	kvfree(build->hwpts);
	xa_destroy(&build->index);
}

/*
 * A device may be detached, or unbound, at any time, and that unpins the memory
 * if its HWPT is an automatic one. Keep all of them from now to unpreserve.
 */
static int iommufd_lu_hold_hwpts(struct iommufd_ctx *ictx,
				 struct iommufd_lu_build *build)
{
	struct iommufd_object *obj = NULL;
	int rc;

	while ((obj = iommufd_lu_next_object(ictx, obj))) {
		if (obj->type != IOMMUFD_OBJ_HWPT_PAGING)
			continue;
		rc = iommufd_lu_grow((void **)&build->hwpts, build->nr_hwpts,
				     sizeof(*build->hwpts));
		if (rc) {
			iommufd_put_object(ictx, obj);
			return rc;
		}
		refcount_inc(&obj->users);
		build->hwpts[build->nr_hwpts++] = obj->id;
	}
	return 0;
}

/* PFN 0 for a hole */
static int iommufd_lu_add_run(struct iommufd_lu_build *build,
			      struct iommufd_lu_pages *obj, unsigned long pfn,
			      unsigned long nr)
{
	int rc;

	if (obj->nr_runs && pfn) {
		u64 *last = &build->runs[build->nr_runs - 1];
		u64 last_nr = IOMMUFD_RUN_SER_NR(*last);

		if (IOMMUFD_RUN_SER_PFN(*last) &&
		    IOMMUFD_RUN_SER_PFN(*last) + last_nr == pfn &&
		    last_nr + nr <= IOMMUFD_RUN_SER_NR_MAX) {
			*last += nr;
			return 0;
		}
	}

	while (nr) {
		unsigned long part = min_t(u64, nr, IOMMUFD_RUN_SER_NR_MAX);

		rc = iommufd_lu_add_u64(&build->runs, &build->nr_runs,
					IOMMUFD_RUN_SER(pfn, part));
		if (rc)
			return rc;
		obj->nr_runs++;
		nr -= part;
		if (pfn)
			pfn += part;
	}
	return 0;
}

static unsigned long iommufd_lu_area_iova(struct iopt_area *area,
					  unsigned long index)
{
	/* Whole pages, whatever is in a noiommu domain is aligned */
	return iopt_area_iova(area) + (index - iopt_area_index(area)) * PAGE_SIZE;
}

/* An area through which the page at @index, or else one after it, is mapped */
static struct iopt_area *iommufd_lu_find_area(struct iopt_pages *pages,
					      unsigned long index)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&pages->mutex);

	node = interval_tree_iter_first(&pages->domains_itree, index,
					pages->npages - 1);
	return node ? container_of(node, struct iopt_area, pages_node) : NULL;
}

/* Tell which page cannot be carried */
static void iommufd_lu_refuse_page(struct iopt_pages *pages,
				   unsigned long index, const char *why)
{
	struct iommufd_ioas *ioas;
	struct iopt_area *area;

	guard(mutex)(&pages->mutex);
	area = iommufd_lu_find_area(pages, index);
	if (!area) {
		pr_err("cannot preserve unmapped memory: %s\n", why);
		return;
	}

	ioas = container_of(area->iopt, struct iommufd_ioas, iopt);
	pr_err("cannot preserve IOAS %u: IOVA %#lx: %s\n", ioas->obj.id,
	       iommufd_lu_area_iova(area, max(index, iopt_area_index(area))),
	       why);
}

/* A memfd that is preserved, or not yet finished, keeps its pages */
static bool iommufd_lu_mapping_frozen(struct address_space *mapping)
{
	return shmem_mapping(mapping) &&
	       (READ_ONCE(SHMEM_I(mapping->host)->flags) &
		SHMEM_F_MAPPING_FROZEN);
}

/* Why a folio cannot be taken away from its owner, or NULL */
static const char *iommufd_lu_folio_refused(struct folio *folio)
{
	struct address_space *mapping;
	const char *why = NULL;

	if (folio_is_zone_device(folio))
		return "device memory is not carried";
	if (folio_test_ksm(folio))
		return "a page merged by KSM is not carried";
	if (folio_contain_hwpoisoned_page(folio))
		return "a page with a hardware error is not carried";
	if (folio_test_hugetlb(folio) || folio_test_anon(folio))
		return NULL;

	/* Do not wait for a lock that a file system may hold for ever */
	if (!folio_test_swapbacked(folio))
		return "page cache of a file is not carried";

	/* Keeps the mapping where it is */
	folio_lock(folio);
	mapping = folio->mapping;
	if (mapping && iommufd_lu_mapping_frozen(mapping))
		why = "its memfd is preserved, but elsewhere or not in one piece";
	else if (mapping && !shmem_mapping(mapping))
		why = "page cache of a file is not carried";
	folio_unlock(folio);
	return why;
}

static int iommufd_lu_check_memory(struct iopt_pages *pages,
				   unsigned long index, unsigned long pfn,
				   unsigned long nr)
{
	while (nr) {
		struct page *page = pfn_to_online_page(pfn);
		const char *why = "device memory is not carried";
		unsigned long step = 1;

		if (page && is_zero_pfn(pfn)) {
			why = "the zero page is not carried";
		} else if (page) {
			struct folio *folio = page_folio(page);

			why = iommufd_lu_folio_refused(folio);
			step = folio_nr_pages(folio) -
			       folio_page_idx(folio, page);
		}
		if (why) {
			iommufd_lu_refuse_page(pages, index, why);
			return -EOPNOTSUPP;
		}

		step = min(step, nr);
		index += step;
		pfn += step;
		nr -= step;
	}
	return 0;
}

static int iommufd_lu_add_extent(struct iommufd_lu_build *build,
				 struct iommufd_lu_pages *obj,
				 unsigned long index,
				 const struct iommu_noiommu_extent *extent)
{
	unsigned long pfn = PHYS_PFN(extent->phys);
	unsigned long nr = extent->length >> PAGE_SHIFT;
	int rc;

	rc = iommufd_lu_check_memory(obj->pages, index, pfn, nr);
	if (rc)
		return rc;
	return iommufd_lu_add_run(build, obj, pfn, nr);
}

/* What is mapped of a page object, out of the tables it is mapped in */
static int iommufd_lu_read_runs(struct iommufd_lu_build *build,
				struct iommufd_lu_pages *obj)
{
	struct iommu_noiommu_extent extents[16];
	struct iopt_pages *pages = obj->pages;
	unsigned long index = 0;

	while (index < pages->npages) {
		struct io_pagetable *iopt;
		struct iopt_area *area;
		unsigned long first, last;
		unsigned long iova;
		int rc, n, i;

		scoped_guard(mutex, &pages->mutex) {
			area = iommufd_lu_find_area(pages, index);
			if (!area)
				break;
			/* Whole pages are mapped in a noiommu domain */
			if (WARN_ON(area->page_offset))
				return -EINVAL;
			iopt = area->iopt;
			first = max(index, iopt_area_index(area));
			last = iopt_area_last_index(area);
			iova = iommufd_lu_area_iova(area, first);
		}
		if (!area)
			return iommufd_lu_add_run(build, obj, 0,
						  pages->npages - index);
		if (first != index) {
			rc = iommufd_lu_add_run(build, obj, 0, first - index);
			if (rc)
				return rc;
		}

		for (index = first; index <= last;) {
			n = iopt_get_extents(iopt, iova, extents,
					     ARRAY_SIZE(extents));
			if (n < 0)
				return n;
			if (WARN_ON(!n || extents[0].iova != iova))
				return -EINVAL;

			/* None crosses the end of the area, but some are behind it */
			for (i = 0; i < n && index <= last; i++) {
				rc = iommufd_lu_add_extent(build, obj, index,
							   &extents[i]);
				if (rc)
					return rc;
				index += extents[i].length >> PAGE_SHIFT;
				iova = extents[i].iova + extents[i].length;
			}
			cond_resched();
		}
	}
	return 0;
}

/* Memory that came out of an earlier update is ours already, mapped or not */
static int iommufd_lu_copy_runs(struct iommufd_lu_build *build,
				struct iommufd_lu_pages *obj)
{
	unsigned long index = 0;

	while (index < obj->pages->npages) {
		unsigned long pfn, nr;
		int rc;

		nr = iopt_extents_lookup(obj->pages, index, &pfn);
		rc = iommufd_lu_add_run(build, obj, pfn, nr);
		if (rc)
			return rc;
		index += nr;
		cond_resched();
	}
	return 0;
}

/*
 * The memfd that a page object is mapped from by address, if it is preserved. The
 * offset is where page 0 would be in it.
 */
static struct file *iommufd_lu_find_user_memfd(struct iopt_pages *pages,
					       u64 *offset)
{
	struct mm_struct *mm = pages->source_mm;
	struct vm_area_struct *vma;
	struct file *file = NULL;
	struct iopt_area *area;
	unsigned long index = 0;
	unsigned long addr;

	scoped_guard(mutex, &pages->mutex) {
		area = iommufd_lu_find_area(pages, 0);
		if (area)
			index = iopt_area_index(area);
	}

	if (!mmget_not_zero(mm))
		return NULL;
	addr = (unsigned long)pages->uptr + index * PAGE_SIZE;
	if (mmap_read_lock_killable(mm))
		goto out_put;
	vma = vma_lookup(mm, addr);
	/* A private mapping has copies, and it is copies that were pinned */
	if (vma && (vma->vm_flags & VM_SHARED) && shmem_file(vma->vm_file) &&
	    iommufd_lu_mapping_frozen(vma->vm_file->f_mapping) &&
	    linear_page_index(vma, addr) >= index) {
		file = get_file(vma->vm_file);
		*offset = (u64)(linear_page_index(vma, addr) - index)
			  << PAGE_SHIFT;
	}
	mmap_read_unlock(mm);
out_put:
	mmput(mm);
	return file;
}

/* Only what is preserved in the same session will be there in the next kernel */
static void iommufd_lu_find_memfd(struct iommufd_lu_build *build,
				  struct iommufd_lu_pages *obj)
{
	struct iopt_pages *pages = obj->pages;
	struct file *file = NULL;
	u64 offset;

	if (pages->type == IOPT_ADDRESS_USER) {
		file = iommufd_lu_find_user_memfd(pages, &offset);
	} else if (pages->type == IOPT_ADDRESS_FILE && shmem_file(pages->file)) {
		file = get_file(pages->file);
		offset = pages->start;
	}
	if (!file)
		return;

	if (liveupdate_get_token_outgoing(build->session, file, &obj->token)) {
		fput(file);
		return;
	}
	obj->memfd = file;
	obj->offset = offset;
}

static int iommufd_lu_add_pages(struct iommufd_lu_build *build,
				struct iopt_pages *pages)
{
	struct iommufd_lu_pages *obj;
	int rc;

	rc = iommufd_lu_grow((void **)&build->pages, build->nr_pages,
			     sizeof(*obj));
	if (rc)
		return rc;
	rc = xa_err(xa_store(&build->index, (unsigned long)pages,
			     xa_mk_value(build->nr_pages), GFP_KERNEL));
	if (rc)
		return rc;

	obj = &build->pages[build->nr_pages++];
	*obj = (struct iommufd_lu_pages){
		.pages = pages,
		.first_run = build->nr_runs,
	};
	if (iopt_is_extents(pages))
		return iommufd_lu_copy_runs(build, obj);

	iommufd_lu_find_memfd(build, obj);
	if (obj->memfd)
		return 0;
	return iommufd_lu_read_runs(build, obj);
}

static struct iommufd_lu_pages *
iommufd_lu_pages_of(struct iommufd_lu_build *build, struct iopt_pages *pages)
{
	return &build->pages[xa_to_value(xa_load(&build->index,
						 (unsigned long)pages))];
}

/* All page objects of an IOAS that were not met in another one */
static int iommufd_lu_collect_ioas(struct iommufd_lu_build *build,
				   struct iommufd_ioas *ioas)
{
	struct io_pagetable *iopt = &ioas->iopt;
	unsigned long iova = 0;

	do {
		struct iopt_pages *pages;
		struct iopt_area *area;
		unsigned long first;
		int rc;

		/* Neither goes away, nothing changes under us */
		scoped_guard(rwsem_read, &iopt->iova_rwsem) {
			area = iopt_area_iter_first(iopt, iova, ULONG_MAX);
			pages = area ? area->pages : NULL;
			if (area) {
				first = iopt_area_iova(area);
				iova = iopt_area_last_iova(area) + 1;
			}
		}
		if (!area)
			return 0;
		if (!pages || iopt_is_dmabuf(pages)) {
			pr_err("cannot preserve IOAS %u: a dma-buf is mapped at IOVA %#lx\n",
			       ioas->obj.id, first);
			return -EOPNOTSUPP;
		}
		if (xa_load(&build->index, (unsigned long)pages))
			continue;
		rc = iommufd_lu_add_pages(build, pages);
		if (rc)
			return rc;
	} while (iova);
	return 0;
}

static int iommufd_lu_collect(struct iommufd_ctx *ictx,
			      struct iommufd_lu_build *build)
{
	struct iommufd_object *obj = NULL;
	int rc;

	while ((obj = iommufd_lu_next_object(ictx, obj))) {
		if (obj->type != IOMMUFD_OBJ_IOAS)
			continue;
		rc = iommufd_lu_collect_ioas(build, to_ioas(obj));
		if (rc) {
			iommufd_put_object(ictx, obj);
			return rc;
		}
	}
	return 0;
}

static int iommufd_lu_cmp_run(const void *a, const void *b)
{
	u64 run_a = *(const u64 *)a, run_b = *(const u64 *)b;

	return run_a < run_b ? -1 : run_a > run_b;
}

/*
 * KHO restores a range in the same blocks that it was preserved in if both are
 * cut at the same places. That depends on the machine, not on the kernel.
 */
static int iommufd_lu_add_claims(struct iommufd_lu_build *build,
				 unsigned long pfn, unsigned long end)
{
	while (pfn < end) {
		unsigned long next = min(ALIGN(pfn + 1, MAX_ORDER_NR_PAGES), end);
		int rc;

		while (pfn_to_nid(next - 1) != pfn_to_nid(pfn))
			next--;
		rc = iommufd_lu_add_u64(&build->claims, &build->nr_claims,
					IOMMUFD_RUN_SER(pfn, next - pfn));
		if (rc)
			return rc;
		pfn = next;
	}
	return 0;
}

/* KHO does not count how often it is given a page, so give it each page once */
static int iommufd_lu_make_claims(struct iommufd_lu_build *build)
{
	unsigned long pfn = 0, end = 0;
	u64 *runs;
	size_t i;
	int rc = 0;

	if (!build->nr_runs)
		return 0;
	runs = kvmemdup(build->runs, build->nr_runs * sizeof(*runs),
			IOMMUFD_LU_GFP);
	if (!runs)
		return -ENOMEM;
	sort_nonatomic(runs, build->nr_runs, sizeof(*runs), iommufd_lu_cmp_run,
		       NULL);

	for (i = 0; i < build->nr_runs; i++) {
		unsigned long run_pfn = IOMMUFD_RUN_SER_PFN(runs[i]);

		if (!run_pfn)
			continue;
		if (run_pfn > end) {
			rc = iommufd_lu_add_claims(build, pfn, end);
			if (rc)
				break;
			pfn = run_pfn;
			end = pfn;
		}
		end = max(end, run_pfn +
			       (unsigned long)IOMMUFD_RUN_SER_NR(runs[i]));
	}
	if (!rc)
		rc = iommufd_lu_add_claims(build, pfn, end);
	kvfree(runs);
	return rc;
}

/* Tell which mapping the pages of a claim are in */
static void iommufd_lu_refuse_claim(struct iommufd_lu_build *build, u64 claim,
				    int err)
{
	u64 first = IOMMUFD_RUN_SER_PFN(claim);
	u64 end = first + IOMMUFD_RUN_SER_NR(claim);
	u64 *run = build->runs;
	size_t i;
	u64 j;

	for (i = 0; i < build->nr_pages; i++) {
		unsigned long index = 0;

		for (j = 0; j < build->pages[i].nr_runs; j++, run++) {
			u64 pfn = IOMMUFD_RUN_SER_PFN(*run);

			if (pfn < end && pfn + IOMMUFD_RUN_SER_NR(*run) > first) {
				if (pfn < first)
					index += first - pfn;
				iommufd_lu_refuse_page(build->pages[i].pages,
						       index,
						       err == -EEXIST ?
						       "the memory is preserved already" :
						       "KHO refuses the memory");
				return;
			}
			index += IOMMUFD_RUN_SER_NR(*run);
		}
	}
}

/*
 * The device writes to the pages that were in the file when the area was mapped.
 * What comes back after the kexec is the pages that are in the file now.
 */
static int iommufd_lu_check_memfd_area(struct iommufd_ioas *ioas,
				       struct iopt_area *area,
				       const struct iommufd_lu_pages *obj)
{
	struct address_space *mapping = obj->memfd->f_mapping;
	unsigned long index = iopt_area_index(area);
	unsigned long iova = iopt_area_iova(area);
	u64 last_byte;

	lockdep_assert_held(&obj->pages->mutex);

	if (!area->storage_domain)
		goto check_size;

	/* Holds for all that is in a noiommu domain, it maps whole pages */
	if (WARN_ON(area->page_offset || !PAGE_ALIGNED(iova)))
		return -EINVAL;

	while (index <= iopt_area_last_index(area)) {
		pgoff_t pgoff = (obj->offset >> PAGE_SHIFT) + index;
		struct folio *folio;
		unsigned long last;

		folio = filemap_get_folio(mapping, pgoff);
		if (IS_ERR(folio))
			goto err_moved;

		last = min(iopt_area_last_index(area),
			   index + (folio_next_index(folio) - 1 - pgoff));
		for (; index <= last; index++, pgoff++) {
			phys_addr_t phys =
				iommu_iova_to_phys(area->storage_domain, iova);

			if (PHYS_PFN(phys) !=
			    page_to_pfn(folio_file_page(folio, pgoff))) {
				folio_put(folio);
				goto err_moved;
			}
			iova += PAGE_SIZE;
		}
		folio_put(folio);
		cond_resched();
	}

check_size:
	last_byte = obj->offset +
		    iopt_area_start_byte(area, iopt_area_last_iova(area));
	if (last_byte >= PAGE_ALIGN(i_size_read(mapping->host))) {
		pr_err("cannot preserve IOAS %u: the area at IOVA %#lx-%#lx reaches over the end of its memfd\n",
		       ioas->obj.id, iopt_area_iova(area),
		       iopt_area_last_iova(area));
		return -ERANGE;
	}
	return 0;

err_moved:
	pr_err("cannot preserve IOAS %u: the memfd no longer has the page that is mapped at IOVA %#lx\n",
	       ioas->obj.id, iova);
	return -ESTALE;
}

/* In an IOAS without a table, nothing but another IOAS keeps an area pinned */
static int iommufd_lu_check_unpinned_area(struct iommufd_lu_build *build,
					  struct iommufd_ioas *ioas,
					  struct iopt_area *area,
					  const struct iommufd_lu_pages *obj)
{
	const u64 *run = build->runs + obj->first_run;
	const u64 *end_run = run + obj->nr_runs;
	unsigned long index = 0;

	if (area->storage_domain)
		return 0;

	for (; run != end_run && index <= iopt_area_last_index(area); run++) {
		unsigned long end = index + IOMMUFD_RUN_SER_NR(*run);

		if (!IOMMUFD_RUN_SER_PFN(*run) && end > iopt_area_index(area)) {
			pr_err("cannot preserve IOAS %u: the memory at IOVA %#lx-%#lx is not pinned, and not of a memfd that is preserved in this session\n",
			       ioas->obj.id, iopt_area_iova(area),
			       iopt_area_last_iova(area));
			return obj->pages->type == IOPT_ADDRESS_FILE ?
				       -ENXIO : -EOPNOTSUPP;
		}
		index = end;
		if (need_resched()) {
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
		}
	}
	return 0;
}

static int iommufd_lu_preserve_area(struct iommufd_lu_build *build,
				    struct iommufd_ioas *ioas,
				    struct iopt_area *area,
				    struct iommufd_area_ser *ser)
{
	struct iommufd_lu_pages *obj = iommufd_lu_pages_of(build, area->pages);
	int rc;

	scoped_guard(mutex, &area->pages->mutex) {
		if (obj->memfd)
			rc = iommufd_lu_check_memfd_area(ioas, area, obj);
		else
			rc = iommufd_lu_check_unpinned_area(build, ioas, area,
							    obj);
	}
	if (rc)
		return rc;

	ser->iova = iopt_area_iova(area);
	ser->length = iopt_area_length(area);
	ser->start = iopt_area_start_byte(area, ser->iova);
	ser->pages = obj - build->pages;
	if (area->iommu_prot & IOMMU_READ)
		ser->flags |= IOMMUFD_AREA_SER_READ;
	if (area->iommu_prot & IOMMU_WRITE)
		ser->flags |= IOMMUFD_AREA_SER_WRITE;
	return 0;
}

static void iommufd_lu_preserve_pages(const struct iommufd_lu_build *build,
				      struct iommufd_pages_ser *ser)
{
	size_t i;

	for (i = 0; i < build->nr_pages; i++, ser++) {
		const struct iommufd_lu_pages *obj = &build->pages[i];

		ser->nr_pages = obj->pages->npages;
		if (obj->pages->writable)
			ser->flags |= IOMMUFD_PAGES_SER_WRITE;
		if (obj->memfd) {
			ser->flags |= IOMMUFD_PAGES_SER_MEMFD;
			ser->token = obj->token;
			ser->offset = obj->offset;
		} else {
			ser->nr_runs = obj->nr_runs;
		}
	}
}

static int iommufd_lu_preserve_ioas(struct iommufd_lu_build *build,
				    struct iommufd_ioas *ioas,
				    struct iommufd_ioas_ser *ser,
				    struct iommufd_allowed_ser *allowed_ser,
				    struct iommufd_area_ser *area_ser)
{
	struct io_pagetable *iopt = &ioas->iopt;
	struct iopt_allowed *allowed;
	struct iopt_area *area;
	int rc;

	ser->id = ioas->obj.id;

	/* Nothing changes under us, but the lists are only read under the lock */
	scoped_guard(rwsem_read, &iopt->iova_rwsem) {
		for (allowed = iopt_allowed_iter_first(iopt, 0, ULONG_MAX);
		     allowed;
		     allowed = iopt_allowed_iter_next(allowed, 0, ULONG_MAX)) {
			allowed_ser->start = allowed->node.start;
			allowed_ser->last = allowed->node.last;
			allowed_ser++;
			ser->nr_allowed++;
		}

		for (area = iopt_area_iter_first(iopt, 0, ULONG_MAX); area;
		     area = iopt_area_iter_next(area, 0, ULONG_MAX)) {
			rc = iommufd_lu_preserve_area(build, ioas, area,
						      area_ser++);
			if (rc)
				return rc;
			ser->nr_areas++;
		}
		if (iopt->disable_large_pages)
			ser->flags |= IOMMUFD_IOAS_SER_NO_LARGE_PAGES;
	}

	if (xa_empty(&iopt->domains))
		return 0;

	ser->flags |= IOMMUFD_IOAS_SER_TABLE;
	return iommufd_lu_digest(ioas, &ser->nr_extents, &ser->digest);
}

static void iommufd_lu_preserve_hwpt(struct iommufd_hw_pagetable *hwpt,
				     struct iommufd_hwpt_ser *ser)
{
	struct iommufd_hwpt_paging *hwpt_paging = to_hwpt_paging(hwpt);

	ser->id = hwpt->obj.id;
	ser->ioas_id = hwpt_paging->ioas->obj.id;
	if (hwpt_paging->auto_domain)
		ser->flags |= IOMMUFD_HWPT_SER_AUTO;
}

static void iommufd_lu_preserve_device(struct iommufd_device *idev,
				       struct iommufd_device_ser *ser)
{
	struct pci_dev *pdev = to_pci_dev(idev->dev);

	ser->id = idev->obj.id;
	ser->hwpt_id = iommufd_lu_attached_hwpt(idev);
	ser->segment = pci_domain_nr(pdev->bus);
	ser->bdf = pci_dev_id(pdev);
}

/* Find out whether the context can be carried, and how much there is of it */
static int iommufd_lu_count(struct iommufd_ctx *ictx, struct iommufd_ser *hdr)
{
	struct iommufd_object *obj = NULL;
	int rc = 0;

	if (ictx->vfio_ioas || ictx->no_iommu_mode) {
		pr_err("cannot preserve a context that is used as a VFIO container\n");
		return -EOPNOTSUPP;
	}

	while ((obj = iommufd_lu_next_object(ictx, obj))) {
		switch (obj->type) {
		case IOMMUFD_OBJ_IOAS: {
			struct io_pagetable *iopt = &to_ioas(obj)->iopt;
			struct interval_tree_node *node;

			guard(rwsem_read)(&iopt->iova_rwsem);
			for (node = interval_tree_iter_first(&iopt->allowed_itree,
							     0, ULONG_MAX);
			     node;
			     node = interval_tree_iter_next(node, 0, ULONG_MAX))
				hdr->nr_allowed++;
			for (node = interval_tree_iter_first(&iopt->area_itree,
							     0, ULONG_MAX);
			     node;
			     node = interval_tree_iter_next(node, 0, ULONG_MAX))
				hdr->nr_areas++;
			hdr->nr_ioas++;
			break;
		}
		case IOMMUFD_OBJ_HWPT_PAGING:
		case IOMMUFD_OBJ_HWPT_NESTED:
			rc = iommufd_lu_check_hwpt(to_hwpt(obj));
			hdr->nr_hwpt++;
			break;
		case IOMMUFD_OBJ_DEVICE:
			rc = iommufd_lu_check_device(to_idev(obj));
			hdr->nr_devices++;
			break;
		default:
			pr_err("cannot preserve object %u: its type %u is not carried\n",
			       obj->id, obj->type);
			rc = -EOPNOTSUPP;
			break;
		}
		if (rc) {
			iommufd_put_object(ictx, obj);
			return rc;
		}
	}

	return 0;
}

static int iommufd_lu_fill(struct iommufd_ctx *ictx,
			   struct iommufd_lu_build *build,
			   struct iommufd_ser_view *view)
{
	struct iommufd_allowed_ser *allowed = view->allowed;
	struct iommufd_device_ser *device = view->devices;
	struct iommufd_area_ser *area = view->areas;
	struct iommufd_hwpt_ser *hwpt = view->hwpt;
	struct iommufd_ioas_ser *ioas = view->ioas;
	struct iommufd_object *obj = NULL;
	int rc;

	while ((obj = iommufd_lu_next_object(ictx, obj))) {
		switch (obj->type) {
		case IOMMUFD_OBJ_IOAS:
			rc = iommufd_lu_preserve_ioas(build, to_ioas(obj),
						      ioas, allowed, area);
			if (rc) {
				iommufd_put_object(ictx, obj);
				return rc;
			}
			allowed += ioas->nr_allowed;
			area += ioas->nr_areas;
			ioas++;
			break;
		case IOMMUFD_OBJ_HWPT_PAGING:
			iommufd_lu_preserve_hwpt(to_hwpt(obj), hwpt++);
			break;
		case IOMMUFD_OBJ_DEVICE:
			iommufd_lu_preserve_device(to_idev(obj), device++);
			break;
		default:
			break;
		}
	}

	/* All that can change between the two walks: devices detach and unbind */
	if (device != view->devices + view->hdr->nr_devices ||
	    hwpt != view->hwpt + view->hdr->nr_hwpt) {
		pr_err("cannot preserve a context that is being changed\n");
		return -EBUSY;
	}
	return 0;
}

bool iommufd_lu_can_preserve(struct liveupdate_file_handler *handler,
			     struct file *file)
{
	return iommufd_file_is_ctx(file);
}

/* Fill in the sizes that depend on how much memory there is */
static int iommufd_lu_set_size(const struct iommufd_lu_build *build,
			       struct iommufd_ser *hdr)
{
	u64 nr_chunks;

	hdr->nr_claims = build->nr_claims;
	hdr->nr_runs = build->nr_runs;
	nr_chunks = DIV_ROUND_UP_ULL(hdr->nr_claims + hdr->nr_runs,
				     IOMMUFD_CHUNK_SER_ENTRIES);
	hdr->nr_pages = build->nr_pages;
	hdr->nr_chunks = nr_chunks;
	hdr->size = iommufd_ser_size(hdr);
	if (build->nr_pages > U32_MAX || nr_chunks > U32_MAX ||
	    hdr->size > IOMMUFD_SER_SIZE_MAX) {
		pr_err("cannot preserve %u areas in %u IOASes: too many\n",
		       hdr->nr_areas, hdr->nr_ioas);
		return -E2BIG;
	}
	return 0;
}

/* The first @nr_claims of the memory, and all of the lists */
static void iommufd_lu_unpreserve_memory(const struct iommufd_ser_view *view,
					 u64 nr_claims)
{
	u64 i;

	for (i = 0; i < nr_claims; i++) {
		u64 claim = *iommufd_ser_run(view, i);

		kho_unpreserve_pages(pfn_to_page(IOMMUFD_RUN_SER_PFN(claim)),
				     IOMMUFD_RUN_SER_NR(claim));
		cond_resched();
	}
	for (i = 0; i < view->hdr->nr_chunks; i++)
		if (view->chunks[i].phys)
			kho_unpreserve_free(phys_to_virt(view->chunks[i].phys));
}

static int iommufd_lu_cmp_chunks(const void *a, const void *b)
{
	return cmp_int(((const struct iommufd_chunk_ser *)a)->phys,
		       ((const struct iommufd_chunk_ser *)b)->phys);
}

static int iommufd_lu_preserve_memory(struct iommufd_lu_build *build,
				      const struct iommufd_ser_view *view)
{
	u64 nr_claims = 0;
	u64 i;
	int rc;

	for (i = 0; i < view->hdr->nr_chunks; i++) {
		u32 nr = iommufd_ser_chunk_entries(view->hdr, i);
		void *chunk = kho_alloc_preserve(nr * sizeof(u64));

		if (IS_ERR(chunk)) {
			rc = PTR_ERR(chunk);
			goto err_unpreserve;
		}
		view->chunks[i].phys = virt_to_phys(chunk);
	}
	/* In order, those that are of the same size */
	if (view->hdr->nr_chunks > 2)
		sort(view->chunks, view->hdr->nr_chunks - 1,
		     sizeof(*view->chunks), iommufd_lu_cmp_chunks, NULL);

	for (i = 0; i < build->nr_claims; i++)
		*iommufd_ser_run(view, i) = build->claims[i];
	for (i = 0; i < build->nr_runs; i++)
		*iommufd_ser_run(view, build->nr_claims + i) = build->runs[i];
	for (i = 0; i < view->hdr->nr_chunks; i++)
		view->chunks[i].checksum = iommufd_ser_chunk_checksum(view, i);

	for (; nr_claims < build->nr_claims; nr_claims++) {
		u64 claim = build->claims[nr_claims];

		rc = kho_preserve_pages(pfn_to_page(IOMMUFD_RUN_SER_PFN(claim)),
					IOMMUFD_RUN_SER_NR(claim));
		if (rc) {
			iommufd_lu_refuse_claim(build, claim, rc);
			goto err_unpreserve;
		}
		cond_resched();
	}
	return 0;

err_unpreserve:
	iommufd_lu_unpreserve_memory(view, nr_claims);
	return rc;
}

int iommufd_lu_preserve(struct liveupdate_file_op_args *args)
{
	struct iommufd_ctx *ictx = args->file->private_data;
	struct iommufd_lu_build build = {
		.session = args->session,
	};
	struct iommufd_ser_view view;
	struct iommufd_ser hdr = {
		.magic = IOMMUFD_SER_MAGIC,
		.version = IOMMUFD_SER_VERSION,
		.page_shift = PAGE_SHIFT,
	};
	u64 start = ktime_get_ns();
	struct iommufd_ser *ser;
	int rc;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;

	xa_init(&build.index);

	/* Do not wait: an IOAS_MAP may hang in a page fault of userspace's */
	if (!down_write_trylock(&ictx->shape_rwsem)) {
		pr_err("cannot preserve a context that is being changed\n");
		return -EBUSY;
	}

	rc = -EBUSY;
	if (ictx->shape != IOMMUFD_SHAPE_OPEN)
		goto out_unlock;

	hdr.account_mode = ictx->account_mode;
	rc = iommufd_lu_hold_hwpts(ictx, &build);
	if (rc)
		goto err_put;
	rc = iommufd_lu_count(ictx, &hdr);
	if (rc)
		goto err_put;
	rc = iommufd_lu_collect(ictx, &build);
	if (rc)
		goto err_put;
	rc = iommufd_lu_make_claims(&build);
	if (rc)
		goto err_put;
	rc = iommufd_lu_set_size(&build, &hdr);
	if (rc)
		goto err_put;

	ser = kho_alloc_preserve(hdr.size);
	if (IS_ERR(ser)) {
		rc = PTR_ERR(ser);
		goto err_put;
	}
	*ser = hdr;
	iommufd_ser_view_init(&view, ser);

	iommufd_lu_preserve_pages(&build, view.pages);
	rc = iommufd_lu_fill(ictx, &build, &view);
	if (rc)
		goto err_free;
	rc = iommufd_lu_preserve_memory(&build, &view);
	if (rc)
		goto err_free;
	ser->checksum = iommufd_ser_checksum(ser);

	/* What the next kernel would refuse is refused here. */
	rc = iommufd_ser_check(ser, virt_to_phys(ser), &view);
	if (!rc)
		rc = iommufd_ser_check_chunks(&view);
	if (rc) {
		iommufd_lu_unpreserve_memory(&view, build.nr_claims);
		goto err_free;
	}

	ictx->shape = IOMMUFD_SHAPE_PRESERVED;
	args->serialized_data = virt_to_phys(ser);
	goto out_destroy;

err_free:
	kho_unpreserve_free(ser);
err_put:
	while (build.nr_hwpts)
		iommufd_lu_put_hwpt(ictx, build.hwpts[--build.nr_hwpts]);
out_destroy:
	iommufd_lu_build_destroy(&build);
out_unlock:
	if (trace_iommufd_preserve_enabled())
		trace_iommufd_preserve(&hdr, rc ? 0 : iommufd_lu_claimed(&view),
				       start, rc);
	up_write(&ictx->shape_rwsem);
	return rc;
}

void iommufd_lu_unpreserve(struct liveupdate_file_op_args *args)
{
	struct iommufd_ctx *ictx = args->file->private_data;
	struct iommufd_ser_view view;
	u32 i;

	/* Nothing is unmapped before it is free to have another owner */
	iommufd_ser_view_init(&view, phys_to_virt(args->serialized_data));
	iommufd_lu_unpreserve_memory(&view, view.hdr->nr_claims);

	scoped_guard(rwsem_write, &ictx->shape_rwsem) {
		for (i = 0; i < view.hdr->nr_hwpt; i++)
			iommufd_lu_put_hwpt(ictx, view.hwpt[i].id);
		ictx->shape = IOMMUFD_SHAPE_OPEN;
	}
	kho_unpreserve_free(view.hdr);
}

static bool iommufd_lu_device_ready(struct iommufd_ctx *ictx,
				    const struct iommufd_device_ser *ser)
{
	struct iommufd_object *obj;
	struct iommufd_device *idev;
	bool ready;

	obj = iommufd_get_object(ictx, ser->id, IOMMUFD_OBJ_DEVICE);
	if (IS_ERR(obj))
		return false;
	idev = to_idev(obj);
	ready = READ_ONCE(idev->preserved) &&
		iommufd_lu_attached_hwpt(idev) == ser->hwpt_id;
	iommufd_put_object(ictx, obj);
	return ready;
}

/*
 * Unbind and detach cannot be refused, and whoever preserved the context may
 * have forgotten a device. Both mean that the next kernel gets the memory, but
 * not the device that writes to it.
 */
int iommufd_lu_freeze(struct liveupdate_file_op_args *args)
{
	struct iommufd_ctx *ictx = args->file->private_data;
	struct iommufd_ser_view view;
	u32 i;

	iommufd_ser_view_init(&view, phys_to_virt(args->serialized_data));
	for (i = 0; i < view.hdr->nr_devices; i++) {
		if (iommufd_lu_device_ready(ictx, &view.devices[i]))
			continue;
		pr_err("device %u (%04x:%02x:%02x.%u) of a preserved context is gone or not preserved itself\n",
		       view.devices[i].id, view.devices[i].segment,
		       PCI_BUS_NUM(view.devices[i].bdf),
		       PCI_SLOT(view.devices[i].bdf & 0xff),
		       PCI_FUNC(view.devices[i].bdf & 0xff));
		return -ENOTCONN;
	}
	return 0;
}
