// SPDX-License-Identifier: GPL-2.0-only
/*
 * membench - what it costs to read and to restore the table of an IOAS
 *
 *	membench hold KERNEL SET...	make the memory, read its table, preserve it, kexec
 *	membench take KERNEL SET...	in the next kernel: restore it, read its table
 *
 * KERNEL is holdfast or stock. A SET is PAGE:MIB, such as 4:32 or 2048:1024: that
 * many MiB of pages of PAGE KiB in a memfd, no two of them contiguous; PAGE:MIB:anon
 * the same without a memfd, which stock cannot hand over; or flat:MIB, pages of
 * 2 MiB as they come, for which nothing but the freeze is of interest. The n-th set
 * has a session, an iommufd and the n-th device.
 *
 * Each result is a line {"ev":"bench", ...} on the standard output. Times are
 * in nanoseconds of the guest.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <linux/memfd.h>

#include "../kselftest/util.h"

#define HUGE_SIZE	0x200000UL
#define IOVA		0x100000000ULL
#define REPEATS		5
#define SETS_MAX	4

enum { MEMFD = 1, IOMMUFD, DEVICE };

struct set {
	const char *text;	/* as given */
	char name[32];		/* of the session */
	size_t page, size;
	bool flat, anon;
	unsigned int nth;
	int session, memfd, iommufd, device;
	void *memory;		/* if it is anonymous */
	__u32 ioas, dev_id;
};

