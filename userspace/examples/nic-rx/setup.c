// SPDX-License-Identifier: GPL-2.0-only
/* How a receiver comes into being: on a fresh device, or by hand-over */
#include <string.h>

#include "account.h"
#include "clock.h"
#include "event.h"
#include "handover.h"
#include "receive.h"
#include "report.h"

/* Where the three memfds are in the device's address space */
#define RING_IOVA	0x10000000ull
#define BUFFERS_IOVA	0x20000000ull
#define STATE_IOVA	0x40000000ull

/* In the order of their names. The state is always a memfd, the others may be */
enum { MEM_RING, MEM_BUFFERS, MEM_STATE };
static const char *const memfds[] = { "ring", "buffers", "state", NULL };

struct memory {
	struct dma_memory ring, buffers, state;
};

static void set_views(struct receiver *rx, const struct memory *mem)
{
	rx->ring = (struct ring){
		.desc = (volatile struct rx_desc *)mem->ring.bytes,
		.buffers = mem->buffers.bytes,
		.pages = rx->state.pages,
		.count = rx->state.fixed->descriptors,
		.buffer_size = rx->state.fixed->buffer_size,
	};
	rx->nic.bar = rx->vdev.bar0;
	rx->nic.bar_len = rx->vdev.bar0_len;
}

static int create_memory(const struct vfio_device *vdev, struct memory *mem,
			 enum dma_kind kind, uint32_t descriptors,
			 uint64_t records)
{
	uint64_t buffers = (uint64_t)descriptors * NIC_BUFFER_SIZE;
	uint64_t pages = (buffers + DMA_PAGE - 1) / DMA_PAGE;

	/*
	 * Only the ring has to be contiguous: the device takes one address for
	 * all of it. The buffers are left to ordinary pages on purpose: that is
	 * what the table of addresses is for.
	 */
	if (dma_create_contiguous(vdev, &mem->ring, kind, memfds[MEM_RING],
				  descriptors * sizeof(struct rx_desc),
				  RING_IOVA) ||
	    dma_create(vdev, &mem->buffers, kind, memfds[MEM_BUFFERS],
		       pages * DMA_PAGE, BUFFERS_IOVA) ||
	    dma_create(vdev, &mem->state, DMA_MEMFD, memfds[MEM_STATE],
		       state_size(pages, records), STATE_IOVA))
		return -1;
	return 0;
}

static int fill_state(struct receiver *rx, const struct memory *mem,
		      uint32_t descriptors, uint64_t records)
{
	struct state_fixed *fixed;

	state_init(&rx->state, mem->state.bytes, mem->buffers.size / DMA_PAGE,
		   records);
	fixed = rx->state.fixed;
	if (dma_contiguous(&rx->vdev, memfds[MEM_RING], RING_IOVA,
			   descriptors * sizeof(struct rx_desc),
			   &fixed->ring_pa) ||
	    dma_table(&rx->vdev, BUFFERS_IOVA, fixed->pages_count,
		      rx->state.pages))
		return -1;
	fixed->ring_iova = RING_IOVA;
	fixed->ring_size = mem->ring.size;
	fixed->buffers_iova = BUFFERS_IOVA;
	fixed->buffers_size = mem->buffers.size;
	fixed->descriptors = descriptors;
	fixed->buffer_size = NIC_BUFFER_SIZE;
	fixed->ioas_id = rx->vdev.ioas_id;
	fixed->vendor = rx->vdev.vendor;
	fixed->device = rx->vdev.device;
	memcpy(fixed->bdf, rx->vdev.bdf, sizeof(fixed->bdf));
	fixed->irq = rx->wake.mode;
	fixed->clock_khz = clock_measure_khz();
	if (!fixed->clock_khz)
		return fail("the processor's counter does not count");
	state_seal(&rx->state);
	return 0;
}

static int arm_vector(struct receiver *rx, bool kick)
{
	rx->wake.counts = &rx->state.live->wake;
	return kick ? wake_resume(&rx->wake, &rx->vdev) :
		      wake_arm(&rx->wake, &rx->vdev);
}

/* Everything that the next driver needs, under its name */
static int give(struct receiver *rx, const struct memory *mem)
{
	struct descriptors all = {
		.memfd = {
			[MEM_RING] = mem->ring.fd,
			[MEM_BUFFERS] = mem->buffers.fd,
			[MEM_STATE] = mem->state.fd,
		},
		.iommufd = rx->vdev.iommufd,
		.device = rx->vdev.fd,
	};

	memcpy(all.bdf, rx->vdev.bdf, sizeof(all.bdf));
	rx->handover.khz = rx->state.fixed->clock_khz;
	return handover_give(&rx->handover, &all, memfds);
}

