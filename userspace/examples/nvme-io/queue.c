// SPDX-License-Identifier: GPL-2.0-only
/* Queues in memory, see queue.h */
#include "barrier.h"
#include "queue.h"

static uint64_t pages(uint64_t bytes)
{
	return (bytes + NVME_PAGE - 1) / NVME_PAGE * NVME_PAGE;
}

static uint64_t sq_size(uint32_t depth)
{
	return pages(depth * sizeof(struct nvme_command));
}

static uint64_t cq_size(uint32_t depth)
{
	return pages(depth * sizeof(struct nvme_completion));
}

uint64_t queue_sq_offset(uint32_t index, uint32_t depth)
{
	return QUEUE_ADMIN_DATA + NVME_PAGE +
	       index * (sq_size(depth) + cq_size(depth));
}

uint64_t queue_cq_offset(uint32_t index, uint32_t depth)
{
	return queue_sq_offset(index, depth) + sq_size(depth);
}

uint64_t queue_memory_size(uint32_t queues, uint32_t depth)
{
	return queue_sq_offset(queues, depth);
}

bool queue_completion(const volatile struct nvme_completion *cq, uint32_t depth,
		      uint64_t position, struct nvme_completion *out)
{
	const volatile struct nvme_completion *entry = &cq[position % depth];
	uint16_t phase = !(position / depth & 1);

	out->status = entry->status;
	if ((out->status & STATUS_PHASE) != phase)
		return false;
	barrier_after_flag();
	out->result = entry->result;
	out->sq_head = entry->sq_head;
	out->sq_id = entry->sq_id;
	out->cid = entry->cid;
	return true;
}

uint32_t queue_landed(const volatile struct nvme_completion *cq, uint32_t depth,
		      uint64_t position)
{
	struct nvme_completion entry;
	uint32_t n = 0;

	while (n < depth && queue_completion(cq, depth, position + n, &entry))
		n++;
	return n;
}

/* Names of a slot before they come again; 0xffff is never used */
static uint32_t generations(uint32_t depth)
{
	return 0x10000 / depth;
}

uint16_t queue_command_id(uint32_t depth, uint32_t slot, uint64_t k)
{
	return (uint16_t)(k % generations(depth) * depth + slot);
}

bool queue_command_of(uint32_t depth, uint16_t cid, const uint64_t *count,
		      uint32_t *slot, uint64_t *k)
{
	uint32_t all = generations(depth), generation = cid / depth, age;

	*slot = cid % depth;
	if (*slot >= depth - 1 || generation >= all || !count[*slot])
		return false;
	*k = count[*slot] - 1;
	age = (uint32_t)((*k % all + all - generation) % all);
	if (age > *k)
		return false;
	*k -= age;
	return true;
}