static const char *kernel;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("membench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* A descriptor, or 0, of a call that must not fail */
static int must(int rc, const struct set *set, const char *what)
{
	if (rc < 0)
		die("%s: %s: %s", set->text, what, strerror(-rc));
	return rc;
}

static bool is_stock(void)
{
	return !strcmp(kernel, "stock");
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void report(const struct set *set, const char *what, long long value)
{
	printf("{\"ev\":\"bench\",\"kernel\":\"%s\",\"set\":\"%s\",\"what\":\"%s\",\"value\":%lld}\n",
	       kernel, set->text, what, value);
	fflush(stdout);
}

static struct set parse(const char *text, unsigned int nth)
{
	struct set set = { .text = text, .nth = nth };
	const char *colon = strchr(text, ':'), *kind;

	if (!colon)
		die("%s: not PAGE:MIB", text);
	set.flat = !strncmp(text, "flat:", 5);
	kind = strchr(colon + 1, ':');
	set.anon = kind && !strcmp(kind, ":anon");
	if (kind && !set.anon)
		die("%s: not PAGE:MIB:anon", text);
	set.page = set.flat ? HUGE_SIZE : strtoul(text, NULL, 0) << 10;
	set.size = strtoul(colon + 1, NULL, 0) << 20;
	if ((set.page != PAGE_SIZE && set.page != HUGE_SIZE) || !set.size || set.size % set.page)
		die("%s: pages are of 4 or 2048 KiB, and whole", text);
	snprintf(set.name, sizeof(set.name), "bench-%u", nth);
	return set;
}

/* --- memory --- */

/* A memfd, or anonymous memory for -1, without pages yet. Alignment is what a huge page needs. */
static void *map_memory(int fd, const struct set *set)
{
	const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	uintptr_t addr;
	char *space, *p;

	space = mmap(NULL, set->size + HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (space == MAP_FAILED)
		die("mmap: %m");
	addr = ((uintptr_t)space + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);
	p = mmap((void *)addr, set->size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap: %m");
	if (madvise(p, set->size, set->page == HUGE_SIZE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		die("madvise: %m");
	return p;
}

static int new_memfd(const struct set *set)
{
	int fd;

	if (set->anon)
		return -1;
	fd = memfd_create("membench", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, set->size))
		die("memfd: %m");
	return fd;
}

/*
 * The page allocator gives pages away in their order, so every second one goes
 * elsewhere, where it stays until the process ends.
 */
static void make_memory(struct set *set)
{
	char *p, *other = NULL;
	size_t pos;

	set->memfd = new_memfd(set);
	p = map_memory(set->memfd, set);
	if (!set->flat)
		other = map_memory(new_memfd(set), set);
	for (pos = 0; pos < set->size; pos += set->page) {
		p[pos] = 1;
		if (other)
			other[pos] = 1;
	}
	if (set->anon)
		set->memory = p;
	else
		munmap(p, set->size);
}

/* Bytes that are free, also where a CPU keeps them for itself */
static long long free_bytes(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long long pages = 0, n;
	char line[256];

	if (!f)
		die("/proc/zoneinfo: %m");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "  pages free %lld", &n) == 1 || sscanf(line, " count: %lld", &n) == 1)
			pages += n;
	fclose(f);
	return pages * PAGE_SIZE;
}

static void open_device(struct set *set)
{
	char bdf[16];

	set->device = must(vfio_open_noiommu(set->nth, bdf), set, "device");
}

static void new_iommufd(struct set *set)
{
	set->iommufd = must(iommufd_open(), set, "/dev/iommu");
	must(ioas_alloc(set->iommufd, &set->ioas), set, "IOAS_ALLOC");
}

static void map(const struct set *set)
{
	must(ioas_map_file(set->iommufd, set->ioas, set->memfd, 0, set->size, IOVA), set, "IOAS_MAP_FILE");
}

/* --- reading the table --- */

struct table {
	struct iommu_noiommu_extent *extents;	/* one for each page, if need be */
	__u32 nr;
	long long ns;
};

static struct table new_table(const struct set *set)
{
	struct table t = { .extents = calloc(set->size / set->page + 64, sizeof(*t.extents)) };

	if (!t.extents)
		die("no memory");
	/* Neither call shall pay for the array */
	memset(t.extents, 0xff, (set->size / set->page + 64) * sizeof(*t.extents));
	return t;
}

static void add_extent(struct table *t, __u64 iova, __u64 phys, __u64 length)
{
	struct iommu_noiommu_extent *e = t->nr ? &t->extents[t->nr - 1] : NULL;

	if (e && e->iova + e->length == iova && e->phys + e->length == phys) {
		e->length += length;
		return;
	}
	t->extents[t->nr++] = (struct iommu_noiommu_extent){ .iova = iova, .phys = phys, .length = length };
}

/* GET_PA, one call for each @step bytes, or for as much as is contiguous */
static void read_by_pa(const struct set *set, struct table *t, __u64 step)
{
	__u64 iova = IOVA, phys, length;
	long long start = now();

	t->nr = 0;
	while (iova < IOVA + set->size) {
		length = step ? step : IOVA + set->size - iova;
		must(ioas_get_pa(set->iommufd, set->ioas, iova, &phys, &length), set, "GET_PA");
		add_extent(t, iova, phys, length);
		iova += length;
	}
	t->ns = now() - start;
}

static void read_by_extents(const struct set *set, struct table *t)
{
	struct iommu_ioas_noiommu_get_extents get = {
		.ioas_id = set->ioas,
		.nr_extents = set->size / set->page + 64,
		.extents_uptr = (uintptr_t)t->extents,
	};
	struct iommu_noiommu_extent e;
	long long start = now();
	__u32 i;

	must(ioas_get_extents(set->iommufd, &get), set, "GET_EXTENTS");
	t->ns = now() - start;
	if (get.out_flags)
		die("%s: more extents than pages", set->text);
	/* What the kernel cut at its own limits */
	t->nr = 0;
	for (i = 0; i < get.nr_extents; i++) {
		e = t->extents[i];
		add_extent(t, e.iova, e.phys, e.length);
	}
}

static void must_equal(const struct set *set, const struct table *a, const struct table *b)
{
	if (a->nr != b->nr || memcmp(a->extents, b->extents, a->nr * sizeof(*a->extents)))
		die("%s: two ways to read the table give %u and %u extents, which differ", set->text, a->nr,
		    b->nr);
}

/* Compared by the host with that of the other kernel */
static long long sum_of(const struct table *t)
{
	const unsigned char *p = (const unsigned char *)t->extents;
	__u64 hash = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < t->nr * sizeof(*t->extents); i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash >> 1;
}

static void read_table(const struct set *set, int repeats)
{
	struct table by_page = new_table(set), by_run = new_table(set), bulk = new_table(set);

	while (repeats--) {
		read_by_pa(set, &by_page, PAGE_SIZE);
		report(set, "pa-page", by_page.ns);
		read_by_pa(set, &by_run, 0);
		report(set, "pa-run", by_run.ns);
		must_equal(set, &by_page, &by_run);
		if (is_stock())
			continue;
		read_by_extents(set, &bulk);
		report(set, "bulk", bulk.ns);
		must_equal(set, &by_page, &bulk);
	}
	report(set, "extents", by_page.nr);
	report(set, "sum", sum_of(&by_page));
	free(by_page.extents);
	free(by_run.extents);
	free(bulk.extents);
}

/* --- over the kexec --- */

/* By address, in two halves */
static void map_half(const struct set *set, int half)
{
	size_t offset = half ? set->size / 2 : 0;

	must(ioas_map(set->iommufd, set->ioas, (char *)set->memory + offset, set->size / 2, IOVA + offset), set,
	     "IOAS_MAP");
}

/* And what the kernel needs for it, as it will be there until the next one has read it */
static long long preserve(const struct set *set, int fd, int token)
{
	long long before = free_bytes();

	must(luo_preserve_fd(set->session, fd, token), set, "PRESERVE_FD");
	return before - free_bytes();
}

/* Several times, for the median: slabs grow and shrink meanwhile */
static void preserve_for_now(struct set *set, int luo, const char *what)
{
	int i;

	for (i = 0; i < REPEATS; i++) {
		set->session = must(luo_create_session(luo, set->name), set, "session");
		report(set, what, preserve(set, set->iommufd, IOMMUFD));
		close(set->session);
	}
}

static void hold(struct set *set, int luo)
{
	make_memory(set);
	new_iommufd(set);
	open_device(set);
	must(vfio_connect(set->device, set->iommufd, set->ioas, &set->dev_id), set, "device");
	if (set->anon) {
		map_half(set, 0);
		preserve_for_now(set, luo, "bytes-half");
		map_half(set, 1);
		preserve_for_now(set, luo, "bytes-all");
	} else {
		map(set);
	}
	if (!set->flat)
		read_table(set, REPEATS);

	set->session = must(luo_create_session(luo, set->name), set, "session");
	if (!set->anon)
		report(set, "bytes-memfd", preserve(set, set->memfd, MEMFD));
	if (is_stock())
		return;
	report(set, "bytes-iommufd", preserve(set, set->iommufd, IOMMUFD));
	must(luo_preserve_fd(set->session, set->device, DEVICE), set, "device");
}

/* The IOAS has the first ID, and has it again */
static void take(struct set *set, int luo)
{
	long long t, memfd = 0, restored, attached;

	set->session = must(luo_retrieve_session(luo, set->name), set, "session");
	if (!set->anon) {
		t = now();
		set->memfd = must(luo_retrieve_fd(set->session, MEMFD), set, "memfd");
		memfd = now() - t;
		report(set, "memfd", memfd);
	}

	if (is_stock()) {
		t = now();
		new_iommufd(set);
		map(set);
		restored = now() - t;
		open_device(set);
	} else {
		t = now();
		set->iommufd = must(luo_retrieve_fd(set->session, IOMMUFD), set, "iommufd");
		restored = now() - t;
		set->ioas = 1;
		/* No device is there yet */
		if (!set->flat)
			read_table(set, 1);
		set->device = must(luo_retrieve_fd(set->session, DEVICE), set, "device");
	}

	must(vfio_bind(set->device, set->iommufd, &set->dev_id), set, "BIND");
	t = now();
	must(vfio_attach(set->device, set->ioas), set, "ATTACH");
	attached = now() - t;

	report(set, is_stock() ? "map" : "iommufd", restored);
	report(set, "attach", attached);
	report(set, "restore", memfd + restored + attached);
	if (is_stock() && !set->flat)
		read_table(set, 1);
	must(luo_finish(set->session), set, "FINISH");
}

int main(int argc, char **argv)
{
	struct set sets[SETS_MAX];
	bool holds;
	int i, luo;

	if (argc < 4 || argc > 3 + SETS_MAX || (strcmp(argv[1], "hold") && strcmp(argv[1], "take")) ||
	    (strcmp(argv[2], "holdfast") && strcmp(argv[2], "stock")))
		die("usage: membench hold|take holdfast|stock PAGE:MIB...");
	holds = !strcmp(argv[1], "hold");
	kernel = argv[2];
	luo = luo_open();
	if (luo < 0)
		die("/dev/liveupdate: %s", strerror(-luo));

	for (i = 3; i < argc; i++) {
		sets[i - 3] = parse(argv[i], i - 3);
		if (sets[i - 3].anon && is_stock())
			continue;
		if (holds)
			hold(&sets[i - 3], luo);
		else
			take(&sets[i - 3], luo);
	}
	if (!holds)
		return 0;
	fflush(stdout);
	sync();
	die("kexec: %s", strerror(-kexec_reboot()));
}
