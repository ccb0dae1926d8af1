// SPDX-License-Identifier: GPL-2.0-only
/* Blocks and workload: what both ends have to agree on */
#include "test.h"
#include "workload.h"

static const struct block_header sample = { 1234, 567890, 0x5eed };

static bool roundtrip(void)
{
	static const uint64_t numbers[] = { 0, 1, 255, 1u << 30, UINT64_MAX / 8 };
	uint8_t memory[BLOCK_SIZE];
	struct block_header found;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct block_header header = { numbers[i], numbers[i] + 1,
					       numbers[i] + 2 };

		block_fill(memory, &header);
		EXPECT(block_parse(memory, &found) == BLOCK_GOOD);
		EXPECT(!memcmp(&found, &header, sizeof(header)));
		EXPECT(block_check(memory, &header) == BLOCK_GOOD);
	}
	return true;
}

/* The host's disk image is read by other programs than this one */
static bool bytes_on_the_disk(void)
{
	uint8_t memory[BLOCK_SIZE];

	block_fill(memory, &sample);
	EXPECT(!memcmp(memory, "hfblock1", 8));
	EXPECT(!memcmp(memory + 512, "hfblock1", 8));
	EXPECT(memory[8] == ((1234 * 8) & 0xff) &&
	       memory[9] == ((1234 * 8) >> 8));
	EXPECT(memory[512 + 8] == ((1234 * 8 + 1) & 0xff));
	EXPECT(memory[16] == (567890 & 0xff));
	EXPECT(memory[24] == 0xed && memory[25] == 0x5e);
	EXPECT(block_digest(BLOCK_DIGEST_START, memory) ==
	       0x7ab1ed416b10f256ull);
	return true;
}

static bool every_bit(void)
{
	uint8_t memory[BLOCK_SIZE];

	block_fill(memory, &sample);
	for (unsigned int bit = 0; bit < 8 * BLOCK_SIZE; bit += 3) {
		memory[bit / 8] ^= 1u << bit % 8;
		EXPECT(block_check(memory, &sample) != BLOCK_GOOD);
		memory[bit / 8] ^= 1u << bit % 8;
	}
	EXPECT(block_check(memory, &sample) == BLOCK_GOOD);
	return true;
}

/* Some sectors of one write and the rest of another */
static bool torn(void)
{
	struct block_header later = sample;
	uint8_t memory[BLOCK_SIZE], other[BLOCK_SIZE];

	later.sequence++;
	for (unsigned int cut = 1; cut < BLOCK_SECTORS; cut++) {
		block_fill(memory, &sample);
		block_fill(other, &later);
		memcpy(memory, other, cut * 512);
		EXPECT(block_check(memory, &sample) == BLOCK_TORN);
		EXPECT(block_check(memory, &later) == BLOCK_TORN);
	}
	return true;
}

static bool another_block(void)
{
	struct block_header want;
	uint8_t memory[BLOCK_SIZE];

	block_fill(memory, &sample);
	want = sample;
	want.block++;
	EXPECT(block_check(memory, &want) == BLOCK_OTHER);
	want = sample;
	want.sequence--;
	EXPECT(block_check(memory, &want) == BLOCK_OTHER);
	want = sample;
	want.seed++;
	EXPECT(block_check(memory, &want) == BLOCK_OTHER);
	memset(memory, 0, sizeof(memory));
	EXPECT(block_check(memory, &sample) == BLOCK_DAMAGED);
	return true;
}

/* Every command once, and no two slots on one block */
static bool commands(void)
{
	struct workload work = { 42, 1003, 17, 3 };
	bool seen[1003] = { false };
	uint64_t total = 0;

	for (uint32_t slot = 0; slot < work.slots; slot++) {
		for (uint64_t k = 0; k < workload_count(&work, slot); k++) {
			uint64_t n = workload_number(&work, slot, k);
			uint64_t block = workload_block(&work, slot, k);

			EXPECT(n < work.commands && !seen[n]);
			seen[n] = true;
			total++;
			EXPECT(block / work.span == slot);
		}
	}
	EXPECT(total == work.commands);
	return true;
}

/* A read finds what the last write before it left; found the plain way */
static bool reads_have_writers(void)
{
	struct workload work = { 7, 5000, 13, 4 };
	uint64_t reads = 0;

	for (uint32_t slot = 0; slot < work.slots; slot++) {
		uint64_t last[4];

		memset(last, 0xff, sizeof(last));
		for (uint64_t k = 0; k < workload_count(&work, slot); k++) {
			uint64_t block = workload_block(&work, slot, k);

			EXPECT(workload_writer(&work, block, k) ==
			       last[block % 4]);
			if (workload_is_write(&work, slot, k))
				last[block % 4] =
					workload_number(&work, slot, k);
			else
				reads++;
			EXPECT(last[block % 4] != WORKLOAD_NONE);
		}
	}
	EXPECT(reads > 2000 && reads < 3000);
	return true;
}

TEST_MAIN({ "block: fill and parse", roundtrip },
	  { "block: bytes on the disk", bytes_on_the_disk },
	  { "block: damaged bits are noticed", every_bit },
	  { "block: half of one write and half of another", torn },
	  { "block: another block, write or run", another_block },
	  { "workload: every command once, no block shared", commands },
	  { "workload: each read finds the last write", reads_have_writers })
