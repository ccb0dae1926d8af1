// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read of a handover: all of a good one, and the right word for each way to
 * be wrong. Then anything at all, which the sanitizers watch.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "handover.h"
#include "ktap.h"

static struct handover good, now;
static unsigned int kinds[HK_PROBLEM_KINDS];

/* Decodes @now; the text or JSON is the caller's. */
static char *look(bool json, bool ranges)
{
	struct hk_blobs b = { .fdt = now.page[P_FDT], .fdt_len = HK_PAGE };
	struct hk_out o = {};
	struct hk_decode d = { .out = &o, .ranges = ranges };
	char *text = NULL;
	struct hf_json j;
	size_t len;

	hf_json_init(&j);
	if (json) {
		hf_json_object(&j, NULL);
		o.json = &j;
	} else {
		o.text = open_memstream(&text, &len);
	}
	d.mem = hk_mem_buffer(&now, sizeof(now), BASE);
	hk_decode_kho(&d, &b);
	hk_problems(&d);
	memcpy(kinds, d.n_kind, sizeof(kinds));
	hk_decode_free(&d);
	hk_mem_close(d.mem);
	if (json) {
		hf_json_object_end(&j);
		text = j.buf;
	} else {
		fclose(o.text);
	}
	return text ? text : strdup("");
}

static void all_good(void)
{
	static const char *const want[] = {
		"compatible: kho-v4", "previous_release: 7.3.4-test",
		"update: 3", "session: hf.one", "handler: iommufd-noiommu-v3",
		"charged_to: user", "digest: 0x1234",
		"iova=0x20000 bytes=8192 page_object=1 start=4096 read=yes write=no",
		"id=7 address=0000:01:01.0 page_table=6",
		"phys=0x101000 bytes=12288", "hole=yes bytes=12288",
		"claims: 2", "claimed_bytes: 81920", "interrupts: MSI-X",
		"saved_state:", "capability=0x10 bytes=10",
		"address=0000:00:04.0 vendor=0x1b36 device=0xc class=0x60400 bridge_of=1",
		"page=3 phys=0x340000", "blocks: 16", "order=0 blocks=16",
		"phys=0x40000000 bytes=61440", "damaged: 0",
	};
	char *text;
	size_t i;

	now = good;
	text = look(false, true);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK_HAS(text, want[i]);
	CHECK(!kinds[HK_DAMAGED] && !kinds[HK_UNREADABLE] && !kinds[HK_STALE]);
	free(text);
	text = look(true, false);
	CHECK_HAS(text, "\"sessions\":[{\"session\":\"hf.one\",\"files\":[{\"token\":\"0x0\"");
	CHECK_HAS(text, "\"problems\":[],\"damaged\":0");
	CHECK(!strstr(text, "claim_list"));
	free(text);
}

#define IOMMUFD(type, at) ((type *)(void *)(now.page[P_IOMMUFD] + (at)))
/* Where the parts of the iommufd lie */
enum {
	AT_IOAS = sizeof(struct iommufd_ser),
	AT_ALLOWED = AT_IOAS + 2 * sizeof(struct iommufd_ioas_ser),
	AT_HWPT = AT_ALLOWED + 2 * sizeof(struct iommufd_allowed_ser),
	AT_PAGES = AT_HWPT + 2 * sizeof(struct iommufd_hwpt_ser),
	AT_AREA = AT_PAGES + 2 * sizeof(struct iommufd_pages_ser),
	AT_CHUNK = AT_AREA + 3 * sizeof(struct iommufd_area_ser),
	AT_DEV = AT_CHUNK + sizeof(struct iommufd_chunk_ser),
};

/* One wrong thing, sealed again, gives one word of damage. */
#define WRONG(change, word) do { \
	char *text_; \
	now = good; \
	change; \
	handover_seal(&now); \
	text_ = look(false, true); \
	CHECK_HAS(text_, word); \
	if (!CHECK(kinds[HK_DAMAGED] + kinds[HK_UNREADABLE])) \
		printf("# %s\n", #change); \
	free(text_); \
} while (0)

