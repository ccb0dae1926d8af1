// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring against a simulated device: it writes frames where the descriptors
 * say, in either family's way, and never to a descriptor that is not its own.
 */
#include <string.h>

#include "account.h"
#include "event.h"
#include "receive.h"
#include "test.h"

#define DESCRIPTORS	512u
#define PAGES		(DESCRIPTORS * NIC_BUFFER_SIZE / DMA_PAGE)
#define RECORDS		300000u

/* Pages of the buffers, as the device sees them: elsewhere, and not in order */
#define BUS_PAGE(i)	((uint64_t)(0x1000 + ((i) * 7 + 3) % PAGES) * DMA_PAGE)

struct device {
	struct receiver rx;
	struct rx_desc desc[DESCRIPTORS];
	uint8_t buffers[DESCRIPTORS * NIC_BUFFER_SIZE];
	uint32_t bar[NIC_BAR_MIN / 4];
	uint64_t next_sequence;
	uint64_t dropped;
	bool astray;		/* wrote where no buffer is */
	unsigned int random;
};

static struct device *dev;

static unsigned int draw(unsigned int below)
{
	dev->random = dev->random * 1103515245u + 12345u;
	return (dev->random >> 8) % below;
}

static uint32_t *reg(uint32_t ring_reg)
{
	return &dev->bar[(dev->rx.nic.ops->ring + ring_reg) / 4];
}

static void power_on(const struct nic_ops *ops)
{
	struct receiver *rx;

	if (dev)
		free(dev->rx.state.fixed);
	free(dev);
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		abort();
	rx = &dev->rx;
	rx->nic = (struct nic){ ops, dev->bar, sizeof(dev->bar) };
	rx->state.fixed = calloc(1, state_size(PAGES, RECORDS));
	if (!rx->state.fixed)
		abort();
	state_init(&rx->state, rx->state.fixed, PAGES, RECORDS);
	rx->state.fixed->clock_khz = 1000000;
	for (uint64_t i = 0; i < PAGES; i++)
		rx->state.pages[i] = BUS_PAGE(i);
	rx->ring = (struct ring){
		.desc = dev->desc,
		.buffers = dev->buffers,
		.pages = rx->state.pages,
		.count = DESCRIPTORS,
		.buffer_size = NIC_BUFFER_SIZE,
	};
	ring_arm_all(&rx->ring);
	*reg(RING_RDT) = DESCRIPTORS - 1;
}

/* DMA to a bus address, the slow way */
static uint8_t *at_bus_address(uint64_t address)
{
	for (uint64_t i = 0; i < PAGES; i++)
		if (address / DMA_PAGE == BUS_PAGE(i) / DMA_PAGE)
			return dev->buffers + i * DMA_PAGE +
			       address % DMA_PAGE;
	dev->astray = true;
	return NULL;
}

/* One frame from the wire */
static void arrive(void)
{
	uint64_t sequence = dev->next_sequence++;
	uint32_t head = *reg(RING_RDH);
	struct rx_desc *desc = &dev->desc[head];
	uint8_t *buffer;

	if (head == *reg(RING_RDT)) {
		dev->dropped++;
		return;
	}
	buffer = at_bus_address(desc->address);
	if (!buffer)
		return;
	frame_fill(buffer, sequence, sequence * 1000);
	if (dev->rx.nic.ops == &igb_ops) {
		desc->address = 0xdeadbeefdeadbeefull;
		desc->status = 3 | (uint64_t)FRAME_LEN << 32;
	} else {
		desc->status = FRAME_LEN | 3ull << 32;
	}
	*reg(RING_RDH) = (head + 1) % DESCRIPTORS;
}

static void arrive_many(unsigned int count)
{
	while (count--)
		arrive();
}

static void consume_all(void)
{
	while (receiver_poll(&dev->rx, 1 + draw(100)))
		;
}

static bool many_laps(const struct nic_ops *ops)
{
	struct summary sum;

	power_on(ops);
	while (dev->next_sequence < 250000) {
		arrive_many(draw(DESCRIPTORS / 2));
		receiver_poll(&dev->rx, 1 + draw(DESCRIPTORS));
		/* Never let it overflow in this test */
		if (ring_landed(&dev->rx.ring, dev->rx.state.live->position,
				*reg(RING_RDH)) > DESCRIPTORS / 2 - 1)
			consume_all();
	}
	consume_all();
	account_summary(&dev->rx.state, dev->next_sequence, &sum);
	EXPECT(!dev->dropped && !dev->astray);
	EXPECT(sum.received == dev->next_sequence && !sum.lost);
	EXPECT(!sum.duplicated && !dev->rx.state.live->corrupt);
	EXPECT(dev->rx.received == sum.received);
	return true;
}

static bool many_laps_igb(void)
{
	return many_laps(&igb_ops);
}

static bool many_laps_e1000e(void)
{
	return many_laps(&e1000e_ops);
}

