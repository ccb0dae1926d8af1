/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What the parts of the live update of contexts have in common: liveupdate.c,
 * liveupdate_preserve.c and liveupdate_retrieve.c.
 */
#ifndef __IOMMUFD_LIVEUPDATE_INTERNAL_H
#define __IOMMUFD_LIVEUPDATE_INTERNAL_H

#include <linux/gfp.h>

#include "iommufd_private.h"
#include "liveupdate_ser.h"

struct file;
struct liveupdate_file_handler;
struct liveupdate_file_op_args;

/*
 * For lists that grow with the memory of a context. There may be no room for them,
 * which the caller is told and can try again.
 */
#define IOMMUFD_LU_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)

static inline struct iommufd_ioas *to_ioas(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_ioas, obj);
}

static inline struct iommufd_hw_pagetable *to_hwpt(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_hw_pagetable, obj);
}

static inline struct iommufd_device *to_idev(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_device, obj);
}

int iommufd_lu_digest(struct iommufd_ioas *ioas, u64 *nr_extents, u64 *digest);
bool iommufd_lu_is_noiommu(const struct iommufd_hw_pagetable *hwpt);
u32 iommufd_lu_attached_hwpt(struct iommufd_device *idev);
void iommufd_lu_put_hwpt(struct iommufd_ctx *ictx, u32 id);
u64 iommufd_lu_claimed(const struct iommufd_ser_view *view);

/* liveupdate_preserve.c */
bool iommufd_lu_can_preserve(struct liveupdate_file_handler *handler,
			     struct file *file);
int iommufd_lu_preserve(struct liveupdate_file_op_args *args);
void iommufd_lu_unpreserve(struct liveupdate_file_op_args *args);
int iommufd_lu_freeze(struct liveupdate_file_op_args *args);

/* liveupdate_retrieve.c */
int iommufd_lu_check_ser(u64 phys, struct iommufd_ser_view *view);
int iommufd_lu_retrieve(struct liveupdate_file_op_args *args);
bool iommufd_lu_can_finish(struct liveupdate_file_op_args *args);
void iommufd_lu_finish(struct liveupdate_file_op_args *args);

#endif
