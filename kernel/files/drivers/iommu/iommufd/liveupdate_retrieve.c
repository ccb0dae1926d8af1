// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * The half of live update that runs in the new kernel: a context is built from
 * what the old one has described, held until finish, and released. See
 * liveupdate.c.
 */

#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/shmem_fs.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <trace/events/iommufd.h>

#include "io_pagetable.h"
#include "liveupdate_internal.h"

static int iommufd_lu_restore_allowed(struct iommufd_ioas *ioas,
				      const struct iommufd_allowed_ser *ser,
				      u32 nr)
{
	struct rb_root_cached tree = RB_ROOT_CACHED;
	struct interval_tree_node *node;
	int rc = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct iopt_allowed *allowed = kzalloc_obj(*allowed,
							   GFP_KERNEL_ACCOUNT);

		if (!allowed) {
			rc = -ENOMEM;
			goto out_free;
		}
		allowed->node.start = ser[i].start;
		allowed->node.last = ser[i].last;
		interval_tree_insert(&allowed->node, &tree);
	}

	/* Swaps the trees */
	rc = iopt_set_allow_iova(&ioas->iopt, &tree);
out_free:
	while ((node = interval_tree_iter_first(&tree, 0, ULONG_MAX))) {
		interval_tree_remove(node, &tree);
		kfree(container_of(node, struct iopt_allowed, node));
	}
	return rc;
}

static struct iopt_pages *
iommufd_lu_restore_memfd(struct liveupdate_session *session,
			 const struct iommufd_pages_ser *ser)
{
	struct iopt_pages *pages;
	struct file *file;
	int rc;

	rc = liveupdate_get_file_incoming(session, ser->token, &file);
	if (rc) {
		pr_err("cannot retrieve: the memfd with token %#llx failed: %pe\n",
		       ser->token, ERR_PTR(rc));
		return ERR_PTR(rc);
	}

	if (!shmem_file(file)) {
		pr_err("cannot retrieve: token %#llx is not a memfd\n",
		       ser->token);
		fput(file);
		return ERR_PTR(-EINVAL);
	}

	pages = iopt_alloc_file_pages(file, 0, ser->offset,
				      ser->nr_pages << PAGE_SHIFT,
				      ser->flags & IOMMUFD_PAGES_SER_WRITE);
	fput(file);
	if (!IS_ERR(pages))
		pages->held = true;
	return pages;
}

static struct iopt_run *iommufd_lu_alloc_runs(u64 nr)
{
	size_t size;

	if (check_mul_overflow(nr, sizeof(struct iopt_run), &size))
		return NULL;
	/* More than kvmalloc() is meant for, though not than there can be */
	if (size > INT_MAX)
		return __vmalloc(size, IOMMUFD_LU_GFP);
	return kvmalloc(size, IOMMUFD_LU_GFP);
}

static struct iopt_pages *
iommufd_lu_restore_extents(const struct iommufd_ser_view *view,
			   const struct iommufd_pages_ser *ser, u64 first)
{
	struct iopt_pages *pages;
	unsigned long index = 0;
	struct iopt_run *runs;
	u64 i;

	runs = iommufd_lu_alloc_runs(ser->nr_runs);
	if (!runs)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < ser->nr_runs; i++) {
		u64 run = *iommufd_ser_run(view, first + i);

		runs[i].index = index;
		runs[i].pfn = IOMMUFD_RUN_SER_PFN(run);
		index += IOMMUFD_RUN_SER_NR(run);
	}

	pages = iopt_alloc_extents_pages(runs, ser->nr_runs, ser->nr_pages,
					 ser->flags & IOMMUFD_PAGES_SER_WRITE);
	if (IS_ERR(pages))
		kvfree(runs);
	return pages;
}

/* Page objects between their creation and that of the areas that use them */
static void iommufd_lu_put_pages(struct iopt_pages **pages, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		iopt_put_pages(pages[i]);
	kvfree(pages);
}

