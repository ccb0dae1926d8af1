// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel 82576 (igb): advanced descriptors.
 *
 * The write-back covers the whole descriptor, buffer address included, so a
 * descriptor can only be armed again from the table of physical addresses.
 */
#include <unistd.h>

#include "event.h"
#include "nic.h"

#define SRRCTL_ADVANCED		(1u << 25)	/* one buffer, no header split */
#define RXDCTL_ENABLE		(1u << 25)
#define RXDCTL_THRESHOLDS	(8u | 8u << 8 | 1u << 16)

/* Second word of a written-back advanced descriptor */
#define DONE_DD			(1u << 0)
#define DONE_EOP		(1u << 1)
#define DONE_ERROR		(1u << 31)	/* receive (CRC, symbol) error */
#define DONE_LENGTH(status)	((unsigned int)((status) >> 32) & 0xffff)

#define PHY_ADDRESS		1
#define PHY_CONTROL		0
#define  PHY_AUTONEG_RESTART	0x1200		/* enable and restart */

#define ENABLE_TIMEOUT_MS	100

/*
 * Interrupts by MSI-X: causes go through IVAR to one of the extended causes,
 * each of which is the vector of its number.
 */
#define REG_GPIE		0x1514
#define  GPIE_NSICR		(1u << 0)	/* no clearing of ICR by itself */
#define  GPIE_MULTIPLE_MSIX	(1u << 4)
#define  GPIE_EIAME		(1u << 30)	/* mask by EIAM at each message */
#define  GPIE_PBA		(1u << 31)	/* clear pending bits with EICR */
#define REG_EIMS		0x1524		/* extended mask: set */
#define REG_EIMC		0x1528		/* extended mask: clear */
#define REG_EIAC		0x152c		/* cleared by the message */
#define REG_EIAM		0x1530		/* masked by the message */
#define REG_EITR0		0x1680		/* least time between messages */
#define REG_IVAR0		0x1700		/* receive queue 0 in bits 7..0 */
#define  IVAR_VALID		(1u << 7)
#define VECTOR_RX		0
#define EXTENDED_RX		(1u << VECTOR_RX)

static void restart_autonegotiation(struct nic *nic)
{
	nic_write(nic, REG_MDIC, MDIC_DATA(PHY_AUTONEG_RESTART) |
		  MDIC_REG(PHY_CONTROL) | MDIC_PHY(PHY_ADDRESS) | MDIC_WRITE);
	for (int ms = 0; ms < 10; ms++) {
		if (nic_read(nic, REG_MDIC) & MDIC_READY)
			return;
		usleep(1000);
	}
}

static int igb_start(struct nic *nic, uint64_t ring_pa, uint32_t descriptors)
{
	uint32_t rxdctl = nic->ops->ring + RING_RXDCTL;
	int ms;

	if (nic_reset(nic))
		return -1;
	/* After a reset the link stays down until it is negotiated again */
	restart_autonegotiation(nic);
	if (nic_wait_link(nic))
		return -1;

	nic_program_ring(nic, ring_pa, descriptors);
	/* Packet buffer size 0: the size in RCTL counts */
	nic_write(nic, nic->ops->ring + RING_SRRCTL, SRRCTL_ADVANCED);
	nic_write(nic, rxdctl, RXDCTL_THRESHOLDS | RXDCTL_ENABLE);
	for (ms = 0; !(nic_read(nic, rxdctl) & RXDCTL_ENABLE); ms++) {
		if (ms == ENABLE_TIMEOUT_MS)
			return fail("igb: receive queue does not start");
		usleep(1000);
	}
	nic_enable_receive(nic);
	/* The tail is only taken by a queue which is enabled */
	nic_set_tail(nic, descriptors - 1);
	return 0;
}

static void igb_stop(struct nic *nic)
{
	uint32_t rxdctl = nic->ops->ring + RING_RXDCTL;

	nic_disable_receive(nic);
	nic_write(nic, rxdctl, nic_read(nic, rxdctl) & ~RXDCTL_ENABLE);
	nic_read(nic, rxdctl);
}

static bool igb_done(const volatile struct rx_desc *desc, struct rx_done *out)
{
	uint64_t status = desc->status;

	if (!(status & DONE_DD))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	out->length = DONE_LENGTH(status);
	out->good = (status & DONE_EOP) && !(status & DONE_ERROR);
	return true;
}

static void igb_irq_setup(struct nic *nic, enum nic_irq mode)
{
	(void)mode;
	/* First: what follows is not taken otherwise */
	nic_write(nic, REG_GPIE, GPIE_MULTIPLE_MSIX | GPIE_PBA | GPIE_EIAME |
		  GPIE_NSICR);
	nic_write(nic, REG_EIMC, ~0u);
	nic_write(nic, REG_IVAR0, VECTOR_RX | IVAR_VALID);
	nic_write(nic, REG_EITR0, 0);
	nic_write(nic, REG_EIAC, EXTENDED_RX);
	nic_write(nic, REG_EIAM, EXTENDED_RX);
	nic_read(nic, REG_STATUS);
}

/* The message has cleared its cause (EIAC) and masked itself (EIAM) */
static void igb_irq_ack(struct nic *nic, enum nic_irq mode)
{
	(void)nic;
	(void)mode;
}

static void igb_irq_enable(struct nic *nic, enum nic_irq mode)
{
	(void)mode;
	nic_write(nic, REG_EIMS, EXTENDED_RX);
}

static void igb_irq_disable(struct nic *nic)
{
	nic_write(nic, REG_EIMC, ~0u);
	nic_read(nic, REG_STATUS);
}

const struct nic_ops igb_ops = {
	.name = "igb",
	.vendor = 0x8086,
	.device = 0x10c9,
	.ring = 0xc000,
	.start = igb_start,
	.stop = igb_stop,
	.done = igb_done,
	.irq_modes = 1u << IRQ_MSIX,
	.irq_setup = igb_irq_setup,
	.irq_ack = igb_irq_ack,
	.irq_enable = igb_irq_enable,
	.irq_disable = igb_irq_disable,
};
