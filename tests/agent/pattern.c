// SPDX-License-Identifier: GPL-2.0-only
/* What a test memfd holds, see pattern.h */
#include <stddef.h>

#include "pattern.h"

/* splitmix64: a good mix of all bits for little work */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t add(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = mix(hash ^ (unsigned char)*text);
	return mix(hash);
}

uint64_t pattern_seed(const char *client, const char *name)
{
	return add(add(PATTERN_MAGIC, client), name);
}

void pattern_fill(uint64_t *word, uint64_t size, uint64_t seed)
{
	uint64_t i;

	word[PATTERN_AT_MAGIC] = PATTERN_MAGIC;
	word[PATTERN_AT_SEED] = seed;
	word[PATTERN_AT_SIZE] = size;
	word[PATTERN_AT_TSC] = 0;
	for (i = PATTERN_WORDS; i < size / sizeof(*word); i++)
		word[i] = mix(seed + i);
}

const char *pattern_check(const uint64_t *word, uint64_t size, uint64_t seed,
			  uint64_t *at)
{
	uint64_t i;

	*at = 0;
	if (size < PATTERN_MIN)
		return "it is too small";
	if (word[PATTERN_AT_MAGIC] != PATTERN_MAGIC)
		return "it has no magic";
	*at = sizeof(*word) * PATTERN_AT_SEED;
	if (word[PATTERN_AT_SEED] != seed)
		return "it is somebody else's";
	*at = sizeof(*word) * PATTERN_AT_SIZE;
	if (word[PATTERN_AT_SIZE] != size)
		return "it has another size";
	for (i = PATTERN_WORDS; i < size / sizeof(*word); i++) {
		if (word[i] == mix(seed + i))
			continue;
		*at = i * sizeof(*word);
		return "a word is damaged";
	}
	return NULL;
}
