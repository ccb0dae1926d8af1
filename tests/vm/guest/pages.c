// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages - memory of every kind in an iommufd, over one update and another
 *
 *	pages make [OPTIONS]	map it, preserve it, start the next kernel
 *	pages take [OPTIONS]	take it back, check it
 *	pages drop		finish without having taken any of it
 *
 *	--go			after that, go on to the next kernel
 *	--after-step PROGRAM	run it after each step, with the step's name: what is
 *				mapped by then must be at the same physical addresses
 *	--movable		some of it must be in ZONE_MOVABLE
 *	--direct FILE		take: reading FILE past the page cache works, and does
 *				not into memory that came back
 *	--many			make: 2 GiB more, in more than 10000 areas
 *	--middle NODE		make: memory from the middle of that node, where in the
 *				next kernel with kernelcore= ZONE_MOVABLE is
 *	--hold FILE		instead of starting the next kernel, make FILE and wait
 *				for somebody else to do it
 *
 * There is no device in the session: the tables are those of hardware page tables
 * that were allocated by hand. What has to come back is noted in a memfd.
 * Every page has a pattern that names its mapping, its place and the kernel, and
 * each kernel writes a new one through what it got back.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/luo.h>
#include <holdfast/memfd.h>
#include <holdfast/uapi.h>
#include <holdfast/vfio.h>

#define PAGE	4096ul
#define HUGE	(2ul << 20)
#define MIB	(1ul << 20)
#define SESSION	"pages"

/* Tokens; memfds have those from MEMFDS on */
enum { NOTES = 1, IOMMUFD, MEMFDS };
#define MEMFDS_MAX	4

/* IOASes: the first ones have a table each, the last one does not */
#define N_TABLES	4
#define NO_TABLE	N_TABLES
#define N_IOAS		(N_TABLES + 1)
#define NOT_MAPPED	(-1)	/* only parts of it are, by AGAIN */

enum kind {
	ANON,
	THP,
	HUGETLB,
	HUGETLB_FILE,	/* mapped by file */
	SHMEM_FILE,	/* not preserved, mapped by file */
	SHMEM,		/* shared anonymous memory */
	MEMFD_FILE,	/* preserved, mapped by file */
	MEMFD,		/* preserved, mapped by address */
	AGAIN,		/* the memory of another mapping, mapped as that one is */
	COPY,		/* IOMMU_IOAS_COPY of another mapping */
};

enum { READ = 1, WRITE = 2, RW = READ | WRITE };

struct mapping {
	const char *name;
	enum kind kind;
	int ioas;
	uint64_t iova, length;
	int access;
	int of;			/* AGAIN, COPY: the other one */
	uint64_t offset;	/* and where in it */
};

static const struct mapping few[] = {
	{ "anonymous", ANON, 0, 0x1000000, 300 * PAGE, RW, 0, 0 },
	{ "transparent huge", THP, 0, 0x2000000, 2 * HUGE, RW, 0, 0 },
	{ "hugetlb", HUGETLB, 0, 0x3000000, 2 * HUGE, RW, 0, 0 },
	{ "hugetlb file", HUGETLB_FILE, 0, 0x4000000, HUGE, RW, 0, 0 },
	{ "memfd left behind", SHMEM_FILE, 0, 0x5000000, 64 * PAGE, RW, 0, 0 },
	{ "shared anonymous", SHMEM, 0, 0x6000000, 64 * PAGE, RW, 0, 0 },
	{ "memfd by file", MEMFD_FILE, 0, 0x7000000, 64 * PAGE, RW, 0, 0 },
	{ "memfd by address", MEMFD, 0, 0x8000000, 64 * PAGE, RW, 0, 0 },
	{ "read-only", ANON, 0, 0x9000000, 16 * PAGE, READ, 0, 0 },
	{ "copy of a part", COPY, 1, 0x1000000, HUGE, READ, 1, HUGE / 2 },
	{ "the same by address", AGAIN, 1, 0x2000000, 200 * PAGE, RW, 0, 50 * PAGE },
	{ "its own part of the memory", AGAIN, 1, 0x3000000, 16 * PAGE, READ, 8, 0 },
	{ "copy without a table", COPY, NO_TABLE, 0x1000000, HUGE, RW, 2, HUGE },
};