#define HDR	IOMMUFD(struct iommufd_ser, 0)
#define IOAS	IOMMUFD(struct iommufd_ioas_ser, AT_IOAS)
#define ALLOWED	IOMMUFD(struct iommufd_allowed_ser, AT_ALLOWED)
#define HWPT	IOMMUFD(struct iommufd_hwpt_ser, AT_HWPT)
#define OBJ	IOMMUFD(struct iommufd_pages_ser, AT_PAGES)
#define AREA	IOMMUFD(struct iommufd_area_ser, AT_AREA)
#define CHUNK	IOMMUFD(struct iommufd_chunk_ser, AT_CHUNK)
#define DEV	IOMMUFD(struct iommufd_device_ser, AT_DEV)
#define ENTRY	((u64 *)(void *)now.page[P_CHUNK])

static void iommufd_header(void)
{
	WRONG(HDR->magic++, "does not begin as one");
	WRONG(HDR->version = 2, "version 2, known is 3");
	WRONG(HDR->size += 8, "does not fit its contents");
	WRONG(HDR->nr_areas = 0xffffffff, "does not fit its contents");
	WRONG((HDR->nr_areas = 0xffffffff, HDR->size += 32ull * 0xfffffffc),
	      "are more than the 4194304 it may have");
	WRONG(HDR->flags = 1, "must be 0");
	WRONG(HDR->reserved = 1, "must be 0");
	WRONG(HDR->page_shift = 16, "pages of 2^16");
	WRONG(HDR->account_mode = 3, "way 3 of charging");
	WRONG(HDR->nr_claims = 8192, "1 chunks are not what");
	WRONG(HDR->nr_runs = UINT64_MAX, "1 chunks are not what");
	now = good;
	now.page[P_IOMMUFD][AT_AREA] ^= 1;
	free(look(false, false));
	CHECK(kinds[HK_DAMAGED] == 1);
}

static void iommufd_tables(void)
{
	WRONG(IOAS[0].id = 0, "IDs of IOASes do not ascend");
	WRONG(IOAS[1].id = 1, "IDs of IOASes do not ascend");
	WRONG(IOAS[1].id = 0x80000000, "IDs of IOASes do not ascend");
	WRONG(IOAS[0].flags = 4, "IOAS 1 has unknown flags");
	WRONG(IOAS[0].nr_areas = 4, "more ranges or areas than there are");
	WRONG(IOAS[0].nr_allowed = 3, "more ranges or areas than there are");
	WRONG(IOAS[1].nr_areas = 0, "belong to no IOAS");
	WRONG(ALLOWED[0].last = 0x1000000, "allowed ranges do not ascend");
	WRONG(ALLOWED[0].start = 0x1000000, "allowed ranges do not ascend");
	WRONG(AREA[1].iova = 0x13fff, "areas do not ascend");
	WRONG(AREA[0].length = 0, "bad length or flags");
	WRONG((AREA[0].iova = 0, AREA[0].length = 0), "bad length or flags");
	WRONG(AREA[0].length = UINT64_MAX, "bad length or flags");
	WRONG(AREA[0].flags = 4, "bad length or flags");
	WRONG(AREA[0].pages = 2, "page object 2 of 2");
	WRONG(AREA[0].length = 0x4001, "goes beyond page object 0");
	WRONG(AREA[2].start = UINT64_MAX, "bad length or flags");
	WRONG(OBJ[1].flags = 0, "may be written to, its page object 1 may not");
	WRONG(OBJ[0].flags = 4, "unknown flags");
	WRONG(OBJ[0].reserved = 4, "unknown flags");
	WRONG(OBJ[0].nr_pages = 0, "has 0 pages");
	WRONG(OBJ[0].nr_pages = 1ull << 52, "pages");
	WRONG(OBJ[0].offset = 1, "bad offset");
	WRONG(OBJ[0].nr_runs = 1, "has runs");
	WRONG(OBJ[1].token = 1, "has 3 runs of 3");
	WRONG(OBJ[1].nr_runs = 4, "has 4 runs of 3");
	WRONG(OBJ[1].nr_runs = 2, "page objects have 2 runs of 3");
	WRONG(HWPT[0].id = 0, "IDs of page tables do not ascend");
	WRONG(HWPT[1].id = 2, "IDs of page tables do not ascend");
	WRONG(HWPT[0].reserved = 1, "page table 2 has unknown flags");
	WRONG(HWPT[0].ioas_id = 2, "of IOAS 2, which has none");
	WRONG(IOAS[0].flags = 0, "of IOAS 1, which has none");
	WRONG(DEV[0].id = 0, "IDs of devices do not ascend");
	WRONG(DEV[1].id = 3, "IDs of devices do not ascend");
	WRONG(DEV[0].reserved = 1, "device 3 has unknown flags");
	WRONG(DEV[0].hwpt_id = 3, "page table 3, which is not there");
	WRONG(DEV[1].bdf = 0x100, "is in it twice");
}

