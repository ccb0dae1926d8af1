// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvme-io - write and read blocks on an NVMe controller, from userspace,
 * without an IOMMU, and go on after the kernel was replaced underneath
 *
 * Options and modes; the work is done elsewhere: setup.c, io.c, status.c,
 * image.c.
 */
#include <getopt.h>
#include <stdio.h>

#include "event.h"
#include "image.h"
#include "io.h"
#include "option.h"
#include "orders.h"
#include "report.h"
#include "setup.h"
#include "status.h"

enum mode { MODE_START, MODE_RESUME, MODE_STATUS, MODE_IMAGE };

struct options {
	enum mode mode;
	const char *bdf;
	const char *image;
	const char *result;
	const char *name;
	const char *socket;
	uint64_t pid;
	uint64_t count;
	uint64_t timeout_ms;
	uint64_t idle_ms;
	uint64_t commands;
	uint64_t queues;
	uint64_t depth;
	uint64_t span;
	uint64_t seed;
	bool poll;
	bool no_kick;
	bool memory_only;
};

static void usage(FILE *to)
{
	fputs("usage:\n"
"  nvme-io [OPTIONS] BDF          run on the controller at BDF (0000:00:03.0)\n"
"  nvme-io [OPTIONS] --resume     go on, with descriptors by LISTEN_FDS\n"
"  nvme-io [OPTIONS] --name NAME BDF  the same as a client of holdfastd: go on\n"
"                    if something waits under NAME, else start; be ready for the\n"
"                    next update\n"
"  nvme-io [OPTIONS] --status PID show what a running nvme-io has done\n"
"  nvme-io [OPTIONS] --check-image FILE  compare a disk image with what a run\n"
"                    that is complete, with the same options, leaves behind\n"
"options:\n"
"  --events FILE     append JSON lines to FILE instead of stdout\n"
"  --result FILE     write the result line to FILE as well\n"
"  --idle MS         give up MS milliseconds after the last completion (default\n"
"                    20000)\n"
"of a run, which --resume has from the state:\n"
"  --commands N      writes and reads in all (default 20000)\n"
"  --queues N        I/O queue pairs, up to 16 (default 4)\n"
"  --depth N         entries of each, 4 to 1024 (default 256); one less is in\n"
"                    flight\n"
"  --span N          blocks of 4 KiB for each command in flight (default 4)\n"
"  --seed N          makes the data different (default 1)\n"
"  --poll            use no interrupts\n"
"others:\n"
"  --no-kick         with --resume: do not look at the queues before an\n"
"                    interrupt comes (shows what is lost then)\n"
"  --memory-only     with --resume: use no device, only look into the queues\n"
"  --count N         with --status: wait until N commands have completed\n"
"  --name NAME       be a client of holdfastd, also with --resume\n"
"  --socket PATH     of the daemon\n"
"  --timeout MS      with --status: how long to wait (default 10000)\n"
"signals: SIGUSR2 lets go of the device, SIGUSR1 takes it up again (or prints\n"
"totals), SIGTERM ends and shuts the device down unless it was let go of or may\n"
"be preserved (--name), SIGINT ends and shuts it down if it is not preserved\n"
"exit status: 0 all commands completed once and well, 1 some did not, 2 usage,\n"
"3 could not run\n", to);
}