/* Of --many: each mapped in areas of the same size, in all tables by turns */
static const struct {
	const char *name;
	enum kind kind;
	uint64_t length, area;
} many[] = {
	{ "many anonymous pages", ANON, 256 * MIB, 8 * PAGE },
	{ "many huge pages", THP, 512 * MIB, HUGE },
	{ "many hugetlb pages", HUGETLB, 256 * MIB, HUGE },
	{ "large memfd", MEMFD_FILE, 512 * MIB, 64 * PAGE },
	{ "much shared memory", SHMEM, 512 * MIB, HUGE },
};

#define N_FEW		(sizeof(few) / sizeof(few[0]))
#define N_MANY		(sizeof(many) / sizeof(many[0]))
#define MANY_IOVA	0x100000000ul
/* Where nothing is mapped */
#define SPARE_IOVA	0xf0000000ul

static struct mapping *mappings;
static unsigned int n_mappings;

/* In a memfd, and behind it there the extents of each table */
static struct notes {
	uint32_t generation, many;
	uint32_t ioas[N_IOAS], hwpt[N_TABLES];
	uint32_t n[N_TABLES];
} notes;

struct table {
	struct iommu_noiommu_extent *extents;
	uint32_t n;
};

static struct table noted[N_TABLES];

/* Where mappings are in this process, as far as they are; NULL before */
static char **where;
/* Those that are preserved, in the order of their mappings */
static int memfds[MEMFDS_MAX];
static unsigned int n_memfds;
static const char *after_step, *hold;

static void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("pages: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void call(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		die("%s: %m", what);
}

/* The mapping that has the memory, and the place in it */
static int origin(int i, uint64_t *offset)
{
	while (mappings[i].kind == AGAIN || mappings[i].kind == COPY) {
		*offset += mappings[i].offset;
		i = mappings[i].of;
	}
	return i;
}

/* What cannot be written still has what the first kernel wrote */
static uint64_t pattern(int i, uint64_t offset)
{
	uint64_t generation = notes.generation;

	i = origin(i, &offset);
	if (!(mappings[i].access & WRITE))
		generation = 1;
	return generation << 56 | (uint64_t)i << 48 | offset;
}

static void fill(int i, char *p)
{
	const uint64_t first = pattern(i, 0);

	for (uint64_t at = 0; at < mappings[i].length; at += sizeof(uint64_t))
		*(uint64_t *)(p + at) = first + at;
}

static void check(int i, const char *p)
{
	const uint64_t first = pattern(i, 0);

	for (uint64_t at = 0; at < mappings[i].length; at += sizeof(uint64_t)) {
		uint64_t is = *(const uint64_t *)(p + at);

		if (is != first + at)
			die("%s: %#lx at offset %#lx instead of %#lx",
			    mappings[i].name, is, at, first + at);
	}
}

static void add_mapping(const struct mapping *m)
{
	mappings = realloc(mappings, (n_mappings + 1) * sizeof(*m));
	if (!mappings)
		die("out of memory");
	mappings[n_mappings++] = *m;
}

/* What a pattern can name comes first */
static void make_list(void)
{
	uint64_t iova[N_TABLES] = { MANY_IOVA, MANY_IOVA, MANY_IOVA, MANY_IOVA };
	unsigned int turn = 0;

	for (unsigned int i = 0; i < N_FEW; i++)
		add_mapping(&few[i]);
	for (unsigned int i = 0; notes.many && i < N_MANY; i++)
		add_mapping(&(struct mapping){
			.name = many[i].name, .kind = many[i].kind,
			.ioas = NOT_MAPPED, .length = many[i].length,
			.access = RW });
	for (unsigned int i = 0; notes.many && i < N_MANY; i++) {
		for (uint64_t at = 0; at < many[i].length; at += many[i].area) {
			int ioas = turn++ % N_TABLES;

			add_mapping(&(struct mapping){
				.name = many[i].name, .kind = AGAIN,
				.ioas = ioas, .iova = iova[ioas],
				.length = many[i].area, .access = RW,
				.of = N_FEW + i, .offset = at });
			/* With a gap: no two areas are one */
			iova[ioas] += many[i].area + many[i].area;
		}
	}
	where = calloc(n_mappings, sizeof(*where));
	if (!where)
		die("out of memory");
}