static void iommufd_memory(void)
{
	WRONG(CHUNK->phys = 0, "is no address of a page");
	WRONG(CHUNK->phys = PHYS(P_CHUNK) + 8, "is no address of a page");
	WRONG(CHUNK->phys = PHYS(PAGES), "it is not in the dump");
	WRONG(ENTRY[1] = IOMMUFD_RUN_SER(0x103, 16), "claims do not ascend");
	WRONG(ENTRY[0] = IOMMUFD_RUN_SER(0, 4), "claims do not ascend");
	WRONG(ENTRY[1] = IOMMUFD_RUN_SER(IOMMUFD_RUN_SER_PFN_MAX, 2),
	      "beyond all memory");
	WRONG(ENTRY[2] = IOMMUFD_RUN_SER(0x102, 3), "that nobody claimed");
	WRONG(ENTRY[4] = IOMMUFD_RUN_SER(0x20c, 3), "do not add up");
	WRONG(ENTRY[4] = IOMMUFD_RUN_SER(0x20c, 5), "do not add up");
	WRONG(ENTRY[1] = IOMMUFD_RUN_SER(PHYS(P_CHUNK) >> HK_PAGE_SHIFT, 16),
	      "that says this is claimed, too");
	WRONG(ENTRY[1] = IOMMUFD_RUN_SER(PHYS(P_IOMMUFD) >> HK_PAGE_SHIFT, 1),
	      "that says this is claimed, too");
	now = good;
	ENTRY[0]++;
	free(look(false, true));
	CHECK(kinds[HK_DAMAGED] == 1);
}

/* A block, a full chunk, and one with a single run, which is at page @last */
static void two_chunks(unsigned int last, bool right)
{
	static u64 mem[20 * HK_PAGE / sizeof(u64)];
	u64 *first = mem + HK_PAGE / sizeof(u64);
	u64 *second = mem + last * HK_PAGE / sizeof(u64);
	struct iommufd_ser *s = (void *)mem;
	struct iommufd_pages_ser *obj = (void *)(s + 1);
	struct iommufd_chunk_ser *c = (void *)(obj + 1);
	struct hk_out o = { .text = fopen("/dev/null", "w") };
	struct hk_decode d = { .out = &o };
	const unsigned int full = IOMMUFD_CHUNK_SER_ENTRIES;
	unsigned int i;

	memset(mem, 0, sizeof(mem));
	*s = (struct iommufd_ser){
		.magic = IOMMUFD_SER_MAGIC, .version = IOMMUFD_SER_VERSION,
		.size = sizeof(*s) + sizeof(*obj) + 2 * sizeof(*c),
		.nr_pages = 1, .nr_chunks = 2, .nr_claims = 1,
		.nr_runs = full, .page_shift = HK_PAGE_SHIFT,
	};
	*obj = (struct iommufd_pages_ser){ .nr_pages = full, .nr_runs = full };
	first[0] = IOMMUFD_RUN_SER(0x100, full);
	for (i = 1; i < full; i++)
		first[i] = IOMMUFD_RUN_SER(0x100 + i, 1);
	if (last > 16)
		second[0] = IOMMUFD_RUN_SER(0x100, 1);
	c[0].phys = PHYS(1);
	c[0].checksum = hk_xxh64(first, full * sizeof(u64), 0);
	c[1].phys = PHYS(last);
	c[1].checksum = hk_xxh64(second, sizeof(u64), 0);
	s->checksum = hk_xxh64(s, s->size, 0);
	d.mem = hk_mem_buffer(mem, sizeof(mem), BASE);
	hk_decode_iommufd(&d, BASE);
	CHECK(!d.n_kind[HK_DAMAGED] == right);
	if (!right && CHECK(d.n_problems == 1))
		CHECK_HAS(d.problem[0].text, "overlaps another, or the block");
	hk_decode_free(&d);
	hk_mem_close(d.mem);
	fclose(o.text);
}

