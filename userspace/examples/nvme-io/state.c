// SPDX-License-Identifier: GPL-2.0-only
/* What the driver knows, see state.h */
#include <string.h>

#include "crc32.h"
#include "dma.h"
#include "queue.h"
#include "state.h"

static uint32_t checksum(const struct state_fixed *fixed, const void *pages)
{
	struct state_fixed copy = *fixed;
	uint32_t crc;

	copy.checksum = 0;
	crc = crc32(0, &copy, sizeof(copy));
	return crc32(crc, pages, fixed->pages_count * sizeof(uint64_t));
}

static uint64_t page_align(uint64_t bytes)
{
	return (bytes + DMA_PAGE - 1) & ~(uint64_t)(DMA_PAGE - 1);
}

static uint64_t records_offset(uint64_t pages_count)
{
	return page_align(STATE_PAGES_OFFSET + pages_count * sizeof(uint64_t));
}

uint64_t state_size(uint64_t pages_count, uint64_t records_count)
{
	return page_align(records_offset(pages_count) +
			  records_count * sizeof(struct record));
}

static uint64_t slots(const struct state_fixed *fixed)
{
	return (uint64_t)fixed->queues * state_queue_slots(fixed);
}

static void set_pointers(struct state *state, uint8_t *memory,
			 const struct state_fixed *fixed)
{
	state->fixed = (struct state_fixed *)memory;
	state->live = (struct state_live *)(memory + STATE_LIVE_OFFSET);
	state->pages = (uint64_t *)(memory + fixed->pages_offset);
	state->records = (struct record *)(memory + fixed->records_offset);
	state->work = (struct workload){
		.seed = fixed->seed,
		.commands = fixed->records_count,
		.slots = (uint32_t)slots(fixed),
		.span = fixed->span,
	};
}

void state_init(struct state *state, void *memory,
		const struct state_fixed *shape)
{
	struct state_fixed *fixed = memory;

	*fixed = *shape;
	memcpy(fixed->magic, STATE_MAGIC, sizeof(fixed->magic));
	fixed->version = STATE_VERSION;
	fixed->size = sizeof(*fixed);
	fixed->pages_offset = STATE_PAGES_OFFSET;
	fixed->pages_count = slots(fixed);
	fixed->records_offset = records_offset(fixed->pages_count);
	fixed->total_size = state_size(fixed->pages_count,
				       fixed->records_count);
	set_pointers(state, memory, fixed);
}

void state_seal(struct state *state)
{
	state->fixed->checksum = checksum(state->fixed, state->pages);
}

/* Whether the fixed part may be used to find the rest; no address is used yet */
static const char *check_layout(const struct state_fixed *fixed, uint64_t size)
{
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
	if (!fixed->queues || fixed->queues > QUEUES_MAX)
		return "impossible number of queues";
	if (fixed->depth < DEPTH_MIN || fixed->depth > DEPTH_MAX)
		return "impossible depth of queues";
	if (!fixed->records_count || fixed->records_count > COMMANDS_MAX)
		return "impossible number of commands";
	if (fixed->pages_count != slots(fixed))
		return "impossible number of pages";
	if (fixed->pages_offset != STATE_PAGES_OFFSET ||
	    fixed->records_offset != records_offset(fixed->pages_count) ||
	    fixed->total_size != state_size(fixed->pages_count,
					    fixed->records_count))
		return "offsets do not fit together";
	return NULL;
}

/* The checksum is no proof of sense: an older driver may have erred */
static const char *check_sense(const struct state_fixed *fixed,
			       const uint64_t *pages)
{
	if (!fixed->span || fixed->span > SPAN_MAX)
		return "impossible number of blocks for a command";
	if (fixed->lba_shift < 9 || fixed->lba_shift > 12)
		return "impossible size of a logical block";
	if (fixed->queues_size < queue_memory_size(fixed->queues, fixed->depth))
		return "queues do not fit their memory";
	if (fixed->queues_pa % DMA_PAGE)
		return "queues are not aligned";
	if (fixed->buffers_size != fixed->pages_count * DMA_PAGE)
		return "buffers do not fit the queues";
	if (!fixed->clock_khz)
		return "no clock rate";
	if (!memchr(fixed->bdf, '\0', sizeof(fixed->bdf)))
		return "device address is not terminated";
	for (uint64_t i = 0; i < fixed->pages_count; i++)
		if (pages[i] % DMA_PAGE)
			return "a page address is not aligned";
	return NULL;
}

const char *state_attach(struct state *state, void *memory, uint64_t size)
{
	const struct state_fixed *fixed = memory;
	const uint64_t *pages;
	const char *wrong = check_layout(fixed, size);

	if (wrong)
		return wrong;
	pages = (uint64_t *)((uint8_t *)memory + fixed->pages_offset);
	if (fixed->checksum != checksum(fixed, pages))
		return "wrong checksum";
	wrong = check_sense(fixed, pages);
	if (!wrong)
		set_pointers(state, memory, fixed);
	return wrong;
}

static const char *check_live(const struct state_fixed *fixed,
			      const struct live_queue *queue)
{
	if (queue->tail > fixed->records_count)
		return "more commands were submitted than there are";
	if (queue->tail > queue->head + state_queue_slots(fixed))
		return "more commands are in flight than can be";
	/* A device that completes twice is for the accounting to tell */
	if (queue->head > queue->tail + fixed->depth)
		return "more commands have completed than there are";
	if (queue->tail_rung > queue->tail || queue->head_rung > queue->head)
		return "the device was told of more than there is";
	if (queue->gap_end > queue->head + fixed->depth)
		return "a gap ends beyond the queue";
	return NULL;
}

const char *state_check(struct state *state, void *memory, uint64_t size)
{
	const char *wrong = state_attach(state, memory, size);

	for (uint32_t i = 0; !wrong && i < state->fixed->queues; i++)
		wrong = check_live(state->fixed, &state->live->queue[i]);
	return wrong;
}