static struct table read_table(int iommufd, uint32_t ioas)
{
	struct iommu_ioas_noiommu_get_extents cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
	};
	struct table t = { NULL, 0 };
	uint32_t room = 0;

	do {
		if (t.n == room) {
			room += 4096;
			t.extents = realloc(t.extents, room * sizeof(*t.extents));
			if (!t.extents)
				die("out of memory");
		}
		cmd.iova = cmd.next_iova;
		cmd.nr_extents = room - t.n;
		cmd.extents_uptr = (uintptr_t)(t.extents + t.n);
		call(iommufd, IOMMU_IOAS_NOIOMMU_GET_EXTENTS, &cmd,
		     "reading a table");
		t.n += cmd.nr_extents;
	} while (cmd.out_flags & IOMMU_NOIOMMU_EXTENTS_MORE);
	return t;
}

static void read_tables(int iommufd)
{
	for (int i = 0; i < N_TABLES; i++) {
		free(noted[i].extents);
		noted[i] = read_table(iommufd, notes.ioas[i]);
		notes.n[i] = noted[i].n;
	}
}

static void compare_tables(int iommufd)
{
	for (int i = 0; i < N_TABLES; i++) {
		struct table is = read_table(iommufd, notes.ioas[i]);

		if (is.n != noted[i].n ||
		    memcmp(is.extents, noted[i].extents,
			   is.n * sizeof(*is.extents)))
			die("table %d is another one", i);
		free(is.extents);
	}
}

/* As the table has it, which is in the order of IOVAs */
static uint64_t phys_of(int ioas, uint64_t iova)
{
	const struct table *t = &noted[ioas];
	uint32_t low = 0, high = t->n;

	while (low < high) {
		const uint32_t mid = (low + high) / 2;
		const struct iommu_noiommu_extent *e = &t->extents[mid];

		if (iova - e->iova < e->length)
			return e->phys + iova - e->iova;
		if (iova < e->iova)
			high = mid;
		else
			low = mid + 1;
	}
	die("nothing at %#lx of table %d", iova, ioas);
}

/* Where the byte at that offset of a mapping is */
static uint64_t phys_at(int i, uint64_t offset)
{
	/* Where there is no table */
	if (mappings[i].ioas == NO_TABLE)
		i = origin(i, &offset);
	return phys_of(mappings[i].ioas, mappings[i].iova + offset);
}

/*
 * What a device writes is seen here: one word of each page is written by its
 * physical address, and put back.
 */
static void check_places(int i)
{
	int mem = open("/dev/mem", O_RDWR | O_CLOEXEC);

	if (mem < 0)
		die("/dev/mem: %m");
	for (uint64_t at = 0; at < mappings[i].length; at += PAGE) {
		const volatile uint64_t *here = (void *)(where[i] + at);
		uint64_t is = *here, other = ~is, seen;
		const uint64_t phys = phys_at(i, at);

		if (pwrite(mem, &other, sizeof(other), phys) != sizeof(other))
			die("/dev/mem at %#lx: %m", phys);
		seen = *here;
		if (pwrite(mem, &is, sizeof(is), phys) != sizeof(is))
			die("/dev/mem at %#lx: %m", phys);
		if (seen != other)
			die("%s: offset %#lx is not at %#lx any more",
			    mappings[i].name, at, phys);
	}
	close(mem);
}

static void check_all(void)
{
	for (unsigned int i = 0; i < n_mappings; i++) {
		if (!where[i])
			continue;
		check(i, where[i]);
		if (mappings[i].ioas != NOT_MAPPED)
			check_places(i);
	}
}

