/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What the KUnit suites for structures of the previous kernel share: each takes
 * a valid structure, damages it in one way at a time, and wants it refused.
 */
#ifndef _LINUX_KHO_SER_KUNIT_H
#define _LINUX_KHO_SER_KUNIT_H

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/stddef.h>
#include <linux/string.h>

/**
 * struct kho_ser_field - A value that a member of a structure must not have
 * @name:   member and value, for the name of the test
 * @offset: of the member, in bytes
 * @size:   of the member, in bytes
 * @value:  what it must not be
 */
struct kho_ser_field {
	const char *name;
	u32 offset;
	u32 size;
	u64 value;
};

/* Initializes ->offset and ->size: KHO_SER_MEMBER(struct type, member) */
#define KHO_SER_MEMBER(...)						\
	.offset = offsetof(__VA_ARGS__), .size = sizeof_field(__VA_ARGS__)

/**
 * kho_ser_set - Let a structure have a wrong value
 * @ser:   the structure
 * @field: the member and its value
 *
 * Little-endian, as the machines that have this.
 */
static inline void kho_ser_set(void *ser, const struct kho_ser_field *field)
{
	memcpy(ser + field->offset, &field->value, field->size);
}

/* The name of a test of a struct kho_ser_field, or of what begins with one */
static inline void kho_ser_desc(struct kunit *test, const void *param,
				char *desc)
{
	const struct kho_ser_field *field = param;

	strscpy(desc, field->name, KUNIT_PARAM_DESC_SIZE);
}

/* Where nothing is that was handed over: no page, or none that there is */
static const u64 kho_ser_bad_phys[] = {
	0, 1, PAGE_SIZE - 1, 0x000ffffffffff000, BIT_ULL(51),
	S64_MAX & PAGE_MASK, U64_MAX & PAGE_MASK, U64_MAX
};

static inline void kho_ser_free_page(void *page)
{
	free_page((unsigned long)page);
}

/**
 * kho_ser_alloc_page - Get a page for a structure
 * @test: the test that ends if there is none, and whose end frees it
 *
 * Return: a page of zeros, of which virt_to_phys() is what is handed over.
 */
static inline void *kho_ser_alloc_page(struct kunit *test)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, kho_ser_free_page,
						  page));
	return page;
}

#endif /* _LINUX_KHO_SER_KUNIT_H */
