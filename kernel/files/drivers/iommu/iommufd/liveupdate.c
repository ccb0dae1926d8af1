// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 */

/**
 * DOC: Live update of noiommu contexts
 *
 * A noiommu device is programmed with physical addresses, which its driver reads
 * out of a noiommu HWPT. When such a device is to go on with its DMA while the
 * kernel under it is replaced, the next kernel has to know every page that the
 * device can be programmed with, hold it where it is, and give the driver the
 * same addresses and the same object IDs again. That is what is handed over
 * here. The device itself is the business of VFIO.
 *
 * What is carried
 *   IOASes with their options and allowed ranges, noiommu HWPTs, areas, the page
 *   objects that these share after an IOAS_COPY, and the IDs of bound PCI
 *   devices. A page object that maps a memfd preserved in the same session, by
 *   file or by address, is carried as a range of it. What is pinned of any other
 *   anonymous, shmem or hugetlb memory is carried itself, as runs of pages. A
 *   context with anything else is refused, since a part of it would be worse
 *   than nothing: dma-bufs, device memory, page cache of other files.
 *
 * Lifecycle
 *   preserve() records all of it in one block of KHO memory, and fixes the shape
 *   of the context: see enum iommufd_shape. unpreserve() releases it. freeze()
 *   only checks that no device has left. retrieve() builds a new context out of
 *   the block. It maps and pins everything at once, before any device is bound,
 *   and compares the resulting tables with a digest taken by preserve().
 *   Devices then bind and attach as usual and get their IDs back.
 *   finish() lets go of what held the objects meanwhile, and the context is like
 *   any other.
 *
 * Memory
 *   The folios of a retrieved memfd are pinned by mm/memfd_luo.c until finish,
 *   so they are pinned here by adding to these pins, without migration. When
 *   retrieve fails, the new context is closed. That drops only the pins it took
 *   itself, the folios stay held by the memfd. The block itself is not consumed
 *   before finish, so retrieve can be tried again. A memfd that failed half way
 *   cannot, but holds its folios in the same way.
 *
 *   Memory that is in no memfd comes back as single pages that are in no page
 *   cache and on no LRU, owned by the page objects, see extents.c. Userspace gets
 *   at it by IOMMU_IOAS_GET_MEMORY. A claim is a range that was given to KHO;
 *   since KHO does not count, each page is in one claim, however many page
 *   objects have it. Claims are restored by the first attempt to retrieve, and
 *   are released by finish, so a retrieve that fails lets go of nothing.
 *
 *   Whoever retrieves a context is charged for its memory as for mappings of its
 *   own: by the account mode of the context, or not at all with CAP_IPC_LOCK. If
 *   that would exceed RLIMIT_MEMLOCK, retrieve fails with -ENOMEM and can be tried
 *   again. IOMMU_IOAS_CHANGE_PROCESS moves the charge to the process that goes on
 *   using the context, and then an exemption of the first one ends. Memory cgroups
 *   are charged for memfds, by mm/memfd_luo.c, and for nothing else.
 *
 *   A context may be finished without having been retrieved, whatever the
 *   reason. It does not know whether its devices are quiet, and does not have to:
 *   the file of each of them is in the same session, preserved later, and hence
 *   asked and prepared first. A device that is gone, or cannot be stopped, makes
 *   its handler refuse, and then no file of the session is finished. So what
 *   finish releases, be it the block or the folios of a table that was refused,
 *   is not used by any device that has not been taken over.
 *
 * Locking
 *   The callbacks run under the mutex of the LUO session. Below it they take
 *   iommufd_ctx::shape_rwsem, for write whenever iommufd_ctx::shape or
 *   iommufd_ctx::restored changes.
 */

#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/iommufd.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/xxhash.h>

#include "io_pagetable.h"
#include "liveupdate_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/iommufd.h>

/*
 * Digest of an IOAS's table. Leaf sizes and lock breaks must not show in it,
 * hence adjacent extents are merged.
 */
