// SPDX-License-Identifier: GPL-2.0
/*
 * PCI functions that go on running while the kernel is replaced.
 */

/**
 * DOC: PCI live update
 *
 * A driver that handed its function over to the next kernel (vfio-pci, on
 * behalf of a user) leaves it running: it keeps bus mastering on and goes on
 * writing to memory while one kernel is shut down and the next one boots. The
 * PCI core of the old kernel must then not stop it, and that of the new kernel
 * must recognise it before anything touches it.
 *
 * Concept
 * -------
 *
 * The old kernel keeps a list of such functions, and of the bridges above them
 * with the number of functions below, in memory preserved by KHO. It is a File
 * Lifecycle Bound object of the Live Update Orchestrator: it exists as long as
 * at least one file of a handler that was passed to
 * pci_liveupdate_register_flb() is preserved, and in the new kernel until the
 * last such file is finished.
 *
 * The new kernel looks every function up when it enumerates it, in
 * pci_setup_device(), which is before fixups, BAR sizing or any other config
 * write. What it finds at the listed address must be what was listed: IDs, class
 * and revision are compared. A function that differs is an ordinary one, and the
 * session it came from cannot be retrieved, hence keeps its memory.
 *
 * For outgoing functions and their bridges, the PCI core keeps bus mastering at
 * shutdown, holds a runtime PM reference, and refuses resets.
 *
 * For incoming ones it adopts what firmware and the old kernel configured (bus
 * numbers, BARs, MPS, ARI, ACS, ...), holds a runtime PM reference, refuses
 * resets until a driver has taken the function over, and lets no driver match
 * that has not set &pci_driver.liveupdate_capable.
 *
 * Lifecycle
 * ---------
 *
 * The state belongs to the function and not to a file or a driver, because it
 * has to be right whoever dies in between::
 *
 *             preserve           freeze
 *   NONE  <------------> PRESERVED <---> FROZEN      (old kernel)
 *           unpreserve           unfreeze
 *   - - - - - - - - - - - - - - - - - - - - - kexec
 *          enumeration           adopt
 *   NONE  ------------> INCOMING <------> ADOPTED    (new kernel)
 *                           |   unadopt   |   |
 *                   quiesce |    quiesce, |   | finish
 *                           v    quiesced v   v
 *                         QUIESCED <------'  FINISHED -> PRESERVED, ...
 *                           '------------------^
 *                                 finish
 *
 * A bridge has no state, but counts of outgoing and incoming functions below.
 *
 * A function that is INCOMING keeps its memory until somebody adopts it, or
 * until its session is finished without that: pci_liveupdate_quiesce() then stops
 * and resets it before any memory is released, and if that fails the session
 * cannot be finished. At the next reboot it is stopped like any other function,
 * because it is not outgoing.
 *
 * A function that is removed is quiesced before that. The list, with what has
 * become of each of its functions, outlives them: one that is found again goes on
 * where it was, QUIESCED, or INCOMING if it could not be quiesced. It is an
 * ordinary one when its update is finished.
 *
 * Locking
 * -------
 *
 * pci_liveupdate_lock protects the state, the counts, the outgoing list, and what
 * is noted about the incoming one. It is a spinlock, so that a freeze in the
 * reboot path cannot wait for anything. The list the new kernel got is read-only.
 * Readers of a state do not lock: a caller that must exclude a transition does so
 * with the lock of the operation it guards. Resets do with the device lock, which
 * pci_liveupdate_preserve() asks for, and which pci_liveupdate_quiesce() tries to
 * take: it never waits for a lock, so a handler may call it with any of its own.
 */

#define pr_fmt(fmt) "PCI: live update: " fmt

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/crc32.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kexec.h>
#include <linux/kexec_handover.h>
#include <linux/kho/abi/pci.h>
#include <linux/liveupdate.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/pci_liveupdate.h>
#include <linux/pm_runtime.h>
#include <linux/spinlock.h>

#include "pci.h"

static DEFINE_SPINLOCK(pci_liveupdate_lock);

/*
 * The list the previous kernel has left, from retrieve to finish, and for each of
 * its functions whether it is QUIESCED or FINISHED, which a removal must not
 * undo.
 */
static struct pci_ser *pci_ser_incoming;
static u8 pci_ser_past[PCI_SER_MAX_DEVICES];

static const char * const pci_liveupdate_state_name[] = {
	[PCI_LIVEUPDATE_NONE]		= "none",
	[PCI_LIVEUPDATE_PRESERVED]	= "preserved",
	[PCI_LIVEUPDATE_FROZEN]		= "frozen",
	[PCI_LIVEUPDATE_INCOMING]	= "incoming",
	[PCI_LIVEUPDATE_ADOPTED]	= "adopted",
	[PCI_LIVEUPDATE_QUIESCED]	= "quiesced",
	[PCI_LIVEUPDATE_FINISHED]	= "finished",
};

/* For each state, the states it may be left for. */
static const u8 pci_liveupdate_next[] = {
	[PCI_LIVEUPDATE_NONE]		= BIT(PCI_LIVEUPDATE_PRESERVED) |
					  BIT(PCI_LIVEUPDATE_INCOMING) |
					  BIT(PCI_LIVEUPDATE_QUIESCED),
	[PCI_LIVEUPDATE_PRESERVED]	= BIT(PCI_LIVEUPDATE_NONE) |
					  BIT(PCI_LIVEUPDATE_FROZEN),
	[PCI_LIVEUPDATE_FROZEN]		= BIT(PCI_LIVEUPDATE_PRESERVED),
	[PCI_LIVEUPDATE_INCOMING]	= BIT(PCI_LIVEUPDATE_ADOPTED) |
					  BIT(PCI_LIVEUPDATE_QUIESCED),
	[PCI_LIVEUPDATE_ADOPTED]	= BIT(PCI_LIVEUPDATE_INCOMING) |
					  BIT(PCI_LIVEUPDATE_QUIESCED) |
					  BIT(PCI_LIVEUPDATE_FINISHED),
	[PCI_LIVEUPDATE_QUIESCED]	= BIT(PCI_LIVEUPDATE_FINISHED),
	[PCI_LIVEUPDATE_FINISHED]	= BIT(PCI_LIVEUPDATE_PRESERVED),
};

