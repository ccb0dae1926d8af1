// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hand a vfio-pci device over to the next kernel while it is running.
 */

/**
 * DOC: vfio-pci live update
 *
 * Concept
 * -------
 *
 * A noiommu device cdev that is bound and attached to an iommufd is a device that
 * does DMA to physical addresses its user got from that iommufd. Preserving the
 * file through the Live Update Orchestrator keeps the device running: bus
 * mastering is never cleared, it is not reset, and does not change its power
 * state, in neither kernel. The iommufd must have been preserved in the same
 * session before, as it answers for the memory; the PCI core
 * (drivers/pci/liveupdate.c) answers for the function and the bridges above it.
 *
 * What is handed over is &struct vfio_pci_ser. It is short, because most of what
 * vfio-pci knows of a device can be read from it again.
 *
 * Interrupts stay armed until freeze and are quiet from then on, until the user
 * arms them again in the new kernel. No eventfd is handed over. What happens in
 * between stays pending in the device where it has a place for that (INTx, MSI-X
 * with bus mastering), and the user looks for the rest.
 *
 * Lifecycle
 * ---------
 *
 * preserve
 *     From here on the user cannot set up or tear down interrupts, attach, detach,
 *     reset, enter low power, or write to config space what would do any of that
 *     or turn off bus mastering or decoding: -EBUSY. Everything else goes on
 *     working, interrupts included.
 *
 * freeze
 *     Config writes and SET_IRQS are refused. INTx is masked in the COMMAND
 *     register, MSI-X by its function mask, and MSI is switched off
 *     (vfio_pci_freeze_irqs()). All of these survive the enumeration of the new
 *     kernel, or are what it would do as well. Unfreeze undoes them; with MSI it
 *     signals each eventfd, as interrupts were lost.
 *
 * retrieve
 *     The device must be bound to a driver that sets liveupdate_capable, and
 *     could not be opened so far. The file this returns is like one of a cdev that
 *     has just been opened. Nothing is written to the device.
 *
 * bind (vfio_pci_core_adopt())
 *     Takes the place of vfio_pci_core_enable(): same result for the user, but
 *     the device is not touched. What would fail does so here, and leaves the
 *     device incoming.
 *
 * finish
 *     A device that is bound and attached is as any other from then on: closing it
 *     stops and resets it. One that is bound but not attached is in the way:
 *     -EBUSY. One that nobody has bound is stopped and reset before any memory is
 *     released (vfio_pci_liveupdate_prepare_finish()); it cannot be retrieved or
 *     bound any more, -ESHUTDOWN. If it cannot be stopped, nothing is finished and
 *     all memory of the session is kept.
 *
 * remove
 *     A driver that is being unbound waits until its device is closed. If the file
 *     is held only because the update is not finished, it is closed by that, which
 *     stops the device if it was bound (vfio_pci_liveupdate_request()). One that
 *     was not bound goes on, and can be retrieved again when it is back at a driver;
 *     the PCI core stops it if it is the function that is removed. The memory of
 *     both is kept until finish.
 *
 * Locking
 * -------
 *
 * Callbacks are called with locks of the Live Update Orchestrator held, and take
 * in this order: dev_set->lock, igate, memory_lock, and the device lock, which is
 * only tried, because a driver that is being removed holds it while it waits for
 * files to be closed. Each operation of the user that is refused while the device
 * is preserved holds one of these locks, and looks at the state in the PCI core
 * with it held.
 *
 * freeze and unfreeze only take irqlock, a spinlock: they must not wait for a
 * user. Config writes that had begun before come to an end by themselves, so
 * freeze counts them down; if they do not within %FREEZE_TIMEOUT_MS, or if the
 * device lock is held all the time, as it is by a driver that is being removed and
 * on which device_shutdown() would wait forever, the kexec is refused.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/crc32.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/iommufd.h>
#include <linux/kexec_handover.h>
#include <linux/kho/abi/vfio_pci.h>
#include <linux/liveupdate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci_liveupdate.h>
#include <linux/pm_runtime.h>
#include <linux/vfio.h>

#include "vfio_pci_priv.h"

MODULE_IMPORT_NS("IOMMUFD");
MODULE_IMPORT_NS("LIVEUPDATE");

#define FREEZE_TIMEOUT_MS	500

static struct vfio_pci_core_device *vfio_pci_vdev(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct vfio_pci_core_device, vdev);
}

VISIBLE_IF_KUNIT u32 vfio_pci_ser_crc(const struct vfio_pci_ser *ser)
{
	static const u8 zero[sizeof_field(struct vfio_pci_ser, crc)];
	u32 crc;

	crc = crc32(~0, ser, offsetof(struct vfio_pci_ser, crc));
	crc = crc32(crc, zero, sizeof(zero));
	return ~crc32(crc, &ser->flags,
		      sizeof(*ser) - offsetof(struct vfio_pci_ser, flags));
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_ser_crc);

/*
 * Does @core_vdev belong to a driver built on vfio-pci-core that knows how to
 * take a running function over? Such drivers have their vfio_pci_core_device as
 * driver data. A registered VFIO device keeps its driver bound.
 */
