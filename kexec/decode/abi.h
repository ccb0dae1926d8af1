/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies in memory that is handed over. Blobs of the series are described by
 * the headers of the series; the shims in shim/ let userspace include them. Those
 * of Linux itself are repeated here, as far as they are read: a kernel's source
 * is not needed to build this. That they agree with a running kernel is shown by
 * the scenario "inspect" of tests/vm, and that the kernel's decoder of an iommufd
 * and the one here do, by tests/fuzz.
 */
#ifndef HK_ABI_H
#define HK_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define BIT(n)		(1ul << (n))
#define BIT_ULL(n)	(1ull << (n))
/* As the kernel has it: a message is not needed */
#undef static_assert
#define static_assert(expr, ...) _Static_assert(expr, #expr)
#ifndef __packed
#define __packed	__attribute__((packed))
#endif

/* The series is for machines with pages of this size */
#define HK_PAGE_SHIFT	12
#define HK_PAGE		(1ull << HK_PAGE_SHIFT)

/* include/linux/kho/abi/kexec_handover.h */
#define HK_KHO_COMPATIBLE	"kho-v4"
#define HK_KHO_MAP		"preserved-memory-map"
#define HK_KHO_DATA		"preserved-data"
#define HK_KHO_SIZE		"blob-size"

/* The map: levels of tables, then bitmaps */
#define HK_RADIX_TABLE		(HK_PAGE / sizeof(u64))
#define HK_RADIX_TABLE_SHIFT	9
#define HK_RADIX_BITS_SHIFT	(HK_PAGE_SHIFT + 3)
#define HK_RADIX_LEVELS		6
/* Page number of order 0 and the bit that says so */
#define HK_RADIX_KEY_WIDTH	(64 - HK_PAGE_SHIFT + 1)

struct hk_vmalloc {
	u64 first;
	u32 total_pages;
	u16 flags;
	u16 order;
} __packed;

struct hk_vmalloc_chunk {
	u64 next;
	u64 phys[HK_PAGE / sizeof(u64) - 1];
} __packed;
static_assert(sizeof(struct hk_vmalloc_chunk) == HK_PAGE);

/* include/linux/kho/abi/kexec_metadata.h */
#define HK_METADATA_NAME	"kexec-metadata"
#define HK_METADATA_VERSION	1

struct hk_metadata {
	u32 version;
	char previous_release[65];
	u32 kexec_count;
} __packed;

/* include/linux/kho/abi/memblock.h */
#define HK_MEMBLOCK_NAME	"memblock"
#define HK_MEMBLOCK_COMPATIBLE	"memblock-v1"
#define HK_RESERVE_COMPATIBLE	"reserve-mem-v1"

/* include/linux/kho/abi/block.h */
struct hk_block_header {
	u64 next;
	u64 count;
} __packed;

/* include/linux/kho/abi/luo.h */
#define HK_LUO_NAME		"LUO"
#define HK_LUO_COMPATIBLE	"luo-v5"

struct hk_luo {
	char compatible[8];
	u64 liveupdate_num;
	u64 sessions_pa;
	u64 flbs_pa;
} __packed;

struct hk_luo_session {
	char name[64];
	u64 files;
	u64 count;
} __packed;

struct hk_luo_file {
	char compatible[48];
	u64 data;
	u64 token;
} __packed;

struct hk_luo_flb_header {
	u64 pgcnt;
	u64 count;
} __packed;

struct hk_luo_flb {
	char name[48];
	u64 data;
	u64 count;
} __packed;

/* include/linux/kho/abi/memfd.h */
#define HK_MEMFD_COMPATIBLE	"memfd-v2"
#define HK_MEMFD_DIRTY		1
#define HK_MEMFD_UPTODATE	2

struct hk_memfd {
	u64 pos;
	u64 size;
	u32 seals;
	u32 flags;
	u64 nr_folios;
	struct hk_vmalloc folios;
} __packed;

struct hk_memfd_folio {
	u64 pfn_flags;
	u64 index;
} __packed;

#define HK_MEMFD_PFN(f)		((f) & ((1ull << 52) - 1))
#define HK_MEMFD_FLAGS(f)	((f) >> 52)

#endif
