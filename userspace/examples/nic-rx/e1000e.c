// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel 82574L (e1000e): legacy descriptors.
 *
 * The write-back leaves the buffer address alone. Descriptors are armed from
 * the table of physical addresses all the same, as for igb.
 */
#include "event.h"
#include "nic.h"

#define REG_RDTR		0x2820		/* receive interrupt delay */
#define REG_RFCTL		0x5008
#define  RFCTL_EXTENDED		(1u << 15)	/* extended descriptors */
#define REG_MRQC		0x5818

/* Second word of a written-back legacy descriptor */
#define DONE_LENGTH(status)	((unsigned int)(status) & 0xffff)
#define DONE_DD			(1ull << 32)
#define DONE_EOP		(1ull << 33)
#define DONE_ERRORS		(0x97ull << 40)	/* CE, SE, SEQ, CXE, RXE */

static int e1000e_start(struct nic *nic, uint64_t ring_pa, uint32_t descriptors)
{
	if (nic_reset(nic) || nic_wait_link(nic))
		return -1;

	nic_write(nic, REG_RFCTL, nic_read(nic, REG_RFCTL) & ~RFCTL_EXTENDED);
	nic_write(nic, REG_MRQC, 0);		/* one queue */
	nic_write(nic, REG_RDTR, 0);		/* write back at once */
	nic_program_ring(nic, ring_pa, descriptors);
	nic_enable_receive(nic);
	nic_set_tail(nic, descriptors - 1);
	return 0;
}

static bool e1000e_done(const volatile struct rx_desc *desc,
			struct rx_done *out)
{
	uint64_t status = desc->status;

	if (!(status & DONE_DD))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	out->length = DONE_LENGTH(status);
	out->good = (status & DONE_EOP) && !(status & DONE_ERRORS);
	return true;
}

const struct nic_ops e1000e_ops = {
	.name = "e1000e",
	.vendor = 0x8086,
	.device = 0x10d3,
	.ring = 0x2800,
	.start = e1000e_start,
	.stop = nic_disable_receive,
	.done = e1000e_done,
};
