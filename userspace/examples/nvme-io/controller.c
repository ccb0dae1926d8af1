// SPDX-License-Identifier: GPL-2.0-only
/* The controller, see controller.h */
#include <string.h>
#include <unistd.h>

#include "barrier.h"
#include "clock.h"
#include "controller.h"
#include "event.h"
#include "queue.h"

#define ADMIN_TIMEOUT_MS	5000
#define SHUTDOWN_TIMEOUT_MS	20000
#define NAMESPACE		1

/* Offsets in what IDENTIFY answers */
#define CONTROLLER_SERIAL	4
#define CONTROLLER_MODEL	24
#define CONTROLLER_FIRMWARE	64
#define CONTROLLER_NAMESPACES	516
#define NAMESPACE_SIZE		0
#define NAMESPACE_FORMAT	26
#define NAMESPACE_FORMATS	128
#define FORMAT_METADATA(format)	((format) & 0xffff)
#define FORMAT_SHIFT(format)	((format) >> 16 & 0xff)

/* The admin queues while the controller is set up */
struct admin {
	struct controller *ctrl;
	volatile struct nvme_command *sq;
	volatile struct nvme_completion *cq;
	uint8_t *data;
	uint64_t data_pa;
	uint64_t position;	/* of both: one command at a time */
};

static uint32_t reg_read(const struct controller *ctrl, uint32_t reg)
{
	return ctrl->bar[reg / 4];
}

static void reg_write(struct controller *ctrl, uint32_t reg, uint32_t value)
{
	ctrl->bar[reg / 4] = value;
}

static uint64_t reg_read64(const struct controller *ctrl, uint32_t reg)
{
	uint64_t low = reg_read(ctrl, reg);

	return low | (uint64_t)reg_read(ctrl, reg + 4) << 32;
}

static void reg_write64(struct controller *ctrl, uint32_t reg, uint64_t value)
{
	reg_write(ctrl, reg, (uint32_t)value);
	reg_write(ctrl, reg + 4, (uint32_t)(value >> 32));
}

void controller_read_registers(const struct controller *ctrl,
			       struct controller_registers *out)
{
	out->cap = reg_read64(ctrl, REG_CAP);
	out->vs = reg_read(ctrl, REG_VS);
	out->cc = reg_read(ctrl, REG_CC);
	out->csts = reg_read(ctrl, REG_CSTS);
	out->aqa = reg_read(ctrl, REG_AQA);
	out->asq = reg_read64(ctrl, REG_ASQ);
	out->acq = reg_read64(ctrl, REG_ACQ);
}

/* Doorbells alternate: of each pair, tail of submissions, head of completions */
static uint32_t doorbell(const struct controller *ctrl, uint32_t number)
{
	return REG_DOORBELLS + number * CAP_STRIDE(ctrl->cap);
}

int controller_prepare(struct controller *ctrl, uint32_t queues, uint32_t depth)
{
	ctrl->cap = reg_read64(ctrl, REG_CAP);
	if (!(ctrl->cap & CAP_CSS_NVM) || CAP_MPSMIN(ctrl->cap))
		return fail("the controller has no NVM commands or no pages of 4 KiB (CAP 0x%llx)",
			    (unsigned long long)ctrl->cap);
	if (CAP_MQES(ctrl->cap) + 1 < depth)
		return fail("the controller has queues of %u entries, not of %u",
			    CAP_MQES(ctrl->cap) + 1, depth);
	if (doorbell(ctrl, 2 * (queues + 1)) > ctrl->bar_len)
		return fail("doorbells of %u queue pairs do not fit BAR 0 of %zu bytes",
			    queues, ctrl->bar_len);
	return 0;
}

/* Waits until some bits of CSTS have a value */
static int wait_status(struct controller *ctrl, uint32_t mask, uint32_t value,
		       uint32_t timeout_ms, const char *what)
{
	uint64_t start = clock_local_ns();
	uint32_t csts;

	for (;;) {
		csts = reg_read(ctrl, REG_CSTS);
		if (csts == ~0u || csts & CSTS_CFS)
			return fail("the controller failed while it was to %s (CSTS 0x%x)",
				    what, csts);
		if ((csts & mask) == value)
			return 0;
		if (clock_local_ns() - start > timeout_ms * 1000000ull)
			return fail("the controller does not %s within %u ms (CSTS 0x%x)",
				    what, timeout_ms, csts);
		usleep(1000);
	}
}

/* One of failed state comes out of it by this, so that is no reason to give up */
static int reset(struct controller *ctrl)
{
	uint32_t timeout_ms = CAP_TIMEOUT_MS(ctrl->cap);

	reg_write(ctrl, REG_CC, reg_read(ctrl, REG_CC) & ~CC_EN);
	for (uint32_t ms = 0; reg_read(ctrl, REG_CSTS) & CSTS_RDY; ms++) {
		if (ms > timeout_ms)
			return fail("the controller does not come out of reset");
		usleep(1000);
	}
	return 0;
}

