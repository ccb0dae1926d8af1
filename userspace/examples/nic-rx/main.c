// SPDX-License-Identifier: GPL-2.0-only
/*
 * nic-rx - receive numbered frames on a network controller, from userspace,
 * without an IOMMU, and go on after the kernel was replaced underneath
 *
 * Options and modes; the work is done elsewhere: setup.c, receive.c, status.c.
 */
#include <getopt.h>
#include <stdio.h>

#include "event.h"
#include "option.h"
#include "orders.h"
#include "receive.h"
#include "report.h"
#include "status.h"

enum mode { MODE_START, MODE_RESUME, MODE_STATUS, MODE_REGISTERS };

struct options {
	enum mode mode;
	const char *bdf;
	const char *result;
	const char *when;
	const char *name;
	const char *socket;
	uint64_t pid;
	uint64_t count;
	uint64_t idle_ms;
	uint64_t poll_us;
	uint64_t timeout_ms;
	uint64_t descriptors;
	uint64_t sequences;
	enum nic_irq irq_mode;
	bool irq;
	bool no_kick;
	bool memory_only;
	enum dma_kind kind;
};

static void usage(FILE *to)
{
	fputs("usage:\n"
"  nic-rx [OPTIONS] BDF          receive on the device at BDF (0000:00:02.0)\n"
"  nic-rx [OPTIONS] --resume     go on, with descriptors by LISTEN_FDS\n"
"  nic-rx [OPTIONS] --name NAME BDF  the same as a client of holdfastd: go on if\n"
"                    something waits under NAME, else start; be ready for the\n"
"                    next update\n"
"  nic-rx [OPTIONS] --status PID show what a running nic-rx has received\n"
"  nic-rx [OPTIONS] --registers BDF  show receive registers of an idle device\n"
"options:\n"
"  --events FILE     append JSON lines to FILE instead of stdout\n"
"  --count N         end when N frames were received (default: no end);\n"
"                    with --status: wait until N frames were consumed\n"
"  --idle MS         end MS milliseconds after the last frame, with --irq after\n"
"                    the last interrupt (default: never)\n"
"  --poll US         sleep US microseconds when the ring is empty (default 500)\n"
"  --irq[=KIND]      look into the ring only when an interrupt came: msix\n"
"                    (default), msi, intx; with --resume the kind it was\n"
"                    started with\n"
"  --no-kick         with --irq --resume: do not look before one came\n"
"  --result FILE     write the result line to FILE as well\n"
"  --descriptors N   ring size, a multiple of 8 up to 65520 (default 65520)\n"
"  --sequences N     sequence numbers to account (default 262144)\n"
"  --memory KIND     rings and buffers are memfds (memfd, the default), anonymous\n"
"                    memory (anon), huge pages (hugetlb) or memfds of huge pages\n"
"                    (hugetlb-memfd)\n"
"  --memory-only     with --resume: use no device, only look into the ring\n"
"  --name NAME       be a client of holdfastd, also with --resume\n"
"  --socket PATH     of the daemon\n"
"  --timeout MS      with --status: how long to wait (default 10000)\n"
"  --when WORD       with --registers: word for the event (default \"idle\")\n"
"signals: SIGUSR2 lets go of the device, SIGUSR1 takes it up again (or prints\n"
"totals), SIGTERM ends and stops the device unless it was let go of or may be\n"
"preserved (--name), SIGINT ends and stops it if it is not preserved\n"
"exit status: 0 all frames good, 1 some lost, double or damaged, 2 usage,\n"
"3 could not run\n", to);
}