static void iommufd_chunks(void)
{
	two_chunks(17, true);
	two_chunks(18, true);
	two_chunks(2, false);
	two_chunks(16, false);
}

#define VFIO	((struct vfio_pci_ser *)(void *)now.page[P_DEVICE])
#define PCI	((struct pci_ser *)(void *)now.page[P_PCI])

static void devices(void)
{
	WRONG(VFIO->magic++, "device at 0x40007000: it does not begin as one");
	WRONG(VFIO->version = 1, "version 1 of 3392 bytes, known is 2");
	WRONG(VFIO->size--, "of 3391 bytes");
	WRONG(VFIO->flags = 1, "out of its range");
	WRONG(VFIO->reserved = 1, "out of its range");
	WRONG(VFIO->irq_index = 6, "out of its range");
	WRONG(VFIO->state_size = VFIO_PCI_SER_STATE_SIZE + 1, "out of its range");
	WRONG(VFIO->state_size = 90, "no record at byte 72 of 90");
	WRONG(VFIO->state_size = 80, "no record at byte 72 of 80");
	WRONG(((struct pci_state_ser *)(void *)VFIO->state)->len = 0xffffffff,
	      "no record at byte 0");
	WRONG(((struct pci_state_ser *)(void *)VFIO->state)->len = 0,
	      "no record at byte 0");
	WRONG(PCI->magic++, "functions at 0x40008000: it does not begin as one");
	WRONG(PCI->version = 2, "version 2 of 16384 bytes, known is 1");
	WRONG(PCI->size = 1, "of 1 bytes");
	WRONG(PCI->nr_devices = PCI_SER_MAX_DEVICES + 1,
	      "585 functions, there is room for 584");
	WRONG(PCI->devices[1].devfn = 0x20 + (PCI->devices[1].flags = 2),
	      "makes no sense");
	WRONG(PCI->devices[1].nr_below = 0, "makes no sense");
	WRONG(PCI->devices[1] = PCI->devices[0], "is in it twice");
	now = good;
	now.page[P_DEVICE][100] ^= 1;
	now.page[P_PCI][30] ^= 1;
	free(look(false, false));
	CHECK(kinds[HK_DAMAGED] == 2);
}

#define MEMFD	((struct hk_memfd *)(void *)now.page[P_MEMFD])
#define LIST	((struct hk_vmalloc_chunk *)(void *)now.page[P_VMALLOC])
#define FOLIO	((struct hk_memfd_folio *)(void *)now.page[P_FOLIOS])

