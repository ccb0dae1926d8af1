/* SPDX-License-Identifier: GPL-2.0-only */
/* The checksums of what the series hands over. */
#ifndef HK_SUM_H
#define HK_SUM_H

#include <stddef.h>
#include <stdint.h>

/** hk_xxh64() - xxHash, 64 bits, of one piece */
uint64_t hk_xxh64(const void *data, size_t len, uint64_t seed);

/**
 * hk_crc32_of() - CRC-32 of a structure, with a field of 4 bytes taken as 0
 * @data: structure
 * @len: bytes
 * @field: offset of the field
 */
uint32_t hk_crc32_of(const void *data, size_t len, size_t field);

#endif
