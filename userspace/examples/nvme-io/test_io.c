// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver against a simulated controller, in one process step by step, and
 * in two at once, where the driver is killed at any instruction.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "dma.h"
#include "event.h"
#include "io.h"
#include "queue.h"
#include "orders.h"
#include "sim.h"
#include "test.h"

#define QUEUES		3u
#define DEPTH		16u
#define SLOTS		(QUEUES * (DEPTH - 1))
#define SPAN		4u

/* What driver and controller share; all of it survives the driver */
struct shared {
	uint8_t queues[64 * NVME_PAGE] __attribute__((aligned(4096)));
	uint8_t buffers[SLOTS * NVME_PAGE];
	uint32_t bar[SIM_BAR_SIZE / 4];
	uint8_t state[];
};

static struct sim sim;
static struct io io;
static struct shared *shared;
static size_t shared_size;

static void *get_shared(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		abort();
	return map;
}

static void make_state(uint64_t commands, bool interrupts)
{
	const struct state_fixed shape = {
		.queues = QUEUES,
		.depth = DEPTH,
		.span = SPAN,
		.seed = 11,
		.records_count = commands,
		.interrupts = interrupts,
	};
	struct state_fixed *fixed;

	state_init(&io.state, shared->state, &shape);
	fixed = io.state.fixed;
	fixed->queues_size = sizeof(shared->queues);
	fixed->queues_pa = SIM_QUEUES_PA;
	fixed->buffers_size = sizeof(shared->buffers);
	fixed->clock_khz = 1000000;
	strcpy(fixed->bdf, "0000:00:03.0");
	for (uint64_t i = 0; i < SLOTS; i++)
		io.state.pages[i] = sim_page(i, SLOTS);
}

/* A controller fresh from power-on and a driver that has not started it */
static void power_on(uint64_t commands, bool interrupts)
{
	if (shared)
		munmap(shared, shared_size);
	shared_size = sizeof(*shared) + state_size(SLOTS, commands);
	shared = get_shared(shared_size);
	memset(&io, 0, sizeof(io));
	make_state(commands, interrupts);
	io.ctrl.bar = shared->bar;
	io.ctrl.bar_len = SIM_BAR_SIZE;

	memset(&sim, 0, sizeof(sim));
	sim.bar = shared->bar;
	sim.queues = shared->queues;
	sim.queues_size = sizeof(shared->queues);
	sim.buffers = shared->buffers;
	sim.pages = io.state.pages;
	sim.pages_count = SLOTS;
	sim.max_pairs = 8;
	sim.random = 12345;
	sim_power_on(&sim);
}

/* The driver's part of it, for a process of its own */
static int start(void)
{
	struct controller_identity identity;

	if (controller_prepare(&io.ctrl, QUEUES, DEPTH) ||
	    controller_start(&io.ctrl, io.state.fixed, shared->queues,
			     &identity))
		return 1;
	io.state.live->running = RUNNING_YES;
	io.state.live->enables++;
	state_seal(&io.state);
	return strcmp(identity.model, "a model") ||
	       strcmp(identity.serial, "serial") ||
	       identity.bytes != SIM_DISK_BLOCKS * BLOCK_SIZE;
}

/* Runs @driver in a process of its own, with the controller in this one */
static pid_t spawn(int (*driver)(void))
{
	pid_t pid, parent = getpid();

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(99);
	orders_block();
	_exit(driver());
}

