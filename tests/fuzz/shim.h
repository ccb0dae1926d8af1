/* SPDX-License-Identifier: GPL-2.0-only */
/* What the decoder takes from the kernel, for a program. Every <linux/...> is this. */
#ifndef SHIM_H
#define SHIM_H

#include <asm/errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;

#define U32_MAX			UINT32_MAX
#define U64_MAX			(~0ULL)
#define MAX_LFS_FILESIZE	((loff_t)LLONG_MAX)
#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define PAGE_ALIGNED(a)		(!((a) % PAGE_SIZE))
#define PFN_UP(size)		(((size) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PHYS_PFN(phys)		((phys) >> PAGE_SHIFT)
#define MAX_PAGE_ORDER		10

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define DIV_ROUND_UP_ULL(n, d)	(((n) + (d) - 1) / (d))
#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define GFP_KERNEL		0
#define __GFP_NOWARN		0
#define kvmalloc_array(n, size, gfp) calloc(n, size)
#define kvfree(p)		free(p)
#define sort(base, nr, size, cmp, swap) qsort(base, nr, size, cmp)
#define cmp_int(a, b)		(((a) > (b)) - ((a) < (b)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define __packed		__attribute__((packed))
#define static_assert(expr, ...) _Static_assert(expr, #expr)
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)

/* The chunks of a block are where the program has put them */
extern unsigned char *memory;
#define phys_to_virt(phys)	((void *)(memory + (phys)))

/* The program counts what is refused, and needs no words for it */
#define pr_err(...)		do { } while (0)

#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_IF_KUNIT(symbol)
#define MODULE_LICENSE(text)
#define MODULE_DESCRIPTION(text)

static inline u32 get_unaligned_le32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 get_unaligned_le64(const void *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* As io_pagetable.h has them: the decoder asserts that the ABI agrees */
enum {
	IOPT_PAGES_ACCOUNT_NONE = 0,
	IOPT_PAGES_ACCOUNT_USER = 1,
	IOPT_PAGES_ACCOUNT_MM = 2,
};

#endif