static int enable(struct controller *ctrl, struct state_fixed *fixed)
{
	fixed->aqa = (QUEUE_ADMIN_DEPTH - 1) << 16 | (QUEUE_ADMIN_DEPTH - 1);
	fixed->cc = CC_EN | CC_ENTRY_SIZES;
	reg_write(ctrl, REG_AQA, fixed->aqa);
	reg_write64(ctrl, REG_ASQ, fixed->queues_pa + QUEUE_ADMIN_SQ);
	reg_write64(ctrl, REG_ACQ, fixed->queues_pa + QUEUE_ADMIN_CQ);
	reg_write(ctrl, REG_CC, fixed->cc);
	return wait_status(ctrl, CSTS_RDY, CSTS_RDY, CAP_TIMEOUT_MS(ctrl->cap),
			   "get ready");
}

/* Runs one admin command; its result goes to @result if that is wanted */
static int admin_run(struct admin *admin, struct nvme_command *command,
		     const char *what, uint32_t *result)
{
	uint64_t start = clock_local_ns();
	struct nvme_completion done;
	uint32_t index = admin->position % QUEUE_ADMIN_DEPTH;
	uint32_t next = (uint32_t)((admin->position + 1) % QUEUE_ADMIN_DEPTH);

	command->cid = (uint16_t)admin->position;
	admin->sq[index] = *command;
	barrier_before_doorbell();
	reg_write(admin->ctrl, doorbell(admin->ctrl, 0), next);
	while (!queue_completion(admin->cq, QUEUE_ADMIN_DEPTH, admin->position,
				 &done)) {
		if (clock_local_ns() - start > ADMIN_TIMEOUT_MS * 1000000ull)
			return fail("%s: no answer within %u ms (CSTS 0x%x)",
				    what, ADMIN_TIMEOUT_MS,
				    reg_read(admin->ctrl, REG_CSTS));
		usleep(100);
	}
	admin->position++;
	reg_write(admin->ctrl, doorbell(admin->ctrl, 1), next);
	if (done.cid != command->cid || STATUS_CODE(done.status))
		return fail("%s: refused with status 0x%x", what,
			    STATUS_CODE(done.status));
	if (result)
		*result = done.result;
	return 0;
}

/* Texts are padded with blanks */
static void copy_text(char *to, const uint8_t *from, size_t len)
{
	while (len && (from[len - 1] == ' ' || !from[len - 1]))
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
}

static int identify(struct admin *admin, uint32_t what, uint32_t nsid,
		    const char *name)
{
	struct nvme_command command = {
		.opcode = ADMIN_IDENTIFY,
		.nsid = nsid,
		.prp1 = admin->data_pa,
		.cdw10 = what,
	};

	return admin_run(admin, &command, name, NULL);
}

static int identify_all(struct admin *admin, struct controller_identity *out)
{
	const uint8_t *data = admin->data;
	uint64_t blocks;
	uint32_t format;

	if (identify(admin, IDENTIFY_CONTROLLER, 0, "IDENTIFY controller"))
		return -1;
	copy_text(out->serial, data + CONTROLLER_SERIAL, 20);
	copy_text(out->model, data + CONTROLLER_MODEL, 40);
	copy_text(out->firmware, data + CONTROLLER_FIRMWARE, 8);
	memcpy(&out->namespaces, data + CONTROLLER_NAMESPACES, 4);

	if (identify(admin, IDENTIFY_NAMESPACE, NAMESPACE,
		     "IDENTIFY namespace 1"))
		return -1;
	memcpy(&blocks, data + NAMESPACE_SIZE, 8);
	memcpy(&format, data + NAMESPACE_FORMATS +
	       4 * (data[NAMESPACE_FORMAT] & 15), 4);
	if (!blocks)
		return fail("there is no namespace 1");
	out->lba_shift = FORMAT_SHIFT(format);
	if (out->lba_shift < 9 || out->lba_shift > 12 ||
	    FORMAT_METADATA(format))
		return fail("namespace 1 has blocks of 2^%u bytes and %u bytes of metadata, which is not supported",
			    out->lba_shift, FORMAT_METADATA(format));
	out->bytes = blocks << out->lba_shift;
	return 0;
}

static int get_queues(struct admin *admin, uint32_t queues)
{
	struct nvme_command command = {
		.opcode = ADMIN_SET_FEATURES,
		.cdw10 = FEATURE_QUEUES,
		.cdw11 = (queues - 1) << 16 | (queues - 1),
	};
	uint32_t given;

	if (admin_run(admin, &command, "SET FEATURES number of queues",
		      &given))
		return -1;
	if ((given & 0xffff) + 1 < queues || (given >> 16) + 1 < queues)
		return fail("the controller has only %u submission and %u completion queues, not %u",
			    (given & 0xffff) + 1, (given >> 16) + 1, queues);
	return 0;
}