/* Return: exit status of the driver, or -1 if it was killed */
static int serve(pid_t pid, unsigned int complete)
{
	int status;

	while (!waitpid(pid, &status, WNOHANG))
		sim_step(&sim, complete);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Starts the controller, and attaches the driver in this process */
static bool up(uint64_t commands, bool interrupts)
{
	power_on(commands, interrupts);
	if (serve(spawn(start), 1))
		return false;
	io.ctrl.cap = io.state.fixed->cap;
	io_attach(&io, shared->queues, shared->buffers);
	return true;
}

static void submit_all(void)
{
	for (uint32_t i = 0; i < QUEUES; i++)
		io_submit(&io, &io.queue[i]);
}

static bool run_to_the_end(void)
{
	uint64_t steps = 0;

	submit_all();
	while (io.completed < io.state.work.commands) {
		sim_step(&sim, sim_draw(&sim, 2 * DEPTH));
		if (sim_draw(&sim, 2))
			io_consume_all(&io);
		if (steps++ > io.state.work.commands + 1000)
			return false;
	}
	return true;
}

/* Every block of the disk is what the records say */
static bool disk_is_right(void)
{
	uint64_t digest = BLOCK_DIGEST_START;
	struct disk disk;

	account_blocks(&io.state, &disk);
	for (uint64_t i = 0; i < disk.blocks; i++)
		digest = block_digest(digest, sim.disk[i]);
	return digest == disk.digest;
}

/* All commands once and well, as the driver and as the device say */
static bool all_is_well(void)
{
	struct summary sum;

	EXPECT(!account_summary(&io.state, &sum));
	EXPECT(sum.completed == io.state.work.commands);
	EXPECT(sum.submitted == sum.completed && !sum.in_flight);
	EXPECT(!sum.duplicated && !sum.corrupt && !sum.errors);
	EXPECT(!io.state.live->strays && !sim.wrong);
	EXPECT(sim.fetched == sum.completed);
	EXPECT(disk_is_right());
	return true;
}

static bool start_up(void)
{
	struct state_fixed *fixed;

	EXPECT(up(100, true));
	fixed = io.state.fixed;
	EXPECT(sim.admin == 3 + 2 * QUEUES && !sim.wrong && !sim.resets);
	EXPECT(fixed->lba_shift == 9 && fixed->cap);
	for (uint32_t i = 1; i <= QUEUES; i++)
		EXPECT(sim.queue[i].created && sim.queue[i].vector == i &&
		       sim.queue[i].depth == DEPTH);
	EXPECT(!controller_check(&io.ctrl, fixed));
	EXPECT(up(100, false));
	EXPECT(sim.queue[1].vector == ~0u);
	/* A second start resets what the first one left */
	memset(shared->queues, 0, sizeof(shared->queues));
	EXPECT(!serve(spawn(start), 1));
	EXPECT(sim.resets == 1);
	return true;
}

static bool start_refused(void)
{
	power_on(100, false);
	sim.max_pairs = QUEUES - 1;
	EXPECT(serve(spawn(start), 1) == 1);
	power_on(100, false);
	shared->bar[0] = DEPTH - 2;
	EXPECT(serve(spawn(start), 1) == 1);
	power_on(100, false);
	shared->bar[1] = 0;
	EXPECT(serve(spawn(start), 1) == 1);
	power_on(100, false);
	io.ctrl.bar_len = REG_DOORBELLS + 4 * 2 * QUEUES;
	EXPECT(serve(spawn(start), 1) == 1);
	return true;
}

static int stop(void)
{
	return controller_stop(&io.ctrl) ? 1 : 0;
}

static bool shut_down(void)
{
	EXPECT(up(100, false));
	EXPECT(run_to_the_end());
	EXPECT(!serve(spawn(stop), 1));
	EXPECT(controller_check(&io.ctrl, io.state.fixed));
	/* Killed in the middle of it, another driver does the rest */
	io.state.live->running = RUNNING_STOPPING;
	EXPECT(io_run(&io) == END_COMPLETE);
	EXPECT(!serve(spawn(stop), 1));
	return true;
}

/* Each way in which a controller is not the one that was left */
static bool not_as_left(void)
{
	static const uint32_t regs[] = { REG_CAP, REG_CAP + 4, REG_CC, REG_CSTS,
					 REG_AQA, REG_ASQ, REG_ASQ + 4, REG_ACQ,
					 REG_ACQ + 4 };

	EXPECT(up(100, false));
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		shared->bar[regs[i] / 4] ^= 1;
		EXPECT(controller_check(&io.ctrl, io.state.fixed));
		shared->bar[regs[i] / 4] ^= 1;
		EXPECT(!controller_check(&io.ctrl, io.state.fixed));
	}
	shared->bar[REG_CSTS / 4] |= CSTS_CFS;
	EXPECT(controller_check(&io.ctrl, io.state.fixed));
	sim_power_on(&sim);
	EXPECT(controller_check(&io.ctrl, io.state.fixed));
	return true;
}

