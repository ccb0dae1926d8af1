/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A noiommu device at work, with all that has to go into a session with it.
 * Conventions are those of util.h.
 */
#ifndef HOLDFAST_VFIO_USE_H
#define HOLDFAST_VFIO_USE_H

#include "util.h"

/* Tokens */
enum { MEMFD = 1, IOMMUFD, DEVICE };

struct vfio {
	int luo;
	int session;
	int iommufd;
	int memfd;
	int device;
	__u32 ioas;
	__u32 dev_id;
	char bdf[16];
};

/*
 * Open the n-th device, with memory and an iommufd for it. Returns why not, or
 * NULL
 */
const char *vfio_open_nth(struct vfio *v, unsigned int n);
/* And a session */
const char *vfio_setup_nth(struct vfio *v, unsigned int n);
const char *vfio_setup(struct vfio *v);
/* For the first function with these IDs, which is bound to vfio-pci if need be */
const char *vfio_setup_ids(struct vfio *v, __u16 vendor, __u16 device);

/* Bind a function without a driver to vfio-pci */
int bind_vfio(const char *bdf);

/* Bind, attach, map, and let it master the bus */
int vfio_start(struct vfio *v);

int preserve_memory(struct vfio *v, int session);
/* The memory, and then the device */
int preserve_all(struct vfio *v);

/* Give everything back, and start again with an empty session */
int give_back(struct vfio *v);

/*
 * Write to a file of the function in sysfs. -ENODEV if there is no such file;
 * 0 if the kernel took it all.
 */
int write_sysfs(const char *bdf, const char *file, const char *text);
/* Write to the configuration space behind the back of its driver, as root may */
int write_raw_config(const char *bdf, unsigned int pos, unsigned int size, __u32 val);
int read_raw_config(const char *bdf, unsigned int pos, unsigned int size, __u32 *val);

/* The port above a function, or -ENODEV if it is on the root bus */
int bridge_above(const char *bdf, char bridge[16]);

#endif