VISIBLE_IF_KUNIT u32 pci_ser_crc(const struct pci_ser *ser)
{
	static const u8 zero[sizeof_field(struct pci_ser, crc)];
	u32 crc;

	crc = crc32(~0, ser, offsetof(struct pci_ser, crc));
	crc = crc32(crc, zero, sizeof(zero));
	return ~crc32(crc, ser->devices, ser->nr_devices * sizeof(ser->devices[0]));
}
EXPORT_SYMBOL_IF_KUNIT(pci_ser_crc);

static struct pci_dev_ser *pci_ser_find(struct pci_ser *ser, u32 domain, u8 bus,
					u8 devfn)
{
	for (u32 i = 0; i < ser->nr_devices; i++) {
		struct pci_dev_ser *entry = &ser->devices[i];

		if (entry->domain == domain && entry->bus == bus &&
		    entry->devfn == devfn)
			return entry;
	}

	return NULL;
}

static struct pci_dev_ser *pci_ser_find_dev(struct pci_ser *ser,
					    struct pci_dev *dev)
{
	return pci_ser_find(ser, pci_domain_nr(dev->bus), dev->bus->number,
			    dev->devfn);
}

/* What has become of an incoming function, now and if it is removed */
static void pci_ser_note(struct pci_dev *dev, enum pci_liveupdate_state state)
{
	struct pci_dev_ser *entry;

	if (!pci_ser_incoming || (state != PCI_LIVEUPDATE_QUIESCED &&
				  state != PCI_LIVEUPDATE_FINISHED))
		return;

	entry = pci_ser_find_dev(pci_ser_incoming, dev);
	if (entry)
		pci_ser_past[entry - pci_ser_incoming->devices] = state;
}

/* The one place where a state changes. */
static int pci_liveupdate_set_state(struct pci_dev *dev,
				    enum pci_liveupdate_state state)
{
	enum pci_liveupdate_state old = dev->liveupdate_state;

	lockdep_assert_held(&pci_liveupdate_lock);

	if (!(pci_liveupdate_next[old] & BIT(state))) {
		pci_err(dev, "live update: cannot go from %s to %s\n",
			pci_liveupdate_state_name[old],
			pci_liveupdate_state_name[state]);
		return -EBUSY;
	}

	WRITE_ONCE(dev->liveupdate_state, state);
	pci_ser_note(dev, state);
	pci_info(dev, "live update: %s -> %s\n", pci_liveupdate_state_name[old],
		 pci_liveupdate_state_name[state]);
	return 0;
}

static u16 pci_ser_read_word(struct pci_dev *dev, int where)
{
	u16 val;

	pci_read_config_word(dev, where, &val);
	return val;
}

/* Describe @dev by its registers: quirks change what struct pci_dev has. */
static void pci_ser_describe(struct pci_dev *dev, struct pci_dev_ser *entry)
{
	u32 class;
	u8 hdr;

	memset(entry, 0, sizeof(*entry));
	entry->domain = pci_domain_nr(dev->bus);
	entry->bus = dev->bus->number;
	entry->devfn = dev->devfn;

	entry->vendor = pci_ser_read_word(dev, PCI_VENDOR_ID);
	entry->device = pci_ser_read_word(dev, PCI_DEVICE_ID);
	pci_read_config_dword(dev, PCI_CLASS_REVISION, &class);
	entry->revision = class & 0xff;
	entry->class = class >> 8;

	pci_read_config_byte(dev, PCI_HEADER_TYPE, &hdr);
	entry->hdr_type = FIELD_GET(PCI_HEADER_TYPE_MASK, hdr);
	if (entry->hdr_type == PCI_HEADER_TYPE_NORMAL) {
		entry->subsystem_vendor =
			pci_ser_read_word(dev, PCI_SUBSYSTEM_VENDOR_ID);
		entry->subsystem_device =
			pci_ser_read_word(dev, PCI_SUBSYSTEM_ID);
	} else {
		entry->flags = PCI_DEV_SER_BRIDGE;
	}
}

static int pci_liveupdate_flb_preserve(struct liveupdate_flb_op_args *args)
{
	struct pci_ser *ser;

	ser = kho_alloc_preserve(PCI_SER_SIZE);
	if (IS_ERR(ser))
		return PTR_ERR(ser);

	ser->magic = PCI_SER_MAGIC;
	ser->version = PCI_SER_VERSION;
	ser->size = PCI_SER_SIZE;
	ser->crc = pci_ser_crc(ser);

	args->obj = ser;
	args->data = virt_to_phys(ser);
	return 0;
}

static void pci_liveupdate_flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	struct pci_ser *ser = args->obj;

	WARN_ON_ONCE(ser->nr_devices);
	kho_unpreserve_free(ser);
}

/* What is wrong with the list of running functions at @data, NULL if nothing. */
VISIBLE_IF_KUNIT const char *pci_ser_check(u64 data)
{
	struct pci_ser *ser;

	if (!data || !PAGE_ALIGNED(data) || !pfn_valid(PHYS_PFN(data)))
		return "has a bad address";

	ser = phys_to_virt(data);
	if (ser->magic != PCI_SER_MAGIC)
		return "is not there";
	if (ser->version != PCI_SER_VERSION || ser->size != PCI_SER_SIZE) {
		pr_err("list of running functions has version %u, size %u\n",
		       ser->version, ser->size);
		return "is of a version that is not known here";
	}
	if (ser->nr_devices > PCI_SER_MAX_DEVICES ||
	    ser->crc != pci_ser_crc(ser))
		return "is damaged";

	for (u32 i = 0; i < ser->nr_devices; i++) {
		struct pci_dev_ser *entry = &ser->devices[i];

		if (entry->flags & ~PCI_DEV_SER_BRIDGE ||
		    !(entry->flags & PCI_DEV_SER_BRIDGE) != !entry->nr_below ||
		    pci_ser_find(ser, entry->domain, entry->bus,
				 entry->devfn) != entry)
			return "is inconsistent";
	}

	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pci_ser_check);

/*
 * Called for the first function that is enumerated. If the list is there but
 * cannot be understood, functions are writing to memory that nobody protects
 * from them, and all of them are going to be reset, or worse, ignored: stop.
 */
static int pci_liveupdate_flb_retrieve(struct liveupdate_flb_op_args *args)
{
	const char *wrong = pci_ser_check(args->data);
	struct pci_ser *ser;

	if (wrong)
		panic("PCI: live update: list of running functions %s (%#llx)\n",
		      wrong, args->data);

	ser = phys_to_virt(args->data);
	pr_info("%u functions and bridges were left running\n",
		ser->nr_devices);
	scoped_guard(spinlock, &pci_liveupdate_lock)
		pci_ser_incoming = ser;
	args->obj = ser;
	return 0;
}