static void memfds(void)
{
	WRONG(MEMFD->flags = 1, "unknown flags 0x1");
	WRONG(MEMFD->size = 1ull << 63, "size 9223372036854775808");
	WRONG(MEMFD->pos = 1ull << 63, "position 9223372036854775808");
	WRONG(MEMFD->nr_folios = 5, "5 folios in 1 pages");
	WRONG(MEMFD->size = 0, "2 folios in 1 pages for 0 bytes");
	WRONG(MEMFD->nr_folios = 0, "0 folios in 1 pages for 12289 bytes");
	WRONG(MEMFD->folios.total_pages = 0, "2 folios in 0 pages");
	WRONG(MEMFD->folios.order = 11, "blocks of order 11");
	WRONG(MEMFD->folios.first = 0, "ends after 0 of 32 bytes");
	WRONG(MEMFD->folios.first = PHYS(PAGES), "it is not in the dump");
	WRONG(LIST->phys[0] = 0, "ends after 0 of 32 bytes");
	WRONG(LIST->phys[0] = PHYS(P_FOLIOS) + 1, "a bad address");
	WRONG(LIST->phys[0] = PHYS(PAGES), "it is not in the dump");
	WRONG((LIST->phys[0] = 0, LIST->next = PHYS(P_VMALLOC)),
	      "ends after 0 of 32 bytes");
	WRONG(FOLIO[0].pfn_flags = 3ull << 52, "damaged at 0");
	WRONG(FOLIO[0].pfn_flags |= 1ull << 55, "damaged at 0");
	WRONG(FOLIO[1].index = 0, "damaged at 1");
	WRONG(FOLIO[1].index = 4, "damaged at 1");
	WRONG((MEMFD->size = 1ull << 62, MEMFD->nr_folios = 1ull << 32,
	       MEMFD->folios.total_pages = 0xffffffff), "more than can be shown");
}

#define LUO	((struct hk_luo *)(void *)now.page[P_LUO])
#define BLOCK(p) ((struct hk_block_header *)(void *)now.page[p])
#define SESSION	((struct hk_luo_session *)(void *)(BLOCK(P_SESSIONS) + 1))
#define FILES	((struct hk_luo_file *)(void *)(BLOCK(P_FILES) + 1))
#define FLB	((struct hk_luo_flb_header *)(void *)now.page[P_FLBS])

static void luo(void)
{
	char *text;

	WRONG(LUO->compatible[5] = '6', "LUO's header is \"luo-v6\", known is \"luo-v5\"");
	WRONG(LUO->sessions_pa++, "the chain of blocks leads to 0x40002001");
	WRONG(LUO->sessions_pa = PHYS(PAGES), "it is not in the dump");
	WRONG(BLOCK(P_SESSIONS)->count = 52, "has 52 entries, it has room for 51");
	WRONG((BLOCK(P_SESSIONS)->count = 0, BLOCK(P_SESSIONS)->next = PHYS(P_SESSIONS)),
	      "after 10001 blocks");
	WRONG(SESSION->count = 4, "\"hf.one\": 3 of 4");
	WRONG(SESSION->files = 0, "\"hf.one\": 0 of 3");
	WRONG(FILES[2].data = FILES[1].data, "belong to another, too");
	WRONG(FILES[1].data = PHYS(P_IOMMUFD) + 8, "is no address of a page");
	WRONG(FLB->pgcnt = 0, "1 entries in 0 pages");
	WRONG(FLB->count = 100, "100 entries in 1 pages");
	WRONG(LUO->flbs_pa = 1, "is no address of a page");
	/* Another handler's file is shown as it is, and so is a name without end. */
	now = good;
	strcpy(FILES[1].compatible, "iommufd-noiommu-v4");
	memset(SESSION->name, 'x', sizeof(SESSION->name));
	text = look(false, false);
	CHECK_HAS(text, "handler: iommufd-noiommu-v4");
	CHECK(!kinds[HK_DAMAGED]);
	free(text);
}

#define TABLE(p) ((u64 *)(void *)now.page[p])

/* The way to the smallest keys */
static void spare_path(void)
{
	unsigned int i;

	TABLE(P_ROOT)[0] = PHYS(P_SPARE);
	for (i = 0; i < 4; i++)
		TABLE(P_SPARE + i)[0] = PHYS(P_SPARE + i + 1);
}