static const struct option long_options[] = {
	{ "resume", no_argument, NULL, 'r' },
	{ "status", required_argument, NULL, 's' },
	{ "registers", no_argument, NULL, 'g' },
	{ "events", required_argument, NULL, 'e' },
	{ "count", required_argument, NULL, 'n' },
	{ "idle", required_argument, NULL, 'i' },
	{ "poll", required_argument, NULL, 'p' },
	{ "irq", optional_argument, NULL, 'I' },
	{ "no-kick", no_argument, NULL, 'k' },
	{ "result", required_argument, NULL, 'o' },
	{ "descriptors", required_argument, NULL, 'd' },
	{ "sequences", required_argument, NULL, 'q' },
	{ "memory", required_argument, NULL, 'M' },
	{ "memory-only", no_argument, NULL, 'm' },
	{ "name", required_argument, NULL, 'N' },
	{ "socket", required_argument, NULL, 'S' },
	{ "timeout", required_argument, NULL, 't' },
	{ "when", required_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

#define HOUR_MS		3600000ull

/* Returns 0, EXIT_USAGE, or -1 when there is nothing left to do */
static int parse_option(struct options *opt, int c)
{
	int bad = 0;

	switch (c) {
	case 'r':
		opt->mode = MODE_RESUME;
		break;
	case 's':
		opt->mode = MODE_STATUS;
		bad = option_number("status", optarg, 1, 1ull << 22, &opt->pid);
		break;
	case 'g':
		opt->mode = MODE_REGISTERS;
		break;
	case 'e':
		if (event_open(optarg))
			return EXIT_FAILED;
		break;
	case 'n':
		bad = option_number("count", optarg, 1, 1ull << 28,
				   &opt->count);
		break;
	case 'i':
		bad = option_number("idle", optarg, 1, HOUR_MS, &opt->idle_ms);
		break;
	case 'p':
		bad = option_number("poll", optarg, 0, 1000000, &opt->poll_us);
		break;
	case 'I':
		opt->irq = true;
		bad = optarg && wake_mode(optarg, &opt->irq_mode);
		if (bad)
			return option_complain("--irq takes msix, msi or intx");
		break;
	case 'k':
		opt->no_kick = true;
		break;
	case 'o':
		opt->result = optarg;
		break;
	case 'd':
		bad = option_number("descriptors", optarg, NIC_DESC_MULTIPLE,
				   NIC_DESC_MAX, &opt->descriptors);
		break;
	case 'q':
		bad = option_number("sequences", optarg, 1, 1ull << 28,
				   &opt->sequences);
		break;
	case 'M':
		if (dma_kind(optarg, &opt->kind))
			return option_complain("--memory takes memfd, anon, hugetlb or hugetlb-memfd");
		break;
	case 'm':
		opt->memory_only = true;
		break;
	case 't':
		bad = option_number("timeout", optarg, 1, HOUR_MS,
				   &opt->timeout_ms);
		break;
	case 'w':
		opt->when = optarg;
		break;
	case 'N':
		opt->name = optarg;
		break;
	case 'S':
		opt->socket = optarg;
		break;
	case 'h':
		usage(stdout);
		return -1;
	default:
		bad = 1;
	}
	return bad ? EXIT_USAGE : 0;
}

static int parse_options(struct options *opt, int argc, char **argv)
{
	bool wants_bdf;
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int ret = parse_option(opt, c);

		if (ret)
			return ret;
	}
	wants_bdf = opt->mode == MODE_START || opt->mode == MODE_REGISTERS;
	if (wants_bdf && argc != optind + 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!wants_bdf && argc != optind)
		return option_complain("an address is not wanted here");
	if (wants_bdf)
		opt->bdf = argv[optind];
	if (opt->kind != DMA_MEMFD && opt->mode != MODE_START)
		return option_complain("--memory goes with starting on a device");
	if (opt->memory_only && opt->mode != MODE_RESUME)
		return option_complain("--memory-only goes with --resume");
	if (opt->name && (wants_bdf ? opt->mode != MODE_START :
			  opt->mode != MODE_RESUME || opt->memory_only))
		return option_complain("--name goes with starting on a device or with --resume, and without --memory-only");
	if (opt->socket && !opt->name)
		return option_complain("--socket goes with --name");
	if (opt->irq && opt->memory_only)
		return option_complain("--irq needs a device, --memory-only has none");
	if (opt->no_kick && !(opt->irq && opt->mode == MODE_RESUME))
		return option_complain("--no-kick goes with --irq --resume");
	if (opt->irq && opt->mode == MODE_START && opt->irq_mode == IRQ_NONE)
		opt->irq_mode = IRQ_MSIX;
	if (opt->descriptors % NIC_DESC_MULTIPLE)
		return option_complain("--descriptors has to be a multiple of 8");
	if (opt->mode == MODE_START && opt->count > opt->sequences)
		return option_complain("--count is larger than --sequences");
	return 0;
}

static int begin(struct receiver *rx, const struct options *opt)
{
	bool resume = opt->mode == MODE_RESUME;
	int ret = 1;

	if (handover_open(&rx->handover, opt->name, opt->socket, resume))
		return -1;
	if (rx->handover.hf)
		ret = receiver_resume(rx, opt->bdf);
	if (ret > 0 && resume)
		return fail("no descriptors were handed over: %s",
			    holdfast_error());
	if (ret > 0)
		ret = receiver_start(rx, opt->bdf, (uint32_t)opt->descriptors,
				     opt->sequences);
	return ret;
}

static int run(const struct options *opt)
{
	static const char *const words[] = {
		[END_COMPLETE] = "complete",
		[END_IDLE] = "idle",
		[END_ASKED] = "asked",
		[END_FAILED] = "failed",
	};
	struct receiver rx = {
		.memory_only = opt->memory_only,
		.kind = opt->kind,
		.expected = opt->count,
		.idle_ms = opt->idle_ms,
		.poll_us = opt->poll_us,
		.wake.mode = opt->irq_mode,
		.irq = opt->irq,
		.no_kick = opt->no_kick,
	};
	enum receiver_end end;
	int ret;

	orders_block();
	if (begin(&rx, opt))
		return EXIT_FAILED;

	end = receiver_run(&rx);
	/* Let go of: the device is not ours to touch, and goes on receiving */
	if (end == END_DETACHED || !handover_withdraw(&rx.handover))
		return EXIT_CLEAN;
	ret = end == END_FAILED;
	if (!rx.memory_only) {
		report_registers(&rx, "end", true);
		ret |= receiver_stop(&rx);
	}
	if (report_result(&rx.state, opt->count, words[end], opt->result))
		return EXIT_LOSS;
	return ret ? EXIT_FAILED : EXIT_CLEAN;
}

static int show_registers(const struct options *opt)
{
	uint16_t vendor, device;
	struct nic nic;

	if (vfio_identify(opt->bdf, &vendor, &device))
		return EXIT_FAILED;
	nic.ops = nic_lookup(vendor, device);
	if (!nic.ops) {
		fail("%s: device %04x:%04x is neither igb (8086:10c9) nor e1000e (8086:10d3)",
		     opt->bdf, vendor, device);
		return EXIT_FAILED;
	}
	nic.bar = vfio_map_sysfs_bar0(opt->bdf, &nic.bar_len);
	if (!nic.bar)
		return EXIT_FAILED;
	if (nic.bar_len < NIC_BAR_MIN) {
		fail("%s: BAR 0 has only %zu bytes", opt->bdf, nic.bar_len);
		return EXIT_FAILED;
	}
	report_raw_registers(&nic, opt->bdf, opt->when);
	return EXIT_CLEAN;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.when = "idle",
		.poll_us = 500,
		.timeout_ms = 10000,
		.descriptors = NIC_DESC_MAX,
		.sequences = 1u << 18,
	};
	int ret = parse_options(&opt, argc, argv);

	if (ret)
		return ret < 0 ? EXIT_CLEAN : ret;
	switch (opt.mode) {
	case MODE_STATUS:
		return status_show((long)opt.pid, opt.count, opt.timeout_ms) ?
		       EXIT_FAILED : EXIT_CLEAN;
	case MODE_REGISTERS:
		return show_registers(&opt);
	default:
		return run(&opt);
	}
}