static bool every_command_once(void)
{
	EXPECT(up(60000, false));
	EXPECT(run_to_the_end());
	EXPECT(all_is_well());
	return true;
}

/* Fewer commands than there is room for, and one more than that */
static bool few_commands(void)
{
	static const uint64_t counts[] = { 1, SLOTS - 1, SLOTS, SLOTS + 1 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct summary sum;

		EXPECT(up(counts[i], false));
		EXPECT(run_to_the_end());
		EXPECT(!account_summary(&io.state, &sum));
		EXPECT(sum.completed == counts[i] && !sum.corrupt);
		EXPECT(sim.fetched == counts[i] && !sim.wrong);
	}
	return true;
}

static bool is_full(void)
{
	EXPECT(up(60000, false));
	submit_all();
	for (int i = 0; i < 2000; i++) {
		EXPECT(io.submitted - io.completed == SLOTS);
		sim_step(&sim, sim_draw(&sim, DEPTH));
		io_consume_all(&io);
	}
	return true;
}

/* Nobody looks for a while; what landed meanwhile is known as that */
static bool gap(void)
{
	uint32_t doorbells[2 * (QUEUES + 1)];
	uint64_t in_gaps = 0;
	struct summary sum;

	EXPECT(up(20000, false));
	submit_all();
	for (int i = 0; i < 40; i++) {
		const struct gap *gap = &io.state.live->gap[i];
		uint32_t landed = 0;

		sim_step(&sim, sim_draw(&sim, 2 * SLOTS));
		io_consume_all(&io);
		io_let_go(&io);
		memcpy(doorbells, &shared->bar[REG_DOORBELLS / 4],
		       sizeof(doorbells));
		sim_step(&sim, i % 4 ? sim_draw(&sim, 2 * SLOTS) : 0);
		landed = SLOTS - sim.pending_count;
		EXPECT(!memcmp(doorbells, &shared->bar[REG_DOORBELLS / 4],
			       sizeof(doorbells)));
		/* Some go on in the same process, others come anew */
		if (i & 1)
			io_attach(&io, shared->queues, shared->buffers);
		io_take_up(&io, "resumed");
		EXPECT(gap->in_flight == SLOTS && gap->landed == landed);
		EXPECT(gap->looked_ns >= gap->let_go_ns && gap->let_go_ns);
		in_gaps += landed;
		/* What comes after the first look is of no gap */
		sim_step(&sim, 5);
		io_consume_all(&io);
	}
	EXPECT(run_to_the_end());
	EXPECT(!account_summary(&io.state, &sum));
	EXPECT(sum.in_gaps == in_gaps && io.state.live->gaps == 40);
	EXPECT(all_is_well());
	return true;
}

/* The device errs; each way is told from the others */
static bool device_errs(void)
{
	struct summary sum;

	EXPECT(up(20000, false));
	EXPECT(!sim.wrong);
	submit_all();
	/* Beyond the first lap, which only writes */
	while (io.completed < 5000) {
		sim_step(&sim, 8);
		io_consume_all(&io);
	}
	sim.corrupt_next = true;
	sim.fail_next = true;
	sim.twice_next = true;
	EXPECT(run_to_the_end());
	EXPECT(!account_summary(&io.state, &sum));
	EXPECT(sum.corrupt >= 1 && sum.errors == 1 && sum.duplicated == 1);
	EXPECT(sum.completed == 20000 && !io.state.live->strays);
	return true;
}