static bool vfio_pci_liveupdate_capable(struct vfio_device *core_vdev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(core_vdev->dev) || !core_vdev->ops->undo_open_device)
		return false;

	pdev = to_pci_dev(core_vdev->dev);
	return pdev->driver && pdev->driver->liveupdate_capable &&
	       pci_get_drvdata(pdev) == vfio_pci_vdev(core_vdev);
}

static bool vfio_pci_liveupdate_can_preserve(struct liveupdate_file_handler *fh,
					     struct file *file)
{
	struct vfio_device *core_vdev = vfio_liveupdate_device(file, NULL);

	return core_vdev && vfio_pci_liveupdate_capable(core_vdev);
}

/*
 * Preserve the function. When this returns, all that could disturb it is either
 * over or refused.
 */
static int vfio_pci_liveupdate_preserve_pdev(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	/* The new kernel finds INTx disabled, and leaves it at that for these */
	if ((pdev->dev_flags & PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG) &&
	    (pdev->msi_cap || pdev->msix_cap)) {
		pci_err(pdev, "live update: its MSI does not work while INTx is disabled\n");
		return -EOPNOTSUPP;
	}

	guard(mutex)(&vdev->igate);
	guard(rwsem_write)(&vdev->memory_lock);
	if (vdev->pm_runtime_engaged) {
		pci_err(pdev, "live update: in low power\n");
		return -EBUSY;
	}

	if (!pci_dev_trylock(pdev)) {
		pci_err(pdev, "live update: being reset or removed\n");
		return -EBUSY;
	}
	ret = pci_liveupdate_preserve(pdev);
	pci_dev_unlock(pdev);
	return ret;
}

/* What is armed cannot change while the device is preserved. */
static void vfio_pci_ser_irqs(struct vfio_pci_core_device *vdev,
			      struct vfio_pci_ser *ser)
{
	unsigned long i;
	void *ctx;

	ser->irq_index = vdev->irq_type;
	ser->nr_irqs = 0;
	xa_for_each(&vdev->ctx, i, ctx)
		ser->nr_irqs = i + 1;
}

/* What closing the device restores. Without it, the next kernel makes do. */
static void vfio_pci_ser_state(struct vfio_pci_core_device *vdev,
			       struct vfio_pci_ser *ser)
{
	ssize_t size;

	ser->state_size = 0;
	if (!vdev->pci_saved_state)
		return;

	size = pci_liveupdate_pack_state(vdev->pdev, vdev->pci_saved_state,
					 ser->state, sizeof(ser->state));
	if (size > 0)
		ser->state_size = size;
}

