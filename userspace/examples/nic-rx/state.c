// SPDX-License-Identifier: GPL-2.0-only
/* What the driver knows, see state.h */
#include <string.h>

#include "crc32.h"
#include "ring.h"
#include "state.h"

/* Bounds that keep the arithmetic below far from overflow */
#define PAGES_MAX	(1ull << 20)
#define RECORDS_MAX	(1ull << 28)

static uint32_t checksum(const struct state_fixed *fixed, const void *pages)
{
	struct state_fixed copy = *fixed;
	uint32_t crc;

	copy.checksum = 0;
	crc = crc32(0, &copy, sizeof(copy));
	return crc32(crc, pages, fixed->pages_count * sizeof(uint64_t));
}

static uint64_t records_offset(uint64_t pages_count)
{
	uint64_t end = STATE_PAGES_OFFSET + pages_count * sizeof(uint64_t);

	return (end + DMA_PAGE - 1) & ~(uint64_t)(DMA_PAGE - 1);
}

uint64_t state_size(uint64_t pages_count, uint64_t records_count)
{
	uint64_t end = records_offset(pages_count) +
		       records_count * sizeof(struct record);

	return (end + DMA_PAGE - 1) & ~(uint64_t)(DMA_PAGE - 1);
}

static void set_pointers(struct state *state, uint8_t *memory,
			 const struct state_fixed *fixed)
{
	state->fixed = (struct state_fixed *)memory;
	state->live = (struct state_live *)(memory + STATE_LIVE_OFFSET);
	state->pages = (uint64_t *)(memory + fixed->pages_offset);
	state->records = (struct record *)(memory + fixed->records_offset);
}

void state_init(struct state *state, void *memory, uint64_t pages_count,
		uint64_t records_count)
{
	struct state_fixed *fixed = memory;

	memcpy(fixed->magic, STATE_MAGIC, sizeof(fixed->magic));
	fixed->version = STATE_VERSION;
	fixed->size = sizeof(*fixed);
	fixed->total_size = state_size(pages_count, records_count);
	fixed->pages_offset = STATE_PAGES_OFFSET;
	fixed->pages_count = pages_count;
	fixed->records_offset = records_offset(pages_count);
	fixed->records_count = records_count;
	set_pointers(state, memory, fixed);
}

void state_seal(struct state *state)
{
	state->fixed->checksum = checksum(state->fixed, state->pages);
}

const char *state_check(struct state *state, void *memory, uint64_t size)
{
	const struct state_fixed *fixed = memory;
	const struct state_live *live;

	if (size < STATE_PAGES_OFFSET)
		return "too short";
	if (memcmp(fixed->magic, STATE_MAGIC, sizeof(fixed->magic)))
		return "not a state of this driver (magic)";
	if (fixed->version != STATE_VERSION)
		return "unknown version";
	if (fixed->size != sizeof(*fixed))
		return "wrong size of the fixed part";
	if (fixed->total_size > size)
		return "shorter than it says";
	if (!fixed->pages_count || fixed->pages_count > PAGES_MAX)
		return "impossible number of pages";
	if (!fixed->records_count || fixed->records_count > RECORDS_MAX)
		return "impossible number of records";
	if (fixed->pages_offset != STATE_PAGES_OFFSET ||
	    fixed->records_offset != records_offset(fixed->pages_count) ||
	    fixed->total_size != state_size(fixed->pages_count,
					    fixed->records_count))
		return "offsets do not fit together";
	if (fixed->checksum != checksum(fixed, (uint8_t *)memory +
					fixed->pages_offset))
		return "wrong checksum";

	/* The checksum is no proof of sense: an older driver may have erred */
	if (!fixed->descriptors || fixed->descriptors > NIC_DESC_MAX ||
	    fixed->descriptors % NIC_DESC_MULTIPLE)
		return "impossible number of descriptors";
	if (fixed->buffer_size != NIC_BUFFER_SIZE)
		return "unknown buffer size";
	if (fixed->buffers_size / DMA_PAGE != fixed->pages_count ||
	    fixed->buffers_size <
	    (uint64_t)fixed->descriptors * fixed->buffer_size)
		return "buffers do not fit the ring";
	if (fixed->ring_size < fixed->descriptors * sizeof(struct rx_desc))
		return "ring memory does not fit the ring";
	if (!fixed->clock_khz)
		return "no clock rate";
	if (!memchr(fixed->bdf, '\0', sizeof(fixed->bdf)))
		return "device address is not terminated";
	if (fixed->irq > IRQ_MSIX)
		return "unknown kind of interrupt";
	for (uint64_t i = 0; i < fixed->pages_count; i++)
		if (((uint64_t *)((uint8_t *)memory + fixed->pages_offset))[i] %
		    DMA_PAGE)
			return "a page address is not aligned";

	live = (struct state_live *)((uint8_t *)memory + STATE_LIVE_OFFSET);
	if (live->gap_end > live->position + fixed->descriptors)
		return "position is behind the end of the gap by over a ring";

	set_pointers(state, memory, fixed);
	return NULL;
}