static void map(void)
{
	unsigned int i;

	WRONG(TABLE(P_ROOT)[2] = PHYS(P_ROOT), "is in it twice");
	WRONG(TABLE(P_NODE1)[7] = PHYS(P_LEAF), "node 0x40014000 is in it twice");
	WRONG(TABLE(P_NODE1)[7] = PHYS(P_LEAF) + 1, "is no address of a node");
	WRONG(TABLE(P_NODE1)[7] = PHYS(PAGES), "it is not in the dump");
	WRONG(TABLE(P_ROOT)[4] = PHYS(P_META), "entries for keys that do not exist");
	/* The same page alone and in a block of order 1 */
	WRONG((TABLE(P_ROOT)[1] = PHYS(P_SPARE),
	       TABLE(P_SPARE)[0] = PHYS(P_SPARE + 1),
	       TABLE(P_SPARE + 1)[0] = PHYS(P_SPARE + 2),
	       TABLE(P_SPARE + 2)[0] = PHYS(P_SPARE + 3),
	       TABLE(P_SPARE + 3)[4] = PHYS(P_SPARE + 4),
	       now.page[P_SPARE + 4][0] = 2), "page 0x40002000 is in it twice");
	WRONG((spare_path(), now.page[P_SPARE + 4][0] = 2), "which no block has");
	WRONG((spare_path(), now.page[P_SPARE + 4][0] = 1), "key 0 is no block");
	now = good;
	/* All of it full of itself ends, and soon */
	for (i = 0; i < HK_RADIX_TABLE; i++)
		TABLE(P_ROOT)[i] = PHYS(P_ROOT);
	free(look(false, false));
	CHECK(kinds[HK_DAMAGED]);
}