static int vfio_pci_liveupdate_preserve(struct liveupdate_file_op_args *args)
{
	struct vfio_device *core_vdev;
	struct vfio_pci_core_device *vdev;
	struct vfio_pci_ser *ser;
	struct pci_dev *pdev;
	bool bound;
	u64 token;
	int ret;

	core_vdev = vfio_liveupdate_device(args->file, &bound);
	vdev = vfio_pci_vdev(core_vdev);
	pdev = vdev->pdev;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;

	guard(mutex)(&core_vdev->dev_set->lock);

	if (!bound || !core_vdev->iommufd_attached) {
		pci_err(pdev, "live update: not bound and attached to an iommufd\n");
		return -ENOTCONN;
	}

	if (!vfio_liveupdate_is_noiommu(core_vdev)) {
		pci_err(pdev, "live update: behind an IOMMU\n");
		return -EOPNOTSUPP;
	}

	if (core_vdev->preserved || core_vdev->incoming) {
		pci_err(pdev, "live update: has another one to finish first\n");
		return -EBUSY;
	}

	ser = kho_alloc_preserve(sizeof(*ser));
	if (IS_ERR(ser))
		return PTR_ERR(ser);

	ret = iommufd_device_preserve(core_vdev->iommufd_device, args->session,
				      &token);
	if (ret)
		goto err_free;

	ret = vfio_pci_liveupdate_preserve_pdev(vdev);
	if (ret)
		goto err_iommufd;

	ser->magic = VFIO_PCI_SER_MAGIC;
	ser->version = VFIO_PCI_SER_VERSION;
	ser->size = sizeof(*ser);
	ser->domain = pci_domain_nr(pdev->bus);
	ser->bus = pdev->bus->number;
	ser->devfn = pdev->devfn;
	ser->vendor = pdev->vendor;
	ser->device = pdev->device;
	ser->iommufd_token = token;
	ser->iommufd_devid = iommufd_device_to_id(core_vdev->iommufd_device);
	vfio_pci_ser_irqs(vdev, ser);
	vfio_pci_ser_state(vdev, ser);
	memcpy(ser->vconfig, vdev->vconfig, sizeof(ser->vconfig));
	ser->crc = vfio_pci_ser_crc(ser);

	core_vdev->preserved = true;
	args->serialized_data = virt_to_phys(ser);
	return 0;

err_iommufd:
	iommufd_device_unpreserve(core_vdev->iommufd_device);
err_free:
	kho_unpreserve_free(ser);
	return ret;
}

static void vfio_pci_liveupdate_unpreserve(struct liveupdate_file_op_args *args)
{
	struct vfio_device *core_vdev = vfio_liveupdate_device(args->file, NULL);

	guard(mutex)(&core_vdev->dev_set->lock);

	core_vdev->preserved = false;
	pci_liveupdate_unpreserve(vfio_pci_vdev(core_vdev)->pdev);
	iommufd_device_unpreserve(core_vdev->iommufd_device);
	kho_unpreserve_free(phys_to_virt(args->serialized_data));
}

/*
 * Is somebody about to remove or to reset the device? device_shutdown() takes the
 * device lock, and a driver that is being removed holds it until the last file is
 * closed, which for a preserved one is never.
 */
static bool vfio_pci_liveupdate_removed(struct pci_dev *pdev)
{
	for (int i = 0; i < FREEZE_TIMEOUT_MS; i++) {
		if (device_trylock(&pdev->dev)) {
			device_unlock(&pdev->dev);
			return false;
		}
		fsleep(1000);
	}

	pci_err(pdev, "live update: being removed\n");
	return true;
}

/* Let no config write of the user begin, and those that have begun end. */
static int vfio_pci_liveupdate_stop_writes(struct vfio_pci_core_device *vdev)
{
	unsigned int writers;

	for (int i = 0; i < FREEZE_TIMEOUT_MS; i++) {
		scoped_guard(spinlock_irqsave, &vdev->irqlock) {
			vdev->config_frozen = true;
			writers = vdev->config_writers;
		}
		if (!writers)
			return 0;
		fsleep(1000);
	}

	pci_err(vdev->pdev, "live update: config space is being written\n");
	return -EBUSY;
}

static void vfio_pci_liveupdate_start_writes(struct vfio_pci_core_device *vdev)
{
	guard(spinlock_irqsave)(&vdev->irqlock);
	vdev->config_frozen = false;
}

static int vfio_pci_liveupdate_freeze(struct liveupdate_file_op_args *args)
{
	struct vfio_device *core_vdev = vfio_liveupdate_device(args->file, NULL);
	struct vfio_pci_ser *ser = phys_to_virt(args->serialized_data);
	struct vfio_pci_core_device *vdev = vfio_pci_vdev(core_vdev);
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (vfio_pci_liveupdate_removed(pdev))
		return -EBUSY;

	/* Ends SET_IRQS */
	ret = pci_liveupdate_freeze(pdev);
	if (ret)
		return ret;

	ret = vfio_pci_liveupdate_stop_writes(vdev);
	if (ret)
		goto err_writes;

	ret = vfio_pci_freeze_irqs(vdev);
	if (ret) {
		pci_err(pdev, "live update: does not respond, or cannot mask its interrupts\n");
		goto err_writes;
	}

	ser->command = vdev->frozen_command;
	memcpy(ser->vconfig, vdev->vconfig, sizeof(ser->vconfig));
	ser->crc = vfio_pci_ser_crc(ser);
	return 0;

err_writes:
	vfio_pci_liveupdate_start_writes(vdev);
	pci_liveupdate_unfreeze(pdev);
	return ret;
}