/* Frames may have come before the device raises anything: look once */
static int start_interrupts(struct receiver *rx)
{
	rx->nic.ops->irq_setup(&rx->nic, rx->wake.mode);
	return wake_kick(&rx->wake, &rx->vdev);
}

int receiver_start(struct receiver *rx, const char *bdf, uint32_t descriptors,
		   uint64_t records)
{
	struct memory mem;
	uint16_t vendor, device;

	/* Say what is wrong with the device before anything is opened */
	if (vfio_identify(bdf, &vendor, &device))
		return -1;
	rx->nic.ops = nic_lookup(vendor, device);
	if (!rx->nic.ops)
		return fail("%s: device %04x:%04x is neither igb (8086:10c9) nor e1000e (8086:10d3)",
			    bdf, vendor, device);
	if (rx->irq && !(rx->nic.ops->irq_modes & 1u << rx->wake.mode))
		return fail("%s: %s is not driven with --irq=%s here", bdf,
			    rx->nic.ops->name, wake_word(rx->wake.mode));

	if (vfio_open(&rx->vdev, bdf, NIC_BAR_MIN) ||
	    create_memory(&rx->vdev, &mem, rx->kind, descriptors, records) ||
	    fill_state(rx, &mem, descriptors, records))
		return -1;
	set_views(rx, &mem);
	ring_arm_all(&rx->ring);
	if ((rx->irq && arm_vector(rx, false)) ||
	    vfio_set_bus_master(&rx->vdev, true) ||
	    rx->nic.ops->start(&rx->nic, rx->state.fixed->ring_pa, descriptors))
		return -1;
	if (rx->irq && start_interrupts(rx))
		return -1;
	rx->state.live->running = 1;
	if (give(rx, &mem))
		return -1;
	report_ready(rx);
	return 0;
}

/* What is not a memfd of its own came with the iommufd */
static int adopt_one(struct receiver *rx, const struct descriptors *given,
		     struct dma_memory *mem, int which, uint64_t iova,
		     uint64_t size)
{
	if (given->memfd[which] >= 0)
		return dma_adopt(mem, given->memfd[which], memfds[which]);
	if (given->iommufd < 0)
		return fail("memfd '%s' was not handed over", memfds[which]);
	return dma_get(given->iommufd, rx->state.fixed->ioas_id, iova, size,
		       mem, memfds[which]);
}

static int adopt_memory(struct receiver *rx, const struct descriptors *given,
			struct memory *mem)
{
	const struct state_fixed *fixed;
	const char *wrong;

	if (given->memfd[MEM_STATE] < 0)
		return fail("memfd 'state' was not handed over");
	if (dma_adopt(&mem->state, given->memfd[MEM_STATE], "state"))
		return -1;
	wrong = state_check(&rx->state, mem->state.bytes, mem->state.size);
	if (wrong)
		return fail("the state that was handed over is damaged: %s",
			    wrong);
	fixed = rx->state.fixed;
	if (adopt_one(rx, given, &mem->ring, MEM_RING, fixed->ring_iova,
		      fixed->ring_size) ||
	    adopt_one(rx, given, &mem->buffers, MEM_BUFFERS,
		      fixed->buffers_iova, fixed->buffers_size))
		return -1;
	if (mem->ring.size != rx->state.fixed->ring_size)
		return fail("memfd ring has %llu bytes, the state says %llu",
			    (unsigned long long)mem->ring.size,
			    (unsigned long long)rx->state.fixed->ring_size);
	if (mem->buffers.size != rx->state.fixed->buffers_size)
		return fail("memfd buffers has %llu bytes, the state says %llu",
			    (unsigned long long)mem->buffers.size,
			    (unsigned long long)rx->state.fixed->buffers_size);
	rx->nic.ops = nic_lookup(rx->state.fixed->vendor,
				 rx->state.fixed->device);
	if (!rx->nic.ops)
		return fail("the state is of an unknown device %04x:%04x",
			    rx->state.fixed->vendor, rx->state.fixed->device);
	return 0;
}