static const struct option long_options[] = {
	{ "resume", no_argument, NULL, 'r' },
	{ "status", required_argument, NULL, 's' },
	{ "check-image", required_argument, NULL, 'i' },
	{ "events", required_argument, NULL, 'e' },
	{ "result", required_argument, NULL, 'o' },
	{ "idle", required_argument, NULL, 'I' },
	{ "commands", required_argument, NULL, 'n' },
	{ "queues", required_argument, NULL, 'q' },
	{ "depth", required_argument, NULL, 'd' },
	{ "span", required_argument, NULL, 'S' },
	{ "seed", required_argument, NULL, 'x' },
	{ "poll", no_argument, NULL, 'p' },
	{ "no-kick", no_argument, NULL, 'k' },
	{ "memory-only", no_argument, NULL, 'm' },
	{ "name", required_argument, NULL, 'N' },
	{ "socket", required_argument, NULL, 'P' },
	{ "count", required_argument, NULL, 'c' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

#define HOUR_MS		3600000ull

/* Options that have a number; returns -1 for another option */
static int parse_number(struct options *opt, int c)
{
	switch (c) {
	case 's':
		opt->mode = MODE_STATUS;
		return option_number("status", optarg, 1, 1u << 22, &opt->pid);
	case 'I':
		return option_number("idle", optarg, 1, HOUR_MS, &opt->idle_ms);
	case 'n':
		return option_number("commands", optarg, 1, COMMANDS_MAX,
				     &opt->commands);
	case 'q':
		return option_number("queues", optarg, 1, QUEUES_MAX,
				     &opt->queues);
	case 'd':
		return option_number("depth", optarg, DEPTH_MIN, DEPTH_MAX,
				     &opt->depth);
	case 'S':
		return option_number("span", optarg, 1, SPAN_MAX, &opt->span);
	case 'x':
		return option_number("seed", optarg, 0, UINT64_MAX, &opt->seed);
	case 'c':
		return option_number("count", optarg, 1, COMMANDS_MAX,
				     &opt->count);
	case 't':
		return option_number("timeout", optarg, 1, HOUR_MS,
				     &opt->timeout_ms);
	}
	return -1;
}

/* Returns 0, an exit status, or -1 when there is nothing left to do */
static int parse_option(struct options *opt, int c)
{
	switch (c) {
	case 'r':
		opt->mode = MODE_RESUME;
		return 0;
	case 'i':
		opt->mode = MODE_IMAGE;
		opt->image = optarg;
		return 0;
	case 'e':
		return event_open(optarg) ? EXIT_FAILED : 0;
	case 'o':
		opt->result = optarg;
		return 0;
	case 'N':
		opt->name = optarg;
		return 0;
	case 'P':
		opt->socket = optarg;
		return 0;
	case 'p':
		opt->poll = true;
		return 0;
	case 'k':
		opt->no_kick = true;
		return 0;
	case 'm':
		opt->memory_only = true;
		return 0;
	case 'h':
		usage(stdout);
		return -1;
	}
	return parse_number(opt, c) ? EXIT_USAGE : 0;
}

static int parse_options(struct options *opt, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int ret = parse_option(opt, c);

		if (ret)
			return ret;
	}
	if (opt->mode == MODE_START && argc != optind + 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (opt->mode != MODE_START && argc != optind)
		return option_complain("an address is not wanted here");
	opt->bdf = argv[optind];
	if (opt->name && (opt->mode == MODE_STATUS || opt->mode == MODE_IMAGE ||
			  opt->memory_only))
		return option_complain("--name goes with starting on a device or with --resume, and without --memory-only");
	if (opt->socket && !opt->name)
		return option_complain("--socket goes with --name");
	if ((opt->memory_only || opt->no_kick) && opt->mode != MODE_RESUME)
		return option_complain("--memory-only and --no-kick go with --resume");
	return 0;
}

static int begin(struct io *io, const struct options *opt,
		 const struct state_fixed *shape)
{
	bool resume = opt->mode == MODE_RESUME;
	int ret = 1;

	if (handover_open(&io->handover, opt->name, opt->socket, resume))
		return -1;
	if (io->handover.hf)
		ret = setup_resume(io, opt->bdf);
	if (ret > 0 && resume)
		return fail("no descriptors were handed over: %s",
			    holdfast_error());
	return ret > 0 ? setup_start(io, opt->bdf, shape) : ret;
}

static int run(const struct options *opt)
{
	static const char *const words[] = {
		[END_COMPLETE] = "complete",
		[END_IDLE] = "idle",
		[END_ASKED] = "asked",
	};
	const struct state_fixed shape = {
		.queues = (uint32_t)opt->queues,
		.depth = (uint32_t)opt->depth,
		.span = (uint32_t)opt->span,
		.seed = opt->seed,
		.records_count = opt->commands,
		.interrupts = !opt->poll,
	};
	/* Too large for a stack */
	static struct io io;
	enum io_end end;
	int ret = 0;

	io.memory_only = opt->memory_only;
	io.kick = !opt->no_kick;
	io.idle_ms = opt->idle_ms;
	io.poll_us = 200;
	orders_block();
	if (begin(&io, opt, &shape))
		return EXIT_FAILED;

	end = io_run(&io);
	/* Let go of: the device is not ours to touch, and goes on */
	if (end == END_DETACHED)
		return EXIT_CLEAN;
	if (end == END_FAILED)
		return EXIT_FAILED;
	if (!handover_withdraw(&io.handover))
		return EXIT_CLEAN;
	if (!io.memory_only) {
		report_registers(&io, "end");
		ret = io_stop(&io);
	}
	if (report_result(&io.state, words[end], opt->result))
		return EXIT_LOSS;
	return ret ? EXIT_FAILED : EXIT_CLEAN;
}

static int check_image(const struct options *opt)
{
	const struct workload work = {
		.seed = opt->seed,
		.commands = opt->commands,
		.slots = (uint32_t)(opt->queues * (opt->depth - 1)),
		.span = (uint32_t)opt->span,
	};
	int ret = image_check(opt->image, &work);

	return ret < 0 ? EXIT_FAILED : ret ? EXIT_LOSS : EXIT_CLEAN;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.timeout_ms = 10000,
		.idle_ms = 20000,
		.commands = 20000,
		.queues = 4,
		.depth = 256,
		.span = 4,
		.seed = 1,
	};
	int ret = parse_options(&opt, argc, argv);

	if (ret)
		return ret < 0 ? EXIT_CLEAN : ret;
	switch (opt.mode) {
	case MODE_STATUS:
		return status_show((long)opt.pid, opt.count, opt.timeout_ms) ?
		       EXIT_FAILED : EXIT_CLEAN;
	case MODE_IMAGE:
		return check_image(&opt);
	default:
		return run(&opt);
	}
}
