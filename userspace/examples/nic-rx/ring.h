/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receive ring in memory.
 *
 * A position counts descriptors since the ring was started and never wraps;
 * its index in the ring is the position modulo the number of descriptors.
 * Descriptor i always uses buffer i. The device owns the indices from its head
 * up to, not including, the tail; one descriptor is never the device's, because
 * head == tail means that there is none left.
 */
#ifndef NIC_RX_RING_H
#define NIC_RX_RING_H

#include <stdint.h>

#include "dma.h"
#include "nic.h"

/**
 * struct ring - ring, buffers and where they are
 * @desc: descriptors
 * @buffers: @count buffers of @buffer_size bytes
 * @pages: physical address of each 4 KiB page of @buffers
 * @count: number of descriptors
 * @buffer_size: bytes, a divisor of 4096
 */
struct ring {
	volatile struct rx_desc *desc;
	uint8_t *buffers;
	const uint64_t *pages;
	uint32_t count;
	uint32_t buffer_size;
};

static inline uint32_t ring_index(const struct ring *ring, uint64_t position)
{
	return (uint32_t)(position % ring->count);
}

/* The tail when everything before @position has been consumed */
static inline uint32_t ring_tail(const struct ring *ring, uint64_t position)
{
	return ring_index(ring, position + ring->count - 1);
}

static inline const uint8_t *ring_buffer(const struct ring *ring,
					 uint32_t index)
{
	return ring->buffers + (uint64_t)index * ring->buffer_size;
}

/* ring_bus_address() - what the device has to be told for buffer @index */
uint64_t ring_bus_address(const struct ring *ring, uint32_t index);

/* ring_arm() - make a descriptor ready for the device, done bit cleared */
void ring_arm(struct ring *ring, uint32_t index);
void ring_arm_all(struct ring *ring);

/**
 * ring_arm_consumed() - arm what was consumed but not given back
 * @ring: the ring
 * @tail: the device's tail register
 * @position: everything before it was consumed
 *
 * A driver that was killed between consuming and moving the tail leaves such
 * descriptors behind, perhaps half armed. They are not the device's.
 */
void ring_arm_consumed(struct ring *ring, uint32_t tail, uint64_t position);

/**
 * ring_landed() - how many descriptors the device has filled
 * @ring: the ring
 * @position: everything before it was consumed
 * @head: the device's head register
 */
uint32_t ring_landed(const struct ring *ring, uint64_t position, uint32_t head);

#endif /* NIC_RX_RING_H */
