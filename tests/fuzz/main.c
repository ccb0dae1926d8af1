// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feed blocks to the decoder until a time is up or something is wrong: a read
 * where there is nothing (the sanitizers), a block accepted that should not have
 * been (the oracle), or a valid one refused.
 *
 *	fuzz [-t SECONDS] [-n BLOCKS] [-s SEED]
 *	fuzz FILE...		blocks from files, as they are
 *
 * The number printed with a failure is the seed that makes that block again with
 * -n 1, and the block itself is written to the file it names. Built with
 * -DLIBFUZZER -fsanitize=fuzzer it is a target of libFuzzer instead.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

/* The decoder is given as much as the header says, as long as it may say so */
static int decode(const void *data, size_t size, const char **wrong)
{
	struct iommufd_ser_view view;
	struct iommufd_ser *block;
	struct iommufd_ser hdr = { 0 };
	size_t room = sizeof(hdr);
	int rc;

	memcpy(&hdr, data, size < sizeof(hdr) ? size : sizeof(hdr));
	if (hdr.size > room && hdr.size <= IOMMUFD_SER_SIZE_MAX)
		room = hdr.size;
	block = calloc(1, room);
	if (!block)
		abort();
	memcpy(block, data, size < room ? size : room);

	rc = iommufd_ser_check(block, &view);
	*wrong = NULL;
	if (!rc)
		*wrong = oracle(block, &view);
	else if (rc != -EINVAL && rc != -EILSEQ)
		*wrong = "refused with another errno";
	free(block);
	return rc;
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct iommufd_ser *copy = calloc(1, BLOCK_MAX);
	const char *wrong;

	if (!copy)
		abort();
	/* Without this it would not get past the checksum */
	memcpy(copy, data, size < BLOCK_MAX ? size : BLOCK_MAX);
	if (iommufd_ser_size(copy) <= BLOCK_MAX)
		iommufd_ser_seal(copy);
	decode(copy, BLOCK_MAX, &wrong);
	free(copy);
	if (wrong) {
		fprintf(stderr, "accepted, but not: %s\n", wrong);
		abort();
	}
	return 0;
}
#else
static struct iommufd_ser *now;
static u64 now_seed;

/* Also called by the sanitizers when they are about to end the program */
static void keep_block(void)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "block-%llu", now_seed);
	f = fopen(name, "wb");
	if (f) {
		fwrite(now, 1, iommufd_ser_size(now) < BLOCK_MAX ?
		       iommufd_ser_size(now) : BLOCK_MAX, f);
		fclose(f);
	}
	printf("# seed %llu, in file %s\n", now_seed, name);
	fflush(stdout);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static int bad(const char *what)
{
	printf("# %s\n", what);
	keep_block();
	return 1;
}

static int fuzz(u64 seed, u64 blocks, double seconds)
{
	u64 accepted = 0, senseless = 0, damaged = 0, i;
	struct timespec begin, end;
	const char *wrong;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < blocks; i++) {
		struct rnd r = { seed + i };

		now_seed = seed + i;
		if (!(i % 1024)) {
			clock_gettime(CLOCK_MONOTONIC, &end);
			if (end.tv_sec - begin.tv_sec +
			    (end.tv_nsec - begin.tv_nsec) / 1e9 >= seconds)
				break;
		}

		make_valid(&r, now);
		if (decode(now, BLOCK_MAX, &wrong))
			return bad("a valid block is refused");
		if (wrong)
			return bad(wrong);

		make_damaged(&r, now);
		switch (decode(now, BLOCK_MAX, &wrong)) {
		case 0:
			accepted++;
			break;
		case -EINVAL:
			senseless++;
			break;
		default:
			damaged++;
			break;
		}
		if (wrong)
			return bad(wrong);
	}
	printf("# %llu valid blocks, all accepted; %llu changed ones: %llu senseless, %llu damaged, %llu still valid\n",
	       i, i, senseless, damaged, accepted);

	/* Else it tried only one half of the decoder */
	return blocks > 1024 && !(accepted && senseless && damaged);
}

static int replay(const char *name)
{
	FILE *f = fopen(name, "rb");
	const char *wrong;
	size_t size;
	int rc;

	if (!f) {
		perror(name);
		return 1;
	}
	memset(now, 0, BLOCK_MAX);
	size = fread(now, 1, BLOCK_MAX, f);
	fclose(f);
	rc = decode(now, size, &wrong);
	printf("# %s: %s%s%s\n", name, rc ? strerror(-rc) : "accepted",
	       wrong ? ", but not: " : "", wrong ? wrong : "");
	return !!wrong;
}

int main(int argc, char **argv)
{
	u64 seed = 1, blocks = U64_MAX;
	double seconds = 1e9;
	int opt, rc = 0;

	while ((opt = getopt(argc, argv, "t:n:s:")) != -1) {
		switch (opt) {
		case 't':
			seconds = atof(optarg);
			break;
		case 'n':
			blocks = strtoull(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		default:
			fprintf(stderr, "usage: fuzz [-t SECONDS] [-n BLOCKS] [-s SEED] [FILE...]\n");
			return 2;
		}
	}

	now = calloc(1, BLOCK_MAX);
	if (!now)
		return 2;
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(keep_block);

	if (optind == argc)
		rc = fuzz(seed, blocks, seconds);
	for (; optind < argc; optind++)
		rc |= replay(argv[optind]);
	free(now);
	return rc;
}
#endif
