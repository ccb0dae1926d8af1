/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues in memory.
 *
 * All of them are in one memfd that is physically contiguous, since a controller
 * takes one address for each queue:
 *
 *	page 0		admin submission queue
 *	page 1		admin completion queue
 *	page 2		what IDENTIFY answers
 *	page 3...	for each pair: submission queue, completion queue
 *
 * Positions count entries since a queue was created and never wrap; the index
 * of an entry is its position modulo the number of entries. A completion queue
 * has no tail to read: an entry is new when its phase bit is that of the lap.
 */
#ifndef NVME_IO_QUEUE_H
#define NVME_IO_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "nvme.h"
#include "state.h"

#define QUEUE_ADMIN_SQ		0
#define QUEUE_ADMIN_CQ		NVME_PAGE
#define QUEUE_ADMIN_DATA	(2 * NVME_PAGE)
#define QUEUE_ADMIN_DEPTH	64

/* Bytes of the queues memfd that are used */
uint64_t queue_memory_size(uint32_t queues, uint32_t depth);

/* Where in the memfd the queues of pair @index (from 0) are */
uint64_t queue_sq_offset(uint32_t index, uint32_t depth);
uint64_t queue_cq_offset(uint32_t index, uint32_t depth);

/**
 * queue_completion() - look at a completion queue
 * @cq: the queue
 * @depth: its entries
 * @position: which entry
 * @out: the completion
 *
 * Return: whether the device has written it.
 */
bool queue_completion(const volatile struct nvme_completion *cq, uint32_t depth,
		      uint64_t position, struct nvme_completion *out);

/**
 * queue_landed() - how many new completions there are
 * @cq: the queue
 * @depth: its entries
 * @position: the first one to look at
 */
uint32_t queue_landed(const volatile struct nvme_completion *cq, uint32_t depth,
		      uint64_t position);

/**
 * queue_command_id() - name a command for the device
 * @depth: entries of the queue
 * @slot: the command's slot in its queue
 * @k: how many commands that slot had before
 *
 * The name tells the slot, and how old the command is: a completion that comes
 * twice is not taken for that of the next command.
 */
uint16_t queue_command_id(uint32_t depth, uint32_t slot, uint64_t k);

/**
 * queue_command_of() - which command a completion is for
 * @depth: entries of the queue
 * @cid: what the device says
 * @count: commands submitted so far, for each slot of the queue
 * @slot: out
 * @k: out, number of the command in the slot
 *
 * Return: false if no such command was ever submitted.
 */
bool queue_command_of(uint32_t depth, uint16_t cid, const uint64_t *count,
		      uint32_t *slot, uint64_t *k);

#endif /* NVME_IO_QUEUE_H */
