/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test memfd holds: who wrote it, and words that depend on that.
 *
 *	0	magic "hftest01"
 *	1	seed: of client's and memfd's name
 *	2	bytes of the memfd
 *	3	time stamp counter when its owner last looked after it
 *	4...	mix of seed and position
 */
#ifndef TEST_PATTERN_H
#define TEST_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_MAGIC	0x3130747365746668ull	/* "hftest01" */
#define PATTERN_WORDS	4
#define PATTERN_MIN	4096

enum { PATTERN_AT_MAGIC, PATTERN_AT_SEED, PATTERN_AT_SIZE, PATTERN_AT_TSC };

/* pattern_seed() - of a client and one of its memfds */
uint64_t pattern_seed(const char *client, const char *name);

/* pattern_fill() - write a whole memfd; @size is a multiple of 8 */
void pattern_fill(uint64_t *word, uint64_t size, uint64_t seed);

/**
 * pattern_check() - is it what pattern_fill() wrote?
 * @word: contents
 * @size: bytes it has now
 * @seed: whose it should be
 * @at: out, first byte that is wrong
 *
 * Return: NULL, or what is wrong.
 */
const char *pattern_check(const uint64_t *word, uint64_t size, uint64_t seed,
			  uint64_t *at);

#endif /* TEST_PATTERN_H */
