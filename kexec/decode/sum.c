// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include <zlib.h>

#include "sum.h"

#define P1 0x9e3779b185ebca87ull
#define P2 0xc2b2ae3d27d4eb4full
#define P3 0x165667b19e3779f9ull
#define P4 0x85ebca77c2b2ae63ull
#define P5 0x27d4eb2f165667c5ull

static uint64_t rotate(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static uint64_t word(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t stir(uint64_t acc, uint64_t v)
{
	return rotate(acc + v * P2, 31) * P1;
}

uint64_t hk_xxh64(const void *data, size_t len, uint64_t seed)
{
	const unsigned char *p = data, *end = p + len;
	uint64_t v[4] = { seed + P1 + P2, seed + P2, seed, seed - P1 };
	uint64_t h = seed + P5;
	uint32_t half;
	int i;

	if (len >= 32) {
		for (; end - p >= 32; p += 32)
			for (i = 0; i < 4; i++)
				v[i] = stir(v[i], word(p + 8 * i));
		h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) +
		    rotate(v[3], 18);
		for (i = 0; i < 4; i++)
			h = (h ^ stir(0, v[i])) * P1 + P4;
	}
	h += len;
	for (; end - p >= 8; p += 8)
		h = rotate(h ^ stir(0, word(p)), 27) * P1 + P4;
	if (end - p >= 4) {
		memcpy(&half, p, sizeof(half));
		h = rotate(h ^ half * P1, 23) * P2 + P3;
		p += 4;
	}
	for (; p < end; p++)
		h = rotate(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}

uint32_t hk_crc32_of(const void *data, size_t len, size_t field)
{
	static const unsigned char zero[4];
	const unsigned char *p = data;
	uLong crc = crc32(0, p, (uInt)field);

	crc = crc32(crc, zero, sizeof(zero));
	field += sizeof(zero);
	return (uint32_t)crc32(crc, p + field, (uInt)(len - field));
}
