/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_IOMMU_H
#define HOLDFAST_IOMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/error.h>
#include <holdfast/extents.h>

/**
 * HF_IOMMU_MAX_ID - highest object ID looked at
 *
 * iommufd hands out the lowest free number from 1 up, and lists nothing: to
 * know its objects is to try their IDs.
 */
#define HF_IOMMU_MAX_ID	4096

/**
 * struct hf_iommu_ids - objects of an iommufd that matter here
 * @ioas: IDs of IOASes, ascending; owned
 * @n_ioas: how many
 * @dev: IDs of bound devices, ascending; owned
 * @n_dev: how many
 */
struct hf_iommu_ids {
	uint32_t *ioas;
	size_t n_ioas;
	uint32_t *dev;
	size_t n_dev;
};

/** hf_iommu_is() - is @fd an iommufd? */
bool hf_iommu_is(int fd);

/**
 * hf_iommu_scan() - find the IOASes and devices of an iommufd
 * @fd: iommufd
 * @ids: out; release with hf_iommu_ids_free()
 * @err: message on failure
 *
 * Changes nothing. Return: 0 or a negative errno.
 */
int hf_iommu_scan(int fd, struct hf_iommu_ids *ids, struct hf_error *err);

/** hf_iommu_ids_free() - release what hf_iommu_scan() allocated */
void hf_iommu_ids_free(struct hf_iommu_ids *ids);

/**
 * hf_iommu_read_table() - read the whole IOVA-to-PA table of an IOAS
 * @fd: iommufd
 * @ioas: ID
 * @t: out, replaced; release with hf_extents_free()
 * @err: message on failure
 *
 * Return: 0; -EOPNOTSUPP when the IOAS has no noiommu page table (nothing is
 * attached to it); -EPERM without CAP_SYS_RAWIO; -ENOTTY on a kernel without the
 * ioctl; -EPROTO when the kernel's answer makes no sense; or a negative errno.
 */
int hf_iommu_read_table(int fd, uint32_t ioas, struct hf_extents *t,
			struct hf_error *err);

/**
 * hf_iommu_read_range() - read what is mapped in a range of an IOAS
 * @fd: iommufd
 * @ioas: ID
 * @iova: first address
 * @last: last address
 * @t: out, replaced, cut to the range; release with hf_extents_free()
 * @err: message on failure
 *
 * On a kernel without the ioctl a range of up to 64 GiB is asked for address by
 * address.
 *
 * Return: as hf_iommu_read_table().
 */
int hf_iommu_read_range(int fd, uint32_t ioas, uint64_t iova, uint64_t last,
			struct hf_extents *t, struct hf_error *err);

#endif
