// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feed blocks to the decoder until a time is up or something is wrong: a read
 * where there is nothing (the sanitizers), a block accepted that should not have
 * been (the oracle), or a valid one refused.
 *
 *	fuzz [-t SECONDS] [-n BLOCKS] [-s SEED]
 *	fuzz FILE...		blocks from files, as they are
 *
 * The decoder of `holdfast inspect` looks at each, too, and has to agree.
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
#include "second.h"

unsigned char *memory;

/* As in liveupdate_retrieve.c: what is in no memory is not read */
static int check_chunks(const struct iommufd_ser_view *view, const struct state *s)
{
	u32 i;

	for (i = 0; i < view->hdr->nr_chunks; i++)
		if (!chunk_is_there(view, i, s->nr_entries))
			return -EINVAL;
	return iommufd_ser_check_chunks(view);
}

/* Memory up to where a block could end that is said to be at the highest place */
#define ROOM		(2 * CHUNKS_END + IOMMUFD_SER_SIZE_MAX)

static const char *compare(const struct state *s, int rc)
{
	const struct second_memory m = {
		.phys = s->phys, .block = s->block,
		.block_len = min_t(u64, s->block->size, BLOCK_MAX),
		.chunks = CHUNKS, .entries = s->entries,
		.entries_len = s->nr_entries * sizeof(u64), .room = ROOM,
	};

	if (!second_accepts || second_accepts(&m) == !rc)
		return NULL;
	return rc ? "refused, but inspect finds nothing wrong" :
		    "accepted, but inspect finds something wrong";
}

/*
 * The decoder is given as much as the header says, as long as it may say so, and
 * no more claims and runs than there are.
 */
static int decode(const struct state *s, const char **wrong)
{
	size_t size = s->nr_entries * sizeof(u64), room = sizeof(*s->block);
	struct iommufd_ser_view view;
	struct iommufd_ser *block;
	u64 *entries;
	int rc;

	if (s->block->size > room && s->block->size <= IOMMUFD_SER_SIZE_MAX)
		room = s->block->size;
	block = calloc(1, room);
	entries = malloc(size);
	if (!block || (size && !entries))
		abort();
	memcpy(block, s->block, room < BLOCK_MAX ? room : BLOCK_MAX);
	memcpy(entries, s->entries, size);
	memory = (unsigned char *)entries - CHUNKS;

	rc = iommufd_ser_check(block, s->phys, &view);
	*wrong = NULL;
	if (!rc)
		*wrong = oracle(block, s->phys, &view);
	if (!rc && !*wrong) {
		rc = check_chunks(&view, s);
		if (!rc)
			*wrong = oracle_chunks(&view);
	}
	if (rc && rc != -EINVAL && rc != -EILSEQ)
		*wrong = "refused with another errno";
	if (!*wrong)
		*wrong = compare(s, rc);
	free(entries);
	free(block);
	return rc;
}

/* A file is where the block is, the block, and then claims and runs */
static struct state now;

static void read_state(const unsigned char *data, size_t size)
{
	size_t block = size < sizeof(now.phys) ? size : sizeof(now.phys);

	now.phys = 0;
	memcpy(&now.phys, data, block);
	data += block;
	size -= block;
	memset(now.block, 0, BLOCK_MAX);
	memcpy(now.block, data, size < sizeof(*now.block) ? size : sizeof(*now.block));
	block = min_t(u64, iommufd_ser_size(now.block), BLOCK_MAX);
	block = block < size ? block : size;
	memcpy(now.block, data, block);
	now.nr_entries = min_t(u64, (size - block) / sizeof(u64), ENTRIES_MAX);
	memcpy(now.entries, data + block, now.nr_entries * sizeof(u64));
}

static void new_state(void)
{
	now.block = calloc(1, BLOCK_MAX);
	if (!now.block)
		abort();
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const char *wrong;

	if (!now.block)
		new_state();
	read_state(data, size);
	/* Without this it would not get past the checksum */
	if (iommufd_ser_size(now.block) <= BLOCK_MAX)
		seal(&now);
	decode(&now, &wrong);
	if (wrong) {
		fprintf(stderr, "accepted, but not: %s\n", wrong);
		abort();
	}
	return 0;
}
#else
static u64 now_seed;

/* Also called by the sanitizers when they are about to end the program */
static void keep_block(void)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "block-%llu", now_seed);
	f = fopen(name, "wb");
	if (f) {
		fwrite(&now.phys, sizeof(now.phys), 1, f);
		fwrite(now.block, 1, min_t(u64, iommufd_ser_size(now.block), BLOCK_MAX), f);
		fwrite(now.entries, sizeof(u64), now.nr_entries, f);
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

		make_valid(&r, &now);
		if (decode(&now, &wrong))
			return bad("a valid block is refused");
		if (wrong)
			return bad(wrong);

		make_damaged(&r, &now);
		switch (decode(&now, &wrong)) {
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
	static unsigned char data[sizeof(now.phys) + BLOCK_MAX + sizeof(now.entries)];
	FILE *f = fopen(name, "rb");
	const char *wrong;
	size_t size;
	int rc;

	if (!f) {
		perror(name);
		return 1;
	}
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	read_state(data, size);
	rc = decode(&now, &wrong);
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

	new_state();
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(keep_block);

	if (optind == argc)
		rc = fuzz(seed, blocks, seconds);
	for (; optind < argc; optind++)
		rc |= replay(argv[optind]);
	free(now.block);
	return rc;
}
#endif