static void pci_liveupdate_flb_finish(struct liveupdate_flb_op_args *args)
{
	scoped_guard(spinlock, &pci_liveupdate_lock)
		pci_ser_incoming = NULL;
	kho_restore_free(args->obj);
}

static const struct liveupdate_flb_ops pci_liveupdate_flb_ops = {
	.preserve = pci_liveupdate_flb_preserve,
	.unpreserve = pci_liveupdate_flb_unpreserve,
	.retrieve = pci_liveupdate_flb_retrieve,
	.finish = pci_liveupdate_flb_finish,
	.owner = THIS_MODULE,
};

static struct liveupdate_flb pci_liveupdate_flb = {
	.ops = &pci_liveupdate_flb_ops,
	.compatible = PCI_LUO_FLB_COMPATIBLE,
};

/**
 * pci_liveupdate_register_flb - Make the list of functions follow a handler
 * @fh: file handler whose files hand PCI functions over
 *
 * Return: 0 on success, or the error of liveupdate_register_flb().
 */
int pci_liveupdate_register_flb(struct liveupdate_file_handler *fh)
{
	return liveupdate_register_flb(fh, &pci_liveupdate_flb);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_register_flb);

/**
 * pci_liveupdate_unregister_flb - Undo pci_liveupdate_register_flb()
 * @fh: file handler
 */
void pci_liveupdate_unregister_flb(struct liveupdate_file_handler *fh)
{
	liveupdate_unregister_flb(fh, &pci_liveupdate_flb);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_unregister_flb);

/*
 * What is refused here is refused because something between shutdown and the end
 * of the next enumeration would disturb it, or because it could not be adopted.
 */
static int pci_liveupdate_can_preserve(struct pci_dev *dev)
{
	struct pci_dev *bridge;
	u16 status = 0;

	if (!dev->driver || !dev->driver->liveupdate_capable) {
		pci_err(dev, "live update: its driver cannot take over a running function\n");
		return -ENODEV;
	}

	if (dev->hdr_type != PCI_HEADER_TYPE_NORMAL) {
		pci_err(dev, "live update: not an endpoint\n");
		return -EOPNOTSUPP;
	}

	if (dev->is_virtfn || pci_num_vf(dev)) {
		pci_err(dev, "live update: virtual functions, and functions that have some, cannot be preserved\n");
		return -EOPNOTSUPP;
	}

	/* Translation would be switched on or off under its feet */
	if (dev->dev.iommu) {
		pci_err(dev, "live update: behind an IOMMU\n");
		return -EOPNOTSUPP;
	}

	/* A host bridge in disguise, with a driver and a shutdown of its own */
	if (pci_real_dma_dev(dev) != dev) {
		pci_err(dev, "live update: masters the bus under the ID of %s\n",
			pci_name(pci_real_dma_dev(dev)));
		return -EOPNOTSUPP;
	}

	/*
	 * Early boot takes VGA consoles over, and USB host controllers from
	 * firmware, by their class code and before any driver is asked.
	 */
	if (dev->class >> 8 == PCI_CLASS_DISPLAY_VGA ||
	    dev->class >> 8 == PCI_CLASS_SERIAL_USB) {
		pci_err(dev, "live update: class %#08x is touched by early boot\n",
			dev->class);
		return -EOPNOTSUPP;
	}

	/* BARs are sized while it runs, which must not meet a decoding one */
	if (dev->mmio_always_on || dev->non_compliant_bars) {
		pci_err(dev, "live update: BARs cannot be sized while it runs\n");
		return -EOPNOTSUPP;
	}

	/* INTx has to be kept quiet between the two kernels */
	if (dev->pin && dev->broken_intx_masking) {
		pci_err(dev, "live update: INTx cannot be masked\n");
		return -EOPNOTSUPP;
	}

	if (dev->current_state != PCI_D0) {
		pci_err(dev, "live update: in power state %s\n",
			pci_power_name(dev->current_state));
		return -EBUSY;
	}

	pci_read_config_word(dev, PCI_STATUS, &status);
	if (PCI_POSSIBLE_ERROR(status)) {
		pci_err(dev, "live update: does not respond\n");
		return -EIO;
	}

	for (bridge = pci_upstream_bridge(dev); bridge;
	     bridge = pci_upstream_bridge(bridge)) {
		if (bridge->hdr_type != PCI_HEADER_TYPE_BRIDGE ||
		    bridge->current_state > PCI_D0) {
			pci_err(dev, "live update: bridge %s cannot be kept running\n",
				pci_name(bridge));
			return -EOPNOTSUPP;
		}
	}

	return 0;
}

/* Drop one count from each bridge above @dev, up to but not including @end. */
static void pci_ser_drop_bridges(struct pci_ser *ser, struct pci_dev *dev,
				 struct pci_dev *end)
{
	struct pci_dev_ser *entry;
	struct pci_dev *bridge;

	for (bridge = pci_upstream_bridge(dev); bridge && bridge != end;
	     bridge = pci_upstream_bridge(bridge)) {
		entry = pci_ser_find_dev(ser, bridge);
		if (WARN_ON_ONCE(!entry))
			continue;

		WRITE_ONCE(bridge->liveupdate_outgoing, --entry->nr_below);
		if (!entry->nr_below) {
			*entry = ser->devices[--ser->nr_devices];
			pci_info(bridge, "live update: no longer kept running\n");
		}
	}
}

static int pci_ser_add_bridges(struct pci_ser *ser, struct pci_dev *dev)
{
	struct pci_dev_ser *entry;
	struct pci_dev *bridge;

	for (bridge = pci_upstream_bridge(dev); bridge;
	     bridge = pci_upstream_bridge(bridge)) {
		entry = pci_ser_find_dev(ser, bridge);
		if (!entry) {
			if (ser->nr_devices == PCI_SER_MAX_DEVICES) {
				pci_ser_drop_bridges(ser, dev, bridge);
				return -ENOSPC;
			}
			entry = &ser->devices[ser->nr_devices++];
			pci_ser_describe(bridge, entry);
			pci_info(bridge, "live update: kept running for %s\n",
				 pci_name(dev));
		}
		WRITE_ONCE(bridge->liveupdate_outgoing, ++entry->nr_below);
	}

	return 0;
}