static void step_done(const char *step)
{
	char *command;
	int status;

	if (after_step) {
		fflush(NULL);
		if (asprintf(&command, "%s '%s'", after_step, step) < 0)
			die("out of memory");
		status = system(command);
		if (status)
			die("%s: status %#x", command, status);
		free(command);
	}
	check_all();
}

/* Is any of it where the kernel has only what it can move? */
static void check_movable(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	unsigned long start, spanned = 0, pages = 0, held = 0;
	bool movable = false;
	char line[128];

	if (!f)
		die("/proc/zoneinfo: %m");
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Node ", 5)) {
			movable = strstr(line, "Movable");
			continue;
		}
		sscanf(line, " spanned %lu", &spanned);
		if (!movable || sscanf(line, " start_pfn: %lu", &start) != 1)
			continue;
		pages += spanned;
		for (int t = 0; t < N_TABLES; t++)
			for (uint32_t i = 0; i < noted[t].n; i++)
				held += noted[t].extents[i].phys / PAGE - start <
					spanned;
	}
	fclose(f);
	printf("pages: %lu extents begin in ZONE_MOVABLE, which has %lu pages\n",
	       held, pages);
	if (!held)
		die("nothing is in ZONE_MOVABLE");
}

static int memfd(const char *name, size_t size, unsigned int flags)
{
	int fd = memfd_create(name, MFD_CLOEXEC | flags);

	if (fd < 0 || ftruncate(fd, size))
		die("memfd %s: %m", name);
	return fd;
}

static char *map(size_t size, int flags, int fd)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap of %zu: %m", size);
	return p;
}

