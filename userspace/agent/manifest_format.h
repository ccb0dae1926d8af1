/* SPDX-License-Identifier: GPL-2.0-only */
/* What writer and reader of the manifest share. See docs/manifest.md. */
#ifndef HF_MANIFEST_FORMAT_H
#define HF_MANIFEST_FORMAT_H

#include <assert.h>
#include <stdint.h>

#include <holdfast/manifest.h>

#define HF_MANIFEST_MAGIC	"HOLDFAST"
#define HF_MANIFEST_COMPATIBLE	"holdfast,manifest"

/**
 * struct hf_manifest_header - first bytes of the memfd; little-endian
 * @magic: "HOLDFAST"
 * @version: layout of the writer
 * @compat: oldest reader that may read it
 * @header_size: bytes of this header; the tree begins there
 * @reserved: 0
 * @tree_size: bytes of the tree, which ends the file
 * @sha256: over header and tree, with these 32 bytes taken as 0
 */
struct hf_manifest_header {
	char magic[8];
	uint32_t version;
	uint32_t compat;
	uint32_t header_size;
	uint32_t reserved;
	uint64_t tree_size;
	uint8_t sha256[HF_SHA256_SIZE];
};

static_assert(sizeof(struct hf_manifest_header) == HF_MANIFEST_HEADER_SIZE,
	      "the header is part of the ABI");

/* Writes the digest the header should have to @out. */
void hf_manifest_header_digest(const void *blob, size_t len,
			       uint8_t out[HF_SHA256_SIZE]);

#endif