static int pci_ser_add(struct pci_ser *ser, struct pci_dev *dev)
{
	int err;

	if (pci_ser_find_dev(ser, dev))
		return -EBUSY;

	err = pci_ser_add_bridges(ser, dev);
	if (err)
		return err;

	if (ser->nr_devices == PCI_SER_MAX_DEVICES) {
		pci_ser_drop_bridges(ser, dev, NULL);
		return -ENOSPC;
	}
	pci_ser_describe(dev, &ser->devices[ser->nr_devices++]);
	return 0;
}

static void pci_ser_del(struct pci_ser *ser, struct pci_dev *dev)
{
	struct pci_dev_ser *entry = pci_ser_find_dev(ser, dev);

	if (!WARN_ON_ONCE(!entry))
		*entry = ser->devices[--ser->nr_devices];
	pci_ser_drop_bridges(ser, dev, NULL);
}

static void pci_liveupdate_get_power(struct pci_dev *dev)
{
	for (; dev; dev = pci_upstream_bridge(dev))
		pm_runtime_get_noresume(&dev->dev);
}

static void pci_liveupdate_put_power(struct pci_dev *dev)
{
	for (; dev; dev = pci_upstream_bridge(dev))
		pm_runtime_put(&dev->dev);
}

/**
 * pci_liveupdate_preserve - Let the next kernel find a function running
 * @dev: the function
 *
 * From here until pci_liveupdate_unpreserve() @dev and the bridges above it stay
 * powered and cannot be reset, and they keep bus mastering over a kexec.
 *
 * @dev must be in use, so that it and the bridges above it are in D0.
 *
 * Context: Called from the .preserve() of a handler that was given to
 * pci_liveupdate_register_flb(), with the device lock of @dev held, which waits
 * for a reset in progress. Sleeps.
 * Return: 0 on success; -ENODEV if the driver of @dev is not liveupdate_capable,
 * -EOPNOTSUPP if @dev is of a kind that cannot be preserved, -EBUSY if it is in
 * a live update already or not in D0, -EIO if it does not respond, -ENOSPC if
 * the list is full. The log says why.
 */
int pci_liveupdate_preserve(struct pci_dev *dev)
{
	struct pci_ser *ser;
	void *obj;
	int err;

	device_lock_assert(&dev->dev);

	err = pci_liveupdate_can_preserve(dev);
	if (err)
		return err;

	err = liveupdate_flb_get_outgoing(&pci_liveupdate_flb, &obj);
	if (err)
		return err;
	ser = obj;

	pci_liveupdate_get_power(dev);

	spin_lock(&pci_liveupdate_lock);
	err = pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_PRESERVED);
	if (err)
		goto out_unlock;

	err = pci_ser_add(ser, dev);
	if (err) {
		pci_err(dev, "live update: cannot be listed: %pe\n", ERR_PTR(err));
		pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_NONE);
		goto out_unlock;
	}
	ser->crc = pci_ser_crc(ser);

out_unlock:
	spin_unlock(&pci_liveupdate_lock);
	if (err)
		pci_liveupdate_put_power(dev);
	liveupdate_flb_put_outgoing(&pci_liveupdate_flb);
	return err;
}
EXPORT_SYMBOL_GPL(pci_liveupdate_preserve);

/**
 * pci_liveupdate_unpreserve - Undo pci_liveupdate_preserve()
 * @dev: the function
 *
 * Context: Called from the .unpreserve() of the handler. Sleeps.
 */
void pci_liveupdate_unpreserve(struct pci_dev *dev)
{
	struct pci_ser *ser;
	void *obj;

	if (WARN_ON_ONCE(liveupdate_flb_get_outgoing(&pci_liveupdate_flb, &obj)))
		return;
	ser = obj;

	scoped_guard(spinlock, &pci_liveupdate_lock) {
		if (!pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_NONE)) {
			pci_ser_del(ser, dev);
			ser->crc = pci_ser_crc(ser);
		}
	}

	liveupdate_flb_put_outgoing(&pci_liveupdate_flb);
	pci_liveupdate_put_power(dev);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_unpreserve);

/**
 * pci_liveupdate_freeze - The kexec is about to happen
 * @dev: a preserved function
 *
 * Context: Does not sleep.
 * Return: 0, or -EBUSY if @dev is not preserved.
 */
int pci_liveupdate_freeze(struct pci_dev *dev)
{
	guard(spinlock)(&pci_liveupdate_lock);
	return pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_FROZEN);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_freeze);

/**
 * pci_liveupdate_unfreeze - Undo pci_liveupdate_freeze()
 * @dev: the function
 *
 * Context: Does not sleep.
 */
void pci_liveupdate_unfreeze(struct pci_dev *dev)
{
	guard(spinlock)(&pci_liveupdate_lock);
	pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_PRESERVED);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_unfreeze);

/* How many functions of the list below @bridge are not incoming any more? */
static u32 pci_ser_nr_finished(const struct pci_ser *ser, struct pci_dev *bridge)
{
	u8 secondary, subordinate;
	u32 nr = 0;

	lockdep_assert_held(&pci_liveupdate_lock);

	pci_read_config_byte(bridge, PCI_SECONDARY_BUS, &secondary);
	pci_read_config_byte(bridge, PCI_SUBORDINATE_BUS, &subordinate);

	for (u32 i = 0; i < ser->nr_devices; i++) {
		const struct pci_dev_ser *entry = &ser->devices[i];

		if (pci_ser_past[i] == PCI_LIVEUPDATE_FINISHED &&
		    entry->domain == pci_domain_nr(bridge->bus) &&
		    entry->bus >= secondary && entry->bus <= subordinate)
			nr++;
	}

	return nr;
}

/*
 * Mark @dev as incoming if @entry describes it. The caller goes on with
 * pci_setup_device(), so @dev has an address and a name, but not much else.
 */