static void vfio_pci_liveupdate_unfreeze(struct liveupdate_file_op_args *args)
{
	struct vfio_device *core_vdev = vfio_liveupdate_device(args->file, NULL);
	struct vfio_pci_core_device *vdev = vfio_pci_vdev(core_vdev);

	vfio_pci_thaw_irqs(vdev);
	vfio_pci_liveupdate_start_writes(vdev);
	pci_liveupdate_unfreeze(vdev->pdev);
}

/* Return what was handed over, or NULL if it cannot be trusted. */
VISIBLE_IF_KUNIT struct vfio_pci_ser *vfio_pci_ser_get(u64 data)
{
	struct vfio_pci_ser *ser;

	if (!data || !PAGE_ALIGNED(data) || !pfn_valid(PHYS_PFN(data))) {
		pr_err("live update: bad address %#llx of a device\n", data);
		return NULL;
	}

	ser = phys_to_virt(data);
	if (ser->magic != VFIO_PCI_SER_MAGIC ||
	    ser->version != VFIO_PCI_SER_VERSION ||
	    ser->size != sizeof(*ser) || ser->crc != vfio_pci_ser_crc(ser) ||
	    ser->flags || ser->reserved || ser->irq_index > VFIO_PCI_NUM_IRQS ||
	    ser->state_size > sizeof(ser->state)) {
		pr_err("live update: what is known of a device is damaged or of another version\n");
		return NULL;
	}

	return ser;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_ser_get);

/* The function that @ser is about, with a reference, if it is still that one. */
static struct pci_dev *vfio_pci_ser_get_pdev(const struct vfio_pci_ser *ser)
{
	struct pci_dev *pdev;

	pdev = pci_get_domain_bus_and_slot(ser->domain, ser->bus, ser->devfn);
	if (!pdev) {
		pr_err("live update: no device at %04x:%02x:%02x.%d any more\n",
		       ser->domain, ser->bus, PCI_SLOT(ser->devfn),
		       PCI_FUNC(ser->devfn));
		return NULL;
	}

	if (!pci_liveupdate_is_incoming(pdev) || pdev->vendor != ser->vendor ||
	    pdev->device != ser->device) {
		pci_err(pdev, "live update: not the device that was left running here\n");
		pci_dev_put(pdev);
		return NULL;
	}

	return pdev;
}

static struct iommufd_ctx *
vfio_pci_liveupdate_get_iommufd(struct liveupdate_session *session, u64 token)
{
	struct iommufd_ctx *ictx;
	struct file *file;
	int ret;

	ret = liveupdate_get_file_incoming(session, token, &file);
	if (ret)
		return ERR_PTR(ret);

	ictx = iommufd_ctx_from_file(file);
	fput(file);
	return ictx;
}

