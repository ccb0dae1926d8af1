// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard - would anybody notice if memory were written to that was freed?
 *
 *	guard [--leave MB] [--seconds N] [--churn] [--damage] [--events FILE]
 *
 * Takes nearly all free memory, fills it with a pattern, and reads it again and
 * again until SIGTERM comes or the time is over. With --churn it gives half of
 * its memory back after each round and takes other pages instead. It prints
 * "ready" when it has filled all for the first time, and in the end, and to
 * FILE,
 *
 *	{"ev":"guard","kB":...,"free_kB":...,"rounds":...,"bad_pages":...,
 *	 "damage":...}
 *
 * where free_kB is what was left to others. Exits with 1 if a byte was not what
 * it had been; the first such pages are named on stderr, with their physical
 * addresses and what is there now. With --damage that is what is expected, and
 * it exits with 1 if all bytes are as they were.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096ul
#define CHUNK		(2ul << 20)
#define CHUNKS_MAX	16384
#define WORDS		(PAGE / sizeof(uint64_t))
#define SHOWN_MAX	8

/* A page of text, descriptors or zeroes does not look like this */
#define PATTERN		0xa5c3961e5a3c69e1ull

struct guard {
	uint64_t *chunk[CHUNKS_MAX];
	size_t chunks;
	/* Addresses for so many chunks, of which @next have been used */
	char *room;
	size_t next;
	unsigned long leave_kb, free_kb, bad, rounds;
	/* The number in the pattern: no two fillings are alike */
	uint64_t salt;
};

static volatile sig_atomic_t over;

static void stop(int sig)
{
	(void)sig;
	over = 1;
}

static unsigned long free_kb(void)
{
	char line[128];
	unsigned long kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %lu kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static uint64_t physical(const void *p)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (pread(fd, &entry, sizeof(entry),
			  (off_t)((uintptr_t)p / PAGE * sizeof(entry))) !=
		    sizeof(entry))
			entry = 0;
		close(fd);
	}
	return (entry & ((1ull << 55) - 1)) * PAGE;
}

static void fill(uint64_t *chunk, uint64_t salt)
{
	for (size_t i = 0; i < CHUNK / sizeof(*chunk); i++)
		chunk[i] = PATTERN ^ salt;
}

static void show(const uint64_t *page, uint64_t want)
{
	const unsigned char *byte;
	size_t i = 0;

	while (i < WORDS - 4 && page[i] == want)
		i++;
	byte = (const unsigned char *)&page[i];
	fprintf(stderr, "guard: page at %#llx was written to, offset %zu:",
		(unsigned long long)physical(page), i * sizeof(*page));
	for (i = 0; i < 32; i++)
		fprintf(stderr, " %02x", byte[i]);
	fputc('\n', stderr);
}

/* Each page that was written to is counted once, and then filled anew. */
static void look(struct guard *g, uint64_t *chunk, uint64_t salt)
{
	uint64_t want = PATTERN ^ salt;

	for (uint64_t *page = chunk; page < chunk + CHUNK / sizeof(*chunk);
	     page += WORDS) {
		uint64_t difference = 0;

		for (size_t i = 0; i < WORDS; i++)
			difference |= page[i] ^ want;
		if (!difference)
			continue;
		if (g->bad++ < SHOWN_MAX)
			show(page, want);
		for (size_t i = 0; i < WORDS; i++)
			page[i] = want;
	}
}

static uint64_t salt_of(const struct guard *g, size_t i)
{
	return (g->salt + i) << 20;
}

/* Large pages where there are some left, for speed */
static void make_room(struct guard *g)
{
	char *p = mmap(NULL, (CHUNKS_MAX + 1) * CHUNK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "guard: mmap: %m\n");
		exit(2);
	}
	g->room = (char *)(((uintptr_t)p + CHUNK - 1) / CHUNK * CHUNK);
	madvise(g->room, CHUNKS_MAX * CHUNK, MADV_HUGEPAGE);
}

static void take(struct guard *g)
{
	while (!over && g->next < CHUNKS_MAX &&
	       free_kb() > g->leave_kb + CHUNK / 1024) {
		uint64_t *p = (uint64_t *)(g->room + g->next++ * CHUNK);

		fill(p, salt_of(g, g->chunks));
		g->chunk[g->chunks++] = p;
	}
	g->free_kb = free_kb();
}

static void look_at_all(struct guard *g)
{
	for (size_t i = 0; i < g->chunks; i++)
		look(g, g->chunk[i], salt_of(g, i));
	g->rounds++;
}

/* Every other chunk goes back to the kernel, and others come in its place. */
static void churn(struct guard *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->chunks; i++) {
		if (i % 2) {
			munmap(g->chunk[i], CHUNK);
			continue;
		}
		g->chunk[kept++] = g->chunk[i];
	}
	g->chunks = kept;
	g->salt += CHUNKS_MAX;
	for (size_t i = 0; i < kept; i++)
		fill(g->chunk[i], salt_of(g, i));
	take(g);
}

static int report(const struct guard *g, bool damage, const char *events)
{
	char line[256];
	int n = snprintf(line, sizeof(line),
			 "{\"ev\":\"guard\",\"kB\":%lu,\"free_kB\":%lu,\"rounds\":%lu,\"bad_pages\":%lu,\"damage\":%s}\n",
			 g->chunks * (CHUNK / 1024), g->free_kb, g->rounds,
			 g->bad, damage ? "true" : "false");

	fputs(line, stdout);
	fflush(stdout);
	if (events) {
		int fd = open(events, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);

		if (fd < 0 || write(fd, line, (size_t)n) != n) {
			fprintf(stderr, "guard: %s: %m\n", events);
			return 2;
		}
		close(fd);
	}
	return !!g->bad != damage;
}

static long number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 0 || n > 1000000) {
		fprintf(stderr, "guard: %s: not a number that makes sense\n",
			text);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "leave", required_argument, NULL, 'l' },
		{ "seconds", required_argument, NULL, 's' },
		{ "churn", no_argument, NULL, 'c' },
		{ "damage", no_argument, NULL, 'd' },
		{ "events", required_argument, NULL, 'e' },
		{ }
	};
	struct sigaction action = { .sa_handler = stop };
	static struct guard g = { .leave_kb = 64 << 10 };
	const char *events = NULL;
	bool churning = false, damage = false;
	long seconds = 0;
	time_t begin;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			g.leave_kb = (unsigned long)number(optarg) << 10;
			break;
		case 's':
			seconds = number(optarg);
			break;
		case 'c':
			churning = true;
			break;
		case 'd':
			damage = true;
			break;
		case 'e':
			events = optarg;
			break;
		default:
			return 2;
		}
	}

	sigaction(SIGTERM, &action, NULL);
	begin = time(NULL);
	make_room(&g);
	take(&g);
	if (!g.chunks) {
		fputs("guard: no memory to guard\n", stderr);
		return 2;
	}
	puts("ready");
	fflush(stdout);
	/* However early the end comes, all is read once more after it */
	do {
		if (seconds && time(NULL) >= begin + seconds)
			over = 1;
		if (churning && g.rounds && !over)
			churn(&g);
		look_at_all(&g);
	} while (!over);
	return report(&g, damage, events);
}
