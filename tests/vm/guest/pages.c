// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages - memory of every kind in an iommufd, over one update and another
 *
 *	pages make		map it, preserve it, start the next kernel
 *	pages take [--go]	take it back, check it; and go on to the next kernel
 *	pages drop		finish without having taken any of it
 *
 * There is no device in the session: the tables are those of hardware page tables
 * that were allocated by hand. What has to come back is noted in a memfd.
 * Every page has a pattern that names its mapping, its place and the kernel, and
 * each kernel writes a new one through what it got back.
 */
#include <errno.h>
#include <fcntl.h>
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
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/luo.h>
#include <holdfast/memfd.h>
#include <holdfast/uapi.h>
#include <holdfast/vfio.h>

#define PAGE	4096ul
#define HUGE	(2ul << 20)
#define SESSION	"pages"

enum { NOTES = 1, FILE_TOKEN, ADDRESS_TOKEN, IOMMUFD };

enum kind {
	ANON,
	THP,
	HUGETLB,
	HUGETLB_FILE,	/* mapped by file */
	SHMEM_FILE,	/* not preserved, mapped by file */
	SHMEM,		/* shared anonymous memory */
	MEMFD_FILE,	/* preserved, mapped by file */
	MEMFD,		/* preserved, mapped by address */
	AGAIN,		/* the memory of another mapping, by address */
	COPY,		/* IOMMU_IOAS_COPY of another mapping */
};

enum { READ = 1, WRITE = 2, RW = READ | WRITE };

static const struct mapping {
	const char *name;
	enum kind kind;
	int ioas;
	uint64_t iova, length;
	int access;
	int of;			/* AGAIN, COPY: the other one */
	uint64_t offset;	/* and where in it */
} mappings[] = {
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
	{ "copy without a table", COPY, 2, 0x1000000, HUGE, RW, 2, HUGE },
};

#define N_MAPPINGS	(sizeof(mappings) / sizeof(mappings[0]))
#define N_IOAS		3
#define EXTENTS_MAX	8192

struct notes {
	uint32_t generation;
	uint32_t ioas[N_IOAS], hwpt[2];
	uint32_t n[N_IOAS];
	struct iommu_noiommu_extent extents[N_IOAS][EXTENTS_MAX];
};

static struct notes notes, found;

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
static uint64_t pattern(int i, uint64_t offset, uint32_t generation)
{
	i = origin(i, &offset);
	if (!(mappings[i].access & WRITE))
		generation = 1;
	return (uint64_t)generation << 56 | (uint64_t)i << 48 | offset;
}

static void fill(int i, char *p, uint32_t generation)
{
	for (uint64_t at = 0; at < mappings[i].length; at += sizeof(uint64_t))
		*(uint64_t *)(p + at) = pattern(i, at, generation);
}

static void check(int i, const char *p, uint32_t generation)
{
	for (uint64_t at = 0; at < mappings[i].length; at += sizeof(uint64_t)) {
		uint64_t is = *(const uint64_t *)(p + at);

		if (is != pattern(i, at, generation))
			die("%s: %#lx at offset %#lx instead of %#lx",
			    mappings[i].name, is, at,
			    pattern(i, at, generation));
	}
}

static void read_tables(int iommufd, struct notes *to)
{
	for (int i = 0; i < 2; i++) {
		struct iommu_ioas_noiommu_get_extents cmd = {
			.size = sizeof(cmd),
			.ioas_id = to->ioas[i],
			.nr_extents = EXTENTS_MAX,
			.extents_uptr = (uintptr_t)to->extents[i],
		};

		call(iommufd, IOMMU_IOAS_NOIOMMU_GET_EXTENTS, &cmd,
		     "reading a table");
		if (cmd.out_flags & IOMMU_NOIOMMU_EXTENTS_MORE)
			die("more than %d extents", EXTENTS_MAX);
		to->n[i] = cmd.nr_extents;
	}
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

static void map_into(int iommufd, const struct notes *n, int i, char **where,
		     int *files)
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
	case COPY:
		where[i] = where[m->of] + m->offset;
		break;
	}
	files[i] = fd;
	fill(i, where[i], n->generation);

	if (m->kind == COPY) {
		struct iommu_ioas_copy cmd = {
			.size = sizeof(cmd),
			.flags = access,
			.dst_ioas_id = n->ioas[m->ioas],
			.src_ioas_id = n->ioas[mappings[m->of].ioas],
			.length = m->length,
			.dst_iova = m->iova,
			.src_iova = mappings[m->of].iova + m->offset,
		};

		call(iommufd, IOMMU_IOAS_COPY, &cmd, m->name);
	} else if (fd >= 0 && m->kind != MEMFD) {
		struct iommu_ioas_map_file cmd = {
			.size = sizeof(cmd),
			.flags = access,
			.ioas_id = n->ioas[m->ioas],
			.fd = fd,
			.length = m->length,
			.iova = m->iova,
		};

		call(iommufd, IOMMU_IOAS_MAP_FILE, &cmd, m->name);
	} else {
		struct iommu_ioas_map cmd = {
			.size = sizeof(cmd),
			.flags = access,
			.ioas_id = n->ioas[m->ioas],
			.user_va = (uintptr_t)where[i],
			.length = m->length,
			.iova = m->iova,
		};

		call(iommufd, IOMMU_IOAS_MAP, &cmd, m->name);
	}
}