static void pci_liveupdate_setup_incoming(struct pci_dev *dev,
					  const struct pci_ser *ser,
					  const struct pci_dev_ser *entry)
{
	u8 past = READ_ONCE(pci_ser_past[entry - ser->devices]);
	struct pci_dev_ser found;
	u32 nr;
	u16 cmd;

	/* Was removed since, and is found again */
	if (past == PCI_LIVEUPDATE_FINISHED)
		return;

	pci_ser_describe(dev, &found);
	found.nr_below = entry->nr_below;
	if (memcmp(&found, entry, sizeof(found))) {
		pci_err(dev, "live update: [%04x:%04x] subsystem [%04x:%04x] class %#08x revision %#04x was left running here, found [%04x:%04x] subsystem [%04x:%04x] class %#08x revision %#04x: not taken over, the memory stays preserved\n",
			entry->vendor, entry->device, entry->subsystem_vendor,
			entry->subsystem_device, entry->class, entry->revision,
			found.vendor, found.device, found.subsystem_vendor,
			found.subsystem_device, found.class, found.revision);
		return;
	}

	pci_read_config_word(dev, PCI_COMMAND, &cmd);
	if (!(cmd & PCI_COMMAND_MASTER) && past != PCI_LIVEUPDATE_QUIESCED)
		pci_warn(dev, "live update: bus mastering is off\n");
	dev->is_busmaster = !!(cmd & PCI_COMMAND_MASTER);

	guard(spinlock)(&pci_liveupdate_lock);
	if (entry->flags & PCI_DEV_SER_BRIDGE) {
		nr = entry->nr_below - min(pci_ser_nr_finished(ser, dev),
					   entry->nr_below);
		if (!nr)
			return;
		WRITE_ONCE(dev->liveupdate_incoming, nr);
		pci_info(dev, "live update: bridge above %u running functions\n",
			 nr);
	} else if (past == PCI_LIVEUPDATE_QUIESCED) {
		pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_QUIESCED);
	} else {
		pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_INCOMING);
	}
}

/**
 * pci_liveupdate_setup_device - Recognise a device that was left running
 * @dev: device that is being enumerated
 *
 * Context: Called from pci_setup_device() before anything is written to @dev.
 * Sleeps. Panics if the list of running functions is damaged.
 */
void pci_liveupdate_setup_device(struct pci_dev *dev)
{
	struct pci_dev_ser *entry;
	void *obj;
	int err;

	err = liveupdate_flb_get_incoming(&pci_liveupdate_flb, &obj);
	if (err == -EOPNOTSUPP || err == -ENODATA || err == -ENOENT)
		return;
	if (err)
		panic("PCI: live update: cannot tell which functions are running: %d\n",
		      err);

	entry = pci_ser_find_dev(obj, dev);
	if (entry)
		pci_liveupdate_setup_incoming(dev, obj, entry);

	liveupdate_flb_put_incoming(&pci_liveupdate_flb);
}

/**
 * pci_liveupdate_fix_resources - Keep the BARs of an incoming function in place
 * @dev: device whose BARs were just read
 */
void pci_liveupdate_fix_resources(struct pci_dev *dev)
{
	/* One that was quiesced, and removed, has to follow the bridge above it */
	if (pci_liveupdate_state(dev) != PCI_LIVEUPDATE_INCOMING)
		return;

	for (int i = PCI_STD_RESOURCES; i <= PCI_STD_RESOURCE_END; i++) {
		struct resource *res = &dev->resource[i];

		if (!res->flags || res->flags & IORESOURCE_UNSET ||
		    res->flags & IORESOURCE_PCI_FIXED)
			continue;

		res->flags |= IORESOURCE_PCI_FIXED;
		dev->liveupdate_fixed |= BIT(i);
	}
}

/* An ordinary function may be moved when that is what makes room for others. */
static void pci_liveupdate_unfix_resources(struct pci_dev *dev)
{
	for (int i = PCI_STD_RESOURCES; i <= PCI_STD_RESOURCE_END; i++)
		if (dev->liveupdate_fixed & BIT(i))
			dev->resource[i].flags &= ~IORESOURCE_PCI_FIXED;

	dev->liveupdate_fixed = 0;
}

/**
 * pci_liveupdate_may_sleep - May the system go to sleep with this device?
 * @dev: device that is about to be suspended
 *
 * Nobody would wake a device up that no driver has taken over, its interrupts are
 * masked, and the next kernel would look for it where firmware may not have put
 * it.
 *
 * Return: 0 or -EBUSY.
 */
int pci_liveupdate_may_sleep(struct pci_dev *dev)
{
	if (!pci_liveupdate_is_outgoing(dev) && !pci_liveupdate_is_incoming(dev))
		return 0;

	pci_err(dev, "live update: in a session that is not finished, the system cannot sleep\n");
	return -EBUSY;
}

/**
 * pci_liveupdate_may_master - May a user turn bus mastering on in this function?
 * @dev: the function
 *
 * pci_device_shutdown() turns it off when another kernel is started, except in
 * functions that kernel knows of. It must not come back after that.
 *
 * Return: true if so. A caller asks again once it is on, as the kexec may have
 * begun meanwhile.
 */
bool pci_liveupdate_may_master(struct pci_dev *dev)
{
	return !kexec_in_progress || pci_liveupdate_is_outgoing(dev);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_may_master);

/**
 * pci_liveupdate_may_reset - May this device be reset?
 * @dev: device that is about to be reset
 *
 * An incoming function may be reset once it is adopted, by whoever may reset an
 * ordinary function: its memory is held until the update is finished.
 *
 * Context: Device lock of @dev held.
 * Return: 0 or -EBUSY.
 */
int pci_liveupdate_may_reset(struct pci_dev *dev)
{
	if (!pci_liveupdate_is_outgoing(dev) &&
	    pci_liveupdate_state(dev) != PCI_LIVEUPDATE_INCOMING &&
	    !READ_ONCE(dev->liveupdate_incoming))
		return 0;

	pci_info_ratelimited(dev, "live update: is running, not reset\n");
	return -EBUSY;
}

/**
 * pci_liveupdate_may_reset_bus - May all devices on and below a bus be reset?
 * @bus:  the bus
 * @slot: if not NULL, only devices in this slot are going to be reset
 *
 * Context: Device locks of all these devices held.
 * Return: 0 or -EBUSY.
 */
int pci_liveupdate_may_reset_bus(struct pci_bus *bus, struct pci_slot *slot)
{
	struct pci_dev *dev;
	int err;

	list_for_each_entry(dev, &bus->devices, bus_list) {
		if (slot && dev->slot != slot)
			continue;

		/* What counts for a bridge is who is below */
		if (dev->subordinate)
			err = pci_liveupdate_may_reset_bus(dev->subordinate, NULL);
		else
			err = pci_liveupdate_may_reset(dev);
		if (err)
			return err;
	}

	return 0;
}