static int vfio_pci_liveupdate_retrieve(struct liveupdate_file_op_args *args)
{
	struct vfio_device *core_vdev;
	struct iommufd_ctx *ictx;
	struct vfio_pci_ser *ser;
	struct pci_dev *pdev;
	struct file *file;
	int ret;

	/* Nothing is consumed before finish */
	args->retry = true;

	/* As for opening the cdev of a noiommu device */
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;

	ser = vfio_pci_ser_get(args->serialized_data);
	if (!ser)
		return -EINVAL;

	pdev = vfio_pci_ser_get_pdev(ser);
	if (!pdev)
		return -ENODEV;

	if (pci_liveupdate_state(pdev) != PCI_LIVEUPDATE_INCOMING) {
		pci_err(pdev, "live update: was taken over and closed before\n");
		ret = -ESHUTDOWN;
		goto out_pdev;
	}

	core_vdev = vfio_liveupdate_find(&pdev->dev);
	if (!core_vdev) {
		pci_err(pdev, "live update: not bound to a VFIO driver yet\n");
		ret = -EAGAIN;
		goto out_pdev;
	}

	if (!vfio_pci_liveupdate_capable(core_vdev) ||
	    !vfio_liveupdate_is_noiommu(core_vdev)) {
		pci_err(pdev, "live update: not a noiommu device here, or not bound to a driver that can take it over\n");
		ret = -EOPNOTSUPP;
		goto out_device;
	}

	ictx = vfio_pci_liveupdate_get_iommufd(args->session,
					       ser->iommufd_token);
	if (IS_ERR(ictx)) {
		ret = PTR_ERR(ictx);
		pci_err(pdev, "live update: its iommufd cannot be retrieved: %pe\n",
			ictx);
		goto out_device;
	}

	file = vfio_liveupdate_open(core_vdev, ictx);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto out_iommufd;
	}

	/* For adopt; the file keeps @core_vdev, and finish outlives the file */
	scoped_guard(mutex, &core_vdev->dev_set->lock)
		vfio_pci_vdev(core_vdev)->liveupdate_ser = ser;

	args->file = file;
	pci_dev_put(pdev);
	return 0;

out_iommufd:
	iommufd_ctx_put(ictx);
out_device:
	vfio_liveupdate_put(core_vdev);
out_pdev:
	pci_dev_put(pdev);
	return ret;
}

/*
 * Has the device an owner, who answers for it from now on? If not, stop it, as
 * its memory is released after this. It stays stopped if the session is not
 * finished for another reason.
 */
static int vfio_pci_liveupdate_settle(struct pci_dev *pdev, struct file *file)
{
	struct vfio_device *core_vdev;

	/* No file was retrieved, so nobody can bind it */
	if (!file)
		return pci_liveupdate_quiesce(pdev);

	core_vdev = vfio_liveupdate_device(file, NULL);
	guard(mutex)(&core_vdev->dev_set->lock);

	/* Neither bound now, nor was it ever, or it was closed but not reset */
	if (!core_vdev->open_count)
		return pci_liveupdate_quiesce(pdev);

	if (pci_liveupdate_state(pdev) != PCI_LIVEUPDATE_ADOPTED ||
	    !core_vdev->iommufd_attached) {
		pci_info(pdev, "live update: cannot finish, it is bound but not attached\n");
		return -EBUSY;
	}

	return 0;
}

static int
vfio_pci_liveupdate_prepare_finish(struct liveupdate_file_op_args *args)
{
	struct vfio_pci_ser *ser;
	struct pci_dev *pdev;
	int ret;

	ser = vfio_pci_ser_get(args->serialized_data);
	if (!ser)
		return -EINVAL;

	if (pci_liveupdate_was_quiesced(ser->domain, ser->bus, ser->devfn))
		return 0;

	pdev = vfio_pci_ser_get_pdev(ser);
	if (!pdev)
		return -ENODEV;

	ret = vfio_pci_liveupdate_settle(pdev, args->file);
	if (ret)
		pci_err(pdev, "live update: not finished, its memory is kept: %pe\n",
			ERR_PTR(ret));
	pci_dev_put(pdev);
	return ret;
}

static void vfio_pci_liveupdate_finish(struct liveupdate_file_op_args *args)
{
	struct vfio_pci_ser *ser = phys_to_virt(args->serialized_data);
	struct vfio_device *core_vdev = NULL;
	struct pci_dev *pdev;

	pdev = pci_get_domain_bus_and_slot(ser->domain, ser->bus, ser->devfn);
	if (pdev && pci_liveupdate_is_incoming(pdev)) {
		pci_liveupdate_finish(pdev);
		core_vdev = vfio_liveupdate_find(&pdev->dev);
	} else {
		/* Quiesced and removed. What is there now is another one */
		pci_liveupdate_finish_gone(ser->domain, ser->bus, ser->devfn);
	}
	pci_dev_put(pdev);

	if (core_vdev) {
		if (vfio_pci_liveupdate_capable(core_vdev)) {
			guard(mutex)(&core_vdev->dev_set->lock);
			WRITE_ONCE(core_vdev->incoming, false);
			vfio_pci_vdev(core_vdev)->liveupdate_ser = NULL;
		}
		vfio_liveupdate_put(core_vdev);
	}

	kho_restore_free(ser);
}

