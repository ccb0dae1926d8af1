// SPDX-License-Identifier: GPL-2.0-only
/*
 * scattered - memory that takes a long list of runs, and one that takes a short one
 *
 *	scattered make [--gigantic]	map it, preserve it, start the next kernel
 *	scattered take			take it back and check it
 *
 * Each page of a memfd, which is not preserved, is mapped twice in a row. So every
 * second page begins a run, wherever the pages are. With --gigantic there is a page
 * of 1 GiB as well. What has to come back is noted in a memfd that is preserved.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

#define SESSION		"scattered"

/* More runs than go into one chunk, see IOMMUFD_CHUNK_SER_ENTRIES */
#define PAGES		9000
#define GIGANTIC	(1ul << 30)
#define PAGES_IOVA	0x10000000ull
#define GIGANTIC_IOVA	0x100000000ull
#define EXTENTS_MAX	(2 * PAGES + 64)

enum { NOTES = 1, IOMMUFD };

struct notes {
	__u32 ioas;
	__u32 gigantic;
	__u32 nr;
	struct iommu_noiommu_extent extents[EXTENTS_MAX];
};

static struct notes notes, found;

static int must(int rc, const char *what)
{
	if (rc < 0)
		errx(1, "%s: %s", what, strerror(-rc));
	return rc;
}

static void read_table(int iommufd, struct notes *to)
{
	struct iommu_ioas_noiommu_get_extents cmd = {
		.ioas_id = to->ioas,
		.nr_extents = EXTENTS_MAX,
		.extents_uptr = (uintptr_t)to->extents,
	};

	must(ioas_get_extents(iommufd, &cmd), "reading the table");
	if (cmd.out_flags)
		errx(1, "more than %d extents", EXTENTS_MAX);
	to->nr = cmd.nr_extents;
}

static char *map_doubled(int memfd)
{
	char *base = anon_pages(2 * PAGES * PAGE_SIZE);
	size_t i;

	for (i = 0; i < 2 * PAGES; i++)
		if (mmap(base + i * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd,
			 i / 2 * PAGE_SIZE) == MAP_FAILED)
			err(1, "page %zu", i);
	return base;
}

/* Every page names itself */
static void fill(char *p, size_t pages, unsigned int shift)
{
	size_t i;

	for (i = 0; i < pages; i++)
		*(size_t *)(p + i * PAGE_SIZE) = ~(i >> shift);
}

static void check(const char *p, size_t pages, unsigned int shift, const char *what)
{
	size_t i;

	for (i = 0; i < pages; i++)
		if (*(const size_t *)(p + i * PAGE_SIZE) != ~(i >> shift))
			errx(1, "%s: page %zu has %#zx", what, i, *(const size_t *)(p + i * PAGE_SIZE));
}

/* Does not return */
static void make(bool gigantic)
{
	int luo = must(luo_open(), "/dev/liveupdate");
	int session = must(luo_create_session(luo, SESSION), "session");
	int iommufd = must(iommufd_open(), "/dev/iommu");
	int memfd = memfd_filled(PAGES * PAGE_SIZE);
	__u32 dev_id, hwpt;
	char bdf[16], *p;
	int device;

	/* A table without a device: it is closed again */
	must(ioas_alloc(iommufd, &notes.ioas), "IOAS_ALLOC");
	device = must(vfio_open_noiommu(0, bdf), "device");
	must(vfio_bind(device, iommufd, &dev_id), "BIND");
	must(iommufd_hwpt_alloc(iommufd, dev_id, notes.ioas, &hwpt), "HWPT_ALLOC");
	close(device);

	p = map_doubled(memfd);
	fill(p, 2 * PAGES, 1);
	must(ioas_map(iommufd, notes.ioas, p, 2 * PAGES * PAGE_SIZE, PAGES_IOVA), "map");
	if (gigantic) {
		p = mmap(NULL, GIGANTIC, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << MAP_HUGE_SHIFT, -1, 0);
		if (p == MAP_FAILED)
			err(1, "no page of 1 GiB");
		fill(p, GIGANTIC / PAGE_SIZE, 0);
		must(ioas_map(iommufd, notes.ioas, p, GIGANTIC, GIGANTIC_IOVA), "map of 1 GiB");
		notes.gigantic = 1;
	}

	read_table(iommufd, &notes);
	if (notes.nr <= PAGES)
		errx(1, "%u extents only", notes.nr);
	memfd = memfd_create("notes", MFD_CLOEXEC);
	if (memfd < 0 || write(memfd, &notes, sizeof(notes)) != sizeof(notes))
		err(1, "notes");
	must(luo_preserve_fd(session, memfd, NOTES), "preserving notes");
	must(luo_preserve_fd(session, iommufd, IOMMUFD), "preserving the context");
	printf("scattered: %u extents are on their way\n", notes.nr);
	fflush(NULL);
	must(kexec_reboot(), "kexec");
}

static void check_memory(int iommufd, __u64 iova, size_t pages, unsigned int shift, const char *what)
{
	struct iommu_ioas_get_memory cmd = { .size = sizeof(cmd), .ioas_id = notes.ioas, .iova = iova };
	char *p;

	if (ioctl(iommufd, IOMMU_IOAS_GET_MEMORY, &cmd))
		err(1, "%s: GET_MEMORY", what);
	if (cmd.out_length != pages * PAGE_SIZE)
		errx(1, "%s: length %#llx", what, (unsigned long long)cmd.out_length);
	p = mmap(NULL, cmd.out_length, PROT_READ | PROT_WRITE, MAP_SHARED, cmd.out_fd, cmd.out_offset);
	if (p == MAP_FAILED)
		err(1, "%s: mmap", what);
	check(p, pages, shift, what);

	/* What is written through one of two mappings of a page is seen in the other */
	if (shift) {
		*p ^= 0xff;
		if (*p != p[PAGE_SIZE])
			errx(1, "%s: not the same page twice", what);
	}
	munmap(p, cmd.out_length);
	close(cmd.out_fd);
}

static void take(void)
{
	int session = must(luo_retrieve_session(must(luo_open(), "/dev/liveupdate"), SESSION), "session");
	int memfd = must(luo_retrieve_fd(session, NOTES), "notes");
	int iommufd = must(luo_retrieve_fd(session, IOMMUFD), "context");

	if (pread(memfd, &notes, sizeof(notes), 0) != sizeof(notes))
		errx(1, "no notes");
	found.ioas = notes.ioas;
	read_table(iommufd, &found);
	if (found.nr != notes.nr || memcmp(found.extents, notes.extents, found.nr * sizeof(found.extents[0])))
		errx(1, "the table is another one");
	check_memory(iommufd, PAGES_IOVA, 2 * PAGES, 1, "pages");
	if (notes.gigantic)
		check_memory(iommufd, GIGANTIC_IOVA, GIGANTIC / PAGE_SIZE, 0, "page of 1 GiB");
	must(luo_finish(session), "FINISH");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "make"))
		make(false);
	else if (argc == 3 && !strcmp(argv[1], "make") && !strcmp(argv[2], "--gigantic"))
		make(true);
	else if (argc == 2 && !strcmp(argv[1], "take"))
		take();
	else
		errx(2, "usage: scattered make [--gigantic] | take");
	return 0;
}
