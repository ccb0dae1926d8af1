// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's "log" trace back end with -msg timestamp=on writes one line a record:
 *
 *	THREAD@SEC.USEC:EVENT text
 *
 * with gettimeofday()'s time, which is the clock the harness stamps everything else with. A second
 *thread can break into a line; such a line is skipped and counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

const char *const trace_events[] = { "e1000e_rx_descr",
				     "e1000e_rx_written_to_guest",
				     "igb_rx_desc_buff_write",
				     "pci_cfg_write",
				     "pci_pm_transition",
				     "pci_pm_bad_transition",
				     "e1000e_core_write",
				     "e1000e_core_ctrl_sw_reset",
				     "resettable_phase_hold_exec",
				     "e1000x_rx_can_recv_disabled",
				     "pci_nvme_io_cmd",
				     "pci_nvme_read",
				     "pci_nvme_write",
				     "pci_nvme_enqueue_req_completion",
				     "pci_nvme_admin_cmd",
				     "pci_nvme_mmio_write",
				     "pci_nvme_pci_reset",
				     "pci_nvme_err_cfs",
				     NULL };

static bool parse_location(const char *s, struct trace_record *r, const char **rest)
{
	unsigned int bus, dev, fn;
	int used = 0;

	if (sscanf(s, "%23s %x:%x.%x%n", r->model, &bus, &dev, &fn, &used) != 4 || !used)
		return false;
	if (bus > 0xff || dev > 0x1f || fn > 7)
		return false;
	r->bdf = bus << 8 | dev << 3 | fn;
	*rest = s + used;
	return true;
}

static bool parse_descriptor(const char *s, struct trace_record *r)
{
	r->kind = TRACE_DESCRIPTOR;
	return sscanf(s, "Next RX descriptor: ring #%*d, PA: 0x%lx", &r->address) == 1;
}

static bool parse_stored(const char *s, struct trace_record *r)
{
	r->kind = TRACE_STORED;
	return !strncmp(s, "Received packet written to guest", 32);
}

static bool parse_igb_buffer(const char *s, struct trace_record *r)
{
	r->kind = TRACE_STORED;
	return sscanf(s, "buffer %*u, addr: 0x%lx, offset: %u", &r->address, &r->offset) == 2;
}

static bool parse_config_write(const char *s, struct trace_record *r)
{
	unsigned long value;

	r->kind = TRACE_CONFIG_WRITE;
	if (!parse_location(s, r, &s) || sscanf(s, " @0x%x <- 0x%lx", &r->offset, &value) != 2)
		return false;
	r->value = value;
	return true;
}

static bool parse_power(const char *s, struct trace_record *r)
{
	r->kind = TRACE_POWER;
	return parse_location(s, r, &s) &&
	       sscanf(s, " PM transition D%d->D%d", &r->from, &r->to) == 2;
}

static bool parse_bad_power(const char *s, struct trace_record *r)
{
	r->kind = TRACE_POWER;
	return parse_location(s, r, &s) &&
	       sscanf(s, " REJECTED PM transition D%d->D%d", &r->from, &r->to) == 2;
}

static bool parse_register_write(const char *s, struct trace_record *r)
{
	r->kind = TRACE_REGISTER_WRITE;
	return sscanf(s, "Write to register 0x%lx, %u byte(s), value: 0x%lx", &r->address, &r->size,
		      &r->value) == 3;
}

static bool parse_sw_reset(const char *s, struct trace_record *r)
{
	r->kind = TRACE_SW_RESET;
	return !strncmp(s, "Doing SW reset", 14);
}

static bool parse_reset(const char *s, struct trace_record *r)
{
	int used = 0;

	/* Objects with a longer name are none that we look for. */
	r->kind = TRACE_RESET;
	return sscanf(s, "obj=%*[^(](%23[^)])%n", r->model, &used) == 1 && used;
}

static bool parse_rx_off(const char *s, struct trace_record *r)
{
	unsigned int enabled;

	r->kind = TRACE_RX_OFF;
	if (sscanf(s, "link_up: %d, rx_enabled %u, pci_master %d", &r->from, &enabled, &r->to) != 3)
		return false;
	r->value = enabled;
	return true;
}