/* Vector 0 is that of the admin queue; pair @index gets vector @index + 1 */
static int create_pair(struct admin *admin, const struct state_fixed *fixed,
		       uint32_t index)
{
	uint32_t id = index + 1, depth = fixed->depth;
	struct nvme_command cq = {
		.opcode = ADMIN_CREATE_CQ,
		.prp1 = fixed->queues_pa + queue_cq_offset(index, depth),
		.cdw10 = (depth - 1) << 16 | id,
		.cdw11 = QUEUE_CONTIGUOUS,
	};
	struct nvme_command sq = {
		.opcode = ADMIN_CREATE_SQ,
		.prp1 = fixed->queues_pa + queue_sq_offset(index, depth),
		.cdw10 = (depth - 1) << 16 | id,
		.cdw11 = id << 16 | QUEUE_CONTIGUOUS,
	};

	if (fixed->interrupts)
		cq.cdw11 |= id << 16 | QUEUE_INTERRUPTS;
	if (admin_run(admin, &cq, "CREATE I/O COMPLETION QUEUE", NULL))
		return -1;
	return admin_run(admin, &sq, "CREATE I/O SUBMISSION QUEUE", NULL);
}

int controller_start(struct controller *ctrl, struct state_fixed *fixed,
		     uint8_t *memory, struct controller_identity *identity)
{
	struct admin admin = {
		.ctrl = ctrl,
		.sq = (volatile struct nvme_command *)
			(memory + QUEUE_ADMIN_SQ),
		.cq = (volatile struct nvme_completion *)
			(memory + QUEUE_ADMIN_CQ),
		.data = memory + QUEUE_ADMIN_DATA,
		.data_pa = fixed->queues_pa + QUEUE_ADMIN_DATA,
	};

	fixed->cap = ctrl->cap;
	if (reset(ctrl) || enable(ctrl, fixed) ||
	    identify_all(&admin, identity) || get_queues(&admin, fixed->queues))
		return -1;
	fixed->lba_shift = identity->lba_shift;
	for (uint32_t i = 0; i < fixed->queues; i++)
		if (create_pair(&admin, fixed, i))
			return -1;
	return 0;
}

int controller_check(const struct controller *ctrl,
		     const struct state_fixed *fixed)
{
	struct controller_registers regs;

	controller_read_registers(ctrl, &regs);
	if (regs.cap != fixed->cap)
		return fail("%s: is another controller: CAP is 0x%llx, not 0x%llx",
			    fixed->bdf, (unsigned long long)regs.cap,
			    (unsigned long long)fixed->cap);
	if (regs.cc != fixed->cc || (regs.csts & (CSTS_RDY | CSTS_CFS |
						  CSTS_SHST_MASK)) != CSTS_RDY)
		return fail("%s: the controller does not run any more: it was reset, stopped or has failed (CC 0x%x, CSTS 0x%x)",
			    fixed->bdf, regs.cc, regs.csts);
	if (regs.aqa != fixed->aqa ||
	    regs.asq != fixed->queues_pa + QUEUE_ADMIN_SQ ||
	    regs.acq != fixed->queues_pa + QUEUE_ADMIN_CQ)
		return fail("%s: the controller's admin queues are at 0x%llx and 0x%llx, but these are at 0x%llx",
			    fixed->bdf, (unsigned long long)regs.asq,
			    (unsigned long long)regs.acq,
			    (unsigned long long)fixed->queues_pa);
	return 0;
}

void controller_ring_sq(struct controller *ctrl, uint32_t index,
			uint32_t depth, uint64_t tail)
{
	/* The commands must be in memory before the device may look */
	barrier_before_doorbell();
	reg_write(ctrl, doorbell(ctrl, 2 * (index + 1)),
		  (uint32_t)(tail % depth));
}

void controller_ring_cq(struct controller *ctrl, uint32_t index,
			uint32_t depth, uint64_t head)
{
	/* The device may write again to what was read before this */
	barrier_after_flag();
	reg_write(ctrl, doorbell(ctrl, 2 * (index + 1) + 1),
		  (uint32_t)(head % depth));
}

int controller_stop(struct controller *ctrl)
{
	uint32_t cc = reg_read(ctrl, REG_CC);

	if ((cc & CC_SHN_MASK) != CC_SHN_NORMAL)
		reg_write(ctrl, REG_CC, (cc & ~CC_SHN_MASK) | CC_SHN_NORMAL);
	return wait_status(ctrl, CSTS_SHST_MASK, CSTS_SHST_DONE,
			   SHUTDOWN_TIMEOUT_MS, "shut down");
}
