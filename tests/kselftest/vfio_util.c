// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "util.h"

#define NOIOMMU	"noiommu-"

static int is_noiommu(const struct dirent *entry)
{
	return !strncmp(entry->d_name, NOIOMMU, strlen(NOIOMMU));
}

/* Open the n-th entry of a folder that is for a noiommu device */
static int open_nth(const char *folder, unsigned int n, char *name, size_t len)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int fd = -ENODEV;
	int i, nr;

	nr = scandir(folder, &entries, is_noiommu, alphasort);
	if (nr > 0 && n < (unsigned int)nr) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[n]->d_name);
		snprintf(name, len, "%.*s", (int)len - 1, entries[n]->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	for (i = 0; i < nr; i++)
		free(entries[i]);
	free(entries);
	return fd;
}

int vfio_open_noiommu(unsigned int n, char bdf[16])
{
	char name[64], link[128], target[PATH_MAX];
	ssize_t len;
	int fd;

	fd = open_nth("/dev/vfio/devices", n, name, sizeof(name));
	if (fd < 0)
		return fd;

	snprintf(link, sizeof(link), "/sys/class/vfio-dev/%s/device", name);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0) {
		close(fd);
		return -ENODEV;
	}
	target[len] = '\0';
	snprintf(bdf, 16, "%.15s", strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	return fd;
}

int vfio_open_noiommu_group(unsigned int n)
{
	char name[64];

	return open_nth("/dev/vfio", n, name, sizeof(name));
}

int vfio_bind(int device, int iommufd, __u32 *dev_id)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.iommufd = iommufd,
	};

	if (ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &cmd))
		return -errno;
	*dev_id = cmd.out_devid;
	return 0;
}

int vfio_attach(int device, __u32 ioas)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = ioas,
	};

	return ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd) ? -errno : 0;
}

int vfio_detach(int device)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };

	return ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd) ? -errno : 0;
}

int vfio_connect(int device, int iommufd, __u32 ioas, __u32 *dev_id)
{
	int rc = vfio_bind(device, iommufd, dev_id);

	return rc ? rc : vfio_attach(device, ioas);
}

int vfio_reset(int device)
{
	return ioctl(device, VFIO_DEVICE_RESET) ? -errno : 0;
}

int vfio_hot_reset(int device)
{
	struct vfio_pci_hot_reset cmd = { .argsz = sizeof(cmd) };

	return ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &cmd) ? -errno : 0;
}

int vfio_low_power(int device, bool enter)
{
	struct vfio_device_feature cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DEVICE_FEATURE_SET | (enter ? VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY :
							    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT),
	};

	return ioctl(device, VFIO_DEVICE_FEATURE, &cmd) ? -errno : 0;
}

int vfio_set_irqs(int device, unsigned int index, __u32 flags, unsigned int count, const void *data,
		  size_t size)
{
	char buf[sizeof(struct vfio_irq_set) + 64] __attribute__((aligned(8))) = {};
	struct vfio_irq_set *set = (void *)buf;

	if (size > 64)
		return -E2BIG;
	set->argsz = sizeof(*set) + size;
	set->flags = flags;
	set->index = index;
	set->count = count;
	if (size)
		memcpy(set->data, data, size);
	return ioctl(device, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
}

int vfio_arm_irq(int device, unsigned int index, int eventfd)
{
	__s32 fd = eventfd;

	return vfio_set_irqs(device, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 1, &fd,
			     sizeof(fd));
}

int vfio_disarm_irqs(int device, unsigned int index)
{
	return vfio_set_irqs(device, index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, NULL, 0);
}

static int region_info(int device, unsigned int index, struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

int vfio_config_read(int device, unsigned int pos, unsigned int size, __u32 *val)
{
	struct vfio_region_info info;
	ssize_t done;
	int rc = region_info(device, VFIO_PCI_CONFIG_REGION_INDEX, &info);

	if (rc)
		return rc;
	*val = 0;
	done = pread(device, val, size, info.offset + pos);
	if (done < 0)
		return -errno;
	return done == (ssize_t)size ? 0 : -EIO;
}

int vfio_config_write(int device, unsigned int pos, unsigned int size, __u32 val)
{
	struct vfio_region_info info;
	ssize_t done;
	int rc = region_info(device, VFIO_PCI_CONFIG_REGION_INDEX, &info);

	if (rc)
		return rc;
	done = pwrite(device, &val, size, info.offset + pos);
	if (done < 0)
		return -errno;
	return done == (ssize_t)size ? 0 : -EIO;
}

unsigned int vfio_config_find(int device, __u8 cap)
{
	unsigned int hops = 48;
	__u32 pos, word;

	if (vfio_config_read(device, PCI_CAPABILITY_LIST, 1, &pos))
		return 0;
	while (pos && hops--) {
		if (vfio_config_read(device, pos, 2, &word))
			return 0;
		if ((word & 0xff) == cap)
			return pos;
		pos = word >> 8;
	}
	return 0;
}

int vfio_bar0(int device, __u64 *offset, size_t *size)
{
	struct vfio_region_info info;
	int rc = region_info(device, VFIO_PCI_BAR0_REGION_INDEX, &info);

	if (rc)
		return rc;
	*offset = info.offset;
	*size = info.size;
	return info.size ? 0 : -ENXIO;
}
