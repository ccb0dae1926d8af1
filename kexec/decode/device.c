// SPDX-License-Identifier: GPL-2.0-only
/* Devices that go on running: vfio-pci's part, and that of the PCI core. */
#include <inttypes.h>
#include <stdlib.h>

#include <linux/vfio.h>

#include <linux/kho/abi/pci.h>
#include <linux/kho/abi/vfio_pci.h>

#include "decode.h"
#include "sum.h"

static void show_address(struct hk_out *o, u32 domain, u8 bus, u8 devfn)
{
	char bdf[32];

	snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%x", domain, bus, devfn >> 3,
		 devfn & 7);
	hk_out_str(o, "address", bdf);
}

static const char *irq_name(u16 index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return "INTx";
	case VFIO_PCI_MSI_IRQ_INDEX:
		return "MSI";
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return "MSI-X";
	case VFIO_PCI_NUM_IRQS:
		return "none";
	default:
		return "other";
	}
}

/* What closing the device restores: a sequence of records */
static void show_state(struct hk_decode *d, const struct vfio_pci_ser *ser,
		       uint64_t phys)
{
	const struct pci_state_ser *rec;
	u32 at, len;

	hk_out_list(d->out, "saved_state");
	for (at = 0; at < ser->state_size; at += len) {
		u32 left = ser->state_size - at;

		rec = (const void *)(ser->state + at);
		if (left < sizeof(*rec) || !rec->len ||
		    rec->len > left - sizeof(*rec) || rec->extended > 1 ||
		    rec->reserved)
			break;
		len = sizeof(*rec) + rec->len;
		len = (len + PCI_STATE_SER_ALIGN - 1) &
		      ~(u32)(PCI_STATE_SER_ALIGN - 1);
		if (len > left)
			break;
		hk_out_row(d->out);
		if (rec->cap == PCI_STATE_SER_HEADER && !rec->extended)
			hk_out_str(d->out, "of", "header");
		else
			hk_out_hex(d->out, rec->extended ? "extended_capability" :
				   "capability", rec->cap);
		hk_out_u64(d->out, "bytes", rec->len);
		hk_out_row_end(d->out);
	}
	hk_out_list_end(d->out);
	if (at < ser->state_size)
		hk_damaged(d, "device at %#" PRIx64 ": saved state: no record at byte %u of %u",
			   phys, at, ser->state_size);
}

void hk_decode_vfio_pci(struct hk_decode *d, uint64_t phys)
{
	struct vfio_pci_ser *ser;

	ser = hk_block(d, phys, sizeof(*ser), sizeof(*ser), "device");
	if (!ser)
		return;
	if (ser->magic != VFIO_PCI_SER_MAGIC) {
		hk_damaged(d, "device at %#" PRIx64 ": it does not begin as one",
			   phys);
	} else if (ser->version != VFIO_PCI_SER_VERSION ||
		   ser->size != sizeof(*ser)) {
		hk_damaged(d, "device at %#" PRIx64 ": version %u of %u bytes, known is %d of %zu",
			   phys, ser->version, ser->size, VFIO_PCI_SER_VERSION,
			   sizeof(*ser));
	} else if (ser->crc != hk_crc32_of(ser, sizeof(*ser),
					   offsetof(struct vfio_pci_ser, crc))) {
		hk_damaged(d, "device at %#" PRIx64 ": it is damaged: its checksum is wrong",
			   phys);
	} else if (ser->flags || ser->reserved ||
		   ser->irq_index > VFIO_PCI_NUM_IRQS ||
		   ser->state_size > sizeof(ser->state)) {
		hk_damaged(d, "device at %#" PRIx64 ": a field is out of its range",
			   phys);
	} else {
		hk_out_u64(d->out, "version", ser->version);
		show_address(d->out, ser->domain, ser->bus, ser->devfn);
		hk_out_hex(d->out, "vendor", ser->vendor);
		hk_out_hex(d->out, "device", ser->device);
		hk_out_hex(d->out, "command", ser->command);
		hk_out_hex(d->out, "iommufd", ser->iommufd_token);
		hk_out_u64(d->out, "device_id", ser->iommufd_devid);
		hk_out_str(d->out, "interrupts", irq_name(ser->irq_index));
		hk_out_u64(d->out, "vectors", ser->nr_irqs);
		show_state(d, ser, phys);
	}
	free(ser);
}

static int by_place(const void *a, const void *b)
{
	const struct pci_dev_ser *x = a, *y = b;

	if (x->domain != y->domain)
		return x->domain < y->domain ? -1 : 1;
	if (x->bus != y->bus)
		return (int)x->bus - (int)y->bus;
	return (int)x->devfn - (int)y->devfn;
}

static void show_function(struct hk_out *o, const struct pci_dev_ser *e)
{
	hk_out_row(o);
	show_address(o, e->domain, e->bus, e->devfn);
	hk_out_hex(o, "vendor", e->vendor);
	hk_out_hex(o, "device", e->device);
	hk_out_hex(o, "class", e->class);
	if (e->flags & PCI_DEV_SER_BRIDGE)
		hk_out_u64(o, "bridge_of", e->nr_below);
	hk_out_row_end(o);
}

void hk_decode_pci(struct hk_decode *d, uint64_t phys)
{
	struct pci_ser *ser;
	u32 i;

	ser = hk_block(d, phys, PCI_SER_SIZE, PCI_SER_SIZE,
		       "list of running functions");
	if (!ser)
		return;
	if (ser->magic != PCI_SER_MAGIC) {
		hk_damaged(d, "list of running functions at %#" PRIx64 ": it does not begin as one",
			   phys);
	} else if (ser->version != PCI_SER_VERSION ||
		   ser->size != PCI_SER_SIZE) {
		hk_damaged(d, "list of running functions at %#" PRIx64 ": version %u of %u bytes, known is %d of %d",
			   phys, ser->version, ser->size, PCI_SER_VERSION,
			   PCI_SER_SIZE);
	} else if (ser->nr_devices > PCI_SER_MAX_DEVICES) {
		hk_damaged(d, "list of running functions at %#" PRIx64 ": %u functions, there is room for %zu",
			   phys, ser->nr_devices, PCI_SER_MAX_DEVICES);
	} else if (ser->crc != hk_crc32_of(ser, sizeof(*ser) +
				ser->nr_devices * sizeof(ser->devices[0]),
				offsetof(struct pci_ser, crc))) {
		hk_damaged(d, "list of running functions at %#" PRIx64 ": it is damaged: its checksum is wrong",
			   phys);
	} else {
		hk_out_u64(d->out, "version", ser->version);
		hk_out_list(d->out, "functions");
		qsort(ser->devices, ser->nr_devices, sizeof(ser->devices[0]),
		      by_place);
		for (i = 0; i < ser->nr_devices; i++)
			show_function(d->out, &ser->devices[i]);
		hk_out_list_end(d->out);
		for (i = 0; i < ser->nr_devices; i++) {
			const struct pci_dev_ser *e = &ser->devices[i];

			if (e->flags & ~(u32)PCI_DEV_SER_BRIDGE ||
			    !(e->flags & PCI_DEV_SER_BRIDGE) != !e->nr_below ||
			    (i && !by_place(e, e - 1)))
				hk_damaged(d, "list of running functions at %#" PRIx64 ": %04x:%02x:%02x.%x is in it twice, or makes no sense",
					   phys, e->domain, e->bus,
					   e->devfn >> 3, e->devfn & 7);
		}
	}
	free(ser);
}
