/* SPDX-License-Identifier: GPL-2.0-only */
/* NVM Express, as far as it is needed here: registers, commands, completions */
#ifndef NVME_IO_NVME_H
#define NVME_IO_NVME_H

#include <stdint.h>

/* Registers; those of 64 bits are two of 32 */
#define REG_CAP			0x00
#define  CAP_MQES(cap)		((uint32_t)(cap) & 0xffff)	/* less one */
#define  CAP_TIMEOUT_MS(cap)	(((uint32_t)((cap) >> 24) & 0xff) * 500)
#define  CAP_STRIDE(cap)	(4u << ((uint32_t)((cap) >> 32) & 0xf))
#define  CAP_CSS_NVM		(1ull << 37)
#define  CAP_MPSMIN(cap)	((uint32_t)((cap) >> 48) & 0xf)
#define REG_VS			0x08
#define REG_CC			0x14
#define  CC_EN			(1u << 0)
#define  CC_SHN_MASK		(3u << 14)
#define  CC_SHN_NORMAL		(1u << 14)
#define  CC_ENTRY_SIZES		(6u << 16 | 4u << 20)		/* 64, 16 */
#define REG_CSTS		0x1c
#define  CSTS_RDY		(1u << 0)
#define  CSTS_CFS		(1u << 1)
#define  CSTS_SHST_MASK		(3u << 2)
#define  CSTS_SHST_DONE		(2u << 2)
#define REG_AQA			0x24
#define REG_ASQ			0x28
#define REG_ACQ			0x30
#define REG_DOORBELLS		0x1000

/* Smallest BAR 0 that holds registers and a page of doorbells */
#define NVME_BAR_MIN		0x2000

#define NVME_PAGE		4096

/* PCI class code of a controller */
#define NVME_CLASS		0x010802

/* Admin commands */
#define ADMIN_CREATE_SQ		0x01
#define ADMIN_CREATE_CQ		0x05
#define ADMIN_IDENTIFY		0x06
#define  IDENTIFY_NAMESPACE	0
#define  IDENTIFY_CONTROLLER	1
#define ADMIN_SET_FEATURES	0x09
#define  FEATURE_QUEUES		0x07
#define QUEUE_CONTIGUOUS	(1u << 0)
#define QUEUE_INTERRUPTS	(1u << 1)	/* of a completion queue */

/* I/O commands */
#define IO_WRITE		0x01
#define IO_READ			0x02

/* A command */
struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint32_t nsid;
	uint32_t cdw2, cdw3;
	uint64_t metadata;
	uint64_t prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};

_Static_assert(sizeof(struct nvme_command) == 64, "layout of nvme_command");

/* A completion. The device turns the lowest bit of @status with each lap. */
struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t cid;
	uint16_t status;
};

_Static_assert(sizeof(struct nvme_completion) == 16,
	       "layout of nvme_completion");

#define STATUS_PHASE		1u
#define STATUS_CODE(status)	((uint16_t)((status) >> 1))

#endif /* NVME_IO_NVME_H */
