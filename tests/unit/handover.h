/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Something handed over, made up: a few pages of memory with KHO's tree and map, a
 * session of LUO with a memfd, an iommufd and a device, and what these point to.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>
#include <linux/vfio.h>
#include <linux/kho/abi/iommufd.h>
#include <linux/kho/abi/pci.h>
#include <linux/kho/abi/vfio_pci.h>

#include <decode/abi.h>
#include <decode/decode.h>
#include <decode/sum.h>

/* Page numbers from BASE on; the map has one leaf, for blocks of order 0 */
enum {
	P_FDT, P_LUO, P_SESSIONS, P_FILES, P_FLBS, P_IOMMUFD, P_CHUNK,
	P_DEVICE, P_PCI, P_PCI_END = P_PCI + 3, P_MEMFD, P_VMALLOC, P_FOLIOS,
	P_ROOT, P_NODE4, P_NODE3, P_NODE2, P_NODE1, P_LEAF, P_META,
	P_SPARE, P_SPARE_END = P_SPARE + 4, PAGES
};

#define BASE	0x40000000ull
#define PHYS(page)	(BASE + (uint64_t)(page) * HK_PAGE)

struct handover {
	uint8_t page[PAGES][HK_PAGE];
};

static inline void handover_seal(struct handover *h)
{
	struct iommufd_ser *s = (void *)h->page[P_IOMMUFD];
	struct vfio_pci_ser *v = (void *)h->page[P_DEVICE];
	struct pci_ser *p = (void *)h->page[P_PCI];
	struct iommufd_chunk_ser *c;
	uint64_t at;

	at = sizeof(*s) + s->nr_ioas * sizeof(struct iommufd_ioas_ser) +
	     s->nr_allowed * sizeof(struct iommufd_allowed_ser) +
	     s->nr_hwpt * sizeof(struct iommufd_hwpt_ser) +
	     s->nr_pages * sizeof(struct iommufd_pages_ser) +
	     s->nr_areas * sizeof(struct iommufd_area_ser);
	if (at + sizeof(*c) <= HK_PAGE && s->nr_chunks == 1 &&
	    s->nr_claims + s->nr_runs <= HK_PAGE / sizeof(u64)) {
		c = (void *)(h->page[P_IOMMUFD] + at);
		c->checksum = hk_xxh64(h->page[P_CHUNK], (s->nr_claims +
				       s->nr_runs) * sizeof(u64), 0);
	}
	s->checksum = 0;
	if (s->size <= HK_PAGE)
		s->checksum = hk_xxh64(s, s->size, 0);
	v->crc = hk_crc32_of(v, sizeof(*v), offsetof(struct vfio_pci_ser, crc));
	if (p->nr_devices <= PCI_SER_MAX_DEVICES)
		p->crc = hk_crc32_of(p, sizeof(*p) + p->nr_devices *
				     sizeof(p->devices[0]),
				     offsetof(struct pci_ser, crc));
}

static inline void handover_fdt(void *fdt)
{
	const u64 map = PHYS(P_ROOT), luo = PHYS(P_LUO), meta = PHYS(P_META);
	const u64 luo_len = sizeof(struct hk_luo);
	const u64 meta_len = sizeof(struct hk_metadata);

	fdt_create(fdt, HK_PAGE);
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property_string(fdt, "compatible", HK_KHO_COMPATIBLE);
	fdt_property(fdt, HK_KHO_MAP, &map, sizeof(map));
	fdt_begin_node(fdt, HK_LUO_NAME);
	fdt_property(fdt, HK_KHO_DATA, &luo, sizeof(luo));
	fdt_property(fdt, HK_KHO_SIZE, &luo_len, sizeof(luo_len));
	fdt_end_node(fdt);
	fdt_begin_node(fdt, HK_METADATA_NAME);
	fdt_property(fdt, HK_KHO_DATA, &meta, sizeof(meta));
	fdt_property(fdt, HK_KHO_SIZE, &meta_len, sizeof(meta_len));
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_finish(fdt);
}