static void map_into(int iommufd, int i, int *files)
{
	const struct mapping *m = &mappings[i];
	const uint32_t access =
		IOMMU_IOAS_MAP_FIXED_IOVA |
		(m->access & READ ? IOMMU_IOAS_MAP_READABLE : 0) |
		(m->access & WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0);
	int fd = -1;

	switch (m->kind) {
	case ANON:
		where[i] = map(m->length, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		madvise(where[i], m->length, MADV_NOHUGEPAGE);
		break;
	case THP:
		where[i] = map(m->length + HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		where[i] += -(uintptr_t)where[i] % HUGE;
		madvise(where[i], m->length, MADV_HUGEPAGE);
		break;
	case HUGETLB:
		where[i] = map(m->length, MAP_PRIVATE | MAP_ANONYMOUS |
					  MAP_HUGETLB, -1);
		break;
	case SHMEM:
		where[i] = map(m->length, MAP_SHARED | MAP_ANONYMOUS, -1);
		break;
	case HUGETLB_FILE:
		fd = memfd(m->name, m->length, MFD_HUGETLB);
		where[i] = map(m->length, MAP_SHARED, fd);
		break;
	case SHMEM_FILE:
	case MEMFD_FILE:
	case MEMFD:
		fd = memfd(m->name, m->length, 0);
		where[i] = map(m->length, MAP_SHARED, fd);
		break;
	case AGAIN:
		/* Of what is mapped already, by address */
		if (mappings[m->of].ioas == NOT_MAPPED)
			fd = files[m->of];
		/* fallthrough */
	case COPY:
		where[i] = where[m->of] + m->offset;
		break;
	}
	files[i] = fd;
	if (m->kind != AGAIN && m->kind != COPY)
		fill(i, where[i]);

	if (m->ioas == NOT_MAPPED) {
		return;
	} else if (m->kind == COPY) {
		struct iommu_ioas_copy cmd = {
			.size = sizeof(cmd),
			.flags = access,
			.dst_ioas_id = notes.ioas[m->ioas],
			.src_ioas_id = notes.ioas[mappings[m->of].ioas],
			.length = m->length,
			.dst_iova = m->iova,
			.src_iova = mappings[m->of].iova + m->offset,
		};

		call(iommufd, IOMMU_IOAS_COPY, &cmd, m->name);
	} else if (fd >= 0 && m->kind != MEMFD) {
		struct iommu_ioas_map_file cmd = {
			.size = sizeof(cmd),
			.flags = access,
			.ioas_id = notes.ioas[m->ioas],
			.fd = fd,
			.start = m->offset,
			.length = m->length,
			.iova = m->iova,
		};

		call(iommufd, IOMMU_IOAS_MAP_FILE, &cmd, m->name);
	} else {
		struct iommu_ioas_map cmd = {
			.size = sizeof(cmd),
			.flags = access,
			.ioas_id = notes.ioas[m->ioas],
			.user_va = (uintptr_t)where[i],
			.length = m->length,
			.iova = m->iova,
		};

		call(iommufd, IOMMU_IOAS_MAP, &cmd, m->name);
	}
}

/* Tables without a device: it is closed again */
static void make_tables(int iommufd)
{
	uint32_t devid;
	int device;
	glob_t names;

	if (glob("/dev/vfio/devices/noiommu-*", 0, NULL, &names))
		die("no noiommu device");
	device = open(names.gl_pathv[0], O_RDWR | O_CLOEXEC);
	if (device < 0 || hf_vfio_bind(device, iommufd, &devid))
		die("cannot bind %s", names.gl_pathv[0]);

	for (int i = 0; i < N_IOAS; i++) {
		struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };
		struct iommu_hwpt_alloc hwpt = { .size = sizeof(hwpt) };

		call(iommufd, IOMMU_IOAS_ALLOC, &ioas, "IOAS_ALLOC");
		notes.ioas[i] = ioas.out_ioas_id;
		if (i == NO_TABLE)
			break;
		hwpt.dev_id = devid;
		hwpt.pt_id = notes.ioas[i];
		call(iommufd, IOMMU_HWPT_ALLOC, &hwpt, "HWPT_ALLOC");
		notes.hwpt[i] = hwpt.out_hwpt_id;
	}
	close(device);
}

/* They still have the IDs they were given */
static void destroy_tables(int iommufd)
{
	for (int i = 0; i < N_TABLES; i++) {
		struct iommu_destroy cmd = { .size = sizeof(cmd), .id = notes.hwpt[i] };

		call(iommufd, IOMMU_DESTROY, &cmd, "HWPT by its ID");
	}
	for (int i = 0; i < N_IOAS; i++) {
		struct iommu_ioas_unmap unmap = {
			.size = sizeof(unmap),
			.ioas_id = notes.ioas[i],
			.length = UINT64_MAX,
		};
		struct iommu_destroy cmd = { .size = sizeof(cmd), .id = notes.ioas[i] };

		call(iommufd, IOMMU_IOAS_UNMAP, &unmap, "all of an IOAS");
		call(iommufd, IOMMU_DESTROY, &cmd, "IOAS by its ID");
	}
}

static void preserve(int session, int fd, uint64_t token)
{
	struct liveupdate_session_preserve_fd arg = {
		.size = sizeof(arg),
		.fd = fd,
		.token = token,
	};

	if (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg))
		die("preserving %lu: %m", token);
}

static int retrieve(int session, uint64_t token)
{
	struct liveupdate_session_retrieve_fd arg = {
		.size = sizeof(arg),
		.token = token,
	};

	if (ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg))
		die("retrieving %lu: %m", token);
	return arg.fd;
}

static int write_notes(void)
{
	size_t size = sizeof(notes), at = size;
	struct hf_error err;
	char *all;
	int fd;

	for (int i = 0; i < N_TABLES; i++)
		size += noted[i].n * sizeof(*noted[i].extents);
	all = malloc(size);
	if (!all)
		die("out of memory");
	memcpy(all, &notes, sizeof(notes));
	for (int i = 0; i < N_TABLES; i++) {
		const size_t len = noted[i].n * sizeof(*noted[i].extents);

		memcpy(all + at, noted[i].extents, len);
		at += len;
	}
	fd = hf_memfd_sealed("notes", all, size, &err);
	if (fd < 0)
		die("notes: %s", err.text);
	free(all);
	return fd;
}