int iommufd_lu_digest(struct iommufd_ioas *ioas, u64 *nr_extents, u64 *digest)
{
	const unsigned int max = PAGE_SIZE / sizeof(struct iommu_noiommu_extent);
	struct iommu_noiommu_extent *extents __free(kfree) = NULL;
	struct iommu_noiommu_extent last = {}, next;
	struct xxh64_state state;
	unsigned long iova = 0;
	bool end = false;

	extents = kmalloc_objs(*extents, max);
	if (!extents)
		return -ENOMEM;

	*nr_extents = 0;
	xxh64_reset(&state, 0);
	while (!end) {
		unsigned int nr = 0;
		int i, rc;

		rc = iopt_get_extents(&ioas->iopt, iova, extents, max);
		if (rc < 0)
			return rc;
		if (!rc)
			break;

		/* Put those that are complete in front, the last one is not */
		for (i = 0; i < rc; i++) {
			next = extents[i];
			if (last.length && last.iova + last.length == next.iova &&
			    last.phys + last.length == next.phys) {
				last.length += next.length;
				continue;
			}
			if (last.length)
				extents[nr++] = last;
			last = next;
		}
		xxh64_update(&state, extents, nr * sizeof(*extents));
		*nr_extents += nr;

		end = check_add_overflow(last.iova, last.length, &iova);
		cond_resched();
	}
	if (last.length) {
		xxh64_update(&state, &last, sizeof(last));
		(*nr_extents)++;
	}
	*digest = xxh64_digest(&state);
	return 0;
}

bool iommufd_lu_is_noiommu(const struct iommufd_hw_pagetable *hwpt)
{
	return hwpt->obj.type == IOMMUFD_OBJ_HWPT_PAGING &&
	       hwpt->domain->owner == &iommufd_noiommu_ops;
}

/* The HWPT a device is attached to, or 0 */
u32 iommufd_lu_attached_hwpt(struct iommufd_device *idev)
{
	struct iommufd_hw_pagetable *hwpt;

	guard(mutex)(&idev->igroup->lock);
	hwpt = iommufd_device_attached_hwpt(idev);
	return hwpt && iommufd_lu_is_noiommu(hwpt) ? hwpt->obj.id : 0;
}

/* Frees an automatic one that no device is attached to any more */
void iommufd_lu_put_hwpt(struct iommufd_ctx *ictx, u32 id)
{
	iommufd_hw_pagetable_put(ictx, to_hwpt(xa_load(&ictx->objects, id)));
}

/* The memory that travels with the context itself, in pages */
u64 iommufd_lu_claimed(const struct iommufd_ser_view *view)
{
	u64 claimed = 0;
	u64 i;

	for (i = 0; i < view->hdr->nr_claims; i++) {
		claimed += IOMMUFD_RUN_SER_NR(*iommufd_ser_run(view, i));
		cond_resched();
	}
	return claimed;
}

static void iommufd_lu_show(struct liveupdate_file_op_args *args,
			    struct seq_file *m)
{
	struct iommufd_ser_view view;
	struct iommufd_ser *hdr;

	/* The old kernel has written it, and the new one has read it before */
	if (args->file) {
		iommufd_ser_view_init(&view, phys_to_virt(args->serialized_data));
	} else if (iommufd_lu_check_ser(args->serialized_data, &view)) {
		seq_puts(m, " damaged");
		return;
	}

	hdr = view.hdr;
	seq_printf(m, " ioas=%u hwpt=%u devices=%u areas=%u page_objects=%u claims=%llu runs=%llu pages=%llu metadata_bytes=%llu",
		   hdr->nr_ioas, hdr->nr_hwpt, hdr->nr_devices, hdr->nr_areas,
		   hdr->nr_pages, hdr->nr_claims, hdr->nr_runs,
		   iommufd_lu_claimed(&view),
		   hdr->size + (hdr->nr_claims + hdr->nr_runs) * sizeof(u64));
}

static const struct liveupdate_file_ops iommufd_lu_ops = {
	.can_preserve = iommufd_lu_can_preserve,
	.preserve = iommufd_lu_preserve,
	.unpreserve = iommufd_lu_unpreserve,
	.freeze = iommufd_lu_freeze,
	.retrieve = iommufd_lu_retrieve,
	.can_finish = iommufd_lu_can_finish,
	.finish = iommufd_lu_finish,
	.show = iommufd_lu_show,
	.owner = THIS_MODULE,
};

static struct liveupdate_file_handler iommufd_lu_handler = {
	.ops = &iommufd_lu_ops,
	.compatible = IOMMUFD_LUO_FH_COMPATIBLE,
};

static bool iommufd_lu_ready;

