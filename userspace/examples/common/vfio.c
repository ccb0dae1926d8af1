// SPDX-License-Identifier: GPL-2.0-only
/* The device: a noiommu VFIO cdev bound to an iommufd, see vfio.h */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "event.h"
#include "vfio.h"

#define SYSFS_DEVICES	"/sys/bus/pci/devices"
#define NODE_MAX	64

#define CONFIG_VENDOR	0x00
#define CONFIG_COMMAND	0x04
#define  COMMAND_MEMORY	(1u << 1)
#define  COMMAND_MASTER	(1u << 2)

bool vfio_bdf_valid(const char *bdf)
{
	static const char shape[] = "xxxx:xx:xx.x";

	if (strlen(bdf) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++) {
		unsigned char c = bdf[i];

		if (shape[i] == 'x' ? !isxdigit(c) : c != (unsigned char)shape[i])
			return false;
	}
	return true;
}

static int read_number(const char *bdf, const char *name, uint32_t *number)
{
	char path[PATH_MAX], text[16] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSFS_DEVICES "/%s/%s", bdf, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	*number = (uint32_t)strtoul(text, NULL, 16);
	return 0;
}

int vfio_identify(const char *bdf, uint16_t *vendor, uint16_t *device)
{
	uint32_t numbers[2];

	if (!vfio_bdf_valid(bdf))
		return fail("'%s' is not a PCI address like 0000:00:02.0", bdf);
	if (read_number(bdf, "vendor", &numbers[0]) ||
	    read_number(bdf, "device", &numbers[1]))
		return fail("%s: no such PCI device", bdf);
	*vendor = (uint16_t)numbers[0];
	*device = (uint16_t)numbers[1];
	return 0;
}

int vfio_check_class(const char *bdf, uint32_t class, const char *what)
{
	uint32_t found;

	if (read_number(bdf, "class", &found))
		return fail("%s: no such PCI device", bdf);
	if (found != class)
		return fail("%s: is not %s: its class is %06x, not %06x", bdf,
			    what, found, class);
	return 0;
}

static int check_driver(const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *driver;
	ssize_t n;

	snprintf(path, sizeof(path), SYSFS_DEVICES "/%s/driver", bdf);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return fail("%s: no driver is bound, it has to be vfio-pci, which takes a device without an IOMMU only with vfio.enable_unsafe_noiommu_mode=1",
			    bdf);
	target[n] = '\0';
	driver = strrchr(target, '/');
	driver = driver ? driver + 1 : target;
	if (strcmp(driver, "vfio-pci"))
		return fail("%s: driver is %s, it has to be vfio-pci", bdf,
			    driver);
	return 0;
}

/* The cdev's name says whether vfio took the device without an IOMMU */
static int find_node(const char *bdf, char *node)
{
	char path[PATH_MAX], found[NODE_MAX] = "";
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS_DEVICES "/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return fail("%s: vfio-pci made no character device for it: neither an IOMMU nor vfio.enable_unsafe_noiommu_mode=1 when it was bound, or a kernel without CONFIG_VFIO_DEVICE_CDEV",
			    bdf);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(found, sizeof(found), "%.*s",
				 (int)sizeof(found) - 1, entry->d_name);
	closedir(dir);

	if (!found[0])
		return fail("%s: vfio-pci made no character device for it",
			    bdf);
	if (strncmp(found, "noiommu-", strlen("noiommu-")))
		return fail("%s: is behind an IOMMU (%s); this driver is for devices without one",
			    bdf, found);
	snprintf(node, PATH_MAX, "/dev/vfio/devices/%s", found);
	return 0;
}

static int open_node(const char *bdf)
{
	char node[PATH_MAX];
	int fd;

	if (find_node(bdf, node))
		return -1;
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return fail("%s: not permitted: a device without an IOMMU needs CAP_SYS_RAWIO",
			    node);
	if (errno == EBUSY)
		return fail("%s: busy: another process has it, or it waits to be restored after a live update",
			    node);
	return fail("%s: %m", node);
}