static void read_notes(int fd)
{
	struct hf_error err;
	size_t len, at = sizeof(notes);
	void *all;

	if (hf_memfd_read(fd, SIZE_MAX, &all, &len, &err))
		die("notes: %s", err.text);
	if (len < sizeof(notes))
		die("notes of %zu bytes", len);
	memcpy(&notes, all, sizeof(notes));
	for (int i = 0; i < N_TABLES; i++) {
		const size_t size = notes.n[i] * sizeof(*noted[i].extents);

		noted[i].n = notes.n[i];
		noted[i].extents = malloc(size);
		if (!noted[i].extents || len - at < size)
			die("notes are not complete");
		memcpy(noted[i].extents, (char *)all + at, size);
		at += size;
	}
	free(all);
	close(fd);
}

static int preserve_all(int luo, int iommufd, int notes_fd)
{
	struct hf_error err;
	int session = hf_luo_create_session(luo, SESSION, &err);

	if (session < 0)
		die("no session: %s", err.text);
	preserve(session, notes_fd, NOTES);
	for (unsigned int i = 0; i < n_memfds; i++)
		preserve(session, memfds[i], MEMFDS + i);
	preserve(session, iommufd, IOMMUFD);
	return session;
}

/* Does not return */
static void go(int luo, int iommufd)
{
	unsigned long extents = 0;
	int fd;

	read_tables(iommufd);
	fd = write_notes();
	/* Nothing that unpreserve took would be missing */
	close(preserve_all(luo, iommufd, fd));
	preserve_all(luo, iommufd, fd);
	check_all();

	for (int i = 0; i < N_TABLES; i++)
		extents += noted[i].n;
	printf("pages: %u mappings, %lu extents are on their way\n", n_mappings,
	       extents);
	fflush(NULL);
	sync();
	if (hold) {
		/* Another agent wants it */
		close(luo);
		fd = open(hold, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			die("%s: %m", hold);
		close(fd);
		for (;;)
			pause();
	}
	reboot(RB_KEXEC);
	die("kexec: %m");
}

/*
 * From now on memory comes from @node, and not from either end of it: so much of
 * it is used up first. Gives what is to be unmapped in the end.
 */
static void *use_node(int node, size_t *size)
{
	const unsigned long nodes = 1ul << node;
	unsigned long total = 0;
	char path[64], line[128];
	char *hog;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo",
		 node);
	f = fopen(path, "re");
	if (!f)
		die("%s: %m", path);
	while (!total && fgets(line, sizeof(line), f))
		sscanf(line, "Node %*d MemTotal: %lu", &total);
	fclose(f);
	if (syscall(SYS_set_mempolicy, 2 /* MPOL_BIND */, &nodes,
		    8 * sizeof(nodes)))
		die("set_mempolicy for node %d: %m", node);
	*size = total * 1024 * 2 / 5;
	hog = map(*size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memset(hog, 1, *size);
	return hog;
}

static bool is_preserved(int i)
{
	return mappings[i].kind == MEMFD_FILE || mappings[i].kind == MEMFD;
}

static void make(int node)
{
	struct hf_error err;
	size_t hog_size = 0;
	void *hog = NULL;
	int *files;
	int luo = hf_luo_open(&err), iommufd;

	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (luo < 0 || iommufd < 0)
		die("no live update, or no iommufd");
	notes.generation = 1;
	make_list();
	files = calloc(n_mappings, sizeof(*files));
	if (!files)
		die("out of memory");
	make_tables(iommufd);
	if (node >= 0)
		hog = use_node(node, &hog_size);
	for (unsigned int i = 0; i < n_mappings; i++) {
		map_into(iommufd, i, files);
		if (is_preserved(i))
			memfds[n_memfds++] = files[i];
	}
	free(files);
	if (hog)
		munmap(hog, hog_size);
	go(luo, iommufd);
}

/* Is it in no memfd, so that it came back without a file? */
static bool is_fileless(int i)
{
	uint64_t offset = 0;

	return !is_preserved(origin(i, &offset));
}

static bool is_huge_page(int i, uint64_t offset)
{
	const uint64_t phys = phys_at(i, offset);

	if (phys % HUGE)
		return false;
	for (uint64_t at = PAGE; at < HUGE; at += PAGE)
		if (phys_at(i, offset + at) != phys + at)
			return false;
	return true;
}

static long count_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/*
 * Where the memory is in one piece it is mapped by huge pages, each of which takes a
 * fault, and by small ones elsewhere. The loop may take a fault itself.
 */
static void check_leaves(int i, const char *p)
{
	const uint64_t length = mappings[i].length;
	long huge = 0, small = 0, faults;
	uint64_t at = 0;

	while (at < length) {
		if ((uintptr_t)(p + at) % HUGE == 0 && length - at >= HUGE &&
		    is_huge_page(i, at)) {
			huge++;
			at += HUGE;
		} else {
			small++;
			at += PAGE;
		}
	}

	faults = count_faults();
	for (at = 0; at < length; at += PAGE)
		*(volatile const char *)(p + at);
	faults = count_faults() - faults;
	if (faults < huge + small || faults > huge + small + 1)
		die("%s: %ld faults for %ld huge and %ld small pages",
		    mappings[i].name, faults, huge, small);

	if ((mappings[i].kind == HUGETLB || mappings[i].kind == HUGETLB_FILE) &&
	    small)
		die("%s: at %p, which is no place for huge pages",
		    mappings[i].name, p);
}

/* What the kernel wants to pin. Gives errno */
static int map_error(int iommufd, char *p)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = notes.ioas[0],
		.user_va = (uintptr_t)p,
		.length = PAGE,
		.iova = SPARE_IOVA,
	};
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = notes.ioas[0],
		.length = PAGE,
		.iova = SPARE_IOVA,
	};

	if (ioctl(iommufd, IOMMU_IOAS_MAP, &cmd))
		return errno;
	call(iommufd, IOMMU_IOAS_UNMAP, &unmap, "unmapping");
	return 0;
}

