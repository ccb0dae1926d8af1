// SPDX-License-Identifier: GPL-2.0-only
/* The state memfd: believed when it is right, refused for each way to be wrong */
#include <string.h>

#include "dma.h"
#include "queue.h"
#include "state.h"
#include "test.h"

#define QUEUES		2u
#define DEPTH		16u
#define PAGES		(QUEUES * (DEPTH - 1))
#define COMMANDS	100u

static uint8_t *memory;
static uint64_t size;
static struct state state;

static void fill(void)
{
	const struct state_fixed shape = {
		.queues = QUEUES,
		.depth = DEPTH,
		.span = 4,
		.seed = 1,
		.records_count = COMMANDS,
	};

	size = state_size(PAGES, COMMANDS);
	free(memory);
	memory = calloc(1, size);
	if (!memory)
		abort();
	state_init(&state, memory, &shape);
	state.fixed->queues_size = 2u << 20;
	state.fixed->queues_pa = 1u << 30;
	state.fixed->buffers_size = PAGES * DMA_PAGE;
	state.fixed->lba_shift = 9;
	state.fixed->clock_khz = 1000000;
	strcpy(state.fixed->bdf, "0000:00:03.0");
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
	EXPECT((uint8_t *)(out.records + COMMANDS) <= memory + size);
	EXPECT(out.work.slots == PAGES && out.work.commands == COMMANDS);
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
#define F (state.fixed)
	SEALED(F->magic[0] = 'x', "magic");
	SEALED(F->version++, "version");
	SEALED(F->size++, "size of the fixed part");
	SEALED(F->queues = QUEUES_MAX + 1, "number of queues");
	SEALED(F->queues = 0, "number of queues");
	SEALED(F->depth = DEPTH_MAX + 1, "depth");
	SEALED(F->depth = 1, "depth");
	SEALED(F->depth = DEPTH + 1, "number of pages");
	SEALED(F->span = 0, "number of blocks");
	SEALED(F->span = SPAN_MAX + 1, "number of blocks");
	SEALED(F->lba_shift = 8, "logical block");
	SEALED(F->lba_shift = 13, "logical block");
	SEALED(F->queues_size = queue_memory_size(QUEUES, DEPTH) - 1,
	       "do not fit their memory");
	SEALED(F->queues_pa += 64, "not aligned");
	SEALED(F->buffers_size += DMA_PAGE, "buffers do not fit");
	SEALED(F->clock_khz = 0, "clock");
	SEALED(memset(F->bdf, 'x', BDF_LEN), "terminated");
	SEALED(state.pages[3] += 8, "aligned");
	/* Counts whose products would overflow are refused before use */
	fill();
	F->records_count = UINT64_MAX / 8;
	EXPECT(refused("number of commands"));
	fill();
	F->pages_count = UINT64_MAX / 8;
	EXPECT(refused("number of pages"));
	fill();
	F->records_offset += 32;
	EXPECT(refused("offsets"));
#undef F
	return true;
}

/* What changes is under no checksum, but cannot be anything */
static bool live_nonsense(void)
{
	struct live_queue *queue;
	struct state out;

	fill();
	queue = &state.live->queue[1];
	*queue = (struct live_queue){ 30, 20, 30, 20, 25 };
	EXPECT(!state_check(&out, memory, size));
	queue->head = 14;
	EXPECT(refused("in flight"));
	queue->head = 30 + DEPTH + 1;
	EXPECT(refused("have completed"));
	*queue = (struct live_queue){ COMMANDS + 1, COMMANDS, 0, 0, 0 };
	EXPECT(refused("submitted"));
	*queue = (struct live_queue){ 30, 20, 31, 20, 0 };
	EXPECT(refused("told"));
	*queue = (struct live_queue){ 30, 20, 30, 21, 0 };
	EXPECT(refused("told"));
	*queue = (struct live_queue){ 30, 20, 30, 20, 20 + DEPTH + 1 };
	EXPECT(refused("gap"));
	/* Looked at while a driver works, it is not held against it */
	EXPECT(!state_attach(&out, memory, size));
	return true;
}

TEST_MAIN({ "state: a good one is accepted", accepted },
	  { "state: too short at every length", too_short },
	  { "state: every damaged byte is noticed", each_byte_counts },
	  { "state: nonsense under a good checksum is refused",
	    sealed_nonsense },
	  { "state: impossible positions are refused", live_nonsense })
