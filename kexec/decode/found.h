/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blobs of ours that nothing leads to. LUO writes down where they are when the
 * kexec begins, and gives that back when it has read it; before and after, they are
 * found by what they begin with.
 */
#ifndef HK_FOUND_H
#define HK_FOUND_H

#include "decode.h"

/** struct hk_found - addresses where a blob begins, as it seems */
struct hk_found {
	uint64_t *phys;
	size_t n;
};

/** hk_found_look() - note a preserved block if a blob begins there */
void hk_found_look(struct hk_found *f, struct hk_decode *d, uint64_t phys);

/** hk_found_show() - decode those that were not shown so far */
void hk_found_show(struct hk_found *f, struct hk_decode *d);

/** hk_found_free() - release the list */
void hk_found_free(struct hk_found *f);

#endif