static int read_error(int file, char *p)
{
	const ssize_t len = pread(file, p, PAGE, 0);

	if (len >= 0 && len != (ssize_t)PAGE)
		die("reading with O_DIRECT: %zd bytes", len);
	return len < 0 ? errno : 0;
}

/* What a mapping of memory that is in no file is no good for, and others are */
static void check_no_pins(int iommufd, const char *direct)
{
	char *own = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int file = -1, err;

	if (direct) {
		file = open(direct, O_RDONLY | O_DIRECT | O_CLOEXEC);
		if (file < 0)
			die("%s: %m", direct);
	}
	*own = 1;
	/* A page in CMA is moved first, which fails while somebody else holds it */
	for (int tries = 50; (err = map_error(iommufd, own)) == ENOMEM && tries; tries--)
		usleep(20000);
	if (err || (direct && read_error(file, own)))
		die("memory of this process cannot be pinned");

	for (unsigned int i = 0; i < N_FEW; i++) {
		if (!where[i] || !is_fileless(i))
			continue;
		if (map_error(iommufd, where[i]) != EFAULT)
			die("%s: IOAS_MAP instead of EFAULT: %m",
			    mappings[i].name);
		if (direct && read_error(file, where[i]) != EFAULT)
			die("%s: direct read instead of EFAULT: %m",
			    mappings[i].name);
	}
	munmap(own, PAGE);
	if (direct)
		close(file);
}

static char *get_memory(int iommufd, int i)
{
	const struct mapping *m = &mappings[i];
	struct iommu_ioas_get_memory cmd = {
		.size = sizeof(cmd),
		.ioas_id = notes.ioas[m->ioas],
		.iova = m->iova,
	};
	bool writable;
	char *p;

	call(iommufd, IOMMU_IOAS_GET_MEMORY, &cmd, m->name);
	if (cmd.out_length != m->length)
		die("%s: length %#llx", m->name, cmd.out_length);

	p = mmap(NULL, m->length, PROT_READ, MAP_SHARED, cmd.out_fd,
		 cmd.out_offset);
	if (p == MAP_FAILED)
		die("%s: mmap: %m", m->name);

	/* As writable as the memory was mapped by whoever mapped it first */
	while (m->kind == COPY)
		m = &mappings[m->of];
	writable = m->access & WRITE;
	m = &mappings[i];
	if (!mprotect(p, m->length, PROT_READ | PROT_WRITE) != writable)
		die("%s: %s", m->name,
		    writable ? "cannot be written" : "can be written");
	if (!writable && mmap(NULL, m->length, PROT_WRITE, MAP_SHARED,
			      cmd.out_fd, cmd.out_offset) != MAP_FAILED)
		die("%s: can be mapped for writing", m->name);
	close(cmd.out_fd);
	if (i < (int)N_FEW && is_fileless(i))
		check_leaves(i, p);
	return p;
}

