/* SPDX-License-Identifier: GPL-2.0 */

#ifndef _LINUX_KHO_ABI_PCI_H
#define _LINUX_KHO_ABI_PCI_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

/**
 * DOC: PCI Live Update ABI
 *
 * The PCI core uses the ABI defined below to tell the next kernel which
 * functions go on running over a kexec, and which bridges lie between them and
 * their root bus.
 *
 * The list is one physically contiguous block, &struct pci_ser, owned by a File
 * Lifecycle Bound object of the Live Update Orchestrator. It is complete and
 * its checksum is right at any time after the first function was preserved, so
 * there is no last step that could be missed.
 *
 * This interface is a contract. A change of the structures, or of what a field
 * means, needs a new %PCI_SER_VERSION if the next kernel can still tell that
 * functions are running, and a new %PCI_LUO_FLB_COMPATIBLE otherwise. A kernel
 * that finds the compatible string it knows with contents it does not
 * understand must not go on booting: functions are writing to memory, and it
 * cannot tell which.
 */

/* The compatibility string of the File Lifecycle Bound object. */
#define PCI_LUO_FLB_COMPATIBLE	"pci-noiommu-v1"

#define PCI_SER_MAGIC		0x0072657369637076ULL	/* "vpciser" */
#define PCI_SER_VERSION		1

/* Size of the block in bytes; it never grows. */
#define PCI_SER_SIZE		16384

/* @flags of &struct pci_dev_ser: a bridge above functions that are running */
#define PCI_DEV_SER_BRIDGE	BIT(0)

/**
 * struct pci_dev_ser - A function that is running, or a bridge above such.
 * @domain:           PCI domain (segment) number.
 * @bus:              Bus number. The next kernel must not change it.
 * @devfn:            Encoded device and function number.
 * @hdr_type:         Header type register without the multi-function bit.
 * @revision:         Revision ID register.
 * @vendor:           Vendor ID register.
 * @device:           Device ID register.
 * @subsystem_vendor: Subsystem vendor ID register, 0 for a bridge.
 * @subsystem_device: Subsystem ID register, 0 for a bridge.
 * @class:            Class code register, 24 bits.
 * @flags:            PCI_DEV_SER_* flags. Unknown flags are an error.
 * @nr_below:         For a bridge: number of running functions below it, which
 *                    is never 0. For a function: 0.
 *
 * All IDs are what the config registers read, not what quirks made of them.
 */
struct pci_dev_ser {
	u32 domain;
	u8 bus;
	u8 devfn;
	u8 hdr_type;
	u8 revision;
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u32 flags;
	u32 nr_below;
} __packed;

static_assert(sizeof(struct pci_dev_ser) == 28);

/**
 * struct pci_ser - List of all functions that are running and their bridges.
 * @magic:      %PCI_SER_MAGIC.
 * @version:    %PCI_SER_VERSION.
 * @size:       Size of the block in bytes, %PCI_SER_SIZE.
 * @nr_devices: Number of entries in use.
 * @crc:        CRC-32 over this header and the entries in use, with @crc 0.
 * @devices:    The entries, in no particular order, addresses unique.
 */
struct pci_ser {
	u64 magic;
	u32 version;
	u32 size;
	u32 nr_devices;
	u32 crc;
	struct pci_dev_ser devices[];
} __packed;

static_assert(sizeof(struct pci_ser) == 24);

#define PCI_SER_MAX_DEVICES \
	((PCI_SER_SIZE - sizeof(struct pci_ser)) / sizeof(struct pci_dev_ser))

/**
 * DOC: Saved state of a PCI function
 *
 * What a driver is going to restore a function to when it gives it up, as a
 * sequence of records. pci_liveupdate_pack_state() makes it, for a driver to carry
 * among its own data, and pci_liveupdate_unpack_state() reads it.
 *
 * There is one record for the configuration header, and one for each capability
 * the old kernel saves. Each record starts at a multiple of 4 bytes, gaps are 0,
 * and the sequence ends where the driver's data says. A kernel ignores records of
 * capabilities that it does not save itself, and refuses the sequence if it saves
 * a capability in another size, so that either side may learn about capabilities.
 */

/* @cap of the record of the configuration header, which is 64 bytes long */
#define PCI_STATE_SER_HEADER	0

/* Each record, including the first, starts at a multiple of this. */
#define PCI_STATE_SER_ALIGN	4

/**
 * struct pci_state_ser - What was saved of one capability, or of the header.
 * @cap:      Capability ID, or %PCI_STATE_SER_HEADER.
 * @extended: 1 if that is an extended capability ID, else 0.
 * @reserved: 0.
 * @len:      Length of @data in bytes.
 * @data:     For the header its registers, for a capability what the PCI core
 *            saves of it.
 */
struct pci_state_ser {
	u16 cap;
	u8 extended;
	u8 reserved;
	u32 len;
	u8 data[];
} __packed;

static_assert(sizeof(struct pci_state_ser) == 8);

#endif /* _LINUX_KHO_ABI_PCI_H */
