// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 */

/**
 * DOC: Page objects that own memory
 *
 * Page objects (struct iopt_pages) that own physical memory. A live update brings
 * them back when the memory a page object had pinned belongs to nothing else in
 * the new kernel: the process that had mapped it is gone. The pages are of order
 * 0, on no LRU and in no page cache, so nothing migrates or reclaims them. Each
 * page object holds a reference on each of its pages and frees it at its own end.
 *
 * IOMMU_IOAS_GET_MEMORY makes a file of such a page object, which can be mapped
 * and holds it: the memory outlives the IOAS and the context. A mapping of it is
 * one of bare PFNs, which is why get_user_pages() cannot pin through it, and
 * IOMMU_IOAS_MAP not map it: IOMMU_IOAS_COPY does.
 */

#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/huge_mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "io_pagetable.h"

/**
 * iopt_extents_lookup() - Find the page behind an index
 * @pages: Page object of the type IOPT_ADDRESS_EXTENTS
 * @index: Index in it
 * @pfn: Filled with the page, or 0 if there is a hole
 *
 * Return: the number of indexes from @index on that are of the same run.
 */
unsigned long iopt_extents_lookup(struct iopt_pages *pages, unsigned long index,
				  unsigned long *pfn)
{
	const struct iopt_run *runs = pages->extents.runs;
	size_t low = 0, high = pages->extents.nr_runs;
	unsigned long end = pages->npages;

	/* The last run that does not start after index; the first starts at 0 */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (runs[mid].index <= index) {
			low = mid;
		} else {
			end = runs[mid].index;
			high = mid;
		}
	}

	*pfn = runs[low].pfn ? runs[low].pfn + (index - runs[low].index) : 0;
	return end - index;
}

/**
 * iopt_alloc_extents_pages() - Make a page object of physical memory
 * @runs: From kvmalloc(), consumed on success. Starts at index 0, sorted by
 *        index, each run reaching up to the next one.
 * @nr_runs: Number of entries
 * @npages: Where the last of them ends
 * @writable: The memory may be mapped writable
 *
 * Takes a reference on every page. They count as pinned, but are charged to
 * nobody before iopt_charge_extents().
 */
struct iopt_pages *iopt_alloc_extents_pages(struct iopt_run *runs,
					    size_t nr_runs, size_t npages,
					    bool writable)
{
	struct iopt_pages *pages;
	size_t i;

	if (!nr_runs || runs[0].index || npages > SIZE_MAX / PAGE_SIZE)
		return ERR_PTR(-EINVAL);

	pages = iopt_alloc_pages(0, npages * PAGE_SIZE, writable);
	if (IS_ERR(pages))
		return pages;

	pages->type = IOPT_ADDRESS_EXTENTS;
	pages->extents.runs = runs;
	pages->extents.nr_runs = nr_runs;

	for (i = 0; i < nr_runs; i++) {
		unsigned long index, pfn, nr;

		index = runs[i].index;
		nr = iopt_extents_lookup(pages, index, &pfn);
		if (!pfn)
			continue;
		pages->npinned += nr;
		while (nr--)
			get_page(pfn_to_page(pfn++));
		cond_resched();
	}
	return pages;
}

/**
 * iopt_charge_extents() - Charge the current task for the memory
 * @pages: Page object of the type IOPT_ADDRESS_EXTENTS
 *
 * As if it pinned all of it. The page object holds the memory as long as it
 * exists, mapped or not, and so it is charged that long. Does nothing if that
 * has been done.
 *
 * Return: 0, -ENOMEM if that would exceed RLIMIT_MEMLOCK.
 */
int iopt_charge_extents(struct iopt_pages *pages)
{
	guard(mutex)(&pages->mutex);
	if (pages->last_npinned == pages->npinned)
		return 0;
	return iopt_pages_update_pinned(pages, pages->npinned, true, NULL);
}

void iopt_release_extents(struct iopt_pages *pages)
{
	const struct iopt_run *runs = pages->extents.runs;
	size_t charged = pages->last_npinned;
	size_t i;

	pages->npinned = 0;
	if (charged)
		iopt_pages_update_pinned(pages, charged, false, NULL);

	for (i = 0; i < pages->extents.nr_runs; i++) {
		unsigned long pfn, nr;

		nr = iopt_extents_lookup(pages, runs[i].index, &pfn);
		if (!pfn)
			continue;
		while (nr--)
			put_page(pfn_to_page(pfn++));
		cond_resched();
	}
	kvfree(runs);
}