static inline void handover_map(struct handover *h)
{
	unsigned int level, i;

	/* A key: bit 52 for order 0, and the page number below it */
	for (level = 5; level; level--) {
		u64 *table = (void *)h->page[P_ROOT + 5 - level];
		u64 key = 1ull << 52 | BASE >> HK_PAGE_SHIFT;

		table[key >> (HK_RADIX_BITS_SHIFT + 9 * (level - 1)) & 511] =
			PHYS(P_ROOT + 6 - level);
	}
	/* BASE is at a multiple of what a leaf has */
	for (i = P_FDT; i < P_ROOT; i++)
		h->page[P_LEAF][i / 8] |= (uint8_t)(1 << i % 8);
	h->page[P_LEAF][P_META / 8] |= (uint8_t)(1 << P_META % 8);
}

static inline void handover_luo(struct handover *h)
{
	struct hk_luo *luo = (void *)h->page[P_LUO];
	struct hk_block_header *b = (void *)h->page[P_SESSIONS];
	struct hk_luo_session *s = (void *)(b + 1);
	struct hk_luo_flb_header *fh = (void *)h->page[P_FLBS];
	struct hk_luo_flb *flb = (void *)(fh + 1);
	struct hk_luo_file *f;

	strcpy(luo->compatible, HK_LUO_COMPATIBLE);
	luo->liveupdate_num = 3;
	luo->sessions_pa = PHYS(P_SESSIONS);
	luo->flbs_pa = PHYS(P_FLBS);
	b->count = 1;
	strcpy(s->name, "hf.one");
	s->files = PHYS(P_FILES);
	s->count = 3;
	b = (void *)h->page[P_FILES];
	b->count = 3;
	f = (void *)(b + 1);
	strcpy(f[0].compatible, HK_MEMFD_COMPATIBLE);
	f[0].data = PHYS(P_MEMFD);
	f[0].token = 0;
	strcpy(f[1].compatible, IOMMUFD_LUO_FH_COMPATIBLE);
	f[1].data = PHYS(P_IOMMUFD);
	f[1].token = 1;
	strcpy(f[2].compatible, VFIO_PCI_LUO_FH_COMPATIBLE);
	f[2].data = PHYS(P_DEVICE);
	f[2].token = 2;
	fh->pgcnt = 1;
	fh->count = 1;
	strcpy(flb->name, PCI_LUO_FLB_COMPATIBLE);
	flb->data = PHYS(P_PCI);
	flb->count = 1;
}

static inline void handover_iommufd(struct handover *h)
{
	struct iommufd_ser *s = (void *)h->page[P_IOMMUFD];
	struct iommufd_ioas_ser *ioas = (void *)(s + 1);
	struct iommufd_allowed_ser *allowed = (void *)(ioas + 2);
	struct iommufd_hwpt_ser *hwpt = (void *)(allowed + 2);
	struct iommufd_pages_ser *pages = (void *)(hwpt + 2);
	struct iommufd_area_ser *area = (void *)(pages + 2);
	struct iommufd_chunk_ser *chunk = (void *)(area + 3);
	struct iommufd_device_ser *dev = (void *)(chunk + 1);
	u64 *entry = (void *)h->page[P_CHUNK];

	*s = (struct iommufd_ser){
		.magic = IOMMUFD_SER_MAGIC, .version = IOMMUFD_SER_VERSION,
		.nr_ioas = 2, .nr_allowed = 2, .nr_hwpt = 2, .nr_areas = 3,
		.nr_devices = 2, .account_mode = IOMMUFD_SER_ACCOUNT_USER,
		.nr_pages = 2, .nr_chunks = 1, .nr_claims = 2, .nr_runs = 3,
		.page_shift = HK_PAGE_SHIFT,
	};
	s->size = (uint64_t)((uint8_t *)(dev + 2) - h->page[P_IOMMUFD]);
	ioas[0] = (struct iommufd_ioas_ser){
		.id = 1, .flags = IOMMUFD_IOAS_SER_TABLE, .nr_allowed = 2,
		.nr_areas = 2, .nr_extents = 2, .digest = 0x1234,
	};
	ioas[1] = (struct iommufd_ioas_ser){
		.id = 5, .flags = IOMMUFD_IOAS_SER_FLAGS, .nr_areas = 1,
	};
	allowed[0] = (struct iommufd_allowed_ser){ 0, 0xffffff };
	allowed[1] = (struct iommufd_allowed_ser){ 0x1000000, 0x1ffffff };
	hwpt[0] = (struct iommufd_hwpt_ser){ .id = 2, .ioas_id = 1 };
	hwpt[1] = (struct iommufd_hwpt_ser){ .id = 6, .ioas_id = 5,
					     .flags = IOMMUFD_HWPT_SER_AUTO };
	pages[0] = (struct iommufd_pages_ser){ .token = 0, .nr_pages = 4,
		.flags = IOMMUFD_PAGES_SER_MEMFD | IOMMUFD_PAGES_SER_WRITE };
	pages[1] = (struct iommufd_pages_ser){ .nr_pages = 10, .nr_runs = 3,
		.flags = IOMMUFD_PAGES_SER_WRITE };
	area[0] = (struct iommufd_area_ser){ 0x10000, 0x4000, 0, 0,
					     IOMMUFD_AREA_SER_FLAGS };
	area[1] = (struct iommufd_area_ser){ 0x20000, 0x2000, 0x1000, 1,
					     IOMMUFD_AREA_SER_READ };
	area[2] = (struct iommufd_area_ser){ 0x10000, 0x1000, 0, 1,
					     IOMMUFD_AREA_SER_WRITE };
	chunk->phys = PHYS(P_CHUNK);
	dev[0] = (struct iommufd_device_ser){ .id = 3, .hwpt_id = 2,
					      .bdf = 0x0100 };
	dev[1] = (struct iommufd_device_ser){ .id = 7, .hwpt_id = 6,
					      .bdf = 0x0108 };
	entry[0] = IOMMUFD_RUN_SER(0x100, 4);
	entry[1] = IOMMUFD_RUN_SER(0x200, 16);
	entry[2] = IOMMUFD_RUN_SER(0x101, 3);
	entry[3] = IOMMUFD_RUN_SER(0, 3);
	entry[4] = IOMMUFD_RUN_SER(0x20c, 4);
}