static struct iopt_pages **
iommufd_lu_restore_pages(struct iommufd_ctx *ictx,
			 struct liveupdate_session *session,
			 const struct iommufd_ser_view *view)
{
	u64 next = view->hdr->nr_claims;
	struct iopt_pages **pages;
	u32 i;

	pages = kvmalloc_array(view->hdr->nr_pages, sizeof(*pages),
			       IOMMUFD_LU_GFP);
	if (!pages)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < view->hdr->nr_pages; i++) {
		const struct iommufd_pages_ser *ser = &view->pages[i];

		if (ser->flags & IOMMUFD_PAGES_SER_MEMFD)
			pages[i] = iommufd_lu_restore_memfd(session, ser);
		else
			pages[i] = iommufd_lu_restore_extents(view, ser, next);
		if (IS_ERR(pages[i])) {
			int rc = PTR_ERR(pages[i]);

			iommufd_lu_put_pages(pages, i);
			return ERR_PTR(rc);
		}
		pages[i]->restored = true;
		if (pages[i]->account_mode == IOPT_PAGES_ACCOUNT_USER)
			pages[i]->account_mode = iommufd_account_mode(ictx);
		next += ser->nr_runs;
	}
	return pages;
}

/* Whoever retrieves the context is charged like for a mapping of its own */
static void iommufd_lu_refuse_charge(struct iommufd_ioas *ioas,
				     const struct iopt_pages *pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> 10;

	if (pages->account_mode == IOPT_PAGES_ACCOUNT_MM)
		pr_err("cannot retrieve IOAS %u: with its memory, process %d would exceed its RLIMIT_MEMLOCK of %lu KiB\n",
		       ioas->obj.id, task_tgid_nr(current), limit);
	else
		pr_err("cannot retrieve IOAS %u: with its memory, user %u would exceed the RLIMIT_MEMLOCK of %lu KiB of process %d\n",
		       ioas->obj.id,
		       from_kuid_munged(&init_user_ns, current_uid()), limit,
		       task_tgid_nr(current));
}

/* Was it a limit that kept the pages of an IOAS from being pinned? */
static void iommufd_lu_refuse_pins(struct iommufd_ioas *ioas)
{
	struct io_pagetable *iopt = &ioas->iopt;
	struct iopt_area *area;

	guard(rwsem_read)(&iopt->iova_rwsem);
	for (area = iopt_area_iter_first(iopt, 0, ULONG_MAX); area;
	     area = iopt_area_iter_next(area, 0, ULONG_MAX)) {
		guard(mutex)(&area->pages->mutex);
		if (area->pages->over_limit) {
			iommufd_lu_refuse_charge(ioas, area->pages);
			return;
		}
	}
}

static int iommufd_lu_restore_area(struct iommufd_ioas *ioas,
				   struct iopt_pages **pages,
				   const struct iommufd_area_ser *ser)
{
	struct iopt_pages *obj = pages[ser->pages];
	int prot = IOMMU_CACHE;
	int rc;

	if (iopt_is_extents(obj)) {
		rc = iopt_charge_extents(obj);
		if (rc) {
			iommufd_lu_refuse_charge(ioas, obj);
			return rc;
		}
	}

	if (obj->type == IOPT_ADDRESS_FILE &&
	    obj->start + ser->start + ser->length >
		    PAGE_ALIGN(i_size_read(file_inode(obj->file)))) {
		pr_err("cannot retrieve IOAS %u: the memfd mapped at IOVA %#llx is too short\n",
		       ioas->obj.id, ser->iova);
		return -EINVAL;
	}

	if (ser->flags & IOMMUFD_AREA_SER_READ)
		prot |= IOMMU_READ;
	if (ser->flags & IOMMUFD_AREA_SER_WRITE)
		prot |= IOMMU_WRITE;
	return iopt_map_page_object(&ioas->iopt, ser->iova, obj, ser->start,
				    ser->length, prot);
}

