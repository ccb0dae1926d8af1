// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "vfio_use.h"

const char *vfio_open_nth(struct vfio *v, unsigned int n)
{
	v->iommufd = iommufd_open();
	if (v->iommufd < 0)
		return "no /dev/iommu";
	v->device = vfio_open_noiommu(n, v->bdf);
	if (v->device < 0)
		return "no noiommu vfio-pci device, or no CAP_SYS_RAWIO";
	v->memfd = memfd_filled(AREA_SIZE);
	return v->memfd < 0 ? "no memory" : NULL;
}

const char *vfio_setup_nth(struct vfio *v, unsigned int n)
{
	v->luo = luo_open();
	if (v->luo < 0)
		return "no /dev/liveupdate";
	v->session = luo_create_session(v->luo, "vfio");
	return vfio_open_nth(v, n);
}

const char *vfio_setup(struct vfio *v)
{
	return vfio_setup_nth(v, 0);
}

const char *vfio_setup_ids(struct vfio *v, __u16 vendor, __u16 device)
{
	struct dirent **entries = NULL;
	char id[16], name[16];
	int i, nr, rc = -ENODEV;
	unsigned int n;
	__u32 ids;

	nr = scandir("/sys/bus/pci/devices", &entries, NULL, alphasort);
	for (i = 0; i < nr; i++) {
		if (rc && !read_raw_config(entries[i]->d_name, PCI_VENDOR_ID, 4, &ids) &&
		    ids == ((__u32)device << 16 | vendor)) {
			snprintf(id, sizeof(id), "%.15s", entries[i]->d_name);
			rc = bind_vfio(id);
		}
		free(entries[i]);
	}
	free(entries);
	if (rc)
		return "no such device";
	for (n = 0;; n++) {
		int fd = vfio_open_noiommu(n, name);

		if (fd < 0)
			return "cannot be bound to vfio-pci";
		close(fd);
		if (!strcmp(name, id))
			return vfio_setup_nth(v, n);
	}
}

int bind_vfio(const char *bdf)
{
	int fd, rc = write_sysfs(bdf, "driver_override", "vfio-pci");

	if (rc)
		return rc;
	/* A driver has it already: which one, is found out by opening it */
	if (!write_sysfs(bdf, "driver/uevent", "change"))
		return 0;
	fd = open("/sys/bus/pci/drivers_probe", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = write(fd, bdf, strlen(bdf)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

int vfio_start(struct vfio *v)
{
	int rc;

	rc = ioas_alloc(v->iommufd, &v->ioas);
	if (!rc)
		rc = vfio_connect(v->device, v->iommufd, v->ioas, &v->dev_id);
	if (!rc)
		rc = ioas_map_file(v->iommufd, v->ioas, v->memfd, 0, AREA_SIZE, AREA_IOVA);
	if (!rc)
		rc = vfio_config_write(v->device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return rc;
}

int preserve_memory(struct vfio *v, int session)
{
	int rc = luo_preserve_fd(session, v->memfd, MEMFD);

	return rc ? rc : luo_preserve_fd(session, v->iommufd, IOMMUFD);
}

int preserve_all(struct vfio *v)
{
	int rc = preserve_memory(v, v->session);

	return rc ? rc : luo_preserve_fd(v->session, v->device, DEVICE);
}

int give_back(struct vfio *v)
{
	if (close(v->session))
		return -errno;
	v->session = luo_create_session(v->luo, "vfio");
	return v->session < 0 ? v->session : 0;
}

static int sysfs_open(const char *bdf, const char *file, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -ENODEV : fd;
}

int write_sysfs(const char *bdf, const char *file, const char *text)
{
	int fd = sysfs_open(bdf, file, O_WRONLY);
	ssize_t done;
	int rc;

	if (fd < 0)
		return fd;
	done = write(fd, text, strlen(text));
	rc = done < 0 ? -errno : 0;
	close(fd);
	return rc;
}

int write_raw_config(const char *bdf, unsigned int pos, unsigned int size, __u32 val)
{
	int fd = sysfs_open(bdf, "config", O_WRONLY);
	ssize_t done;

	if (fd < 0)
		return fd;
	done = pwrite(fd, &val, size, pos);
	close(fd);
	return done == (ssize_t)size ? 0 : -EIO;
}

int read_raw_config(const char *bdf, unsigned int pos, unsigned int size, __u32 *val)
{
	int fd = sysfs_open(bdf, "config", O_RDONLY);
	ssize_t done;

	if (fd < 0)
		return fd;
	*val = 0;
	done = pread(fd, val, size, pos);
	close(fd);
	return done == (ssize_t)size ? 0 : -EIO;
}

int bridge_above(const char *bdf, char bridge[16])
{
	char link[64], target[PATH_MAX], *name;
	ssize_t len;
	int slash;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", bdf);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -ENODEV;
	target[len] = '\0';

	/* .../pci0000:00/0000:00:04.0/0000:01:00.0 */
	for (slash = 0; slash < 2; slash++) {
		name = strrchr(target, '/');
		if (!name)
			return -ENODEV;
		*name++ = '\0';
	}
	if (strlen(name) != strlen("0000:00:04.0"))
		return -ENODEV;
	snprintf(bridge, 16, "%.15s", name);
	return 0;
}