static const struct liveupdate_file_ops vfio_pci_liveupdate_ops = {
	.can_preserve = vfio_pci_liveupdate_can_preserve,
	.preserve = vfio_pci_liveupdate_preserve,
	.unpreserve = vfio_pci_liveupdate_unpreserve,
	.freeze = vfio_pci_liveupdate_freeze,
	.unfreeze = vfio_pci_liveupdate_unfreeze,
	.retrieve = vfio_pci_liveupdate_retrieve,
	.prepare_finish = vfio_pci_liveupdate_prepare_finish,
	.finish = vfio_pci_liveupdate_finish,
	.owner = THIS_MODULE,
};

static struct liveupdate_file_handler vfio_pci_liveupdate_handler = {
	.ops = &vfio_pci_liveupdate_ops,
	.compatible = VFIO_PCI_LUO_FH_COMPATIBLE,
	.dma = true,
};

/*
 * The state to restore when the device is closed: what it was before it was opened
 * first, or else what it is now. It must not make the device run again.
 */
static struct pci_saved_state *
vfio_pci_ser_saved_state(struct pci_dev *pdev, const struct vfio_pci_ser *ser)
{
	struct pci_saved_state *state;

	if (ser->state_size) {
		state = pci_liveupdate_unpack_state(pdev, ser->state,
						    ser->state_size);
		if (!IS_ERR(state))
			return state;
	}

	return pci_liveupdate_store_quiet_state(pdev);
}

/*
 * A BAR that cannot be mapped does not keep a device from being opened, but a user
 * who comes back to a running one would be stuck with it. Whatever else has claimed
 * a part of it was there in the previous kernel, too.
 */
static int vfio_pci_adopt_bars(struct vfio_pci_core_device *vdev)
{
	vfio_pci_core_setup_bars(vdev);

	for (int i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct resource *res = &vdev->pdev->resource[i];
		long err = PTR_ERR_OR_ZERO((__force void *)vdev->barmap[i]);

		if (err == -ENOMEM || (err == -EBUSY && !res->child)) {
			pci_err(vdev->pdev, "live update: no memory to map BAR %d\n",
				i);
			vfio_pci_core_release_bars(vdev);
			return -ENOMEM;
		}
	}

	return 0;
}

/**
 * vfio_pci_core_adopt - Open a device that was left running
 * @vdev: device that was retrieved, and is being bound to its iommufd
 *
 * What vfio_pci_core_enable() and vfio_pci_core_finish_enable() do for others,
 * without a write to the device: the user finds it as he has left it.
 *
 * Return: 0, or an error, in which case the device is as it was.
 */
int vfio_pci_core_adopt(struct vfio_pci_core_device *vdev)
{
	const struct vfio_pci_ser *ser = vdev->liveupdate_ser;
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	lockdep_assert_held(&vdev->vdev.dev_set->lock);

	/* The VFIO core lets no other file through */
	if (WARN_ON_ONCE(!ser))
		return -EBUSY;

	if (pci_liveupdate_state(pdev) == PCI_LIVEUPDATE_QUIESCED) {
		pci_err(pdev, "live update: was stopped and reset before\n");
		return -ESHUTDOWN;
	}

	if (!vdev->disable_idle_d3) {
		ret = pm_runtime_resume_and_get(&pdev->dev);
		if (ret < 0)
			return ret;
	}

	ret = pci_liveupdate_adopt(pdev);
	if (ret)
		goto err_power;

	vdev->pci_saved_state = vfio_pci_ser_saved_state(pdev, ser);
	if (!vdev->pci_saved_state) {
		ret = -ENOMEM;
		goto err_unadopt;
	}

	/* Enabling it would have tried a reset to find out */
	vdev->reset_works = pdev->reset_methods[0];
	vfio_pci_core_probe_intx(vdev);

	ret = vfio_config_init(vdev);
	if (ret)
		goto err_state;
	vfio_config_adopt(vdev, ser->vconfig);

	ret = vfio_pci_adopt_bars(vdev);
	if (ret)
		goto err_config;

	vfio_pci_core_finish_enable(vdev);
	return 0;

err_config:
	vdev->virq_disabled = false;
	vfio_config_free(vdev);
err_state:
	kfree(vdev->pci_saved_state);
	vdev->pci_saved_state = NULL;
err_unadopt:
	pci_liveupdate_unadopt(pdev);
err_power:
	if (!vdev->disable_idle_d3)
		pm_runtime_put(&pdev->dev);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_adopt);

