// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel 82574L (e1000e): legacy descriptors.
 *
 * The write-back leaves the buffer address alone. Descriptors are armed from
 * the table of physical addresses all the same, as for igb.
 */
#include "event.h"
#include "nic.h"

#define REG_CTRL_EXT		0x0018
#define  CTRL_EXT_EIAME		(1u << 24)	/* mask by IAM at each message */
#define  CTRL_EXT_IAME		(1u << 27)	/* mask by IAM when ICR is read */
#define  CTRL_EXT_PBA_CLR	(1u << 31)	/* clear pending bits with ICR */
#define REG_EIAC		0x00dc		/* cleared by the message */
#define REG_IAM			0x00e0		/* what is masked by itself */
#define REG_IVAR		0x00e4		/* receive queue 0 in bits 3..0 */
#define  IVAR_VALID		(1u << 3)
#define CAUSE_RXT0		(1u << 7)	/* receive timer: a frame came */
#define CAUSE_RXQ0		(1u << 20)	/* the same, by MSI-X only */
#define VECTOR_RX		0

#define REG_RDTR		0x2820		/* receive interrupt delay */
#define REG_RFCTL		0x5008
#define  RFCTL_ACK_DIS		(1u << 12)	/* no interrupt for TCP ACKs */
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

static uint32_t cause(enum nic_irq mode)
{
	return mode == IRQ_MSIX ? CAUSE_RXQ0 : CAUSE_RXT0;
}

static void e1000e_irq_setup(struct nic *nic, enum nic_irq mode)
{
	uint32_t ext = nic_read(nic, REG_CTRL_EXT);

	nic_write(nic, REG_IMC, ~0u);
	/* Spurious interrupts of the 82574 otherwise, says Intel's driver */
	nic_write(nic, REG_RFCTL, nic_read(nic, REG_RFCTL) | RFCTL_ACK_DIS);
	if (mode == IRQ_MSIX) {
		nic_write(nic, REG_IVAR, VECTOR_RX | IVAR_VALID);
		nic_write(nic, REG_EIAC, CAUSE_RXQ0);
		nic_write(nic, REG_IAM, CAUSE_RXQ0);
		nic_write(nic, REG_CTRL_EXT, (ext & ~CTRL_EXT_IAME) |
			  CTRL_EXT_PBA_CLR | CTRL_EXT_EIAME);
	}
	nic_read(nic, REG_STATUS);
}

static void e1000e_irq_ack(struct nic *nic, enum nic_irq mode)
{
	/* With MSI-X the message clears and masks its cause by itself */
	if (mode == IRQ_MSIX)
		return;
	nic_write(nic, REG_IMC, cause(mode));
	nic_read(nic, REG_ICR);
}

static void e1000e_irq_enable(struct nic *nic, enum nic_irq mode)
{
	nic_write(nic, REG_IMS, cause(mode));
}

static void e1000e_irq_disable(struct nic *nic)
{
	nic_write(nic, REG_IMC, ~0u);
	nic_read(nic, REG_ICR);
}

const struct nic_ops e1000e_ops = {
	.name = "e1000e",
	.vendor = 0x8086,
	.device = 0x10d3,
	.ring = 0x2800,
	.start = e1000e_start,
	.stop = nic_disable_receive,
	.done = e1000e_done,
	.irq_modes = 1u << IRQ_MSIX | 1u << IRQ_MSI | 1u << IRQ_INTX,
	.irq_setup = e1000e_irq_setup,
	.irq_ack = e1000e_irq_ack,
	.irq_enable = e1000e_irq_enable,
	.irq_disable = e1000e_irq_disable,
};