static int bind_and_attach(struct vfio_device *vdev)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = vdev->iommufd,
	};
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};

	if (ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return fail("%s: cannot bind to the iommufd: %m%s", vdev->bdf,
			    errno == EINVAL || errno == EBUSY ?
			    " (does another process have it?)" : "");
	if (ioctl(vdev->iommufd, IOMMU_IOAS_ALLOC, &alloc))
		return fail("cannot allocate an IOAS: %m");
	attach.pt_id = alloc.out_ioas_id;
	if (ioctl(vdev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		return fail("%s: cannot attach to IOAS %u: %m%s", vdev->bdf,
			    alloc.out_ioas_id, errno == EOPNOTSUPP ?
			    " (kernel without CONFIG_IOMMUFD_NOIOMMU?)" : "");
	vdev->ioas_id = alloc.out_ioas_id;
	return 0;
}

int vfio_open(struct vfio_device *vdev, const char *bdf, size_t bar_min)
{
	memset(vdev, 0, sizeof(*vdev));
	vdev->fd = -1;
	vdev->iommufd = -1;
	snprintf(vdev->bdf, sizeof(vdev->bdf), "%s", bdf);
	if (check_driver(bdf))
		return -1;
	vdev->fd = open_node(bdf);
	if (vdev->fd < 0)
		return -1;
	vdev->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vdev->iommufd < 0)
		return fail("/dev/iommu: %m");
	if (bind_and_attach(vdev))
		return -1;
	return vfio_adopt(vdev, bar_min);
}

int vfio_adopt(struct vfio_device *vdev, size_t bar_min)
{
	struct vfio_region_info bar = {
		.argsz = sizeof(bar),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t ids[2];
	void *map;

	if (ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &config))
		return fail("%s: no config space: %m", vdev->bdf);
	vdev->config_offset = config.offset;
	if (pread(vdev->fd, ids, sizeof(ids), (off_t)(config.offset +
		  CONFIG_VENDOR)) != (ssize_t)sizeof(ids))
		return fail("%s: cannot read config space: %m", vdev->bdf);
	vdev->vendor = ids[0];
	vdev->device = ids[1];

	if (ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &bar))
		return fail("%s: no BAR 0: %m", vdev->bdf);
	if (bar.size < bar_min || !(bar.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return fail("%s: BAR 0 cannot be mapped (%llu bytes, flags 0x%x)",
			    vdev->bdf, (unsigned long long)bar.size, bar.flags);
	map = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   vdev->fd, (off_t)bar.offset);
	if (map == MAP_FAILED)
		return fail("%s: cannot map BAR 0: %m", vdev->bdf);
	vdev->bar0 = map;
	vdev->bar0_len = bar.size;
	return 0;
}

int vfio_set_bus_master(struct vfio_device *vdev, bool on)
{
	off_t where = (off_t)(vdev->config_offset + CONFIG_COMMAND);
	uint16_t command;

	if (pread(vdev->fd, &command, sizeof(command), where) !=
	    (ssize_t)sizeof(command))
		return fail("%s: cannot read the command register: %m",
			    vdev->bdf);
	if (on)
		command |= COMMAND_MEMORY | COMMAND_MASTER;
	else
		command &= (uint16_t)~COMMAND_MASTER;
	if (pwrite(vdev->fd, &command, sizeof(command), where) !=
	    (ssize_t)sizeof(command))
		return fail("%s: cannot write the command register: %m",
			    vdev->bdf);
	return 0;
}

volatile uint32_t *vfio_map_sysfs_bar0(const char *bdf, size_t *len)
{
	char path[PATH_MAX];
	struct stat st;
	void *map;
	int fd;

	snprintf(path, sizeof(path), SYSFS_DEVICES "/%s/resource0", bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		fail("%s: %m", path);
		return NULL;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		fail("%s: cannot map: %m", path);
		return NULL;
	}
	*len = (size_t)st.st_size;
	return map;
}