/**
 * pci_liveupdate_adopt - Take over a running function
 * @dev: incoming function
 *
 * Stands in for pci_enable_device(), which would write to the function: does
 * the bookkeeping and routes the interrupt, and leaves the hardware as it is.
 * The upstream bridges are enabled, or @dev would not be running.
 *
 * Balanced by pci_disable_device(), which stops @dev, or by
 * pci_liveupdate_unadopt(), which does not.
 *
 * Return: 0 on success, -EBUSY if @dev is not incoming or enabled already, -EIO
 * if it does not respond, or the error of the platform.
 */
int pci_liveupdate_adopt(struct pci_dev *dev)
{
	struct pci_host_bridge *host = pci_find_host_bridge(dev->bus);
	u16 cmd;
	int err;

	pci_read_config_word(dev, PCI_COMMAND, &cmd);
	if (PCI_POSSIBLE_ERROR(cmd)) {
		pci_err(dev, "live update: does not respond\n");
		return -EIO;
	}

	if (atomic_cmpxchg(&dev->enable_cnt, 0, 1)) {
		pci_err(dev, "live update: enabled behind the back of its driver\n");
		return -EBUSY;
	}

	if (host->enable_device) {
		err = host->enable_device(host, dev);
		if (err)
			goto err_count;
	}

	/* No BARs: decoding stays as the user of the function has set it */
	err = pcibios_enable_device(dev, 0);
	if (err < 0)
		goto err_host;

	scoped_guard(spinlock, &pci_liveupdate_lock)
		err = pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_ADOPTED);
	if (err)
		goto err_platform;

	return 0;

err_platform:
	pcibios_disable_device(dev);
err_host:
	if (host->disable_device)
		host->disable_device(host, dev);
err_count:
	atomic_dec(&dev->enable_cnt);
	return err;
}
EXPORT_SYMBOL_GPL(pci_liveupdate_adopt);

/**
 * pci_liveupdate_unadopt - Undo pci_liveupdate_adopt()
 * @dev: adopted function
 *
 * Leaves the hardware as it is: @dev goes on running, and is incoming again.
 */
void pci_liveupdate_unadopt(struct pci_dev *dev)
{
	struct pci_host_bridge *host = pci_find_host_bridge(dev->bus);

	scoped_guard(spinlock, &pci_liveupdate_lock)
		pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_INCOMING);

	pcibios_disable_device(dev);
	if (host->disable_device)
		host->disable_device(host, dev);
	atomic_dec(&dev->enable_cnt);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_unadopt);

/**
 * pci_liveupdate_store_quiet_state - Saved state of a function, but stopped
 * @dev: adopted function
 *
 * Drivers restore a function to what it was before they used it. When it was
 * taken over running, its present state is the only one there is, except that
 * it must not master the bus again.
 *
 * Return: What pci_store_saved_state() returns.
 */
struct pci_saved_state *pci_liveupdate_store_quiet_state(struct pci_dev *dev)
{
	const u32 mask = PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
	struct pci_saved_state *state;

	pci_save_state(dev);
	dev->saved_config_space[PCI_COMMAND / 4] &= ~mask;
	state = pci_store_saved_state(dev);
	dev->state_saved = false;
	return state;
}
EXPORT_SYMBOL_GPL(pci_liveupdate_store_quiet_state);

/*
 * Find @cap in @state, which ends with a record of size 0. Returns that one if
 * there is none.
 */
static struct pci_cap_saved_data *
pci_saved_state_find(struct pci_saved_state *state, u16 cap, bool extended)
{
	struct pci_cap_saved_data *data = pci_saved_state_caps(state);

	while (data->size &&
	       (data->cap_nr != cap || data->cap_extended != extended))
		data = (void *)data->data + data->size;

	return data;
}

/**
 * pci_liveupdate_pack_state - Make saved state fit to be handed over
 * @dev:   function the state was saved of
 * @state: what pci_store_saved_state() returned
 * @buf:   where to put it
 * @size:  size of @buf in bytes
 *
 * The driver of a function that was in use knows a state from before that, in
 * which it will leave the function, and which cannot be read from it.
 *
 * Return: number of bytes used, a multiple of 4, or -ENOSPC.
 */
ssize_t pci_liveupdate_pack_state(struct pci_dev *dev,
				  struct pci_saved_state *state, void *buf,
				  size_t size)
{
	const struct pci_cap_saved_data *cap = pci_saved_state_caps(state);
	struct pci_state_ser ser = {
		.cap = PCI_STATE_SER_HEADER,
		.len = sizeof(dev->saved_config_space),
	};
	const void *data = pci_saved_state_header(state);
	size_t used = 0;

	for (;;) {
		size_t len = ALIGN(sizeof(ser) + ser.len, PCI_STATE_SER_ALIGN);

		if (len > size - used) {
			pci_err(dev, "live update: saved state does not fit in %zu bytes\n",
				size);
			return -ENOSPC;
		}
		memset(buf + used, 0, len);
		memcpy(buf + used, &ser, sizeof(ser));
		memcpy(buf + used + sizeof(ser), data, ser.len);
		used += len;

		if (!cap->size)
			return used;

		ser.cap = cap->cap_nr;
		ser.extended = cap->cap_extended;
		ser.len = cap->size;
		data = cap->data;
		cap = data + cap->size;
	}
}
EXPORT_SYMBOL_GPL(pci_liveupdate_pack_state);

/* May @dev be restored to the header @data? Then make it @header. */
static int pci_liveupdate_unpack_header(struct pci_dev *dev, const void *data,
					u32 *header)
{
	u32 saved[16];

	memcpy(saved, data, sizeof(saved));
	if (saved[PCI_VENDOR_ID / 4] != header[PCI_VENDOR_ID / 4])
		return -EINVAL;

	/* It must not come back to where others are by now */
	for (int i = PCI_BASE_ADDRESS_0; i <= PCI_BASE_ADDRESS_5; i += 4)
		if (saved[i / 4] != header[i / 4])
			return -EINVAL;

	memcpy(header, saved, sizeof(saved));
	header[PCI_COMMAND / 4] &= ~PCI_COMMAND_MASTER;
	return 0;
}

/**
 * pci_liveupdate_unpack_state - Read what pci_liveupdate_pack_state() has made
 * @dev:  adopted function
 * @buf:  the packed state
 * @size: its size in bytes
 *
 * What the previous kernel did not save is taken from the present state of @dev,
 * as pci_liveupdate_store_quiet_state() does it. Bus mastering is off in any case.
 *
 * Return: state for pci_load_saved_state(), to be freed by the caller, or ERR_PTR()
 * of -EINVAL if @buf is damaged or not of @dev as it is, and of -ENOMEM.
 */
