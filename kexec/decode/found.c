// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include <linux/kho/abi/iommufd.h>
#include <linux/kho/abi/pci.h>
#include <linux/kho/abi/vfio_pci.h>

#include "found.h"

/* Many more than a machine has; what drivers have in their memory may look so, too */
#define MAX_FOUND	4096

static const struct {
	u64 magic;
	const char *name;
	void (*decode)(struct hk_decode *d, uint64_t phys);
} kinds[] = {
	{ IOMMUFD_SER_MAGIC, "iommufd", hk_decode_iommufd },
	{ VFIO_PCI_SER_MAGIC, "device", hk_decode_vfio_pci },
	{ PCI_SER_MAGIC, "pci", hk_decode_pci },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_at(struct hk_decode *d, uint64_t phys)
{
	size_t i = KINDS;
	u64 magic;

	if (hk_mem_peek(d->mem, phys, &magic, sizeof(magic)))
		for (i = 0; i < KINDS; i++)
			if (kinds[i].magic == magic)
				break;
	return i;
}

void hk_found_look(struct hk_found *f, struct hk_decode *d, uint64_t phys)
{
	uint64_t *more;

	if (f->n == MAX_FOUND || kind_at(d, phys) == KINDS)
		return;
	more = realloc(f->phys, (f->n + 1) * sizeof(*more));
	if (!more)
		return;
	f->phys = more;
	f->phys[f->n++] = phys;
}

void hk_found_show(struct hk_found *f, struct hk_decode *d)
{
	bool stale = d->stale;
	size_t i, kind;

	/* What only looks like a blob is not a damaged one. */
	d->stale = true;
	hk_out_list(d->out, "found");
	for (i = 0; i < f->n; i++) {
		if (hk_seen(d, f->phys[i]))
			continue;
		kind = kind_at(d, f->phys[i]);
		if (kind == KINDS)
			continue;
		hk_out_object(d->out, NULL);
		hk_out_str(d->out, "kind", kinds[kind].name);
		hk_out_hex(d->out, "phys", f->phys[i]);
		kinds[kind].decode(d, f->phys[i]);
		hk_out_object_end(d->out);
	}
	hk_out_list_end(d->out);
	d->stale = stale;
}

void hk_found_free(struct hk_found *f)
{
	free(f->phys);
	f->phys = NULL;
	f->n = 0;
}