/* Offer contexts for live update. Without that, all else works. */
void __init iommufd_liveupdate_init(void)
{
	int rc;

	if (!liveupdate_enabled())
		return;

	rc = liveupdate_register_file_handler(&iommufd_lu_handler);
	if (rc)
		pr_warn("no live update of contexts: %pe\n", ERR_PTR(rc));
	iommufd_lu_ready = !rc;
}

void iommufd_liveupdate_exit(void)
{
	if (iommufd_lu_ready)
		liveupdate_unregister_file_handler(&iommufd_lu_handler);
}

static const struct iommufd_device_ser *
iommufd_lu_find_device(struct iommufd_ctx *ictx, struct device *dev)
{
	struct iommufd_ser_view view;
	struct pci_dev *pdev;
	u32 i;

	lockdep_assert_held(&ictx->shape_rwsem);

	if (!ictx->restored || !dev_is_pci(dev))
		return NULL;

	pdev = to_pci_dev(dev);
	iommufd_ser_view_init(&view, ictx->restored);
	for (i = 0; i < view.hdr->nr_devices; i++)
		if (view.devices[i].segment == pci_domain_nr(pdev->bus) &&
		    view.devices[i].bdf == pci_dev_id(pdev))
			return &view.devices[i];
	return NULL;
}

/*
 * The ID that the previous kernel gave to a device, or 0 if the context was not
 * restored or the device is new to it. The caller holds the shape_rwsem.
 */
u32 iommufd_liveupdate_device_id(struct iommufd_ctx *ictx, struct device *dev)
{
	const struct iommufd_device_ser *ser = iommufd_lu_find_device(ictx, dev);

	return ser ? ser->id : 0;
}

/*
 * A device that comes back is running on the table it was programmed from, so
 * that is where it is attached, by its HWPT or by the IOAS of that. Anywhere else
 * would leave the table in use without an attachment. Turns an IOAS into the
 * HWPT, since an automatic choice might be another one. The caller holds the
 * shape_rwsem.
 */
int iommufd_liveupdate_attach_target(struct iommufd_device *idev, u32 *pt_id)
{
	const struct iommufd_device_ser *ser;
	struct iommufd_ser_view view;

	ser = iommufd_lu_find_device(idev->ictx, idev->dev);
	if (!ser || *pt_id == ser->hwpt_id)
		return 0;

	iommufd_ser_view_init(&view, idev->ictx->restored);
	if (*pt_id == iommufd_ser_find_hwpt(&view, ser->hwpt_id)->ioas_id) {
		*pt_id = ser->hwpt_id;
		return 0;
	}

	dev_err(idev->dev,
		"cannot attach to %u: in the previous kernel it was attached to HWPT %u\n",
		*pt_id, ser->hwpt_id);
	return -EINVAL;
}

/**
 * iommufd_device_preserve - A device is about to be preserved
 * @idev: Device returned by iommufd_device_bind()
 * @session: Session in which it is preserved
 * @tokenp: Output parameter; token of the context @idev is bound to
 *
 * The driver of the device calls this from the preserve() callback of its file.
 * It makes sure that the device and all memory it can be programmed with travel
 * together: the context has to be preserved in the same session, before the
 * device. Undo with iommufd_device_unpreserve().
 *
 * Return: 0, -ENXIO if the context is not preserved in @session, -ENOTCONN if
 * the device is not attached.
 */
int iommufd_device_preserve(struct iommufd_device *idev,
			    struct liveupdate_session *session, u64 *tokenp)
{
	struct iommufd_ctx *ictx = idev->ictx;

	guard(rwsem_read)(&ictx->shape_rwsem);
	if (ictx->shape != IOMMUFD_SHAPE_PRESERVED ||
	    liveupdate_get_token_outgoing(session, ictx->file, tokenp)) {
		dev_err(idev->dev,
			"cannot preserve: its iommufd is not preserved in this session, preserve that first\n");
		return -ENXIO;
	}

	if (!iommufd_lu_attached_hwpt(idev)) {
		dev_err(idev->dev,
			"cannot preserve: it is not attached to an IOAS\n");
		return -ENOTCONN;
	}

	WRITE_ONCE(idev->preserved, true);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_preserve, "IOMMUFD");

/**
 * iommufd_device_unpreserve - Undo iommufd_device_preserve()
 * @idev: Device that was to be preserved
 */
void iommufd_device_unpreserve(struct iommufd_device *idev)
{
	WRITE_ONCE(idev->preserved, false);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_unpreserve, "IOMMUFD");

MODULE_IMPORT_NS("LIVEUPDATE");