struct pci_saved_state *pci_liveupdate_unpack_state(struct pci_dev *dev,
						    const void *buf,
						    size_t size)
{
	struct pci_saved_state *state;
	struct pci_state_ser ser;
	bool header = false;
	size_t pos, len;

	state = pci_liveupdate_store_quiet_state(dev);
	if (!state)
		return ERR_PTR(-ENOMEM);

	for (pos = 0; pos < size; pos += len) {
		struct pci_cap_saved_data *cap;
		const void *data;

		if (size - pos < sizeof(ser))
			goto err_invalid;
		memcpy(&ser, buf + pos, sizeof(ser));
		data = buf + pos + sizeof(ser);

		/* No overflow: what is left is larger than a header of a record */
		if (!ser.len || ser.len > size - pos - sizeof(ser) ||
		    ser.extended > 1 || ser.reserved)
			goto err_invalid;
		len = ALIGN(sizeof(ser) + ser.len, PCI_STATE_SER_ALIGN);
		if (len > size - pos)
			goto err_invalid;

		if (ser.cap == PCI_STATE_SER_HEADER && !ser.extended) {
			if (header ||
			    ser.len != sizeof(dev->saved_config_space) ||
			    pci_liveupdate_unpack_header(dev, data,
							 pci_saved_state_header(state)))
				goto err_invalid;
			header = true;
			continue;
		}

		cap = pci_saved_state_find(state, ser.cap, ser.extended);
		if (!cap->size)
			continue;
		if (cap->size != ser.len)
			goto err_invalid;
		memcpy(cap->data, data, ser.len);
	}

	if (header)
		return state;

err_invalid:
	kfree(state);
	pci_warn(dev, "live update: its saved state cannot be used\n");
	return ERR_PTR(-EINVAL);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_unpack_state);

/* Stop DMA of @dev, and wait until what it has begun is done. */
static int pci_liveupdate_stop_dma(struct pci_dev *dev)
{
	u16 cmd;

	pci_read_config_word(dev, PCI_COMMAND, &cmd);
	if (pci_dev_is_disconnected(dev) || PCI_POSSIBLE_ERROR(cmd)) {
		pci_err(dev, "live update: cannot be stopped, it does not respond\n");
		return -ENODEV;
	}

	/* In low power it does not do DMA, but cannot be reset either */
	pci_set_power_state(dev, PCI_D0);
	pci_clear_master(dev);

	if (!pci_is_pcie(dev)) {
		/* There is no telling, but all that is pending is writes */
		msleep(100);
	} else if (!pci_wait_for_pending_transaction(dev)) {
		pci_err(dev, "live update: cannot be stopped, transactions stay pending\n");
		return -ETIMEDOUT;
	}

	/* The completion pushes posted writes in front of it */
	pci_read_config_word(dev, PCI_COMMAND, &cmd);
	if (PCI_POSSIBLE_ERROR(cmd)) {
		pci_err(dev, "live update: went away while it was being stopped\n");
		return -ENODEV;
	}
	if (cmd & PCI_COMMAND_MASTER) {
		pci_err(dev, "live update: bus mastering cannot be turned off\n");
		return -EIO;
	}

	return 0;
}

/*
 * Reset @dev, alone: the methods for a function leave the other functions of a
 * device, and the devices on a bus, as they are, or do not apply.
 */
static int pci_liveupdate_reset(struct pci_dev *dev)
{
	u16 cmd;
	int err;

	/* INTx was masked by the previous kernel, and goes on to be */
	pci_save_state(dev);
	pci_write_config_word(dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	err = pci_reset_function_methods(dev);
	pci_restore_state(dev);

	pci_read_config_word(dev, PCI_COMMAND, &cmd);
	if (!err && (PCI_POSSIBLE_ERROR(cmd) || cmd & PCI_COMMAND_MASTER))
		err = -EIO;

	if (err)
		pci_err(dev, "live update: bus mastering is off, but it could not be reset: %pe\n",
			ERR_PTR(err));
	return err;
}

static int pci_liveupdate_quiesce_locked(struct pci_dev *dev)
{
	enum pci_liveupdate_state state = pci_liveupdate_state(dev);
	int err;

	if (state == PCI_LIVEUPDATE_QUIESCED)
		return 0;

	if (state != PCI_LIVEUPDATE_INCOMING &&
	    state != PCI_LIVEUPDATE_ADOPTED) {
		pci_err(dev, "live update: %s, not to be stopped\n",
			pci_liveupdate_state_name[state]);
		return -EINVAL;
	}

	/* Counted once by pci_liveupdate_adopt() */
	if (state == PCI_LIVEUPDATE_ADOPTED && pci_is_enabled(dev)) {
		pci_err(dev, "live update: in use, not to be stopped\n");
		return -EBUSY;
	}

	err = pci_liveupdate_stop_dma(dev);
	if (err)
		return err;

	err = pci_liveupdate_reset(dev);
	if (err)
		return err;

	guard(spinlock)(&pci_liveupdate_lock);
	return pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_QUIESCED);
}

/**
 * pci_liveupdate_quiesce - Stop a function that nobody has taken over
 * @dev: incoming function, or one that was adopted and given up again
 *
 * To be called before memory is released that @dev may be writing to. That bus
 * mastering is off is not enough: the next driver would turn it on, and @dev would
 * go on with what it finds in its registers. Hence @dev is quiet only after a
 * reset.
 *
 * On failure bus mastering is off, except if a lock was taken, when nothing has
 * been done, and if @dev cannot be reached. It is still incoming, so that no driver
 * but one that can take it over gets hold of it, and its memory must be kept. The
 * function can be called again, and @dev can still be adopted: its user would
 * find it stopped.
 *
 * Context: Sleeps. The caller prevents that @dev is adopted meanwhile. Any lock may
 * be held but the device lock of @dev or of the bridge above it; they are tried.
 * Return: 0 if @dev is quiet, or was before; -EINVAL if it is not in a live update
 * or goes on with it, -EBUSY if its driver has it enabled, -ENODEV if it does not
 * respond, -ETIMEDOUT if transactions stay pending, -EIO if bus mastering stays
 * on, -EAGAIN if a device lock is taken, -ENOTTY if it cannot be reset, or what
 * its reset method returned.
 */
