/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test block, defined once for both ends: the driver in the guest writes
 * and reads it, the host finds it in the disk's image.
 *
 * A block has 4096 bytes in eight sectors of 512. Each sector stands for itself,
 * so that a block which was written in part is known for what it is. Words of
 * 64 bits, little endian:
 *
 *	0	magic "hfblock1"
 *	1	number of the sector: block * 8 + sector within the block
 *	2	sequence number: the command that wrote it
 *	3	seed of the run
 *	4..62	pattern, made from words 1 to 3
 *	63	checksum of words 0 to 62
 */
#ifndef NVME_IO_BLOCK_H
#define NVME_IO_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE		4096
#define BLOCK_SECTORS		8
#define SECTOR_WORDS		64
#define SECTOR_MAGIC		0x316b636f6c626668ull	/* "hfblock1" */

/* What block_check() found */
enum block_verdict {
	BLOCK_GOOD,
	BLOCK_DAMAGED,		/* no block, or one with a wrong word */
	BLOCK_TORN,		/* sectors of different blocks or writes */
	BLOCK_OTHER,		/* a good block, but another one */
};

struct block_header {
	uint64_t block;
	uint64_t sequence;
	uint64_t seed;
};

/* splitmix64: a good mix of all bits for little work */
static inline uint64_t block_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* FNV-1a by words; @hash starts as BLOCK_DIGEST_START */
#define BLOCK_DIGEST_START	0xcbf29ce484222325ull

static inline uint64_t block_digest(uint64_t hash, const void *block)
{
	uint64_t word;

	for (unsigned int i = 0; i < BLOCK_SIZE / sizeof(word); i++) {
		memcpy(&word, (const uint8_t *)block + i * sizeof(word),
		       sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
	}
	return hash;
}

static inline void block_fill_sector(uint64_t *word, uint64_t number,
				     uint64_t sequence, uint64_t seed)
{
	uint64_t x = block_mix(block_mix(number ^ seed) + sequence);
	uint64_t sum = 0;

	word[0] = SECTOR_MAGIC;
	word[1] = number;
	word[2] = sequence;
	word[3] = seed;
	for (unsigned int i = 4; i < SECTOR_WORDS - 1; i++)
		word[i] = block_mix(x += 0x9e3779b97f4a7c15ull);
	for (unsigned int i = 0; i < SECTOR_WORDS - 1; i++)
		sum = block_mix(sum + word[i]);
	word[SECTOR_WORDS - 1] = sum;
}

/**
 * block_fill() - make a block
 * @memory: BLOCK_SIZE bytes to write
 * @header: what it is
 */
static inline void block_fill(void *memory, const struct block_header *header)
{
	uint64_t sector[SECTOR_WORDS];

	for (unsigned int i = 0; i < BLOCK_SECTORS; i++) {
		block_fill_sector(sector, header->block * BLOCK_SECTORS + i,
				  header->sequence, header->seed);
		memcpy((uint8_t *)memory + i * sizeof(sector), sector,
		       sizeof(sector));
	}
}

/**
 * block_parse() - check a block without knowing what it should be
 * @memory: BLOCK_SIZE bytes
 * @header: out, valid with BLOCK_GOOD
 */
static inline enum block_verdict block_parse(const void *memory,
					     struct block_header *header)
{
	uint64_t found[SECTOR_WORDS], want[SECTOR_WORDS];

	for (unsigned int i = 0; i < BLOCK_SECTORS; i++) {
		memcpy(found, (const uint8_t *)memory + i * sizeof(found),
		       sizeof(found));
		block_fill_sector(want, found[1], found[2], found[3]);
		if (memcmp(found, want, sizeof(found)))
			return BLOCK_DAMAGED;
		if (!i)
			*header = (struct block_header){
				.block = found[1] / BLOCK_SECTORS,
				.sequence = found[2],
				.seed = found[3],
			};
		if (found[1] != header->block * BLOCK_SECTORS + i ||
		    found[2] != header->sequence || found[3] != header->seed)
			return BLOCK_TORN;
	}
	return BLOCK_GOOD;
}

/* block_check() - whether a block is the one that it should be */
static inline enum block_verdict block_check(const void *memory,
					     const struct block_header *want)
{
	struct block_header found;
	enum block_verdict verdict = block_parse(memory, &found);

	if (verdict == BLOCK_GOOD &&
	    (found.block != want->block || found.sequence != want->sequence ||
	     found.seed != want->seed))
		verdict = BLOCK_OTHER;
	return verdict;
}

#endif /* NVME_IO_BLOCK_H */