/* Tables without a device: it is closed again */
static void make_tables(int iommufd, struct notes *n)
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
		n->ioas[i] = ioas.out_ioas_id;
		if (i == 2)
			break;
		hwpt.dev_id = devid;
		hwpt.pt_id = n->ioas[i];
		call(iommufd, IOMMU_HWPT_ALLOC, &hwpt, "HWPT_ALLOC");
		n->hwpt[i] = hwpt.out_hwpt_id;
	}
	close(device);
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

/* Does not return */
static void go(int luo, int iommufd, int by_file, int by_address)
{
	struct hf_error err;
	int session, fd;

	read_tables(iommufd, &notes);
	fd = hf_memfd_sealed("notes", &notes, sizeof(notes), &err);
	session = hf_luo_create_session(luo, SESSION, &err);
	if (fd < 0 || session < 0)
		die("no notes or no session: %d %d", fd, session);
	preserve(session, fd, NOTES);
	preserve(session, by_file, FILE_TOKEN);
	preserve(session, by_address, ADDRESS_TOKEN);
	preserve(session, iommufd, IOMMUFD);

	/* Nothing that unpreserve took would be missing */
	close(session);
	session = hf_luo_create_session(luo, SESSION, &err);
	preserve(session, fd, NOTES);
	preserve(session, by_file, FILE_TOKEN);
	preserve(session, by_address, ADDRESS_TOKEN);
	preserve(session, iommufd, IOMMUFD);

	printf("pages: %u and %u extents are on their way\n", notes.n[0],
	       notes.n[1]);
	fflush(NULL);
	sync();
	reboot(RB_KEXEC);
	die("kexec: %m");
}

static void make(void)
{
	char *where[N_MAPPINGS];
	int files[N_MAPPINGS];
	struct hf_error err;
	int by_file = -1, by_address = -1;
	int luo = hf_luo_open(&err), iommufd;

	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (luo < 0 || iommufd < 0)
		die("no live update, or no iommufd");
	notes.generation = 1;
	make_tables(iommufd, &notes);
	for (unsigned int i = 0; i < N_MAPPINGS; i++) {
		map_into(iommufd, &notes, i, where, files);
		if (mappings[i].kind == MEMFD_FILE)
			by_file = files[i];
		if (mappings[i].kind == MEMFD)
			by_address = files[i];
	}
	go(luo, iommufd, by_file, by_address);
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
	return p;
}

static void take(bool and_go)
{
	char *where[N_MAPPINGS];
	int session, iommufd, by_file, by_address;
	struct hf_error err;
	int luo = hf_luo_open(&err);
	void *data;
	size_t len;

	session = hf_luo_retrieve_session(luo, SESSION, &err);
	if (session < 0)
		die("no session");
	if (hf_memfd_read(retrieve(session, NOTES), sizeof(notes), &data, &len,
			  &err) || len != sizeof(notes))
		die("no notes");
	memcpy(&notes, data, len);
	free(data);

	iommufd = retrieve(session, IOMMUFD);
	by_file = retrieve(session, FILE_TOKEN);
	by_address = retrieve(session, ADDRESS_TOKEN);

	memcpy(found.ioas, notes.ioas, sizeof(found.ioas));
	read_tables(iommufd, &found);
	for (int i = 0; i < 2; i++)
		if (found.n[i] != notes.n[i] ||
		    memcmp(found.extents[i], notes.extents[i],
			   found.n[i] * sizeof(found.extents[i][0])))
			die("table %d is another one", i);

	for (unsigned int i = 0; i < N_MAPPINGS; i++) {
		where[i] = get_memory(iommufd, i);
		check(i, where[i], notes.generation);
	}
	if (hf_luo_finish(session, &err))
		die("cannot finish");
	close(session);

	/* Through whichever mapping can be written; all are to see it */
	notes.generation++;
	for (unsigned int i = 0; i < N_MAPPINGS; i++) {
		if (mappings[i].kind != AGAIN && mappings[i].kind != COPY &&
		    mappings[i].access & WRITE)
			fill(i, where[i], notes.generation);
	}
	for (unsigned int i = 0; i < N_MAPPINGS; i++)
		check(i, where[i], notes.generation);

	if (and_go)
		go(luo, iommufd, by_file, by_address);

	/* The mappings outlive it all */
	close(iommufd);
	for (unsigned int i = 0; i < N_MAPPINGS; i++)
		check(i, where[i], notes.generation);
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
	if (argc == 2 && !strcmp(argv[1], "make"))
		make();
	else if (argc == 2 && !strcmp(argv[1], "take"))
		take(false);
	else if (argc == 3 && !strcmp(argv[1], "take") &&
		 !strcmp(argv[2], "--go"))
		take(true);
	else if (argc == 2 && !strcmp(argv[1], "drop"))
		drop();
	else
		die("usage: pages make | take [--go] | drop");
	return 0;
}
