/* SPDX-License-Identifier: GPL-2.0-only */
/* The device: a noiommu VFIO cdev bound to an iommufd */
#ifndef EXAMPLE_VFIO_H
#define EXAMPLE_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for an address, "0000:00:02.0", and its NUL */
#define BDF_LEN		16

/**
 * struct vfio_device - an opened device
 * @bdf: its address
 * @fd: the cdev, or -1
 * @iommufd: the iommufd it is bound to, or -1
 * @ioas_id: the address space it is attached to
 * @vendor: PCI vendor ID
 * @device: PCI device ID
 * @config_offset: where its config space is in @fd
 * @bar0: BAR 0, mapped
 * @bar0_len: bytes
 */
struct vfio_device {
	char bdf[BDF_LEN];
	int fd;
	int iommufd;
	uint32_t ioas_id;
	uint16_t vendor;
	uint16_t device;
	uint64_t config_offset;
	volatile uint32_t *bar0;
	size_t bar0_len;
};

/* vfio_bdf_valid() - whether a string is an address like "0000:00:02.0" */
bool vfio_bdf_valid(const char *bdf);

/**
 * vfio_identify() - read vendor and device ID of a PCI device from sysfs
 *
 * Return: 0, or -1 after fail() when there is no such device.
 */
int vfio_identify(const char *bdf, uint16_t *vendor, uint16_t *device);

/**
 * vfio_check_class() - check by sysfs what kind of device it is
 * @bdf: address, of a device that is there
 * @class: class code it has to have
 * @what: what it has to be, for the message
 *
 * Return: 0, or -1 after fail().
 */
int vfio_check_class(const char *bdf, uint32_t class, const char *what);

/**
 * vfio_open() - open a device, bind it to a new iommufd, attach it to an IOAS
 * @vdev: out
 * @bdf: address of the device, whose driver has to be vfio-pci
 * @bar_min: bytes that BAR 0 must have
 *
 * Return: 0, or -1 after fail(). Descriptors then open are closed at exit.
 */
int vfio_open(struct vfio_device *vdev, const char *bdf, size_t bar_min);

/**
 * vfio_adopt() - take a device which is bound and attached already
 * @vdev: @fd, @iommufd, @ioas_id and @bdf are set by the caller
 * @bar_min: bytes that BAR 0 must have
 *
 * Reads config space, maps BAR 0, and writes nothing.
 *
 * Return: 0, or -1 after fail().
 */
int vfio_adopt(struct vfio_device *vdev, size_t bar_min);

/**
 * vfio_set_bus_master() - allow or forbid the device to do DMA
 *
 * Return: 0, or -1 after fail().
 */
int vfio_set_bus_master(struct vfio_device *vdev, bool on);

/**
 * vfio_map_sysfs_bar0() - map BAR 0 of a device that nobody has opened
 * @bdf: address
 * @len: out, bytes
 *
 * Return: the mapping, or NULL after fail().
 */
volatile uint32_t *vfio_map_sysfs_bar0(const char *bdf, size_t *len);

#endif /* EXAMPLE_VFIO_H */
