/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_VFIO_H
#define HOLDFAST_VFIO_H

#include <stdbool.h>
#include <stdint.h>

#include <holdfast/error.h>

/**
 * hf_vfio_is_bound() - has this device file been bound to an iommufd?
 * @device: VFIO device descriptor
 *
 * Asks VFIO_DEVICE_GET_INFO, which a cdev file answers only when bound; the
 * device is not touched.
 */
bool hf_vfio_is_bound(int device);

/**
 * hf_vfio_bind() - VFIO_DEVICE_BIND_IOMMUFD
 * @device: VFIO cdev descriptor
 * @iommufd: iommufd descriptor
 * @devid: out, ID of the device in the iommufd
 *
 * Return: 0 or a negative errno.
 */
int hf_vfio_bind(int device, int iommufd, uint32_t *devid);

/**
 * hf_vfio_attach() - VFIO_DEVICE_ATTACH_IOMMUFD_PT
 * @device: bound VFIO cdev descriptor
 * @pt_id: ID of an IOAS or HWPT
 *
 * Return: 0 or a negative errno.
 */
int hf_vfio_attach(int device, uint32_t pt_id);

/**
 * hf_vfio_stop_dma() - clear the bus master bit
 * @device: bound VFIO PCI device descriptor
 *
 * For a device whose memory is not what it was (I3): nothing else is touched.
 *
 * Return: 0 when the bit reads back clear, or a negative errno.
 */
int hf_vfio_stop_dma(int device);

#endif