/* What does not fit is lost in the device, and only that, and it is noticed */
static bool overflow(void)
{
	struct summary sum;

	power_on(&igb_ops);
	arrive_many(100);
	consume_all();
	arrive_many(DESCRIPTORS + 50);
	EXPECT(dev->dropped == 51);
	EXPECT(ring_landed(&dev->rx.ring, dev->rx.state.live->position,
			   *reg(RING_RDH)) == DESCRIPTORS - 1);
	consume_all();
	arrive_many(10);
	consume_all();
	account_summary(&dev->rx.state, dev->next_sequence, &sum);
	EXPECT(sum.lost == 51 && !sum.duplicated && !dev->astray);
	return true;
}

/* Nobody consumes for a while; what landed meanwhile has a phase of its own */
static bool gap(void)
{
	struct summary sum;
	unsigned int landed[5];

	power_on(&igb_ops);
	arrive_many(300);
	consume_all();
	for (int i = 0; i < 5; i++) {
		landed[i] = i == 2 ? 0 : 1 + draw(DESCRIPTORS - 2);
		arrive_many(landed[i]);
		receiver_take_up(&dev->rx, "resumed");
		arrive_many(draw(DESCRIPTORS - 1 - landed[i]));
		consume_all();
		/* As let_go() does */
		if (dev->rx.state.live->phase & 1)
			dev->rx.state.live->phase++;
	}
	account_summary(&dev->rx.state, dev->next_sequence, &sum);
	EXPECT(!sum.lost && !sum.duplicated && !dev->dropped);
	EXPECT(sum.phase[0].received == 300);
	for (int i = 0; i < 5; i++)
		EXPECT(sum.phase[2 * i + 1].received == landed[i]);
	return true;
}

/* Killed between consuming a frame and moving the tail, over and over */
static bool killed(void)
{
	struct receiver *rx;
	struct summary sum;

	power_on(&igb_ops);
	rx = &dev->rx;
	for (int i = 0; i < 2000; i++) {
		uint32_t tail = *reg(RING_RDT);
		uint64_t position;

		arrive_many(draw(DESCRIPTORS / 4));
		position = rx->state.live->position;
		receiver_poll(rx, 1 + draw(DESCRIPTORS / 4));
		/* The write of the tail never happened ... */
		*reg(RING_RDT) = tail;
		/* ... and of the last frame only half was done */
		if (rx->state.live->position > position && draw(2)) {
			uint32_t last;

			rx->state.live->position--;
			last = ring_index(&rx->ring, rx->state.live->position);
			dev->desc[last].status = 3 | (uint64_t)FRAME_LEN << 32;
		}
		arrive_many(draw(20));
		/* The next driver */
		ring_arm_consumed(&rx->ring, nic_tail(&rx->nic),
				  rx->state.live->position);
		nic_set_tail(&rx->nic, ring_tail(&rx->ring,
						 rx->state.live->position));
		if (!draw(4))
			consume_all();
	}
	consume_all();
	account_summary(&rx->state, dev->next_sequence, &sum);
	EXPECT(!dev->astray);
	EXPECT(sum.lost == dev->dropped && !sum.duplicated);
	EXPECT(!rx->state.live->corrupt);
	return true;
}

/* Without a device the ring is looked at and left as it is */
static bool memory_only(void)
{
	struct rx_desc before[DESCRIPTORS];

	power_on(&igb_ops);
	arrive_many(200);
	dev->rx.memory_only = true;
	memcpy(before, dev->desc, sizeof(before));
	memset(dev->bar, 0xee, sizeof(dev->bar));
	EXPECT(receiver_poll(&dev->rx, 1000) == 200);
	EXPECT(dev->rx.received == 200);
	EXPECT(!memcmp(before, dev->desc, sizeof(before)));
	EXPECT(dev->bar[(igb_ops.ring + RING_RDT) / 4] == 0xeeeeeeee);
	return true;
}

static bool descriptor_status(void)
{
	struct rx_desc desc = { 0, 0 };
	struct rx_done done;

	EXPECT(!igb_ops.done(&desc, &done) && !e1000e_ops.done(&desc, &done));
	desc.status = 1 | 2 | 64ull << 32;
	EXPECT(igb_ops.done(&desc, &done) && done.good && done.length == 64);
	desc.status = 1 | 64ull << 32;		/* not the end of the packet */
	EXPECT(igb_ops.done(&desc, &done) && !done.good);
	desc.status = 1 | 2 | 1u << 31 | 64ull << 32;
	EXPECT(igb_ops.done(&desc, &done) && !done.good);
	desc.status = 64 | 3ull << 32;
	EXPECT(e1000e_ops.done(&desc, &done) && done.good &&
	       done.length == 64);
	desc.status = 64 | 3ull << 32 | 1ull << 40;
	EXPECT(e1000e_ops.done(&desc, &done) && !done.good);
	return true;
}

static const struct test tests[] = {
	{ "ring: 250000 frames on igb, 488 laps", many_laps_igb },
	{ "ring: 250000 frames on e1000e, 488 laps", many_laps_e1000e },
	{ "ring: overflow loses what does not fit, and only that", overflow },
	{ "ring: frames that landed in a gap are told apart", gap },
	{ "ring: a driver killed anywhere loses nothing", killed },
	{ "ring: memory only, nothing is written", memory_only },
	{ "ring: what descriptors say", descriptor_status },
};

int main(void)
{
	/* What the driver would report is not of interest here */
	if (event_open("/dev/null"))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
