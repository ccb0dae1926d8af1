// SPDX-License-Identifier: GPL-2.0
/*
 * The harness' own test of what it says about NVMe: a run is made up, with its trace and its disk,
 * and judged; then the same with one thing wrong at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "nvme.h"
#include "selftest.h"

/* Times of the run, in s. Commands complete one after another, ten in a second. */
#define READY 10
#define REBOOT 20
#define INIT 22
#define RESUMED 23
#define END 30
#define COMMANDS_PER_S 10

static const struct workload work = { .seed = 7, .commands = 200, .slots = 4, .span = 2 };

struct wrong {
	const char *name;
	const char *failing; /* checks that must fail, separated by blanks */
	long skip_command; /* this one is not taken by the device; of all these 0 is for none */
	long repeat_command; /* taken once more after it was completed */
	long skip_completion;
	long repeat_completion;
	long fail; /* completes with an error */
	const char *line; /* of the trace, in the gap; NULL for none */
	bool stops; /* nothing completes in the gap */
	bool old_block; /* one holds what an earlier command wrote */
	bool torn_block;
	long driver_misses; /* so many completions less than there were */
};

static const struct wrong wrongs[] = {
	{ .name = "nvme-good-run", .failing = "" },
	{ "nvme-command-not-taken",
	  "nvme-commands nvme-completions nvme-driver-agrees", .skip_command = 50 },
	{ "nvme-command-taken-twice",
	  "nvme-commands nvme-completions nvme-driver-agrees",
	  .repeat_command = 50 },
	{ "nvme-completion-lost", "nvme-completions nvme-driver-agrees",
	  .skip_completion = 50 },
	{ "nvme-completed-twice", "nvme-completions", .repeat_completion = 50 },
	{ "nvme-command-fails", "nvme-completions", .fail = 50 },
	{ "nvme-reset", "nvme-not-reset",
	  .line = "pci_nvme_pci_reset PCI Function Level Reset" },
	{ "nvme-no-bus-mastering", "nvme-not-reset",
	  .line = "pci_nvme_err_cfs controller fatal status" },
	{ "nvme-enabled-again", "nvme-not-reset nvme-untouched",
	  .line = "pci_nvme_mmio_write addr 0x14 data 0x460001 size 4" },
	{ "nvme-admin-command", "nvme-not-reset",
	  .line = "pci_nvme_admin_cmd cid 1 sqid 0 opc 0x6 opname 'NVME_ADM_CMD_IDENTIFY'" },
	{ "nvme-doorbell-in-gap", "nvme-untouched",
	  .line = "pci_nvme_mmio_write addr 0x1008 data 0x5 size 4" },
	{ "nvme-stops-in-gap", "nvme-continuous nvme-in-gap", .stops = true },
	{ "nvme-block-too-old", "nvme-disk", .old_block = true },
	{ "nvme-block-torn", "nvme-disk", .torn_block = true },
	{ "nvme-driver-finds-too-few", "nvme-driver-agrees", .driver_misses = 1 },
};

static void put(FILE *f, double t, const char *line)
{
	fprintf(f, "1@%.6f:%s\n", t, line);
}

static void put_command(FILE *f, double t, long number)
{
	uint64_t slot = number % work.slots, k = number / work.slots;
	bool writes = workload_is_write(&work, slot, k);
	char line[128];

	snprintf(line, sizeof(line), "pci_nvme_io_cmd cid %ld nsid 0x1 sqid 1 opc 0x%d opname 'x'",
		 number, writes ? 1 : 2);
	put(f, t, line);
	snprintf(line, sizeof(line), "pci_nvme_%s cid %ld %snsid 1 nlb 8 count 4096 lba 0x%llx",
		 writes ? "write" : "read", number, writes ? "opname 'x' " : "",
		 (unsigned long long)workload_block(&work, slot, k) * 8);
	put(f, t, line);
}

static void put_completion(FILE *f, double t, long number, bool fails)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "pci_nvme_enqueue_req_completion cid %ld cqid 1 dw0 0x0 dw1 0x0 status 0x%x",
		 number, fails ? 0x4002 : 0);
	put(f, t, line);
}