/**
 * vfio_pci_core_unadopt - Undo vfio_pci_core_adopt()
 * @core_vdev: device that was adopted, but whose bind failed afterwards
 *
 * The user had no chance to do anything to it.
 */
void vfio_pci_core_unadopt(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = vfio_pci_vdev(core_vdev);

	lockdep_assert_held(&core_vdev->dev_set->lock);

	/* The update was finished in between, so this was an ordinary open */
	if (pci_liveupdate_state(vdev->pdev) != PCI_LIVEUPDATE_ADOPTED) {
		vfio_pci_core_close_device(core_vdev);
		return;
	}

	vfio_pci_core_release_bars(vdev);
	vdev->virq_disabled = false;
	vfio_config_free(vdev);
	kfree(vdev->pci_saved_state);
	vdev->pci_saved_state = NULL;
	pci_liveupdate_unadopt(vdev->pdev);
	if (!vdev->disable_idle_d3)
		pm_runtime_put(&vdev->pdev->dev);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_unadopt);

/* The device is about to be registered: keep users off if it is running. */
void vfio_pci_liveupdate_register(struct vfio_pci_core_device *vdev)
{
	vdev->vdev.incoming = pci_liveupdate_is_incoming(vdev->pdev);
}

/* Now it can be found. A FINISH that came just before this did not find it. */
void vfio_pci_liveupdate_registered(struct vfio_pci_core_device *vdev)
{
	struct vfio_device *core_vdev = &vdev->vdev;

	if (!READ_ONCE(core_vdev->incoming))
		return;

	guard(mutex)(&core_vdev->dev_set->lock);
	if (!pci_liveupdate_is_incoming(vdev->pdev))
		WRITE_ONCE(core_vdev->incoming, false);
}

static bool vfio_pci_liveupdate_is_file_of(struct file *file, void *data)
{
	return vfio_liveupdate_device(file, NULL) == data;
}

/**
 * vfio_pci_liveupdate_request - Close the file of a device that has no user
 * @vdev: device that is being unregistered, which waits for its last file
 *
 * Whoever retrieved the file may be gone. Then the update, which holds it, cannot
 * be finished either: that may need the device lock, which the waiting one holds.
 *
 * Return: true if there was such a file and it is closed.
 */
bool vfio_pci_liveupdate_request(struct vfio_pci_core_device *vdev)
{
	if (!READ_ONCE(vdev->vdev.incoming))
		return false;

	if (!liveupdate_release_file_incoming(&vfio_pci_liveupdate_handler,
					      vfio_pci_liveupdate_is_file_of,
					      &vdev->vdev))
		return false;

	pci_info(vdev->pdev, "live update: nobody uses its file, closed to let the driver go\n");
	return true;
}

/*
 * May the user do this to the interrupts now? He may trigger, mask and unmask
 * what is armed until freeze, but the next kernel must find what it was told.
 * Called with igate held.
 */
int vfio_pci_liveupdate_set_irqs(struct vfio_pci_core_device *vdev, u32 flags,
				 unsigned int index, unsigned int count)
{
	lockdep_assert_held(&vdev->igate);

	if (!pci_liveupdate_is_outgoing(vdev->pdev))
		return 0;

	/*
	 * A driver that masked INTx has to unmask it if there is no kexec after
	 * all. The device is not touched by that, see vfio_pci_is_frozen().
	 */
	if (pci_liveupdate_state(vdev->pdev) == PCI_LIVEUPDATE_FROZEN &&
	    (index != VFIO_PCI_INTX_IRQ_INDEX ||
	     (flags & VFIO_IRQ_SET_ACTION_TRIGGER)))
		return -EBUSY;

	/* Errors and requests to give the device back are no interrupts of it */
	if (index > VFIO_PCI_MSIX_IRQ_INDEX)
		return 0;

	if ((flags & VFIO_IRQ_SET_DATA_EVENTFD) || !count)
		return -EBUSY;

	return 0;
}

/*
 * May the user write @val to @pos, which is @offset in capability @cap_id, while
 * the device is preserved? A write that is merely dropped would have him believe
 * in what did not happen. The reset and the change of power state behind these
 * bits check once more, under their locks.
 */
