// SPDX-License-Identifier: GPL-2.0-only
/* The state memfd: believed when it is right, refused for each way to be wrong */
#include <string.h>

#include "ring.h"
#include "state.h"
#include "test.h"

#define DESCRIPTORS	64u
#define PAGES		(DESCRIPTORS * NIC_BUFFER_SIZE / DMA_PAGE)
#define RECORDS		100u

static uint8_t *memory;
static uint64_t size;
static struct state state;

static void fill(void)
{
	size = state_size(PAGES, RECORDS);
	free(memory);
	memory = calloc(1, size);
	if (!memory)
		abort();
	state_init(&state, memory, PAGES, RECORDS);
	state.fixed->ring_size = 2u << 20;
	state.fixed->buffers_size = PAGES * DMA_PAGE;
	state.fixed->descriptors = DESCRIPTORS;
	state.fixed->buffer_size = NIC_BUFFER_SIZE;
	state.fixed->clock_khz = 1000000;
	strcpy(state.fixed->bdf, "0000:00:02.0");
	for (uint64_t i = 0; i < PAGES; i++)
		state.pages[i] = (i + 100) * DMA_PAGE;
	state_seal(&state);
}

static bool refused(const char *why)
{
	struct state out;
	const char *said = state_check(&out, memory, size);

	if (said && strstr(said, why))
		return true;
	printf("# expected '%s', got '%s'\n", why, said ? said : "accepted");
	return false;
}

static bool accepted(void)
{
	struct state out;

	fill();
	EXPECT(!state_check(&out, memory, size));
	EXPECT(out.records == state.records && out.pages == state.pages &&
	       out.live == state.live);
	EXPECT((uint8_t *)(out.records + RECORDS) <= memory + size);
	/* A memfd may be larger: it is made of huge pages */
	memory = realloc(memory, size + DMA_PAGE);
	if (!memory)
		abort();
	EXPECT(!state_check(&out, memory, size + DMA_PAGE));
	return true;
}

static bool too_short(void)
{
	struct state out;

	fill();
	for (uint64_t n = 0; n < size; n += 97)
		EXPECT(state_check(&out, memory, n));
	return true;
}

static bool each_byte_counts(void)
{
	struct state out;

	fill();
	for (size_t i = 0; i < sizeof(struct state_fixed); i++) {
		memory[i] ^= 0x40;
		EXPECT(state_check(&out, memory, size));
		memory[i] ^= 0x40;
	}
	for (size_t i = 0; i < PAGES * sizeof(uint64_t); i++) {
		memory[STATE_PAGES_OFFSET + i] ^= 1;
		EXPECT(state_check(&out, memory, size));
		memory[STATE_PAGES_OFFSET + i] ^= 1;
	}
	EXPECT(!state_check(&out, memory, size));
	return true;
}

/* Damage that somebody sealed: the checksum is right, the content is not */
#define SEALED(change, why) do {					\
	fill();								\
	change;								\
	state_seal(&state);						\
	EXPECT(refused(why));						\
} while (0)

static bool sealed_nonsense(void)
{
	struct state_fixed *f;

	fill();
	memset(memory, 0, 8);
	EXPECT(refused("magic"));
	fill();
	((struct state_fixed *)memory)->version++;
	EXPECT(refused("version"));
#define F ((struct state_fixed *)memory)
	SEALED(F->descriptors = 0, "descriptors");
	SEALED(F->descriptors = NIC_DESC_MAX + 8, "descriptors");
	SEALED(F->descriptors = 12, "descriptors");
	SEALED(F->descriptors = DESCRIPTORS + 8, "buffers do not fit");
	SEALED(F->buffer_size = 0, "buffer size");
	SEALED(F->ring_size = DESCRIPTORS * 16 - 1, "ring memory");
	SEALED(F->buffers_size += DMA_PAGE, "buffers do not fit");
	SEALED(F->clock_khz = 0, "clock");
	SEALED(memset(F->bdf, 'x', BDF_LEN), "terminated");
	SEALED(state.pages[3] += 8, "aligned");
	SEALED(state.live->gap_end = DESCRIPTORS + 1, "gap");
#undef F
	/* Counts whose products would overflow are refused before they are used */
	fill();
	f = (struct state_fixed *)memory;
	f->records_count = UINT64_MAX / 8;
	EXPECT(refused("number of records"));
	fill();
	f = (struct state_fixed *)memory;
	f->pages_count = UINT64_MAX / 8;
	EXPECT(refused("number of pages"));
	fill();
	f = (struct state_fixed *)memory;
	f->records_offset += 24;
	EXPECT(refused("offsets"));
	return true;
}

TEST_MAIN({ "state: a good one is accepted", accepted },
	  { "state: too short at every length", too_short },
	  { "state: every damaged byte is noticed", each_byte_counts },
	  { "state: nonsense under a good checksum is refused",
	    sealed_nonsense })