static int iommufd_lu_restore_ioas(struct iommufd_ctx *ictx,
				   struct iopt_pages **pages,
				   const struct iommufd_ioas_ser *ser,
				   const struct iommufd_allowed_ser *allowed,
				   const struct iommufd_area_ser *areas)
{
	struct iommufd_ioas *ioas;
	int rc;
	u32 i;

	ioas = iommufd_ioas_alloc_id(ictx, ser->id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	if (ser->flags & IOMMUFD_IOAS_SER_NO_LARGE_PAGES) {
		rc = iopt_disable_large_pages(&ioas->iopt);
		if (rc)
			goto err_abort;
	}

	if (ser->nr_allowed) {
		rc = iommufd_lu_restore_allowed(ioas, allowed, ser->nr_allowed);
		if (rc)
			goto err_abort;
	}

	for (i = 0; i < ser->nr_areas; i++) {
		rc = iommufd_lu_restore_area(ioas, pages, &areas[i]);
		if (rc)
			goto err_abort;
	}

	iommufd_object_finalize(ictx, &ioas->obj);
	return 0;

err_abort:
	iommufd_object_abort_and_destroy(ictx, &ioas->obj);
	return rc;
}

/* Fills the table and pins all of it, see iommufd_hwpt_paging_alloc() */
static int iommufd_lu_restore_hwpt(struct iommufd_ctx *ictx,
				   const struct iommufd_hwpt_ser *ser)
{
	struct iommufd_hwpt_paging *hwpt_paging;
	struct iommufd_hw_pagetable *hwpt;
	struct iommu_domain *domain;
	struct iommufd_ioas *ioas;
	int rc;

	ioas = iommufd_get_ioas(ictx, ser->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	/* Until finalize or abort */
	mutex_lock(&ioas->mutex);
	hwpt_paging = __iommufd_object_alloc_id(ictx, hwpt_paging,
						IOMMUFD_OBJ_HWPT_PAGING,
						common.obj, ser->id);
	if (IS_ERR(hwpt_paging)) {
		rc = PTR_ERR(hwpt_paging);
		goto out_unlock;
	}
	hwpt = &hwpt_paging->common;
	INIT_LIST_HEAD(&hwpt_paging->hwpt_item);
	/* Pairs with iommufd_hwpt_paging_destroy() */
	refcount_inc(&ioas->obj.users);
	hwpt_paging->ioas = ioas;
	hwpt_paging->auto_domain = ser->flags & IOMMUFD_HWPT_SER_AUTO;

	domain = iommufd_noiommu_ops.domain_alloc_paging_flags(NULL, 0, NULL);
	if (IS_ERR(domain)) {
		rc = PTR_ERR(domain);
		goto err_abort;
	}
	domain->owner = &iommufd_noiommu_ops;
	domain->iommufd_hwpt = hwpt;
	domain->cookie_type = IOMMU_COOKIE_IOMMUFD;
	hwpt->domain = domain;

	rc = iopt_table_add_domain(&ioas->iopt, domain);
	if (rc) {
		if (rc == -ENOMEM)
			iommufd_lu_refuse_pins(ioas);
		goto err_abort;
	}
	list_add_tail(&hwpt_paging->hwpt_item, &ioas->hwpt_list);
	iommufd_object_finalize(ictx, &hwpt->obj);
	goto out_unlock;

err_abort:
	iommufd_object_abort_and_destroy(ictx, &hwpt->obj);
out_unlock:
	mutex_unlock(&ioas->mutex);
	iommufd_put_object(ictx, &ioas->obj);
	return rc;
}

/* The device must find the table it was programmed from, page for page */
static int iommufd_lu_check_digest(struct iommufd_ctx *ictx,
				   const struct iommufd_ioas_ser *ser)
{
	struct iommufd_ioas *ioas;
	u64 nr_extents, digest;
	int rc;

	if (!(ser->flags & IOMMUFD_IOAS_SER_TABLE))
		return 0;

	ioas = iommufd_get_ioas(ictx, ser->id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = iommufd_lu_digest(ioas, &nr_extents, &digest);
	iommufd_put_object(ictx, &ioas->obj);
	if (rc)
		return rc;

	if (nr_extents != ser->nr_extents || digest != ser->digest) {
		pr_err("cannot retrieve IOAS %u: its table differs (%llu extents, digest %#llx, expected %llu, %#llx)\n",
		       ser->id, nr_extents, digest, ser->nr_extents,
		       ser->digest);
		return -ESTALE;
	}
	return 0;
}

static int iommufd_lu_restore(struct iommufd_ctx *ictx,
			      struct liveupdate_session *session,
			      const struct iommufd_ser_view *view)
{
	const struct iommufd_allowed_ser *allowed = view->allowed;
	const struct iommufd_area_ser *areas = view->areas;
	struct iopt_pages **pages;
	int rc = 0;
	u32 i;

	pages = iommufd_lu_restore_pages(ictx, session, view);
	if (IS_ERR(pages))
		return PTR_ERR(pages);

	for (i = 0; i < view->hdr->nr_ioas && !rc; i++) {
		rc = iommufd_lu_restore_ioas(ictx, pages, &view->ioas[i],
					     allowed, areas);
		allowed += view->ioas[i].nr_allowed;
		areas += view->ioas[i].nr_areas;
	}
	iommufd_lu_put_pages(pages, view->hdr->nr_pages);
	if (rc)
		return rc;

	for (i = 0; i < view->hdr->nr_hwpt; i++) {
		rc = iommufd_lu_restore_hwpt(ictx, &view->hwpt[i]);
		if (rc)
			return rc;
	}

	for (i = 0; i < view->hdr->nr_ioas; i++) {
		rc = iommufd_lu_check_digest(ictx, &view->ioas[i]);
		if (rc)
			return rc;
	}

	for (i = 0; i < view->hdr->nr_devices; i++) {
		rc = iommufd_object_reserve_id(ictx, view->devices[i].id);
		if (rc)
			return rc;
	}
	return 0;
}

static void iommufd_lu_hold_objects(struct iommufd_ctx *ictx,
				    const struct iommufd_ser_view *view)
{
	struct iommufd_object *obj;
	u32 i;

	/* They have just been created, and nobody else knows the context */
	for (i = 0; i < view->hdr->nr_ioas; i++) {
		obj = xa_load(&ictx->objects, view->ioas[i].id);
		refcount_inc(&obj->users);
	}
	for (i = 0; i < view->hdr->nr_hwpt; i++) {
		obj = xa_load(&ictx->objects, view->hwpt[i].id);
		refcount_inc(&obj->users);
	}
}

static void iommufd_lu_release_objects(struct iommufd_ctx *ictx,
				       const struct iommufd_ser_view *view)
{
	struct iommufd_object *obj;
	u32 i;

	for (i = 0; i < view->hdr->nr_hwpt; i++)
		iommufd_lu_put_hwpt(ictx, view->hwpt[i].id);
	for (i = 0; i < view->hdr->nr_ioas; i++) {
		obj = xa_load(&ictx->objects, view->ioas[i].id);
		refcount_dec(&obj->users);
	}
}

/*
 * What has become of the memory that is not in a memfd. From retrieve to finish,
 * also when retrieve fails, one reference on each page stands for the claim.
 */
struct iommufd_lu_memory {
	u64 nr_restored;
	bool lost;
};

static bool iommufd_lu_range_valid(u64 pfn, u64 nr)
{
	/* All that is handed over in one piece is in one section */
	return pfn <= IOMMUFD_RUN_SER_PFN_MAX && pfn_to_online_page(pfn) &&
	       pfn_to_online_page(pfn + nr - 1);
}

/*
 * Restoring consumes the claims, so it is done only once, and nothing that can
 * fail for want of memory comes in between.
 */
static int iommufd_lu_restore_memory(struct liveupdate_file_op_args *args,
				     const struct iommufd_ser_view *view)
{
	struct iommufd_lu_memory *memory = args->private_data;
	struct kho_restore_batch batch = {};

	if (!memory) {
		memory = kzalloc_obj(*memory);
		if (!memory)
			return -ENOMEM;
		args->private_data = memory;
	}

	while (!memory->lost && memory->nr_restored < view->hdr->nr_claims) {
		u64 claim = *iommufd_ser_run(view, memory->nr_restored);
		u64 pfn = IOMMUFD_RUN_SER_PFN(claim);

		if (!kho_restore_pages_batch(PFN_PHYS(pfn),
					     IOMMUFD_RUN_SER_NR(claim), &batch)) {
			pr_err("cannot retrieve: the memory at %#llx was not handed over, all of it is kept\n",
			       PFN_PHYS(pfn));
			memory->lost = true;
			break;
		}
		memory->nr_restored++;
		cond_resched();
	}
	kho_restore_batch_end(&batch);
	return memory->lost ? -EIO : 0;
}

/* Page objects have references of their own. */
static void iommufd_lu_finish_memory(struct liveupdate_file_op_args *args,
				     const struct iommufd_ser_view *view)
{
	struct iommufd_lu_memory *memory = args->private_data;
	u64 nr_restored = memory ? memory->nr_restored : 0;
	u64 i;

	/* Then nobody knows what the rest is */
	if (memory && memory->lost)
		goto out_free;

	for (i = 0; i < view->hdr->nr_claims; i++) {
		u64 claim = *iommufd_ser_run(view, i);
		unsigned long pfn = IOMMUFD_RUN_SER_PFN(claim);
		u64 nr = IOMMUFD_RUN_SER_NR(claim);

		if (i >= nr_restored && !kho_restore_pages(PFN_PHYS(pfn), nr))
			break;
		while (nr--)
			put_page(pfn_to_page(pfn++));
		cond_resched();
	}
	for (i = 0; i < view->hdr->nr_chunks; i++)
		kho_restore_free(phys_to_virt(view->chunks[i].phys));
out_free:
	kfree(memory);
}

int iommufd_lu_check_ser(u64 phys, struct iommufd_ser_view *view)
{
	struct iommufd_ser *ser;
	u64 i;
	int rc;

	if (!phys || !PAGE_ALIGNED(phys) || !pfn_valid(PHYS_PFN(phys)))
		goto err_invalid;

	/* The block is of one piece, so checking its ends will do */
	ser = phys_to_virt(phys);
	if (ser->magic == IOMMUFD_SER_MAGIC &&
	    ser->size <= IOMMUFD_SER_SIZE_MAX && ser->size &&
	    !pfn_valid(PHYS_PFN(phys + ser->size - 1)))
		goto err_invalid;
	rc = iommufd_ser_check(ser, phys, view);
	if (rc)
		return rc;

	for (i = 0; i < view->hdr->nr_chunks; i++)
		if (!iommufd_lu_range_valid(PHYS_PFN(view->chunks[i].phys),
					    iommufd_ser_chunk_pages(view->hdr, i)))
			goto err_chunk;
	rc = iommufd_ser_check_chunks(view);
	if (rc)
		return rc;

	for (i = 0; i < view->hdr->nr_claims; i++) {
		u64 claim = *iommufd_ser_run(view, i);

		if (!iommufd_lu_range_valid(IOMMUFD_RUN_SER_PFN(claim),
					    IOMMUFD_RUN_SER_NR(claim)))
			goto err_claim;
	}
	return 0;

err_claim:
	pr_err("cannot retrieve: there is no memory at %#llx\n",
	       PFN_PHYS(IOMMUFD_RUN_SER_PFN(*iommufd_ser_run(view, i))));
	return -EINVAL;
err_chunk:
	pr_err("cannot retrieve: no state at %#llx\n", view->chunks[i].phys);
	return -EINVAL;
err_invalid:
	pr_err("cannot retrieve: no state at %#llx\n", phys);
	return -EINVAL;
}

static int iommufd_lu_retrieve_file(struct liveupdate_file_op_args *args,
				    const struct iommufd_ser_view *view)
{
	struct iommufd_ctx *ictx;
	struct file *file;
	int rc;

	file = iommufd_ctx_create_file();
	if (IS_ERR(file))
		return PTR_ERR(file);

	rc = iommufd_lu_restore_memory(args, view);
	if (rc) {
		fput(file);
		return rc;
	}

	ictx = file->private_data;
	ictx->account_mode = view->hdr->account_mode;
	rc = iommufd_lu_restore(ictx, args->session, view);
	if (rc) {
		fput(file);
		return rc;
	}

	scoped_guard(rwsem_write, &ictx->shape_rwsem) {
		iommufd_lu_hold_objects(ictx, view);
		ictx->restored = view->hdr;
		ictx->shape = IOMMUFD_SHAPE_RESTORED;
	}

	args->file = file;
	return 0;
}

int iommufd_lu_retrieve(struct liveupdate_file_op_args *args)
{
	u64 start = ktime_get_ns();
	struct iommufd_ser_view view;
	int rc;

	args->retry = true;

	/* What opening a noiommu device and reading its table need */
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;

	rc = iommufd_lu_check_ser(args->serialized_data, &view);
	if (rc)
		return rc;

	rc = iommufd_lu_retrieve_file(args, &view);
	if (trace_iommufd_retrieve_enabled())
		trace_iommufd_retrieve(view.hdr, iommufd_lu_claimed(&view),
				       start, rc);
	return rc;
}

/* From now on pages are pinned like those of any mapping of a file */
static void iommufd_lu_unhold_pages(struct iommufd_ctx *ictx,
				    const struct iommufd_ioas_ser *ser)
{
	struct iommufd_object *obj = xa_load(&ictx->objects, ser->id);
	struct io_pagetable *iopt = &to_ioas(obj)->iopt;
	struct iopt_area *area;

	guard(rwsem_read)(&iopt->iova_rwsem);
	for (area = iopt_area_iter_first(iopt, 0, ULONG_MAX); area;
	     area = iopt_area_iter_next(area, 0, ULONG_MAX)) {
		guard(mutex)(&area->pages->mutex);
		if (area->pages->type == IOPT_ADDRESS_FILE)
			area->pages->held = false;
	}
}

/*
 * A device that was attached elsewhere still uses the table it was programmed
 * from, and finish may free that one.
 */
static bool iommufd_lu_device_settled(struct iommufd_ctx *ictx,
				      const struct iommufd_device_ser *ser)
{
	struct iommufd_object *obj;
	bool settled;

	obj = iommufd_get_object(ictx, ser->id, IOMMUFD_OBJ_DEVICE);
	/* Not bound, or closed again: its own handler knows if it is quiet */
	if (IS_ERR(obj))
		return true;

	settled = iommufd_lu_attached_hwpt(to_idev(obj)) == ser->hwpt_id;
	if (!settled)
		dev_err(to_idev(obj)->dev,
			"cannot finish: it is not attached to HWPT %u, which it was attached to in the previous kernel\n",
			ser->hwpt_id);
	iommufd_put_object(ictx, obj);
	return settled;
}

bool iommufd_lu_can_finish(struct liveupdate_file_op_args *args)
{
	struct iommufd_ser_view view;
	u32 i;

	/*
	 * No device can have been adopted. Their handlers stop them before
	 * anything is released, or refuse.
	 */
	if (args->retrieve_status <= 0)
		return true;

	iommufd_ser_view_init(&view, phys_to_virt(args->serialized_data));
	for (i = 0; i < view.hdr->nr_devices; i++)
		if (!iommufd_lu_device_settled(args->file->private_data,
					       &view.devices[i]))
			return false;
	return true;
}

void iommufd_lu_finish(struct liveupdate_file_op_args *args)
{
	u64 start = ktime_get_ns(), claimed = 0;
	struct iommufd_ser_view view;
	struct iommufd_ctx *ictx;
	u32 i;

	/* A damaged block is left alone, its size cannot be trusted */
	if (iommufd_lu_check_ser(args->serialized_data, &view))
		return;

	if (trace_iommufd_finish_enabled())
		claimed = iommufd_lu_claimed(&view);

	if (args->retrieve_status > 0) {
		ictx = args->file->private_data;

		scoped_guard(rwsem_write, &ictx->shape_rwsem) {
			for (i = 0; i < view.hdr->nr_ioas; i++)
				iommufd_lu_unhold_pages(ictx, &view.ioas[i]);
			/* IDs of devices that were closed meanwhile */
			for (i = 0; i < view.hdr->nr_devices; i++)
				xa_release(&ictx->objects, view.devices[i].id);
			ictx->restored = NULL;
			ictx->shape = IOMMUFD_SHAPE_OPEN;
		}
		iommufd_lu_release_objects(ictx, &view);
	}

	iommufd_lu_finish_memory(args, &view);
	trace_iommufd_finish(view.hdr, claimed, start, 0);
	kho_restore_free(view.hdr);
}
