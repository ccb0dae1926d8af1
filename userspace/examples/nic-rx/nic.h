/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network controllers, at register level.
 *
 * Both families share the general registers, the statistics and the shape of
 * the receive ring's register block; where the block lies, how a ring is
 * enabled and what the device writes into a descriptor differ and are behind
 * struct nic_ops.
 */
#ifndef NIC_RX_NIC_H
#define NIC_RX_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Receive descriptor: two little-endian words, meaning by family and by owner */
struct rx_desc {
	uint64_t address;
	uint64_t status;
};

/* What a descriptor says that the device has given back */
struct rx_done {
	unsigned int length;	/* bytes received */
	bool good;		/* whole frame, no error */
};

struct nic;

/* How the device tells that frames have come. The numbers are in the state. */
enum nic_irq { IRQ_NONE, IRQ_INTX, IRQ_MSI, IRQ_MSIX };

/**
 * struct nic_ops - what differs between families
 * @name: family, as QEMU calls the model
 * @vendor: PCI vendor ID
 * @device: PCI device ID
 * @ring: offset of the register block of receive ring 0
 * @start: reset the controller and start receiving into a ring whose
 *	descriptors are armed; 0, or -1 after fail()
 * @stop: stop receiving
 * @done: whether the device has given a descriptor back; if so fills @out
 * @irq_modes: bit IRQ_... is set for what the family is driven with here
 * @irq_setup: have received frames raise vector 0; still masked
 * @irq_ack: an interrupt came: keep the device from raising another, where it
 *	does not do that by itself
 * @irq_enable: let it raise the next
 * @irq_disable: let it raise none
 */
struct nic_ops {
	const char *name;
	uint16_t vendor;
	uint16_t device;
	uint32_t ring;
	int (*start)(struct nic *nic, uint64_t ring_pa, uint32_t descriptors);
	void (*stop)(struct nic *nic);
	bool (*done)(const volatile struct rx_desc *desc, struct rx_done *out);
	unsigned int irq_modes;
	void (*irq_setup)(struct nic *nic, enum nic_irq mode);
	void (*irq_ack)(struct nic *nic, enum nic_irq mode);
	void (*irq_enable)(struct nic *nic, enum nic_irq mode);
	void (*irq_disable)(struct nic *nic);
};

extern const struct nic_ops igb_ops;
extern const struct nic_ops e1000e_ops;

/* A controller whose BAR 0 is mapped; @bar is NULL when there is only memory */
struct nic {
	const struct nic_ops *ops;
	volatile uint32_t *bar;
	size_t bar_len;
};

/* Registers which can be read without any effect on the device */
struct nic_registers {
	uint32_t ctrl, status, rctl, rxdctl;
	uint32_t rdbal, rdbah, rdlen, rdh, rdt;
};

/* Receive statistics; reading clears them, see nic_read_statistics() */
struct nic_statistics {
	uint64_t gprc;		/* good frames received */
	uint64_t tpr;		/* frames received */
	uint64_t mpc;		/* frames missed: no room in the device */
	uint64_t rnbc;		/* frames that found no descriptor */
};

/* General registers */
#define REG_CTRL		0x0000
#define  CTRL_SLU		(1u << 6)	/* set link up */
#define  CTRL_RST		(1u << 26)
#define REG_STATUS		0x0008
#define  STATUS_LU		(1u << 1)	/* link is up */
#define REG_MDIC		0x0020
#define  MDIC_DATA(v)		((v) & 0xffffu)
#define  MDIC_REG(r)		((uint32_t)(r) << 16)
#define  MDIC_PHY(p)		((uint32_t)(p) << 21)
#define  MDIC_WRITE		(1u << 26)
#define  MDIC_READY		(1u << 28)
#define REG_ICR			0x00c0		/* interrupt cause, cleared by reading */
#define REG_IMS			0x00d0		/* interrupt mask set */
#define REG_IMC			0x00d8		/* interrupt mask clear */
#define REG_RCTL		0x0100
#define  RCTL_EN		(1u << 1)
#define  RCTL_BAM		(1u << 15)	/* accept broadcast */
#define  RCTL_BSIZE_256		(3u << 16)
#define  RCTL_SECRC		(1u << 26)	/* strip the Ethernet CRC */
#define REG_MTA			0x5200		/* multicast table */
#define  MTA_WORDS		128

/* Statistics */
#define REG_MPC			0x4010
#define REG_GPRC		0x4074
#define REG_RNBC		0x40a0
#define REG_TPR			0x40d0

/* Registers of a receive ring, relative to nic_ops.ring */
#define RING_RDBAL		0x00
#define RING_RDBAH		0x04
#define RING_RDLEN		0x08
#define RING_SRRCTL		0x0c		/* igb only */
#define RING_RDH		0x10
#define RING_RDT		0x18
#define RING_RXDCTL		0x28

/* RDLEN counts in units of 128 bytes, so rings grow by 8 descriptors */
#define NIC_DESC_MULTIPLE	8
#define NIC_DESC_MAX		65520
#define NIC_BUFFER_SIZE		256

/* Largest register offset used here, for checking the size of BAR 0 */
#define NIC_BAR_MIN		0x10000

static inline uint32_t nic_read(const struct nic *nic, uint32_t reg)
{
	return nic->bar[reg / 4];
}

static inline void nic_write(struct nic *nic, uint32_t reg, uint32_t value)
{
	nic->bar[reg / 4] = value;
}

/* nic_lookup() - the operations for a PCI ID, NULL when there are none */
const struct nic_ops *nic_lookup(uint16_t vendor, uint16_t device);

void nic_read_registers(const struct nic *nic, struct nic_registers *out);

/**
 * nic_read_statistics() - read and thereby clear the statistics
 * @nic: the controller
 * @sum: totals that what was read is added to
 */
void nic_read_statistics(struct nic *nic, struct nic_statistics *sum);

uint32_t nic_head(const struct nic *nic);
uint32_t nic_tail(const struct nic *nic);

/**
 * nic_set_tail() - give descriptors to the device
 * @nic: the controller
 * @tail: index of the first descriptor which is *not* the device's
 *
 * The only register write there is between start and stop, but for those of
 * nic_ops.irq_ack and nic_ops.irq_enable.
 */
void nic_set_tail(struct nic *nic, uint32_t tail);

/* Steps shared by the start and stop functions of the families */
int nic_reset(struct nic *nic);
int nic_wait_link(struct nic *nic);
void nic_program_ring(struct nic *nic, uint64_t ring_pa, uint32_t descriptors);
void nic_enable_receive(struct nic *nic);
void nic_disable_receive(struct nic *nic);

#endif /* NIC_RX_NIC_H */
