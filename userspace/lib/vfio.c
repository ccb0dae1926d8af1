// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <holdfast/uapi.h>
#include <holdfast/vfio.h>

bool hf_vfio_is_bound(int device)
{
	struct vfio_device_info info = {
		.argsz = sizeof(info),
	};

	return !ioctl(device, VFIO_DEVICE_GET_INFO, &info);
}

int hf_vfio_bind(int device, int iommufd, uint32_t *devid)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};

	if (ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	*devid = bind.out_devid;
	return 0;
}

int hf_vfio_attach(int device, uint32_t pt_id)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = pt_id,
	};

	return ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ? -errno : 0;
}

int hf_vfio_stop_dma(int device)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t cmd;
	off_t at;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	at = (off_t)info.offset + PCI_COMMAND;
	if (pread(device, &cmd, sizeof(cmd), at) != sizeof(cmd))
		return -EIO;
	cmd &= htole16((uint16_t)~PCI_COMMAND_MASTER);
	if (pwrite(device, &cmd, sizeof(cmd), at) != sizeof(cmd))
		return -EIO;
	if (pread(device, &cmd, sizeof(cmd), at) != sizeof(cmd))
		return -EIO;
	return le16toh(cmd) & PCI_COMMAND_MASTER ? -EBUSY : 0;
}
