// SPDX-License-Identifier: GPL-2.0-only
/* What the controllers have in common */
#include <unistd.h>

#include "event.h"
#include "nic.h"

#define LINK_TIMEOUT_MS		5000
#define RESET_TIMEOUT_MS	100

const struct nic_ops *nic_lookup(uint16_t vendor, uint16_t device)
{
	static const struct nic_ops *const known[] = { &igb_ops, &e1000e_ops };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i]->vendor == vendor && known[i]->device == device)
			return known[i];
	return NULL;
}

void nic_read_registers(const struct nic *nic, struct nic_registers *out)
{
	uint32_t ring = nic->ops->ring;

	out->ctrl = nic_read(nic, REG_CTRL);
	out->status = nic_read(nic, REG_STATUS);
	out->rctl = nic_read(nic, REG_RCTL);
	out->rxdctl = nic_read(nic, ring + RING_RXDCTL);
	out->rdbal = nic_read(nic, ring + RING_RDBAL);
	out->rdbah = nic_read(nic, ring + RING_RDBAH);
	out->rdlen = nic_read(nic, ring + RING_RDLEN);
	out->rdh = nic_read(nic, ring + RING_RDH);
	out->rdt = nic_read(nic, ring + RING_RDT);
}

void nic_read_statistics(struct nic *nic, struct nic_statistics *sum)
{
	sum->gprc += nic_read(nic, REG_GPRC);
	sum->tpr += nic_read(nic, REG_TPR);
	sum->mpc += nic_read(nic, REG_MPC);
	sum->rnbc += nic_read(nic, REG_RNBC);
}

uint32_t nic_head(const struct nic *nic)
{
	return nic_read(nic, nic->ops->ring + RING_RDH);
}

uint32_t nic_tail(const struct nic *nic)
{
	return nic_read(nic, nic->ops->ring + RING_RDT);
}

void nic_set_tail(struct nic *nic, uint32_t tail)
{
	/* The descriptors must be in memory before the device may look */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	nic_write(nic, nic->ops->ring + RING_RDT, tail);
}

int nic_reset(struct nic *nic)
{
	struct nic_statistics dropped = { 0 };
	int ms;

	nic_write(nic, REG_IMC, ~0u);
	nic_write(nic, REG_CTRL, nic_read(nic, REG_CTRL) | CTRL_RST);
	/* The device must not be touched for 1 us; it also reloads its EEPROM */
	for (ms = 0; ms < RESET_TIMEOUT_MS; ms++) {
		usleep(1000);
		if (ms >= 10 && !(nic_read(nic, REG_CTRL) & CTRL_RST))
			break;
	}
	if (ms == RESET_TIMEOUT_MS)
		return fail("%s: controller does not come out of reset",
			    nic->ops->name);

	/* No interrupt before nic_ops.irq_setup and irq_enable, if ever */
	nic_write(nic, REG_IMC, ~0u);
	for (int i = 0; i < MTA_WORDS; i++)
		nic_write(nic, REG_MTA + 4 * i, 0);
	nic_read_statistics(nic, &dropped);
	nic_write(nic, REG_CTRL, nic_read(nic, REG_CTRL) | CTRL_SLU);
	return 0;
}

int nic_wait_link(struct nic *nic)
{
	for (int ms = 0; ms < LINK_TIMEOUT_MS; ms++) {
		if (nic_read(nic, REG_STATUS) & STATUS_LU)
			return 0;
		usleep(1000);
	}
	return fail("%s: no link after %d ms", nic->ops->name, LINK_TIMEOUT_MS);
}

void nic_program_ring(struct nic *nic, uint64_t ring_pa, uint32_t descriptors)
{
	uint32_t ring = nic->ops->ring;

	nic_write(nic, ring + RING_RDBAL, (uint32_t)ring_pa);
	nic_write(nic, ring + RING_RDBAH, (uint32_t)(ring_pa >> 32));
	nic_write(nic, ring + RING_RDLEN,
		  descriptors * (uint32_t)sizeof(struct rx_desc));
	nic_write(nic, ring + RING_RDH, 0);
	nic_write(nic, ring + RING_RDT, 0);
}

void nic_enable_receive(struct nic *nic)
{
	nic_write(nic, REG_RCTL,
		  RCTL_EN | RCTL_BAM | RCTL_BSIZE_256 | RCTL_SECRC);
}

void nic_disable_receive(struct nic *nic)
{
	nic_write(nic, REG_RCTL, nic_read(nic, REG_RCTL) & ~RCTL_EN);
	/* Read back, so that the write has arrived before anything follows */
	nic_read(nic, REG_RCTL);
}