static bool device_loses(void)
{
	struct summary sum;

	EXPECT(up(1000, false));
	submit_all();
	sim_step(&sim, 5);
	sim.drop_next = true;
	for (int i = 0; i < 5000; i++) {
		sim_step(&sim, 8);
		io_consume_all(&io);
	}
	EXPECT(!account_summary(&io.state, &sum));
	EXPECT(sum.in_flight == 1 && sum.submitted < 1000 &&
	       sum.completed == sum.submitted - 1);
	return true;
}

static bool stray(void)
{
	volatile struct nvme_completion *cq;

	EXPECT(up(1000, false));
	submit_all();
	cq = (volatile struct nvme_completion *)io.queue[0].cq;
	cq[0].sq_id = 1;
	cq[0].cid = 0xffff;
	cq[0].status = 1;
	EXPECT(io_consume(&io, &io.queue[0]) == 1);
	EXPECT(io.state.live->strays == 1 && !io.completed);
	/* Of another queue */
	cq[1].sq_id = 2;
	cq[1].cid = queue_command_id(DEPTH, 0, 0);
	cq[1].status = 1;
	io_consume(&io, &io.queue[0]);
	EXPECT(io.state.live->strays == 2 && !io.completed);
	return true;
}

/* Without a device the queues are looked at, and nothing is written to it */
static bool memory_only(void)
{
	uint32_t bar[SIM_BAR_SIZE / 4];

	EXPECT(up(1000, false));
	submit_all();
	sim_step(&sim, 20);
	memcpy(bar, shared->bar, sizeof(bar));
	memset(&io.queue, 0, sizeof(io.queue));
	io.memory_only = true;
	io.ctrl.bar = NULL;
	io_attach(&io, shared->queues, shared->buffers);
	EXPECT(io.completed == 0 && io.submitted == SLOTS);
	EXPECT(io_consume_all(&io) == 20 && io.completed == 20);
	EXPECT(io.submitted == SLOTS);
	EXPECT(!memcmp(bar, shared->bar, sizeof(bar)));
	return true;
}

/* The next driver, in a process of its own, from what is in memory */
static int resume(void)
{
	const char *wrong = state_check(&io.state, shared->state,
					state_size(SLOTS,
						   io.state.work.commands));

	if (wrong) {
		printf("# state: %s\n", wrong);
		return 1;
	}
	if (controller_check(&io.ctrl, io.state.fixed))
		return 2;
	io.idle_ms = 20000;
	io_attach(&io, shared->queues, shared->buffers);
	io_take_up(&io, "resumed");
	return io_run(&io) == END_COMPLETE ? 0 : 3;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Completions that drivers have consumed so far */
static uint64_t consumed(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < QUEUES_MAX; i++)
		sum += __atomic_load_n(&io.state.live->queue[i].head,
				       __ATOMIC_RELAXED);
	return sum;
}

/*
 * Lets a driver live until it has consumed so many completions, however fast the
 * machine is, while the device works
 */