static int vfio_pci_liveupdate_config_write(struct vfio_pci_core_device *vdev,
					    loff_t pos, size_t count, u8 cap_id,
					    int offset, __le32 val)
{
	u32 bits = le32_to_cpu(val) << (8 * (offset % 4));
	bool busy = false;
	u8 msi;

	/* IDs of extended capabilities mean something else */
	if (pos >= PCI_CFG_SPACE_SIZE)
		return 0;

	switch (cap_id) {
	case PCI_CAP_ID_PM:
		if (ALIGN_DOWN(offset, 4) == PCI_PM_CTRL)
			busy = bits & PCI_PM_CTRL_STATE_MASK;
		break;
	case PCI_CAP_ID_MSI:
		/* Goes to the register as it is */
		if (offset > PCI_MSI_FLAGS || offset + count <= PCI_MSI_FLAGS)
			break;
		msi = bits >> (8 * PCI_MSI_FLAGS);
		msi ^= vdev->vconfig[pos - offset + PCI_MSI_FLAGS];
		busy = msi & (PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
		break;
	case PCI_CAP_ID_EXP:
		if (ALIGN_DOWN(offset, 4) == PCI_EXP_DEVCTL)
			busy = bits & PCI_EXP_DEVCTL_BCR_FLR;
		break;
	case PCI_CAP_ID_AF:
		if (ALIGN_DOWN(offset, 4) == PCI_AF_CTRL)
			busy = bits & PCI_AF_CTRL_FLR;
		break;
	}

	return busy ? -EBUSY : 0;
}

/*
 * A write of the user to config space begins. If this returns 0, freeze waits
 * until vfio_pci_liveupdate_config_end().
 */
int vfio_pci_liveupdate_config_begin(struct vfio_pci_core_device *vdev,
				     loff_t pos, size_t count, u8 cap_id,
				     int offset, __le32 val)
{
	int ret;

	scoped_guard(spinlock_irqsave, &vdev->irqlock) {
		if (vdev->config_frozen)
			return -EBUSY;
		vdev->config_writers++;
	}

	if (!pci_liveupdate_is_outgoing(vdev->pdev))
		return 0;

	ret = vfio_pci_liveupdate_config_write(vdev, pos, count, cap_id, offset,
					       val);
	if (ret)
		vfio_pci_liveupdate_config_end(vdev);
	return ret;
}

void vfio_pci_liveupdate_config_end(struct vfio_pci_core_device *vdev)
{
	guard(spinlock_irqsave)(&vdev->irqlock);
	vdev->config_writers--;
}

/* May @new be written to COMMAND? Called with memory_lock held. */
int vfio_pci_liveupdate_command_write(struct vfio_pci_core_device *vdev, u16 new)
{
	const u16 mask = PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY |
			 PCI_COMMAND_IO;
	struct pci_dev *pdev = vdev->pdev;
	u16 old;

	lockdep_assert_held_write(&vdev->memory_lock);

	if (!pci_liveupdate_may_master(pdev) && (new & PCI_COMMAND_MASTER))
		return -EBUSY;

	if (!pci_liveupdate_is_outgoing(pdev))
		return 0;

	pci_read_config_word(pdev, PCI_COMMAND, &old);
	return old & ~new & mask ? -EBUSY : 0;
}

static bool vfio_pci_liveupdate_ready;

/* Offer vfio-pci devices for live update. Without that, all else works. */
void __init vfio_pci_liveupdate_init(void)
{
	int ret;

	if (!liveupdate_enabled())
		return;

	ret = liveupdate_register_file_handler(&vfio_pci_liveupdate_handler);
	if (!ret) {
		ret = pci_liveupdate_register_flb(&vfio_pci_liveupdate_handler);
		if (ret)
			liveupdate_unregister_file_handler(&vfio_pci_liveupdate_handler);
	}
	if (ret)
		pr_warn("no live update of devices: %pe\n", ERR_PTR(ret));
	vfio_pci_liveupdate_ready = !ret;
}

void vfio_pci_liveupdate_cleanup(void)
{
	if (!vfio_pci_liveupdate_ready)
		return;

	pci_liveupdate_unregister_flb(&vfio_pci_liveupdate_handler);
	liveupdate_unregister_file_handler(&vfio_pci_liveupdate_handler);
}