static inline void handover_device(struct handover *h)
{
	struct vfio_pci_ser *v = (void *)h->page[P_DEVICE];
	struct pci_state_ser *rec = (void *)v->state;
	struct pci_ser *p = (void *)h->page[P_PCI];

	*v = (struct vfio_pci_ser){
		.magic = VFIO_PCI_SER_MAGIC, .version = VFIO_PCI_SER_VERSION,
		.size = sizeof(*v), .bus = 1, .vendor = 0x8086,
		.device = 0x10c9, .command = 6, .iommufd_token = 1,
		.iommufd_devid = 3, .irq_index = VFIO_PCI_MSIX_IRQ_INDEX,
		.nr_irqs = 3, .state_size = 8 + 64 + 8 + 12,
	};
	rec->cap = PCI_STATE_SER_HEADER;
	rec->len = 64;
	rec = (void *)(v->state + 8 + 64);
	rec->cap = 0x10;
	rec->len = 10;
	*p = (struct pci_ser){ .magic = PCI_SER_MAGIC,
		.version = PCI_SER_VERSION, .size = PCI_SER_SIZE,
		.nr_devices = 2 };
	p->devices[0] = (struct pci_dev_ser){ .bus = 1, .vendor = 0x8086,
		.device = 0x10c9, .class = 0x20000 };
	p->devices[1] = (struct pci_dev_ser){ .devfn = 0x20, .vendor = 0x1b36,
		.device = 0xc, .class = 0x60400, .flags = PCI_DEV_SER_BRIDGE,
		.nr_below = 1 };
}

static inline void handover_memfd(struct handover *h)
{
	struct hk_memfd *m = (void *)h->page[P_MEMFD];
	struct hk_vmalloc_chunk *c = (void *)h->page[P_VMALLOC];
	struct hk_memfd_folio *f = (void *)h->page[P_FOLIOS];
	struct hk_metadata *meta = (void *)h->page[P_META];

	m->pos = 7;
	m->size = 3 * HK_PAGE + 1;
	m->nr_folios = 2;
	m->folios.first = PHYS(P_VMALLOC);
	m->folios.total_pages = 1;
	c->phys[0] = PHYS(P_FOLIOS);
	f[0].pfn_flags = 0x300 | 3ull << 52;
	f[1].pfn_flags = 0x340 | 3ull << 52;
	f[1].index = 3;
	meta->version = HK_METADATA_VERSION;
	strcpy(meta->previous_release, "7.3.4-test");
	meta->kexec_count = 2;
}

/* Everything right */
static inline void handover_make(struct handover *h)
{
	memset(h, 0, sizeof(*h));
	handover_fdt(h->page[P_FDT]);
	handover_map(h);
	handover_luo(h);
	handover_iommufd(h);
	handover_device(h);
	handover_memfd(h);
	handover_seal(h);
}

#endif
