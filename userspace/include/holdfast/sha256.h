/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_SHA256_H
#define HOLDFAST_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define HF_SHA256_SIZE	32

/**
 * struct hf_sha256 - state of a SHA-256 computation (FIPS 180-4)
 * @h: chaining value
 * @bytes: bytes hashed so far
 * @block: input not hashed yet
 */
struct hf_sha256 {
	uint32_t h[8];
	uint64_t bytes;
	uint8_t block[64];
};

/** hf_sha256_init() - start a computation in @s */
void hf_sha256_init(struct hf_sha256 *s);
/** hf_sha256_update() - hash @len bytes at @data */
void hf_sha256_update(struct hf_sha256 *s, const void *data, size_t len);
/** hf_sha256_final() - write the digest to @out; @s must be started anew */
void hf_sha256_final(struct hf_sha256 *s, uint8_t out[HF_SHA256_SIZE]);

#endif
