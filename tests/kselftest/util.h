/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of live update with noiommu devices share.
 *
 * Calls return 0, or what they made (a descriptor), or a negative errno, so that
 * a test compares with the errno it expects. Sizes and offsets are in bytes.
 * Descriptors belong to the caller.
 */
#ifndef HOLDFAST_UTIL_H
#define HOLDFAST_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/iommufd.h>
#include <linux/types.h>

/* Size of memfds and of the areas that map them, and where the first one is */
#define AREA_SIZE	0x10000UL
#define AREA_IOVA	0x40000000ULL

#define PAGE_SIZE	4096UL

/* --- Live Update Orchestrator (luo_util.c) --- */

/* -ENOENT if the kernel has none or it is off */
int luo_open(void);
int luo_create_session(int luo, const char *name);
int luo_retrieve_session(int luo, const char *name);
int luo_preserve_fd(int session, int fd, __u64 token);
int luo_retrieve_fd(int session, __u64 token);
int luo_finish(int session);
int luo_get_name(int session, char *name, size_t len);

/* --- memory, capabilities, kexec (sys_util.c) --- */

/* A memfd with something in every page */
int memfd_filled(size_t size);
void *anon_pages(size_t size);

/*
 * The kernel is told that the page at @addr has a hardware error, as it would be by
 * the machine. -EOPNOTSUPP if it does not deal with these, -EPERM if not root.
 * Nobody may touch the page any more.
 */
int poison_page(void *addr);

/* The kernel's log from here on, and whether there is a line that has @text in it by now */
int kmsg_open(void);
bool kmsg_has(int kmsg, const char *text);

/*
 * Run @work(@arg) over and over in another process, which shares descriptors
 * opened so far, until stopped or until this one ends. Returns its PID.
 */
pid_t keep_doing(void (*work)(void *arg), void *arg);
/* 0 if it was at work until now */
int stop_doing(pid_t pid);

/* Take an effective capability away, or give it back */
int cap_effective(unsigned int cap, bool effective);
int cap_sys_rawio(bool effective);

/*
 * Load an image for reboot(RB_KEXEC), by either call. What kexec_load() loads
 * only halts, and has no way to find what LUO hands over. kexec_file_load()
 * takes $KEXEC_IMAGE, /boot/vmlinuz or /boot/vmlinuz-$(uname -r); -ENOENT if
 * there is none of them.
 */
int kexec_image_load(void);
int kexec_image_file_load(void);
int kexec_image_unload(void);

/* Call this only when it has to fail, or there will be no next test. */
int kexec_reboot(void);

/* --- iommufd (iommufd_util.c) --- */

int iommufd_open(void);
int ioas_alloc(int iommufd, __u32 *id);
int ioas_map(int iommufd, __u32 ioas, void *addr, size_t size, __u64 iova);
int ioas_map_file(int iommufd, __u32 ioas, int memfd, __u64 offset, size_t size, __u64 iova);
int ioas_copy(int iommufd, __u32 dst_ioas, __u32 src_ioas, size_t size, __u64 dst_iova, __u64 src_iova);
int ioas_unmap(int iommufd, __u32 ioas, __u64 iova, size_t size);
int ioas_allow(int iommufd, __u32 ioas, __u64 start, __u64 last);
int ioas_iova_ranges(int iommufd, __u32 ioas, struct iommu_iova_range *ranges, __u32 *nr);
int ioas_change_process(int iommufd);
int ioas_get_pa(int iommufd, __u32 ioas, __u64 iova, __u64 *phys, __u64 *length);
int ioas_get_extents(int iommufd, struct iommu_ioas_noiommu_get_extents *cmd);
int iommufd_option(int iommufd, __u32 option, __u16 op, __u32 object, __u64 *val);
int iommufd_destroy(int iommufd, __u32 id);
int iommufd_fault_alloc(int iommufd, __u32 *id, int *fd);
int iommufd_vfio_ioas(int iommufd, __u32 op, __u32 *ioas);
int iommufd_hwpt_alloc(int iommufd, __u32 dev_id, __u32 ioas, __u32 *id);
int iommufd_get_hw_info(int iommufd, __u32 dev_id);

/* 0 if the context can be changed: something can be mapped, and unmapped again */
int iommufd_usable(int iommufd, __u32 ioas);

/*
 * /dev/liveupdate and /dev/iommu. Returns why one of them cannot be opened, for
 * SKIP(), or NULL. The text is good until the next call.
 */
const char *open_devices(int *luo, int *iommufd);
/* A memfd of AREA_SIZE, which is mapped at AREA_IOVA of a new IOAS */
int memfd_mapped(int iommufd, __u32 *ioas);

/* --- noiommu devices (vfio_util.c) --- */

/*
 * Open the character device of the n-th PCI function that is bound to vfio-pci
 * without an IOMMU. -ENODEV if there is none, -EPERM without CAP_SYS_RAWIO.
 */
int vfio_open_noiommu(unsigned int n, char bdf[16]);
/* /dev/vfio/noiommu-N, that of the n-th device */
int vfio_open_noiommu_group(unsigned int n);

int vfio_bind(int device, int iommufd, __u32 *dev_id);
int vfio_attach(int device, __u32 ioas);
int vfio_detach(int device);
/* Bind and attach */
int vfio_connect(int device, int iommufd, __u32 ioas, __u32 *dev_id);

int vfio_reset(int device);
int vfio_hot_reset(int device);
int vfio_low_power(int device, bool enter);
/* VFIO_DEVICE_SET_IRQS from the first one on; @data is of @size bytes, 64 at most */
int vfio_set_irqs(int device, unsigned int index, __u32 flags, unsigned int count, const void *data,
		  size_t size);
/* Interrupts of that index: arm the first one with an eventfd (-1: disarm it), disarm all */
int vfio_arm_irq(int device, unsigned int index, int eventfd);
int vfio_disarm_irqs(int device, unsigned int index);

/* Configuration space, @size is 1, 2 or 4 */
int vfio_config_read(int device, unsigned int pos, unsigned int size, __u32 *val);
int vfio_config_write(int device, unsigned int pos, unsigned int size, __u32 val);
/* Position of a capability, or 0 */
unsigned int vfio_config_find(int device, __u8 cap);

/* BAR 0: where it is in the file, and how large */
int vfio_bar0(int device, __u64 *offset, size_t *size);

#endif