/* A slot gets its next command when the last one has completed. */
static void make_trace(const struct wrong *w, const char *dir)
{
	FILE *f = open_in(dir, "trace.log", "we");
	bool line_due = w->line;
	long i, next;
	double t;

	put(f, READY - 1, "pci_nvme_mmio_write addr 0x14 data 0x460001 size 4");
	for (i = 0; i < (long)work.slots; i++)
		put_command(f, READY - 0.5, i);
	for (i = 0; i < (long)work.commands; i++) {
		t = READY + (double)i / COMMANDS_PER_S;
		if (line_due && t > REBOOT + 0.5) {
			put(f, t, w->line);
			line_due = false;
		}
		if (w->stops && t > REBOOT - 0.01 && t < INIT + 0.5)
			t = INIT + 0.5;
		if (!i || i != w->skip_completion)
			put_completion(f, t, i, i && i == w->fail);
		if (i && i == w->repeat_completion)
			put_completion(f, t, i, false);
		if (i && i == w->repeat_command)
			put_command(f, t, i);
		next = i + work.slots;
		if (next < (long)work.commands && next != w->skip_command)
			put_command(f, t, next);
	}
	fclose(f);
}

static void make_events(const struct wrong *w, const char *dir)
{
	FILE *f = open_in(dir, "events.log", "we");
	long done = work.commands;

	fprintf(f, "%d.0 {\"ev\":\"init\"}\n", READY - 5);
	fprintf(f,
		"%d.0 {\"ev\":\"driver\",\"driver\":\"nvme-io\",\"state\":\"ready\",\"seed\":%llu,\"commands\":%ld,\"slots\":%u,\"span\":%u}\n",
		READY, (unsigned long long)work.seed, done, work.slots, work.span);
	fprintf(f, "%d.0 {\"ev\":\"reboot\"}\n%d.0 {\"ev\":\"init\"}\n", REBOOT, INIT);
	fprintf(f, "%d.0 {\"ev\":\"driver\",\"driver\":\"nvme-io\",\"state\":\"resumed\"}\n",
		RESUMED);
	fprintf(f,
		"%d.8 {\"ev\":\"result\",\"driver\":\"nvme-io\",\"submitted\":%ld,\"completed\":%ld,\"duplicated\":0,\"corrupt\":0,\"errors\":0}\n",
		END, done, done - w->driver_misses);
	fclose(f);
}

static void make_disk(const struct wrong *w, const char *dir)
{
	FILE *f = open_in(dir, "disk.img", "we");
	uint64_t data[BLOCK_SIZE / sizeof(uint64_t)], block, slot;
	struct block_header header = { .seed = work.seed };

	for (block = 0; block < workload_blocks(&work); block++) {
		slot = block / work.span;
		header.block = block;
		header.sequence = workload_writer(&work, block, workload_count(&work, slot));
		/* Each block is written once at first. */
		if (w->old_block && block == 3)
			header.sequence = workload_writer(&work, block, work.span);
		block_fill(data, &header);
		if (w->torn_block && block == 3) {
			header.sequence = workload_writer(&work, block, work.span);
			block_fill_sector(data, block * BLOCK_SECTORS, header.sequence, work.seed);
		}
		fwrite(data, sizeof(data), 1, f);
	}
	fclose(f);
}

void selftest_nvme(const char *dir)
{
	const struct scenario *sc = scenario_find("nvme");
	char *to = xasprintf("%s/nvme", dir);
	struct checks checks;
	struct record r;
	struct nvme n;
	size_t i;

	make_dirs(to);
	for (i = 0; i < ARRAY_SIZE(wrongs); i++) {
		make_trace(&wrongs[i], to);
		make_events(&wrongs[i], to);
		make_disk(&wrongs[i], to);
		if (record_load(&r, to))
			continue;
		memset(&checks, 0, sizeof(checks));
		nvme_look(&n, &r);
		nvme_check(&n, &r, sc, to, 0, &checks);
		selftest_point_checks(&checks, wrongs[i].name, wrongs[i].failing);
		nvme_free(&n);
		checks_free(&checks);
		record_free(&r);
	}
	free(to);
}