static int serve_and_kill(pid_t pid, uint64_t count)
{
	uint64_t end = now_us() + 20000000;
	int status;

	count += consumed();
	while (consumed() < count && now_us() < end) {
		if (waitpid(pid, &status, WNOHANG))
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		sim_step(&sim, 8);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * Driver and controller run at once, each in a process; the driver is killed
 * wherever it happens to be, many times.
 */
static bool killed_anywhere(void)
{
	int killed = 0, status = -1;

	EXPECT(up(20000, false));
	while (status < 0) {
		status = serve_and_kill(spawn(resume), sim_draw(&sim, 200));
		killed += status < 0;
		/* Some die so early that they come to nothing */
		if (killed == 150)
			status = serve(spawn(resume), 8);
	}
	printf("# killed %d times\n", killed);
	EXPECT(!status && killed > 20);
	EXPECT(io.state.live->gaps > 20);
	EXPECT(all_is_well());
	return true;
}

/* A driver that finds memory as it is in @snapshot comes to a good end */
static bool goes_on_from(const struct shared *snapshot, const struct sim *then)
{
	uint64_t commands = io.state.work.commands;
	bool good;

	memset(&io, 0, sizeof(io));
	memcpy(shared, snapshot, shared_size);
	sim = *then;
	sim.bar = shared->bar;
	sim.queues = shared->queues;
	sim.buffers = shared->buffers;
	EXPECT(!state_check(&io.state, shared->state,
			    state_size(SLOTS, commands)));
	sim.pages = io.state.pages;
	io.ctrl.bar = shared->bar;
	io.ctrl.cap = io.state.fixed->cap;
	io_attach(&io, shared->queues, shared->buffers);
	io_take_up(&io, "resumed");
	/* It may be killed as well before it looks at any completion */
	submit_all();
	EXPECT(!state_check(&io.state, shared->state,
			    state_size(SLOTS, commands)));
	good = run_to_the_end() && all_is_well();
	EXPECT(good);
	return true;
}

/* What counts in memory; buffers change with every word that is filled in */
static bool has_changed(const struct shared *now, const struct shared *before)
{
	return memcmp(now->state, before->state,
		      shared_size - offsetof(struct shared, state)) ||
	       memcmp(now->bar, before->bar, sizeof(now->bar)) ||
	       memcmp(now->queues, before->queues,
		      queue_memory_size(QUEUES, DEPTH));
}

static int consume_traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	io_consume_all(&io);
	return 0;
}

/*
 * A driver is stepped through consuming and submitting, one instruction after
 * the other. Wherever memory differs from what it was an instruction before,
 * another driver has to be able to go on.
 */
static bool killed_at_each_step(uint64_t submitted)
{
	struct shared *live, *before;
	int states = 0, status;
	static struct sim then;
	bool good = true;
	pid_t pid;

	EXPECT(up(500, false));
	submit_all();
	while (io.submitted < submitted) {
		sim_step(&sim, 1);
		io_consume_all(&io);
	}
	sim_step(&sim, 6);
	then = sim;

	pid = spawn(consume_traced);
	live = shared;
	before = get_shared(shared_size);
	shared = get_shared(shared_size);
	memcpy(before, live, shared_size);
	while (good && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (has_changed(live, before)) {
			memcpy(before, live, shared_size);
			good = goes_on_from(before, &then);
			states++;
		}
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	munmap(live, shared_size);
	munmap(before, shared_size);
	printf("# %d different states of memory\n", states);
	EXPECT(good && WIFEXITED(status) && !WEXITSTATUS(status));
	EXPECT(states > 20);
	return true;
}

static bool killed_at_work(void)
{
	return killed_at_each_step(250);
}

/* Nothing follows that would have the doorbell rung anyway */
static bool killed_at_last_commands(void)
{
	return killed_at_each_step(497);
}

/* What a driver leaves that is killed between two particular instructions */
static bool killed_between(void)
{
	struct record *record = NULL;
	struct live_queue *live;

	EXPECT(up(2000, false));
	live = &io.state.live->queue[1];
	submit_all();

	/* A command that is prepared, but whose tail was not moved */
	for (uint64_t n = 0; n < SLOTS; n++) {
		record = &io.state.records[n];
		if (record->ticket == live->tail &&
		    state_queue_of(&io.state, n) == live)
			break;
	}
	EXPECT(record && record->ticket == live->tail);
	live->tail--;
	live->tail_rung = live->tail;
	shared->bar[REG_DOORBELLS / 4 + 4] = (uint32_t)(live->tail % DEPTH);
	io_attach(&io, shared->queues, shared->buffers);
	EXPECT(!record->ticket && io.submitted == SLOTS - 1);

	/* A completion that was accounted, but whose head was not moved */
	sim_step(&sim, 30);
	EXPECT(io_consume(&io, &io.queue[0]) > 0);
	io.state.live->queue[0].head--;
	io_attach(&io, shared->queues, shared->buffers);
	io_take_up(&io, "resumed");

	EXPECT(run_to_the_end());
	EXPECT(all_is_well());
	return true;
}

static void make_eventfds(void)
{
	io.irqs.armed = true;
	io.irqs.count = QUEUES + 1;
	for (uint32_t i = 0; i <= QUEUES; i++)
		io.irqs.fd[i] = eventfd(0, EFD_NONBLOCK);
	sim.irq_fd = io.irqs.fd;
}

static void close_eventfds(void)
{
	for (uint32_t i = 0; i <= QUEUES; i++)
		close(io.irqs.fd[i]);
	memset(&io.irqs, 0, sizeof(io.irqs));
	sim.irq_fd = NULL;
}

static void kick(void)
{
	uint64_t one = 1;

	for (uint32_t i = 0; i <= QUEUES; i++)
		if (write(io.irqs.fd[i], &one, sizeof(one)) != sizeof(one))
			abort();
}

/* How long a driver sleeps before it gives up */
static uint64_t patience_ms;

static int run_asleep(void)
{
	io.idle_ms = patience_ms;
	io_attach(&io, shared->queues, shared->buffers);
	switch (io_run(&io)) {
	case END_COMPLETE:
		return 0;
	case END_IDLE:
		return 10;
	default:
		return 1;
	}
}

static bool interrupts(void)
{
	EXPECT(up(5000, true));
	make_eventfds();
	patience_ms = 20000;
	EXPECT(!serve(spawn(run_asleep), 4));
	EXPECT(io.state.live->wakeups > 10);
	close_eventfds();
	io_attach(&io, shared->queues, shared->buffers);
	EXPECT(all_is_well());
	return true;
}

/* Interrupts that came to nothing are made up for by the kick, and only by it */
static bool lost_interrupts(void)
{
	EXPECT(up(5000, true));
	submit_all();
	sim_step(&sim, SLOTS);
	EXPECT(!sim.pending_count);
	make_eventfds();
	patience_ms = 300;
	EXPECT(serve(spawn(run_asleep), 4) == 10);
	kick();
	patience_ms = 20000;
	EXPECT(!serve(spawn(run_asleep), 4));
	close_eventfds();
	io_attach(&io, shared->queues, shared->buffers);
	EXPECT(all_is_well());
	return true;
}

static const struct test tests[] = {
	{ "io: a controller is started, with its queues and vectors",
	  start_up },
	{ "io: a controller that cannot do it is refused", start_refused },
	{ "io: orderly shutdown", shut_down },
	{ "io: a controller that is not as it was left is noticed",
	  not_as_left },
	{ "io: 60000 commands complete once, out of order",
	  every_command_once },
	{ "io: few commands", few_commands },
	{ "io: the queues are kept full", is_full },
	{ "io: what landed in a gap is told apart, 40 gaps", gap },
	{ "io: wrong data, failed and doubled commands are noticed",
	  device_errs },
	{ "io: a lost command is noticed", device_loses },
	{ "io: completions of nothing are noticed", stray },
	{ "io: memory only, nothing is written", memory_only },
	{ "io: killed between two particular instructions", killed_between },
	{ "io: killed after any instruction, another goes on",
	  killed_at_work },
	{ "io: killed after any instruction at the end of a run",
	  killed_at_last_commands },
	{ "io: killed anywhere, nothing is lost or doubled",
	  killed_anywhere },
	{ "io: sleeping, woken by interrupts", interrupts },
	{ "io: lost interrupts are made up for by the kick alone",
	  lost_interrupts },
};

int main(void)
{
	/* What the driver would report is not of interest here */
	if (event_open("/dev/null") || !freopen("/dev/null", "w", stderr))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