static bool parse_nvme_command(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_COMMAND;
	return sscanf(s, "cid %u nsid 0x%*x sqid %u opc 0x%lx", &r->offset, &r->size, &r->value) ==
	       3;
}

static bool parse_nvme_read(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_READ;
	return sscanf(s, "cid %u nsid %*u nlb %u count %lu lba 0x%lx", &r->offset, &r->size,
		      &r->value, &r->address) == 4;
}

static bool parse_nvme_write(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_WRITE;
	return sscanf(s, "cid %u opname '%*[^']' nsid %*u nlb %u count %lu lba 0x%lx", &r->offset,
		      &r->size, &r->value, &r->address) == 4;
}

static bool parse_nvme_completion(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_COMPLETION;
	return sscanf(s, "cid %u cqid %u dw0 0x%*x dw1 0x%*x status 0x%lx", &r->offset, &r->size,
		      &r->value) == 3;
}

static bool parse_nvme_admin(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_ADMIN;
	return sscanf(s, "cid %u sqid %u opc 0x%lx", &r->offset, &r->size, &r->value) == 3;
}

static bool parse_nvme_mmio(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_MMIO;
	return sscanf(s, "addr 0x%lx data 0x%lx size %u", &r->address, &r->value, &r->size) == 3;
}

static bool parse_nvme_reset(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_RESET;
	return !strncmp(s, "PCI Function Level Reset", 24);
}

static bool parse_nvme_fatal(const char *s, struct trace_record *r)
{
	r->kind = TRACE_NVME_FATAL;
	return !strncmp(s, "controller fatal status", 23);
}

static const struct {
	const char *event;
	bool (*parse)(const char *text, struct trace_record *r);
} parsers[] = {
	{ "e1000e_rx_descr", parse_descriptor },
	{ "e1000e_rx_written_to_guest", parse_stored },
	{ "igb_rx_desc_buff_write", parse_igb_buffer },
	{ "pci_cfg_write", parse_config_write },
	{ "pci_pm_transition", parse_power },
	{ "pci_pm_bad_transition", parse_bad_power },
	{ "e1000e_core_write", parse_register_write },
	{ "e1000e_core_ctrl_sw_reset", parse_sw_reset },
	{ "resettable_phase_hold_exec", parse_reset },
	{ "e1000x_rx_can_recv_disabled", parse_rx_off },
	{ "pci_nvme_io_cmd", parse_nvme_command },
	{ "pci_nvme_read", parse_nvme_read },
	{ "pci_nvme_write", parse_nvme_write },
	{ "pci_nvme_enqueue_req_completion", parse_nvme_completion },
	{ "pci_nvme_admin_cmd", parse_nvme_admin },
	{ "pci_nvme_mmio_write", parse_nvme_mmio },
	{ "pci_nvme_pci_reset", parse_nvme_reset },
	{ "pci_nvme_err_cfs", parse_nvme_fatal },
};

bool trace_parse_line(const char *line, struct trace_record *r)
{
	const char *at = strchr(line, '@'), *name, *text;
	char *end;
	size_t i, len;

	memset(r, 0, sizeof(*r));
	r->bdf = -1;
	if (!at)
		return false;
	r->t = parse_time(at + 1, &end);
	if (r->t == NO_TIME || *end != ':')
		return false;
	name = end + 1;
	text = strchr(name, ' ');
	if (!text)
		return false;
	len = text - name;
	for (i = 0; i < ARRAY_SIZE(parsers); i++)
		if (strlen(parsers[i].event) == len && !strncmp(parsers[i].event, name, len))
			return parsers[i].parse(text + 1, r);
	return false;
}

int trace_load(struct trace *tr, const char *path)
{
	struct trace_record rec;
	char *line = NULL;
	size_t room = 0;
	int number = 0;
	FILE *f;

	memset(tr, 0, sizeof(*tr));
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (getline(&line, &room, f) > 0) {
		number++;
		if (!trace_parse_line(line, &rec)) {
			tr->skipped++;
			continue;
		}
		rec.line = number;
		VEC_RESERVE(tr->rec, tr->n, tr->cap);
		tr->rec[tr->n++] = rec;
	}
	free(line);
	fclose(f);
	return 0;
}

void trace_free(struct trace *tr)
{
	free(tr->rec);
	memset(tr, 0, sizeof(*tr));
}
