// SPDX-License-Identifier: GPL-2.0-only
/* The pattern in test memfds: each way of being wrong is found */
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "test.h"

#define SIZE	8192

static uint64_t *filled(uint64_t seed)
{
	uint64_t *word = malloc(SIZE);

	if (word)
		pattern_fill(word, SIZE, seed);
	return word;
}

static bool good(void)
{
	uint64_t seed = pattern_seed("a", "m"), at;
	uint64_t *word = filled(seed);

	EXPECT(!pattern_check(word, SIZE, seed, &at));
	word[PATTERN_AT_TSC] = 5;
	EXPECT(!pattern_check(word, SIZE, seed, &at));
	free(word);
	return true;
}

static bool bad(void)
{
	uint64_t seed = pattern_seed("a", "m"), at;
	uint64_t *word = filled(seed);

	EXPECT(strstr(pattern_check(word, SIZE - 8, seed, &at), "size"));
	EXPECT(strstr(pattern_check(word, 8, seed, &at), "small"));
	EXPECT(strstr(pattern_check(word, SIZE, seed + 1, &at), "else"));
	for (unsigned int i = PATTERN_WORDS; i < SIZE / 8; i++) {
		word[i] ^= 1ull << (i % 64);
		EXPECT(pattern_check(word, SIZE, seed, &at) && at == i * 8);
		word[i] ^= 1ull << (i % 64);
	}
	word[0]++;
	EXPECT(strstr(pattern_check(word, SIZE, seed, &at), "magic"));
	free(word);
	return true;
}

static bool seeds(void)
{
	EXPECT(pattern_seed("a", "m") != pattern_seed("b", "m"));
	EXPECT(pattern_seed("a", "m") != pattern_seed("a", "n"));
	EXPECT(pattern_seed("am", "") != pattern_seed("a", "m"));
	return true;
}

TEST_MAIN({ "pattern: what was written is accepted", good },
	  { "pattern: each word that differs is found", bad },
	  { "pattern: each client and memfd has a seed of its own", seeds })
