// SPDX-License-Identifier: GPL-2.0-only
/* The receive ring in memory, see ring.h */
#include "ring.h"

uint64_t ring_bus_address(const struct ring *ring, uint32_t index)
{
	uint64_t offset = (uint64_t)index * ring->buffer_size;

	return ring->pages[offset / DMA_PAGE] + offset % DMA_PAGE;
}

void ring_arm(struct ring *ring, uint32_t index)
{
	volatile struct rx_desc *desc = &ring->desc[index];

	desc->address = ring_bus_address(ring, index);
	desc->status = 0;
}

void ring_arm_all(struct ring *ring)
{
	for (uint32_t i = 0; i < ring->count; i++)
		ring_arm(ring, i);
}

void ring_arm_consumed(struct ring *ring, uint32_t tail, uint64_t position)
{
	uint32_t end = ring_index(ring, position);

	for (uint32_t i = tail; i != end; i = ring_index(ring, (uint64_t)i + 1))
		ring_arm(ring, i);
}

uint32_t ring_landed(const struct ring *ring, uint64_t position, uint32_t head)
{
	uint32_t index = ring_index(ring, position);

	return ring_index(ring, (uint64_t)head + ring->count - index);
}