int pci_liveupdate_quiesce(struct pci_dev *dev)
{
	struct pci_dev *bridge = pci_upstream_bridge(dev);
	int err;

	might_sleep();

	/* It stays so, whoever holds the locks */
	if (pci_liveupdate_state(dev) == PCI_LIVEUPDATE_QUIESCED)
		return 0;

	/* In the order of pci_reset_function(), and before anything is stopped */
	err = -EAGAIN;
	if (bridge && !pci_dev_trylock(bridge))
		goto out;
	if (!pci_dev_trylock(dev))
		goto out_unlock_bridge;

	err = pci_liveupdate_quiesce_locked(dev);
	pci_dev_unlock(dev);
out_unlock_bridge:
	if (bridge)
		pci_dev_unlock(bridge);
out:
	if (err == -EAGAIN)
		pci_err(dev, "live update: not stopped, somebody else works on it\n");
	return err;
}
EXPORT_SYMBOL_GPL(pci_liveupdate_quiesce);

/**
 * pci_liveupdate_stop_device - A device is going to be removed
 * @dev: the device, which has no driver any more
 *
 * Whoever removes a function cannot be refused, so it is quiesced here. If it was
 * torn out, it cannot be told what it does, and its session cannot be finished.
 *
 * Context: Sleeps, device lock of @dev not held.
 */
void pci_liveupdate_stop_device(struct pci_dev *dev)
{
	enum pci_liveupdate_state state = pci_liveupdate_state(dev);

	if (state != PCI_LIVEUPDATE_INCOMING && state != PCI_LIVEUPDATE_ADOPTED)
		return;

	if (pci_liveupdate_quiesce(dev))
		pci_err(dev, "live update: is removed and may be running: its memory stays preserved, its session cannot be finished before it is back\n");
}

/**
 * pci_liveupdate_was_quiesced - Is a function quiet that may be gone?
 * @domain: PCI domain of the function
 * @bus:    its bus number
 * @devfn:  its device and function number
 *
 * Return: true if the function, which was left running at this address, was
 * quiesced and its live update is not finished. It may be gone, or another one
 * may be there by now.
 */
bool pci_liveupdate_was_quiesced(int domain, unsigned int bus,
				 unsigned int devfn)
{
	struct pci_dev_ser *entry;

	guard(spinlock)(&pci_liveupdate_lock);

	if (!pci_ser_incoming)
		return false;

	entry = pci_ser_find(pci_ser_incoming, domain, bus, devfn);
	return entry && pci_ser_past[entry - pci_ser_incoming->devices] ==
			PCI_LIVEUPDATE_QUIESCED;
}
EXPORT_SYMBOL_GPL(pci_liveupdate_was_quiesced);

/**
 * pci_liveupdate_quiesced - An adopted function was stopped and reset
 * @dev: function that may be adopted
 *
 * To be called by a driver that has given up a function: disabled it and reset
 * it with success. If the live update of @dev is not finished yet, this is what
 * allows it to be: there is nobody left who will take the function over.
 */
void pci_liveupdate_quiesced(struct pci_dev *dev)
{
	u16 cmd;

	if (pci_liveupdate_state(dev) != PCI_LIVEUPDATE_ADOPTED)
		return;

	pci_read_config_word(dev, PCI_COMMAND, &cmd);
	if (!PCI_POSSIBLE_ERROR(cmd) && (cmd & PCI_COMMAND_MASTER)) {
		pci_err(dev, "live update: was given up but masters the bus\n");
		return;
	}

	guard(spinlock)(&pci_liveupdate_lock);
	pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_QUIESCED);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_quiesced);

/* One function less is incoming below @bridge. */
static void pci_liveupdate_put_bridge(struct pci_dev *bridge)
{
	scoped_guard(spinlock, &pci_liveupdate_lock) {
		/* Was exchanged for another one */
		if (!bridge->liveupdate_incoming)
			return;

		WRITE_ONCE(bridge->liveupdate_incoming,
			   bridge->liveupdate_incoming - 1);
		if (bridge->liveupdate_incoming)
			return;
	}

	pci_info(bridge, "live update: finished\n");
	pm_runtime_put(&bridge->dev);
}

/**
 * pci_liveupdate_finish - The live update of a function is over
 * @dev: adopted or quiesced function
 *
 * Context: Called from the .finish() of the handler.
 */
void pci_liveupdate_finish(struct pci_dev *dev)
{
	struct pci_dev *bridge;

	scoped_guard(spinlock, &pci_liveupdate_lock) {
		if (pci_liveupdate_set_state(dev, PCI_LIVEUPDATE_FINISHED))
			return;
	}
	pci_liveupdate_unfix_resources(dev);
	pm_runtime_put(&dev->dev);

	for (bridge = pci_upstream_bridge(dev); bridge;
	     bridge = pci_upstream_bridge(bridge))
		pci_liveupdate_put_bridge(bridge);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_finish);

/**
 * pci_liveupdate_finish_gone - The live update of a function that is gone is over
 * @domain: PCI domain of the function
 * @bus:    its bus number
 * @devfn:  its device and function number
 *
 * To be called instead of pci_liveupdate_finish() if pci_liveupdate_was_quiesced()
 * and no function in a live update is at that address.
 *
 * Context: Called from the .finish() of the handler.
 */
void pci_liveupdate_finish_gone(int domain, unsigned int bus,
				unsigned int devfn)
{
	struct pci_dev_ser *entry;
	struct pci_dev *bridge = NULL;

	scoped_guard(spinlock, &pci_liveupdate_lock) {
		if (!pci_ser_incoming)
			return;
		entry = pci_ser_find(pci_ser_incoming, domain, bus, devfn);
		if (!entry)
			return;
		pci_ser_past[entry - pci_ser_incoming->devices] =
			PCI_LIVEUPDATE_FINISHED;
	}
	pr_info("%04x:%02x:%02x.%u: finished, it was removed\n", domain, bus,
		PCI_SLOT(devfn), PCI_FUNC(devfn));

	/* Bridges that are left, wherever they were removed from in between */
	for_each_pci_dev(bridge) {
		struct pci_bus *below = bridge->subordinate;

		if (below && pci_domain_nr(below) == domain &&
		    bus >= below->busn_res.start && bus <= below->busn_res.end)
			pci_liveupdate_put_bridge(bridge);
	}
}
EXPORT_SYMBOL_GPL(pci_liveupdate_finish_gone);
