/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's trace log, read into records. */
#ifndef HF_VM_TRACE_H
#define HF_VM_TRACE_H

#include "util.h"

enum trace_kind {
	TRACE_DESCRIPTOR, /* the NIC took a receive descriptor: address = where it lies */
	TRACE_STORED, /* a frame was written to memory */
	TRACE_CONFIG_WRITE, /* PCI configuration space: offset, value */
	TRACE_REGISTER_WRITE, /* NIC register: address = register, size, value */
	TRACE_SW_RESET, /* the NIC reset itself by register */
	TRACE_RESET, /* device model reset: FLR, secondary bus reset, machine reset */
	TRACE_POWER, /* D-state change: from, to */
	TRACE_NVME_COMMAND, /* an I/O command was taken: cid, queue, opcode */
	TRACE_NVME_READ, /* what it is for: cid, blocks, bytes, first block */
	TRACE_NVME_WRITE,
	TRACE_NVME_COMPLETION, /* cid, queue, status */
	TRACE_NVME_ADMIN, /* an admin command was taken: opcode */
	TRACE_NVME_MMIO, /* register or doorbell written: address, value */
	TRACE_NVME_RESET, /* function level reset */
	TRACE_NVME_FATAL, /* the controller gives up: CSTS.CFS */
	TRACE_RX_OFF, /* the NIC refuses a frame: link, enable or bus mastering off */
};

/**
 * struct trace_record - one line of the trace
 * @t: when
 * @kind: what
 * @line: line number in the file, for messages
 * @model: QEMU's name of the device model, "" where the event does not say
 * @bdf: bus << 8 | device << 3 | function, as numbered at that moment, -1 where the event does not
 * say
 * @address: descriptor's or register's address; first logical block
 * @offset: offset in configuration space; an NVMe command's identifier
 * @size: bytes written to a register; number of an NVMe queue, of logical blocks
 * @value: value written; opcode, status or bytes of an NVMe command
 * @from: D-state before; for TRACE_RX_OFF link state
 * @to: D-state after; for TRACE_RX_OFF bus mastering
 */
struct trace_record {
	ns_t t;
	enum trace_kind kind;
	int line;
	char model[24];
	int bdf;
	uint64_t address;
	uint32_t offset;
	uint32_t size;
	uint64_t value;
	int from, to;
};

struct trace {
	struct trace_record *rec;
	size_t n, cap;
	size_t skipped; /* lines that are no record of ours */
};

/* Events the parser knows, for QEMU's -trace events=; NULL at the end. */
extern const char *const trace_events[];

/* Read @path into @tr. 0, or -1 with errno set. Free with trace_free(). */
int trace_load(struct trace *tr, const char *path);
void trace_free(struct trace *tr);

/* Parse one line. False when it is none of ours or damaged. */
bool trace_parse_line(const char *line, struct trace_record *rec);

#endif
