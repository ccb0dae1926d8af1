// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm - have the kernel move, swap out and collapse all that it may
 *
 *	storm [--events FILE] STEP
 *
 * One after the other: memory is compacted; nearly all of it is used, until the
 * kernel swaps; at that moment what CMA areas have is allocated; and the memory
 * of every process is reclaimed, moved to each node and collapsed into huge
 * pages. It says, on stdout and to FILE, how many pages the kernel migrated
 * ("compacted", "cma") or swapped out ("pressed"), and how many of its own, to
 * which it does the same as to those of the others, were elsewhere then:
 *
 *	{"ev":"storm","step":"STEP","compacted":...,"pressed":...,"cma":...,
 *	 "reclaimed":...,"moved":...,"collapsed":...}
 *
 * If one of these is 0, the storm was none, and it exits with 1. Only for
 * compaction there may be nothing left to do after the last one.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096ul
#define HUGE		(2ul << 20)
#define PREY_SIZE	(4 * HUGE)
#define CHUNK		HUGE
#define CHUNKS_MAX	8192
/* So many pages are to be swapped out under pressure */
#define ENOUGH_SWAPPED	256
/* When there is so little memory, it is used page by page */
#define FEW_KB		(64ul << 10)
#define NODES_MAX	64
#define NR_TRIES	10

/* What an ordinary process has */
struct prey {
	char *at;
	size_t step;		/* from one page that it uses to the next */
	uint64_t pfn[PREY_SIZE / PAGE];
};

enum { ANON, SHMEM, FRAGMENTS, PREYS };

static struct prey prey[PREYS];

enum attack { RECLAIM, MOVE, COLLAPSE, ATTACKS };

static unsigned long compacted, pressed, attacked[ATTACKS];
/* Counted by the process that uses up memory: pages that somebody had */
static unsigned long *cma;

static int nodes[NODES_MAX], nr_nodes;
static int pagemap;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s: '%s'", path, text);
	close(fd);
}

/* From a file of lines "NAME NUMBER", or one number if there is no @name */
static unsigned long read_number(const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	char line[128];
	size_t len = strlen(name);
	unsigned long value = 0;
	bool seen = false;

	if (!f)
		err(1, "%s", path);
	while (!seen && fgets(line, sizeof(line), f)) {
		seen = !strncmp(line, name, len) &&
		       (!len || line[len] == ' ' || line[len] == ':');
		value = strtoul(line + len + (len && line[len]), NULL, 10);
	}
	fclose(f);
	if (!seen)
		errx(1, "%s: no %s", path, name);
	return value;
}

/* 0 if there is no page, or it is swapped out */
static uint64_t pfn_of(const void *at)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)at / PAGE * sizeof(entry)) != sizeof(entry))
		err(1, "/proc/self/pagemap");
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

static uint64_t pattern(const struct prey *p, size_t at)
{
	return 0x5709000000000000ull | (uint64_t)(p - prey) << 40 | at;
}

/*
 * How many of its pages are elsewhere than at the last look? What they hold must
 * not have changed.
 */
static unsigned long look(struct prey *p)
{
	unsigned long n = 0;

	for (size_t at = 0; at < PREY_SIZE; at += p->step) {
		/* Swapped out, it comes back */
		uint64_t is = *(volatile uint64_t *)(p->at + at);
		uint64_t pfn = pfn_of(p->at + at);

		if (is != pattern(p, at))
			errx(1, "memory of its own has %#lx instead of %#lx",
			     is, pattern(p, at));
		n += pfn != p->pfn[at / PAGE];
		p->pfn[at / PAGE] = pfn;
	}
	return n;
}

static unsigned long look_at_all(void)
{
	unsigned long n = 0;

	for (int i = 0; i < PREYS; i++)
		n += look(&prey[i]);
	return n;
}

static char *map(size_t size, int flags, int fd)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap of %zu", size);
	return p;
}

static void make_prey(int i)
{
	struct prey *p = &prey[i];
	int fd = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS;

	if (i == SHMEM) {
		fd = memfd_create("prey", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, PREY_SIZE + HUGE))
			err(1, "memfd");
		flags = MAP_SHARED;
	}
	p->at = map(PREY_SIZE + HUGE, flags, fd);
	p->at += -(uintptr_t)p->at % HUGE;
	if (madvise(p->at, PREY_SIZE, MADV_NOHUGEPAGE))
		err(1, "MADV_NOHUGEPAGE");
	p->step = PAGE;
	for (size_t at = 0; at < PREY_SIZE; at += PAGE)
		*(uint64_t *)(p->at + at) = pattern(p, at);
	if (i == FRAGMENTS) {
		p->step = 2 * PAGE;
		for (size_t at = PAGE; at < PREY_SIZE; at += 2 * PAGE)
			madvise(p->at + at, PAGE, MADV_DONTNEED);
	}
	/* It would also forbid to collapse it */
	if (madvise(p->at, PREY_SIZE, MADV_HUGEPAGE))
		err(1, "MADV_HUGEPAGE");
	look(p);
}

