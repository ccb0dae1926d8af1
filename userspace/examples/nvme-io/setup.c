// SPDX-License-Identifier: GPL-2.0-only
/* How the driver comes into being, see setup.h */
#include <string.h>

#include "account.h"
#include "clock.h"
#include "dma.h"
#include "event.h"
#include "handover.h"
#include "queue.h"
#include "report.h"
#include "setup.h"

/* Where the three memfds are in the device's address space */
#define QUEUES_IOVA	0x10000000ull
#define BUFFERS_IOVA	0x20000000ull
#define STATE_IOVA	0x40000000ull

/* The memfds, in the order of their names */
enum { MEM_QUEUES, MEM_BUFFERS, MEM_STATE };
static const char *const memfds[] = { "queues", "buffers", "state", NULL };

struct memory {
	struct dma_memory queues, buffers, state;
};

static int create_memory(const struct vfio_device *vdev, struct memory *mem,
			 const struct state_fixed *shape)
{
	uint64_t pages = (uint64_t)shape->queues * state_queue_slots(shape);

	/*
	 * Only queues have to be contiguous. The buffers are left to ordinary
	 * pages on purpose: that is what the table of addresses is for.
	 */
	if (dma_create_contiguous(vdev, &mem->queues, DMA_MEMFD, memfds[MEM_QUEUES],
				  queue_memory_size(shape->queues,
						    shape->depth),
				  QUEUES_IOVA) ||
	    dma_create(vdev, &mem->buffers, DMA_MEMFD, memfds[MEM_BUFFERS],
		       pages * DMA_PAGE, BUFFERS_IOVA) ||
	    dma_create(vdev, &mem->state, DMA_MEMFD, memfds[MEM_STATE],
		       state_size(pages, shape->records_count), STATE_IOVA))
		return -1;
	return 0;
}

static int fill_state(struct io *io, const struct memory *mem,
		      const struct state_fixed *shape)
{
	struct state_fixed *fixed;

	state_init(&io->state, mem->state.bytes, shape);
	fixed = io->state.fixed;
	if (dma_contiguous(&io->vdev, memfds[MEM_QUEUES], QUEUES_IOVA,
			   queue_memory_size(fixed->queues, fixed->depth),
			   &fixed->queues_pa) ||
	    dma_table(&io->vdev, BUFFERS_IOVA, fixed->pages_count,
		      io->state.pages))
		return -1;
	fixed->queues_iova = QUEUES_IOVA;
	fixed->queues_size = mem->queues.size;
	fixed->buffers_iova = BUFFERS_IOVA;
	fixed->buffers_size = mem->buffers.size;
	fixed->ioas_id = io->vdev.ioas_id;
	fixed->vendor = io->vdev.vendor;
	fixed->device = io->vdev.device;
	memcpy(fixed->bdf, io->vdev.bdf, sizeof(fixed->bdf));
	fixed->clock_khz = clock_measure_khz();
	if (!fixed->clock_khz)
		return fail("the processor's counter does not count");
	return 0;
}

static int check_room(const struct io *io,
		      const struct controller_identity *identity)
{
	uint64_t wanted = workload_blocks(&io->state.work) * BLOCK_SIZE;

	if (identity->bytes < wanted)
		return fail("%s: namespace 1 has %llu bytes, the run needs %llu",
			    io->vdev.bdf, (unsigned long long)identity->bytes,
			    (unsigned long long)wanted);
	return 0;
}

/* Interrupts are armed before a queue exists that could raise one */
static int start_controller(struct io *io, const struct memory *mem,
			    struct controller_identity *identity)
{
	struct state_fixed *fixed = io->state.fixed;

	if (fixed->interrupts && irqs_arm(&io->irqs, &io->vdev, fixed->queues))
		return -1;
	if (vfio_set_bus_master(&io->vdev, true) ||
	    controller_start(&io->ctrl, fixed, mem->queues.bytes, identity))
		return -1;
	io->state.live->enables++;
	io->state.live->running = RUNNING_YES;
	return check_room(io, identity);
}

static void set_bar(struct io *io)
{
	io->ctrl.bar = io->vdev.bar0;
	io->ctrl.bar_len = io->vdev.bar0_len;
}

/* Everything that the next driver needs, under its name */
static int give(struct io *io, const struct memory *mem)
{
	struct descriptors all = {
		.memfd = {
			[MEM_QUEUES] = mem->queues.fd,
			[MEM_BUFFERS] = mem->buffers.fd,
			[MEM_STATE] = mem->state.fd,
		},
		.iommufd = io->vdev.iommufd,
		.device = io->vdev.fd,
	};

	memcpy(all.bdf, io->vdev.bdf, sizeof(all.bdf));
	io->handover.khz = io->state.fixed->clock_khz;
	return handover_give(&io->handover, &all, memfds);
}

int setup_start(struct io *io, const char *bdf, const struct state_fixed *shape)
{
	struct controller_identity identity;
	uint16_t vendor, device;
	struct memory mem;

	/* Say what is wrong with the device before anything is opened */
	if (vfio_identify(bdf, &vendor, &device) ||
	    vfio_check_class(bdf, NVME_CLASS, "an NVMe controller") ||
	    vfio_open(&io->vdev, bdf, NVME_BAR_MIN))
		return -1;
	set_bar(io);
	if (controller_prepare(&io->ctrl, shape->queues, shape->depth) ||
	    create_memory(&io->vdev, &mem, shape) ||
	    fill_state(io, &mem, shape) ||
	    start_controller(io, &mem, &identity))
		return -1;
	state_seal(&io->state);
	io_attach(io, mem.queues.bytes, mem.buffers.bytes);
	if (give(io, &mem))
		return -1;
	report_ready(io, &identity);
	return 0;
}

