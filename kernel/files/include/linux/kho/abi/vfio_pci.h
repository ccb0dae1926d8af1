/* SPDX-License-Identifier: GPL-2.0-only */

#ifndef _LINUX_KHO_ABI_VFIO_PCI_H
#define _LINUX_KHO_ABI_VFIO_PCI_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <uapi/linux/pci_regs.h>

/**
 * DOC: VFIO PCI Live Update ABI
 *
 * vfio-pci uses the ABI defined below to hand a device cdev over to the next
 * kernel: which function it is, which iommufd it was bound to, and what the user
 * made of the virtual config space. The rest is read from the function, which
 * goes on running (see include/linux/kho/abi/pci.h).
 *
 * One &struct vfio_pci_ser per file, in memory of its own. It is complete from
 * preserve on, and brought up to date in freeze.
 *
 * This interface is a contract. A change of the structure, or of what a field
 * means, needs a new version in the %VFIO_PCI_LUO_FH_COMPATIBLE string.
 */

/* The compatibility string of the file handler. */
#define VFIO_PCI_LUO_FH_COMPATIBLE	"vfio-pci-noiommu-v2"

#define VFIO_PCI_SER_MAGIC		0x7265736963706676ULL	/* "vfpciser" */
#define VFIO_PCI_SER_VERSION		2

/* Room for the registers to restore when the device is closed. */
#define VFIO_PCI_SER_STATE_SIZE		3072

/**
 * struct vfio_pci_ser - A vfio-pci device cdev file.
 * @magic:         %VFIO_PCI_SER_MAGIC.
 * @version:       %VFIO_PCI_SER_VERSION.
 * @size:          Size of this structure in bytes.
 * @crc:           CRC-32 over this structure, with @crc 0.
 * @flags:         0. Unknown flags are an error.
 * @domain:        PCI domain (segment) number of the function.
 * @bus:           Its bus number.
 * @devfn:         Its encoded device and function number.
 * @command:       COMMAND register before freeze masked INTx. Informational.
 * @vendor:        Its vendor ID.
 * @device:        Its device ID.
 * @iommufd_token: Token of the iommufd it was bound to, in the same session.
 * @iommufd_devid: ID it has in this iommufd. Informational: the iommufd carries
 *                 it, too.
 * @irq_index:     Interrupts that were armed: VFIO_PCI_INTX_IRQ_INDEX and so on,
 *                 %VFIO_PCI_NUM_IRQS for none. Informational: eventfds are not
 *                 handed over, the user arms them again.
 * @nr_irqs:       Number of the last vector that was armed, plus one.
 *                 Informational.
 * @state_size:    Number of bytes in use in @state. 0 if not known.
 * @reserved:      0.
 * @vconfig:       First part of the config space as the user saw it. Of this, the
 *                 bits that a user can change without a register changing count.
 * @state:         Registers as they were before the user opened the device, as
 *                 pci_liveupdate_pack_state() has written them.
 */
struct vfio_pci_ser {
	u64 magic;
	u32 version;
	u32 size;
	u32 crc;
	u32 flags;
	u32 domain;
	u8 bus;
	u8 devfn;
	u16 command;
	u16 vendor;
	u16 device;
	u64 iommufd_token;
	u32 iommufd_devid;
	u16 irq_index;
	u16 nr_irqs;
	u32 state_size;
	u64 reserved;
	u8 vconfig[PCI_CFG_SPACE_SIZE];
	u8 state[VFIO_PCI_SER_STATE_SIZE];
} __packed;

static_assert(offsetof(struct vfio_pci_ser, iommufd_token) == 36);
static_assert(offsetof(struct vfio_pci_ser, vconfig) == 64);
static_assert(sizeof(struct vfio_pci_ser) == 3392);

#endif /* _LINUX_KHO_ABI_VFIO_PCI_H */