static unsigned long migrated(void)
{
	return read_number("/proc/vmstat", "pgmigrate_success");
}

static void compact(void)
{
	const unsigned long before = migrated();

	write_file("/proc/sys/vm/compact_memory", "1");
	compacted += migrated() - before;
	look_at_all();
}

/* --- memory pressure, and CMA at its height ---------------------------------- */

static char *chunk[CHUNKS_MAX];
static size_t nr_chunks;

/* In huge pages as long as there are some, which is faster */
static void add_chunk(void)
{
	char *p;

	if (nr_chunks == CHUNKS_MAX)
		errx(1, "memory cannot be used up");
	p = map(2 * CHUNK, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	p += -(uintptr_t)p % CHUNK;
	if (read_number("/proc/meminfo", "MemFree") > FEW_KB)
		madvise(p, CHUNK, MADV_HUGEPAGE);
	for (size_t at = 0; at < CHUNK; at += PAGE)
		*(uint64_t *)(p + at) = (uintptr_t)p + at;
	chunk[nr_chunks++] = p;
}

static unsigned long cma_number(const char *area, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", area, name);
	return read_number(path, "");
}

static bool cma_ask(const char *area, const char *what, unsigned long pages)
{
	char path[256], text[32];
	int fd, len;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", area, what);
	len = snprintf(text, sizeof(text), "%lu", pages);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	done = write(fd, text, len) == len;
	close(fd);
	return done;
}

/*
 * In pieces that get smaller where something holds a page for a moment. Returns
 * how many pages of it were taken.
 */
static unsigned long empty_cma(const char *area)
{
	unsigned long pages = cma_number(area, "count"), taken = 0, most;

	while (pages && (most = cma_number(area, "maxchunk"))) {
		if (pages > most)
			pages = most;
		if (cma_ask(area, "alloc", pages))
			taken += pages;
		else
			pages /= 2;
	}
	if (taken && !cma_ask(area, "free", taken))
		errx(1, "%s: cannot free %lu pages", area, taken);
	return taken;
}

static bool chunk_is_in(size_t i, uint64_t first, uint64_t count)
{
	for (size_t at = 0; at < CHUNK; at += PAGE)
		if (pfn_of(chunk[i] + at) - first < count)
			return true;
	return false;
}

/* Give up chunks that are elsewhere, for what is in CMA areas to go there */
static void make_room(const glob_t *areas)
{
	unsigned long wanted = 0;

	for (size_t a = 0; a < areas->gl_pathc; a++)
		wanted += 2 * cma_number(areas->gl_pathv[a], "count");
	for (size_t i = 0; i < nr_chunks && wanted; i++) {
		bool in = false;

		for (size_t a = 0; a < areas->gl_pathc && !in; a++)
			in = chunk_is_in(i, cma_number(areas->gl_pathv[a], "base_pfn"),
					 cma_number(areas->gl_pathv[a], "count"));
		if (in)
			continue;
		munmap(chunk[i], CHUNK);
		wanted -= wanted < CHUNK / PAGE ? wanted : CHUNK / PAGE;
	}
}

static unsigned long swapped(void)
{
	return read_number("/proc/vmstat", "pswpout");
}

static void use_up_memory(void)
{
	const unsigned long enough = swapped() + ENOUGH_SWAPPED;
	unsigned long before, taken = 0;
	glob_t areas;

	write_file("/proc/self/oom_score_adj", "1000");
	while (swapped() < enough)
		add_chunk();


	/* That of the parent so far */
	close(pagemap);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (glob("/sys/kernel/debug/cma/*", 0, NULL, &areas))
		errx(1, "no CMA area");
	make_room(&areas);
	before = migrated();
	for (size_t i = 0; i < areas.gl_pathc; i++)
		taken += empty_cma(areas.gl_pathv[i]);
	*cma = taken ? migrated() - before : 0;
}

/* By a child, so that if too much is used it is the one to be killed */
static void press(void)
{
	const unsigned long before = swapped();
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		use_up_memory();
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "using up memory failed: %#x", status);
	pressed = swapped() - before;
	look_at_all();
}