static int check_size(const char *name, uint64_t size, uint64_t wanted)
{
	if (size != wanted)
		return fail("memfd %s has %llu bytes, the state says %llu",
			    name, (unsigned long long)size,
			    (unsigned long long)wanted);
	return 0;
}

static int adopt_memory(struct io *io, const struct descriptors *given,
			struct memory *mem)
{
	const char *wrong;

	for (int i = 0; memfds[i]; i++)
		if (given->memfd[i] < 0)
			return fail("memfd '%s' was not handed over",
				    memfds[i]);
	if (dma_adopt(&mem->state, given->memfd[MEM_STATE], "state") ||
	    dma_adopt(&mem->queues, given->memfd[MEM_QUEUES], "queues") ||
	    dma_adopt(&mem->buffers, given->memfd[MEM_BUFFERS], "buffers"))
		return -1;
	wrong = state_check(&io->state, mem->state.bytes, mem->state.size);
	if (wrong)
		return fail("the state that was handed over is damaged: %s",
			    wrong);
	if (check_size("queues", mem->queues.size,
		       io->state.fixed->queues_size) ||
	    check_size("buffers", mem->buffers.size,
		       io->state.fixed->buffers_size))
		return -1;
	return 0;
}

static int adopt_device(struct io *io, const struct descriptors *given)
{
	const struct state_fixed *fixed = io->state.fixed;

	if (given->device < 0)
		return fail("no device was handed over");
	if (given->iommufd < 0)
		return fail("no iommufd was handed over");
	if (strcmp(given->bdf, fixed->bdf))
		return fail("device %s was handed over, the state belongs to %s",
			    given->bdf, fixed->bdf);
	io->vdev = (struct vfio_device){
		.fd = given->device,
		.iommufd = given->iommufd,
		.ioas_id = fixed->ioas_id,
	};
	memcpy(io->vdev.bdf, given->bdf, sizeof(io->vdev.bdf));
	if (vfio_adopt(&io->vdev, NVME_BAR_MIN))
		return -1;
	if (io->vdev.vendor != fixed->vendor ||
	    io->vdev.device != fixed->device)
		return fail("%s: is %04x:%04x, the state belongs to %04x:%04x",
			    io->vdev.bdf, io->vdev.vendor, io->vdev.device,
			    fixed->vendor, fixed->device);
	set_bar(io);
	/* Nothing but the result is left to do when it was being shut down */
	if (io->state.live->running == RUNNING_YES &&
	    controller_check(&io->ctrl, fixed))
		return -1;
	return controller_prepare(&io->ctrl, fixed->queues, fixed->depth);
}

/* The addresses the device was given are still those of the memory (I3) */
static int check_addresses(const struct io *io)
{
	const struct state_fixed *fixed = io->state.fixed;
	uint64_t wrong = 0, pa;

	if (dma_contiguous(&io->vdev, memfds[MEM_QUEUES], fixed->queues_iova,
			   queue_memory_size(fixed->queues, fixed->depth), &pa))
		return -1;
	if (pa != fixed->queues_pa)
		wrong++;
	if (dma_compare(&io->vdev, fixed->buffers_iova, fixed->pages_count,
			io->state.pages, &wrong))
		return -1;
	report_addresses(io, wrong);
	if (wrong)
		return fail("%llu pages are not where the device reads and writes",
			    (unsigned long long)wrong);
	return 0;
}

/* Armed first and looked at then: what comes in between is seen either way */
static int arm_again(struct io *io)
{
	if (!io->state.fixed->interrupts || io->memory_only ||
	    io->state.live->running != RUNNING_YES)
		return 0;
	return (io->kick ? irqs_resume : irqs_arm)(&io->irqs, &io->vdev,
						   io->state.fixed->queues);
}

/* When the driver before this one found a completion last */
static int note_last(struct io *io)
{
	struct summary sum;

	if (account_summary(&io->state, &sum))
		return -1;
	io->handover.khz = io->state.fixed->clock_khz;
	io->handover.last_ns = sum.last_ns;
	return 0;
}

int setup_resume(struct io *io, const char *bdf)
{
	struct descriptors given;
	struct memory mem;
	int ret;

	ret = handover_claim(&io->handover, &given, memfds);
	if (ret)
		return ret;
	if (adopt_memory(io, &given, &mem) || note_last(io))
		return -1;
	if (bdf && strcmp(bdf, io->state.fixed->bdf))
		return fail("%s: what waits for this driver is of %s", bdf,
			    io->state.fixed->bdf);
	if (!io->memory_only && (adopt_device(io, &given) ||
				 check_addresses(io) || arm_again(io)))
		return -1;
	io_attach(io, mem.queues.bytes, mem.buffers.bytes);
	if (io->state.live->running != RUNNING_YES)
		return 0;
	io_take_up(io, "resumed");
	return 0;
}
