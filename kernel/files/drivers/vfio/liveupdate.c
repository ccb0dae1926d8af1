// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO device files that outlive the kernel.
 */

/**
 * DOC: VFIO device files in a live update
 *
 * This is what VFIO bus drivers need from the VFIO core to hand a device cdev
 * over to the next kernel, and to give it back there.
 *
 * In the old kernel a driver finds the device behind a file with
 * vfio_liveupdate_device(), and sets &vfio_device.preserved as long as the device
 * must stay bound and attached as it is.
 *
 * In the new kernel a driver sets &vfio_device.incoming before it registers a
 * device which somebody else has left running. The device cannot be opened then,
 * neither through its cdev nor through its group, except by the file that
 * vfio_liveupdate_open() makes for it. This file is what opening the cdev
 * returns, with two differences: it binds to one iommufd only, the one whose
 * mappings the device is using, and a bind that fails calls
 * &vfio_device_ops.undo_open_device, which does not stop the device as
 * &vfio_device_ops.close_device would.
 *
 * Both flags are protected by the lock of the device set, which covers open,
 * bind and attach.
 */

#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "vfio.h"

/**
 * vfio_liveupdate_device - Get the VFIO device of a cdev file
 * @file:  any file
 * @bound: set to whether @file itself is bound to an iommufd; may be NULL
 *
 * Return: the device, valid as long as @file is, or NULL if @file is not a file
 * of a VFIO device or came from a group.
 */
struct vfio_device *vfio_liveupdate_device(struct file *file, bool *bound)
{
	struct vfio_device_file *df = file->private_data;

	if (file->f_op != &vfio_device_fops || df->group)
		return NULL;

	if (bound) {
		/* Paired with smp_store_release() in vfio_df_ioctl_bind_iommufd() */
		*bound = smp_load_acquire(&df->access_granted);
	}
	return df->device;
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_device);

static int vfio_liveupdate_match(struct device *dev, const void *data)
{
	return dev->class == &vfio_device_class;
}

/**
 * vfio_liveupdate_find - Find the VFIO device of a device
 * @dev: the device of the bus, a PCI function for one
 *
 * Return: the VFIO device, with a reference on its registration that a file made
 * by vfio_liveupdate_open() takes over, or NULL if there is none.
 */
struct vfio_device *vfio_liveupdate_find(struct device *dev)
{
	struct vfio_device *device;
	struct device *child;

	child = device_find_child(dev, NULL, vfio_liveupdate_match);
	if (!child)
		return NULL;

	device = container_of(child, struct vfio_device, device);
	if (!vfio_device_try_get_registration(device))
		device = NULL;
	put_device(child);
	return device;
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_find);

/**
 * vfio_liveupdate_put - Give up what vfio_liveupdate_find() returned
 * @device: the VFIO device
 */
void vfio_liveupdate_put(struct vfio_device *device)
{
	vfio_device_put_registration(device);
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_put);

/**
 * vfio_liveupdate_is_noiommu - Is DMA of this device not translated?
 * @device: the VFIO device
 *
 * Return: true if the addresses the device uses are physical ones.
 */
bool vfio_liveupdate_is_noiommu(struct vfio_device *device)
{
	return vfio_device_is_noiommu(device);
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_is_noiommu);

/**
 * vfio_liveupdate_open - Make the file that an incoming device is opened by
 * @device: the device, as vfio_liveupdate_find() returned it
 * @ictx:   iommufd it was bound to, and the only one it may be bound to now
 *
 * Return: a file which is not bound yet. It has taken over the references on
 * @device and @ictx. An ERR_PTR() if it could not be made; the references then
 * stay with the caller.
 */
struct file *vfio_liveupdate_open(struct vfio_device *device,
				  struct iommufd_ctx *ictx)
{
	struct vfio_device_file *df;
	struct file *file;

	df = vfio_allocate_device_file(device);
	if (IS_ERR(df))
		return ERR_CAST(df);

	df->incoming_ictx = ictx;
	file = anon_inode_getfile_fmode("[vfio-device]", &vfio_device_fops, df,
					O_RDWR, FMODE_PREAD | FMODE_PWRITE);
	if (IS_ERR(file)) {
		kfree(df);
		return file;
	}

	/* One address space for all maps of the device, as with the cdev */
	file->f_mapping = device->inode->i_mapping;
	return file;
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_open);