/* --- what can be asked for ----------------------------------------------------- */

static void advise(pid_t pid, char *at, size_t len, int advice)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);
	struct iovec range = { .iov_base = at, .iov_len = len };

	if (fd < 0)
		return;
	/* What it refuses is refused: it is looked at what moved */
	syscall(SYS_process_madvise, fd, &range, 1, advice, 0);
	close(fd);
}

/* Of Linux 6.1, in no C library yet; and of numaif.h */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#define MOVE_ALL	(1 << 2)	/* MPOL_MF_MOVE_ALL */
#define BATCH		512

static void move_to(pid_t pid, char *at, size_t len, int node)
{
	int to[BATCH], status[BATCH];
	void *page[BATCH];

	while (len) {
		size_t n = 0;

		for (; len && n < BATCH; at += PAGE, len -= PAGE, n++) {
			page[n] = at;
			to[n] = node;
		}
		syscall(SYS_move_pages, pid, n, page, to, status, MOVE_ALL);
	}
}


static void attack(enum attack what, pid_t pid, char *at, size_t len)
{
	switch (what) {
	case RECLAIM:
		advise(pid, at, len, MADV_PAGEOUT);
		break;
	case MOVE:
		for (int i = 0; i < nr_nodes; i++)
			move_to(pid, at, len, nodes[i]);
		break;
	default:
		advise(pid, at, len, MADV_COLLAPSE);
	}
}

static void attack_process(enum attack what, pid_t pid)
{
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	/* It may have ended */
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    !strstr(line, " [v"))
			attack(what, pid, (char *)start, end - start);
	}
	fclose(f);
}

static void attack_all(enum attack what)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		err(1, "/proc");
	while ((entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		if (isdigit(entry->d_name[0]) && pid != getpid())
			attack_process(what, pid);
	}
	closedir(dir);
}

static unsigned long attack_prey(enum attack what)
{
	unsigned long n = 0;

	/* A huge page may be missing at the first try */
	for (int try = 0; !n && try < NR_TRIES; try++) {
		for (int i = 0; i < PREYS; i++)
			attack(what, getpid(), prey[i].at, PREY_SIZE);
		n = look_at_all();
	}
	return n;
}

static void find_nodes(void)
{
	glob_t names;

	if (glob("/sys/devices/system/node/node*", 0, NULL, &names))
		errx(1, "no NUMA nodes");
	for (size_t i = 0; i < names.gl_pathc && nr_nodes < NODES_MAX; i++)
		nodes[nr_nodes++] = atoi(strstr(names.gl_pathv[i], "/node/node") + 10);
	if (nr_nodes < 2)
		errx(1, "only one node: pages cannot be moved to another");
	globfree(&names);
}

static void report(const char *events, const char *step)
{
	char *line;
	int fd;

	if (asprintf(&line, "{\"ev\":\"storm\",\"step\":\"%s\",\"compacted\":%lu,\"pressed\":%lu,\"cma\":%lu,\"reclaimed\":%lu,\"moved\":%lu,\"collapsed\":%lu}\n",
		     step, compacted, pressed, *cma, attacked[RECLAIM],
		     attacked[MOVE], attacked[COLLAPSE]) < 0)
		err(1, "report");
	fputs(line, stdout);
	if (events) {
		fd = open(events, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, line, strlen(line)) < 0)
			err(1, "%s", events);
		close(fd);
	}
	free(line);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "events", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	const char *events = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'e')
		events = optarg;
	if (opt != -1 || optind + 1 != argc)
		errx(2, "usage: storm [--events FILE] STEP");

	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		err(1, "/proc/self/pagemap");
	if (!read_number("/proc/meminfo", "SwapTotal"))
		errx(1, "no swap");
	find_nodes();
	cma = (unsigned long *)map(PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	for (int i = 0; i < PREYS; i++)
		make_prey(i);

	/* What was used up and given back leaves more to compact */
	compact();
	press();
	compact();
	for (enum attack what = 0; what < ATTACKS; what++) {
		attack_all(what);
		attacked[what] = attack_prey(what);
	}
	report(events, argv[optind]);
	if (!pressed || !*cma || !attacked[RECLAIM] ||
	    !attacked[MOVE] || !attacked[COLLAPSE])
		errx(1, "one of these moved nothing");
	return 0;
}
