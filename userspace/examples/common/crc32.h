/* SPDX-License-Identifier: GPL-2.0-only */
/* CRC-32 as in IEEE 802.3, for what has to be believed after an update */
#ifndef EXAMPLE_CRC32_H
#define EXAMPLE_CRC32_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t crc32(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

#endif /* EXAMPLE_CRC32_H */