/* Is this the mapping through which its memory is written? */
static bool is_writer(int i)
{
	const struct mapping *m = &mappings[i];

	if (!where[i] || !(m->access & WRITE))
		return false;
	return (m->kind != AGAIN && m->kind != COPY) ||
	       mappings[m->of].ioas == NOT_MAPPED;
}

static void take(bool and_go, bool movable, const char *direct)
{
	struct hf_error err;
	int luo = hf_luo_open(&err), session, iommufd;

	session = hf_luo_retrieve_session(luo, SESSION, &err);
	if (session < 0)
		die("no session");
	step_done("session");
	read_notes(retrieve(session, NOTES));
	make_list();
	iommufd = retrieve(session, IOMMUFD);
	step_done("iommufd");
	for (unsigned int i = 0; i < n_mappings; i++) {
		if (!is_preserved(i))
			continue;
		memfds[n_memfds] = retrieve(session, MEMFDS + n_memfds);
		n_memfds++;
		step_done(mappings[i].name);
	}
	compare_tables(iommufd);
	if (movable)
		check_movable();
	for (unsigned int i = 0; i < n_mappings; i++) {
		if (mappings[i].ioas == NOT_MAPPED)
			continue;
		where[i] = get_memory(iommufd, i);
		if (i == N_FEW / 2)
			step_done("half the memory");
	}
	step_done("memory");
	if (hf_luo_finish(session, &err))
		die("cannot finish");
	step_done("finish");
	close(session);
	check_no_pins(iommufd, direct);

	/* Through whichever mapping can be written; all are to see it */
	notes.generation++;
	for (unsigned int i = 0; i < n_mappings; i++)
		if (is_writer(i))
			fill(i, where[i]);
	step_done("written");

	if (and_go)
		go(luo, iommufd);

	destroy_tables(iommufd);
	/* The mappings outlive it all */
	close(iommufd);
	for (unsigned int i = 0; i < n_mappings; i++)
		if (where[i])
			check(i, where[i]);
}

static void drop(void)
{
	struct hf_error err;
	int luo = hf_luo_open(&err);
	int session = hf_luo_retrieve_session(luo, SESSION, &err);

	if (session < 0 || hf_luo_finish(session, &err))
		die("no session, or it cannot be finished");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "go", no_argument, NULL, 'g' },
		{ "after-step", required_argument, NULL, 's' },
		{ "movable", no_argument, NULL, 'm' },
		{ "direct", required_argument, NULL, 'r' },
		{ "many", no_argument, NULL, 'n' },
		{ "middle", required_argument, NULL, 'd' },
		{ "hold", required_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool and_go = false, movable = false;
	int node = -1;
	const char *verb, *direct = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'g')
			and_go = true;
		else if (opt == 's')
			after_step = optarg;
		else if (opt == 'm')
			movable = true;
		else if (opt == 'r')
			direct = optarg;
		else if (opt == 'n')
			notes.many = true;
		else if (opt == 'd')
			node = atoi(optarg);
		else if (opt == 'h')
			hold = optarg;
		else
			return 2;
	}
	verb = optind + 1 == argc ? argv[optind] : "";
	if (!strcmp(verb, "make"))
		make(node);
	else if (!strcmp(verb, "take"))
		take(and_go || hold, movable, direct);
	else if (!strcmp(verb, "drop"))
		drop();
	else
		die("usage: pages make | take [OPTIONS] | drop");
	return 0;
}