static void tree(void)
{
	char *text;

	WRONG(now.page[P_FDT][0] = 0, "no flattened device tree");
	WRONG(((struct fdt_header *)(void *)now.page[P_FDT])->version =
	      cpu_to_fdt32(3), "FDT_ERR_BADVERSION");
	WRONG(fdt_setprop_inplace(now.page[P_FDT], 0, "compatible", "kho-v3", 7),
	      "KHO's tree is \"kho-v3\", known is \"kho-v4\"");
	WRONG(fdt_nop_property(now.page[P_FDT], 0, HK_KHO_MAP),
	      "does not say where the map");
	WRONG(fdt_nop_property(now.page[P_FDT], fdt_subnode_offset(now.page[P_FDT], 0,
		HK_LUO_NAME), HK_KHO_SIZE), "node \"LUO\" does not say where");
	WRONG(((struct hk_metadata *)(void *)now.page[P_META])->version = 2,
	      "kexec-metadata has version 2");
	now = good;
	memset(((struct hk_metadata *)(void *)now.page[P_META])->previous_release,
	       0x1b, 65);
	text = look(false, false);
	CHECK_HAS(text, "\\x1b\\x1b");
	CHECK(!strchr(text, 0x1b));
	free(text);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void change_something(uint64_t *state)
{
	unsigned int changes = 1 + next_random(state) % 4;

	now = good;
	while (changes--) {
		unsigned int page = next_random(state) % PAGES;
		u64 val = next_random(state);
		size_t at = next_random(state) % (HK_PAGE - 8);

		/* Most of what matters is at the beginning */
		if (next_random(state) % 4)
			at %= 512;
		switch (next_random(state) % 4) {
		case 0:
			now.page[page][at] ^= (uint8_t)(1 << val % 8);
			break;
		case 1:
			memcpy(now.page[page] + at / 8 * 8, &val, 8);
			break;
		case 2:
			val = PHYS(val % (PAGES + 1));
			memcpy(now.page[page] + at / 8 * 8, &val, 8);
			break;
		default:
			val = (u64)0 - val % 3;
			memcpy(now.page[page] + at / 4 * 4, &val, 4);
		}
	}
	if (next_random(state) % 4)
		handover_seal(&now);
}

/*
 * Every bit of the tree, then many changes at random places, sealed or not; for as
 * many seconds as FUZZ_SECONDS says, which is set for long runs.
 */
static void anything(void)
{
	const char *seconds = getenv("FUZZ_SECONDS");
	uint64_t state = 1, damaged = 0, i;
	time_t end = time(NULL) + (seconds ? atoi(seconds) : 0);
	size_t bit, n;
	char *text;

	n = fdt_totalsize(good.page[P_FDT]) * 8;
	for (bit = 0; bit < n; bit++) {
		now = good;
		now.page[P_FDT][bit / 8] ^= (uint8_t)(1 << bit % 8);
		free(look(false, true));
	}
	for (i = 0; i < 4000 || (seconds && time(NULL) < end); i++) {
		change_something(&state);
		text = look(i & 1, true);
		CHECK(*text);
		free(text);
		damaged += !!kinds[HK_DAMAGED];
	}
	/* Else it changed nothing that matters, or nothing was good */
	CHECK(damaged > i / 8 && damaged < i);
	printf("# %zu bits of the tree, %llu changes: %llu damaged\n", n,
	       (unsigned long long)i, (unsigned long long)damaged);
}

/* What was read can be saved, and gives the same description then. */
static void saved(void)
{
	struct hk_blobs b = { .fdt = now.page[P_FDT], .fdt_len = HK_PAGE };
	char dir[] = "/tmp/hf-dump-XXXXXX", path[64], *first, *second = NULL;
	struct hk_out o = {};
	struct hk_decode d = { .out = &o, .ranges = true };
	struct hf_error err;
	struct stat st;
	size_t len;

	now = good;
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/memory.elf", dir);
	first = look(false, true);
	o.text = open_memstream(&second, &len);
	d.mem = hk_mem_buffer(&now, sizeof(now), BASE);
	hk_decode_kho(&d, &b);
	hk_problems(&d);
	fclose(o.text);
	CHECK(!strcmp(first, second));
	free(second);
	CHECK(!hk_mem_save(d.mem, path, &err));
	CHECK(hk_mem_save(d.mem, path, &err) == -EEXIST);
	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	hk_decode_free(&d);
	hk_mem_close(d.mem);

	o.text = open_memstream(&second, &len);
	d.mem = hk_mem_core(path, &err);
	CHECK(d.mem);
	memset(d.n_kind, 0, sizeof(d.n_kind));
	/* It is all in the file. */
	memset(now.page[P_LUO], 0xff, sizeof(now) - HK_PAGE);
	hk_decode_kho(&d, &b);
	hk_problems(&d);
	fclose(o.text);
	CHECK(!strcmp(first, second));
	hk_decode_free(&d);
	hk_mem_close(d.mem);
	free(first);
	free(second);
	unlink(path);
	rmdir(dir);
}

static void no_core(void)
{
	char path[] = "/tmp/hf-core-XXXXXX";
	struct hf_error err = {};
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK(!hk_mem_core(path, &err));
	CHECK_HAS(err.text, "no ELF core file");
	CHECK(write(fd, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\76\0\1\0\0\0", 24) == 24);
	CHECK(!hk_mem_core(path, &err));
	close(fd);
	unlink(path);
	CHECK(!hk_mem_core(path, &err));
	CHECK_HAS(err.text, "No such file");
}

static void checksums(void)
{
	static const char text[] = "0123456789abcdef0123456789abcdef0123456789";

	/* As xxhsum -H1 and the crc32 of zlib have them */
	CHECK(hk_xxh64("", 0, 0) == 0xef46db3751d8e999ull);
	CHECK(hk_xxh64("abc", 3, 0) == 0x44bc2cf5ad770999ull);
	CHECK(hk_xxh64(text, 42, 0) != hk_xxh64(text, 41, 0));
	CHECK(hk_crc32_of("12345678", 8, 4) == hk_crc32_of("1234\0\0\0\0", 8, 4));
}

static const struct ktap_test tests[] = {
	{ "checksums", checksums },
	{ "a good one, as text and as JSON", all_good },
	{ "tree: each way to be wrong", tree },
	{ "map: each way to be wrong", map },
	{ "luo: each way to be wrong", luo },
	{ "iommufd: header", iommufd_header },
	{ "iommufd: each table", iommufd_tables },
	{ "iommufd: claims and runs", iommufd_memory },
	{ "iommufd: chunks that overlap", iommufd_chunks },
	{ "devices: each way to be wrong", devices },
	{ "memfd: each way to be wrong", memfds },
	{ "a dump is as good as the memory", saved },
	{ "what is no core file", no_core },
	{ "anything at all", anything },
};

/* With an argument all but the last test, which takes longer than the rest */
int main(int argc, char **argv)
{
	(void)argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	handover_make(&good);
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]) - (argc > 1));
}
