/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SECOND_H
#define SECOND_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct second_memory - what lies where
 * @phys: the block is there
 * @block: it
 * @block_len: its bytes
 * @chunks: claims and runs are there
 * @entries: they
 * @entries_len: their bytes
 * @room: bytes of memory in all, the same each time
 */
struct second_memory {
	unsigned long long phys;
	const void *block;
	size_t block_len;
	unsigned long long chunks;
	const void *entries;
	size_t entries_len;
	size_t room;
};

/**
 * second_accepts() - has `holdfast inspect` nothing to say about it?
 *
 * Mutants are linked without.
 */
bool second_accepts(const struct second_memory *m) __attribute__((weak));

#endif