static vm_fault_t iopt_extents_huge_fault(struct vm_fault *vmf,
					  unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct iopt_pages *pages = vma->vm_file->private_data;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	unsigned long index, nr, pfn;

	if (addr < vma->vm_start || vma->vm_end - addr < size)
		return VM_FAULT_FALLBACK;

	/* mmap() has checked that it is below npages */
	index = linear_page_index(vma, addr);
	nr = iopt_extents_lookup(pages, index, &pfn);

	if (!order)
		return pfn ? vmf_insert_pfn(vma, addr, pfn) : VM_FAULT_SIGBUS;

	if (!pfn || nr < 1UL << order || !IS_ALIGNED(pfn, 1UL << order))
		return VM_FAULT_FALLBACK;

	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, pfn, write);

	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) && order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, pfn, write);

	return VM_FAULT_FALLBACK;
}

static vm_fault_t iopt_extents_fault(struct vm_fault *vmf)
{
	return iopt_extents_huge_fault(vmf, 0);
}

static const struct vm_operations_struct iopt_extents_vm_ops = {
	.fault = iopt_extents_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault = iopt_extents_huge_fault,
#endif
};

static int iopt_extents_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct iopt_pages *pages = file->private_data;
	unsigned long npages = vma_pages(vma);

	/* A private mapping would copy pages that the device goes on writing */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff >= pages->npages ||
	    npages > pages->npages - vma->vm_pgoff)
		return -ENXIO;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND);
	vma->vm_ops = &iopt_extents_vm_ops;
	return 0;
}

static int iopt_extents_release(struct inode *inode, struct file *file)
{
	iopt_put_pages(file->private_data);
	return 0;
}

static const struct file_operations iopt_extents_fops = {
	.owner = THIS_MODULE,
	.mmap = iopt_extents_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.release = iopt_extents_release,
};

/* A file that shows the memory of a page object and is writable if that is */
static struct file *iopt_pages_open(struct iopt_pages *pages)
{
	bool writable = pages->writable;
	struct file *file;

	if (iopt_is_extents(pages)) {
		kref_get(&pages->kref);
		file = anon_inode_getfile("[iommufd-memory]",
					  &iopt_extents_fops, pages,
					  writable ? O_RDWR : O_RDONLY);
		if (IS_ERR(file))
			iopt_put_pages(pages);
		return file;
	}

	if (pages->type != IOPT_ADDRESS_FILE)
		return ERR_PTR(-EOPNOTSUPP);

	writable &= !!(pages->file->f_mode & FMODE_WRITE);
	return dentry_open(&pages->file->f_path,
			   (writable ? O_RDWR : O_RDONLY) | O_LARGEFILE,
			   current_cred());
}

int iommufd_ioas_get_memory(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_get_memory *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;
	struct iopt_pages *pages;
	struct iopt_area *area;
	struct file *file;
	int rc, fd;

	if (cmd->flags)
		return -EOPNOTSUPP;

	/* As reading the table, and retrieving the context */
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;

	if (cmd->iova >= ULONG_MAX)
		return -EOVERFLOW;

	ioas = iommufd_get_ioas(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	scoped_guard(rwsem_read, &ioas->iopt.iova_rwsem) {
		area = iopt_area_iter_first(&ioas->iopt, cmd->iova, cmd->iova);
		pages = area ? area->pages : NULL;
		if (!pages) {
			rc = -ENOENT;
			goto out_put;
		}
		kref_get(&pages->kref);

		cmd->out_offset = iopt_area_start_byte(area, cmd->iova);
		if (pages->type == IOPT_ADDRESS_FILE)
			cmd->out_offset += pages->start;
		cmd->out_length = iopt_area_last_iova(area) - cmd->iova + 1;
	}

	file = iopt_pages_open(pages);
	iopt_put_pages(pages);
	if (IS_ERR(file)) {
		rc = PTR_ERR(file);
		goto out_put;
	}

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		rc = fd;
		goto out_fput;
	}

	cmd->out_fd = fd;
	rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (rc) {
		put_unused_fd(fd);
		goto out_fput;
	}
	fd_install(fd, file);
	goto out_put;

out_fput:
	fput(file);
out_put:
	iommufd_put_object(ucmd->ictx, &ioas->obj);
	return rc;
}