/* Is it the device the ring belongs to, and does it run on this ring? */
static int check_device(const struct receiver *rx)
{
	const struct state_fixed *fixed = rx->state.fixed;
	struct nic_registers regs;
	uint64_t base;

	if (strcmp(rx->vdev.bdf, fixed->bdf))
		return fail("device %s was handed over, the state belongs to %s",
			    rx->vdev.bdf, fixed->bdf);
	if (rx->vdev.vendor != fixed->vendor ||
	    rx->vdev.device != fixed->device)
		return fail("%s: is %04x:%04x, the state belongs to %04x:%04x",
			    rx->vdev.bdf, rx->vdev.vendor, rx->vdev.device,
			    fixed->vendor, fixed->device);

	nic_read_registers(&rx->nic, &regs);
	base = (uint64_t)regs.rdbah << 32 | regs.rdbal;
	if (!(regs.rctl & RCTL_EN))
		return fail("%s: the device does not receive any more: it was reset or stopped (RCTL 0x%x)",
			    fixed->bdf, regs.rctl);
	if (base != fixed->ring_pa ||
	    regs.rdlen != fixed->descriptors * sizeof(struct rx_desc))
		return fail("%s: the device's ring is at 0x%llx with %u bytes, but this one is at 0x%llx",
			    fixed->bdf, (unsigned long long)base, regs.rdlen,
			    (unsigned long long)fixed->ring_pa);
	if (regs.rdh >= fixed->descriptors || regs.rdt >= fixed->descriptors)
		return fail("%s: head %u or tail %u is outside of the ring",
			    fixed->bdf, regs.rdh, regs.rdt);
	return 0;
}

/* The addresses the device was given are still those of the memory (I3) */
static int check_addresses(const struct receiver *rx)
{
	const struct state_fixed *fixed = rx->state.fixed;
	uint64_t wrong = 0, pa;

	if (dma_contiguous(&rx->vdev, memfds[MEM_RING], RING_IOVA,
			   fixed->descriptors * sizeof(struct rx_desc), &pa))
		return -1;
	if (pa != fixed->ring_pa)
		wrong++;
	if (dma_compare(&rx->vdev, fixed->buffers_iova, fixed->pages_count,
			rx->state.pages, &wrong))
		return -1;
	report_addresses(rx, wrong);
	if (wrong)
		return fail("%llu pages are not where the device writes to",
			    (unsigned long long)wrong);
	return 0;
}

static int adopt_device(struct receiver *rx, const struct descriptors *given)
{
	if (given->device < 0)
		return fail("no device was handed over");
	if (given->iommufd < 0)
		return fail("no iommufd was handed over");
	rx->vdev = (struct vfio_device){
		.fd = given->device,
		.iommufd = given->iommufd,
		.ioas_id = rx->state.fixed->ioas_id,
	};
	memcpy(rx->vdev.bdf, given->bdf, sizeof(rx->vdev.bdf));
	return vfio_adopt(&rx->vdev, NIC_BAR_MIN);
}

/* Finishes what a driver that was killed in the middle of it left undone */
static void give_back_consumed(struct receiver *rx)
{
	uint64_t position = rx->state.live->position;
	uint32_t tail = nic_tail(&rx->nic);

	if (tail == ring_tail(&rx->ring, position))
		return;
	ring_arm_consumed(&rx->ring, tail, position);
	nic_set_tail(&rx->nic, ring_tail(&rx->ring, position));
}

/* Which kind it is, the device was told when it was started */
static int choose_interrupt(struct receiver *rx)
{
	enum nic_irq have = (enum nic_irq)rx->state.fixed->irq;

	if (!rx->irq) {
		rx->wake.mode = IRQ_NONE;
		return 0;
	}
	if (have == IRQ_NONE)
		return fail("%s: was started without --irq and raises no interrupt",
			    rx->state.fixed->bdf);
	if (rx->wake.mode != IRQ_NONE && rx->wake.mode != have)
		return fail("%s: was started with --irq=%s", rx->state.fixed->bdf,
			    wake_word(have));
	rx->wake.mode = have;
	return 0;
}

int receiver_resume(struct receiver *rx, const char *bdf)
{
	struct descriptors given;
	struct memory mem;
	struct summary sum;
	int ret;

	ret = handover_claim(&rx->handover, &given, memfds);
	if (ret)
		return ret;
	if (adopt_memory(rx, &given, &mem))
		return -1;
	if (bdf && strcmp(bdf, rx->state.fixed->bdf))
		return fail("%s: what waits for this driver is of %s", bdf,
			    rx->state.fixed->bdf);
	if (!rx->memory_only && adopt_device(rx, &given))
		return -1;
	set_views(rx, &mem);
	if (!rx->memory_only && (check_device(rx) || check_addresses(rx)))
		return -1;
	if (choose_interrupt(rx) ||
	    (rx->irq && arm_vector(rx, !rx->no_kick)))
		return -1;

	account_summary(&rx->state, 0, &sum);
	rx->received = sum.received;
	rx->handover.khz = rx->state.fixed->clock_khz;
	rx->handover.last_ns = sum.last_ns;
	receiver_take_up(rx, "resumed");
	if (!rx->memory_only)
		give_back_consumed(rx);
	return 0;
}
