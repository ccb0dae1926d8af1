// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_NOIOMMU_GET_EXTENTS lists what is mapped, and agrees page by page
 * with IOMMU_IOAS_NOIOMMU_GET_PA.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define SECOND_IOVA	(2 * AREA_IOVA)
#define END_IOVA	(SECOND_IOVA + AREA_SIZE)
#define MAX_EXTENTS	64

#define HUGE_SIZE	0x200000UL
/* The kernel reports no extent over a multiple of this */
#define CUT_SIZE	0x4000000UL

FIXTURE(extents)
{
	int iommufd;
	int memfd;
	int device;
	__u32 ioas;
	__u32 dev_id;
	struct iommu_noiommu_extent extents[MAX_EXTENTS];
	struct iommu_ioas_noiommu_get_extents get;
};

/* Two areas: all of the memfd, and its second half at another place */
FIXTURE_SETUP(extents)
{
	char bdf[16];

	self->iommufd = iommufd_open();
	if (self->iommufd < 0)
		SKIP(return, "/dev/iommu: %s", strerror(-self->iommufd));
	self->device = vfio_open_noiommu(0, bdf);
	if (self->device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-self->device));
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	ASSERT_EQ(0, vfio_connect(self->device, self->iommufd, self->ioas, &self->dev_id));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, self->memfd, AREA_SIZE / 2, AREA_SIZE / 2,
				   SECOND_IOVA + AREA_SIZE / 2));

	self->get.ioas_id = self->ioas;
	self->get.nr_extents = MAX_EXTENTS;
	self->get.extents_uptr = (uintptr_t)self->extents;
}

FIXTURE_TEARDOWN(extents)
{
}

/* Physical address of an IOVA by the list, or 0 */
static __u64 look_up(const FIXTURE_DATA(extents) *self, __u64 iova)
{
	const struct iommu_noiommu_extent *e;
	__u32 i;

	for (i = 0; i < self->get.nr_extents; i++) {
		e = &self->extents[i];
		if (iova >= e->iova && iova - e->iova < e->length)
			return e->phys + (iova - e->iova);
	}
	return 0;
}

TEST_F(extents, agree_with_get_pa)
{
	__u64 iova, phys, length, total = 0;
	__u32 i;

	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, self->get.out_flags);
	for (i = 0; i < self->get.nr_extents; i++) {
		ASSERT_NE(0, self->extents[i].length);
		total += self->extents[i].length;
		if (i)
			ASSERT_GE(self->extents[i].iova, self->extents[i - 1].iova + self->extents[i - 1].length);
	}
	ASSERT_EQ(AREA_SIZE + AREA_SIZE / 2, total);
	ASSERT_EQ(AREA_IOVA, self->extents[0].iova);
	ASSERT_EQ(END_IOVA, self->get.next_iova);

	for (iova = AREA_IOVA; iova < AREA_IOVA + AREA_SIZE; iova += PAGE_SIZE) {
		length = PAGE_SIZE;
		ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, iova, &phys, &length));
		ASSERT_EQ(phys, look_up(self, iova));
	}
	for (iova = SECOND_IOVA + AREA_SIZE / 2; iova < END_IOVA; iova += PAGE_SIZE) {
		length = PAGE_SIZE;
		ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, iova, &phys, &length));
		ASSERT_EQ(phys, look_up(self, iova));
		/* It is the same page of the same file */
		ASSERT_EQ(phys, look_up(self, iova - SECOND_IOVA + AREA_IOVA));
	}

	/* Control: neither knows of what is between them */
	length = PAGE_SIZE;
	ASSERT_EQ(-ENOENT, ioas_get_pa(self->iommufd, self->ioas, SECOND_IOVA, &phys, &length));
	ASSERT_EQ(0, look_up(self, SECOND_IOVA));
}

TEST_F(extents, from_the_middle_of_an_area)
{
	__u64 iova = AREA_IOVA + 5 * PAGE_SIZE + 0x123, phys, length = 1;

	self->get.iova = iova;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(iova, self->extents[0].iova);
	ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, iova, &phys, &length));
	ASSERT_EQ(phys, self->extents[0].phys);
	ASSERT_EQ(0x123, phys % PAGE_SIZE);
	/* Ends with a page, whatever it began with */
	ASSERT_EQ(0, (self->extents[0].iova + self->extents[0].length) % PAGE_SIZE);
}

TEST_F(extents, from_a_hole)
{
	self->get.iova = AREA_IOVA + AREA_SIZE;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_GE(self->get.nr_extents, 1);
	ASSERT_EQ(SECOND_IOVA + AREA_SIZE / 2, self->extents[0].iova);
}

TEST_F(extents, from_behind_the_last)
{
	self->get.iova = END_IOVA;
	self->get.nr_extents = 1;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, self->get.nr_extents);
	ASSERT_EQ(0, self->get.out_flags);
	ASSERT_EQ(END_IOVA, self->get.next_iova);
}

TEST_F(extents, one_at_a_time)
{
	struct iommu_noiommu_extent one[MAX_EXTENTS + 1];
	__u32 n = 0;

	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_GE(self->get.nr_extents, 2);
	do {
		struct iommu_ioas_noiommu_get_extents get = {
			.ioas_id = self->ioas,
			.nr_extents = 1,
			.iova = n ? one[n - 1].iova + one[n - 1].length : 0,
			.extents_uptr = (uintptr_t)&one[n],
		};

		ASSERT_LT(n, self->get.nr_extents + 1);
		ASSERT_EQ(0, ioas_get_extents(self->iommufd, &get));
		if (!get.nr_extents) {
			ASSERT_EQ(0, get.out_flags);
			break;
		}
		ASSERT_EQ(1, get.nr_extents);
		ASSERT_EQ(IOMMU_NOIOMMU_EXTENTS_MORE, get.out_flags);
		ASSERT_EQ(one[n].iova + one[n].length, get.next_iova);
		n++;
	} while (n <= MAX_EXTENTS);
	ASSERT_EQ(self->get.nr_extents, n);
	ASSERT_EQ(0, memcmp(one, self->extents, n * sizeof(*one)));
}

TEST_F(extents, empty_ioas)
{
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, 0, ~0UL));
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, self->get.nr_extents);
	ASSERT_EQ(0, self->get.out_flags);
}

TEST_F(extents, bad_pointer)
{
	self->get.extents_uptr = PAGE_SIZE;
	ASSERT_EQ(-EFAULT, ioas_get_extents(self->iommufd, &self->get));
	self->get.extents_uptr = (uintptr_t)self->extents;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
}

TEST_F(extents, no_room)
{
	self->get.nr_extents = 0;
	ASSERT_EQ(-EINVAL, ioas_get_extents(self->iommufd, &self->get));
	self->get.nr_extents = 1;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
}

TEST_F(extents, unknown_flags)
{
	struct iommu_ioas_noiommu_get_extents get = self->get;

	get.flags = 1;
	ASSERT_EQ(-EOPNOTSUPP, ioas_get_extents(self->iommufd, &get));
	get.flags = 0;
	get.__reserved = 1;
	ASSERT_EQ(-EOPNOTSUPP, ioas_get_extents(self->iommufd, &get));
	get.__reserved = 0;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &get));
}

TEST_F(extents, end_of_the_address_space)
{
	self->get.iova = ~0ULL;
	ASSERT_EQ(-EOVERFLOW, ioas_get_extents(self->iommufd, &self->get));
	self->get.iova = ~0ULL - 1;
	self->get.nr_extents = 1;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, self->get.nr_extents);
}

/* A list that ends where the address space does has no place to continue */
TEST_F(extents, up_to_the_end_of_the_address_space)
{
	const __u64 last = -PAGE_SIZE;

	if (ioas_map_file(self->iommufd, self->ioas, self->memfd, 0, PAGE_SIZE, last))
		SKIP(return, "the last page cannot be mapped");
	self->get.iova = END_IOVA;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(1, self->get.nr_extents);
	ASSERT_EQ(0, self->get.out_flags);
	ASSERT_EQ(last, self->extents[0].iova);
	ASSERT_EQ(PAGE_SIZE, self->extents[0].length);
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, last, PAGE_SIZE));
}

TEST_F(extents, no_cap_sys_rawio)
{
	ASSERT_EQ(0, cap_sys_rawio(false));
	ASSERT_EQ(-EPERM, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, cap_sys_rawio(true));
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
}

TEST_F(extents, unknown_ioas)
{
	__u32 ioas;

	self->get.ioas_id = 1000;
	ASSERT_EQ(-ENOENT, ioas_get_extents(self->iommufd, &self->get));
	/* An object, but no IOAS */
	self->get.ioas_id = self->dev_id;
	ASSERT_NE(0, ioas_get_extents(self->iommufd, &self->get));
	/* One that was */
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	self->get.ioas_id = ioas;
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, iommufd_destroy(self->iommufd, ioas));
	self->get.nr_extents = 1;
	ASSERT_EQ(-ENOENT, ioas_get_extents(self->iommufd, &self->get));
}

/* No device was ever attached, so there is no physical address to tell */
TEST_F(extents, without_hwpt)
{
	__u32 ioas, hwpt;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, ioas, self->memfd, 0, AREA_SIZE, AREA_IOVA));
	self->get.ioas_id = ioas;
	ASSERT_EQ(-EOPNOTSUPP, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(0, iommufd_hwpt_alloc(self->iommufd, self->dev_id, ioas, &hwpt));
	ASSERT_EQ(0, ioas_get_extents(self->iommufd, &self->get));
	ASSERT_EQ(AREA_IOVA, self->extents[0].iova);
}

/* An array of its own, for what does not fit that of the fixture */
static int list_into(const FIXTURE_DATA(extents) *self, __u64 iova, struct iommu_noiommu_extent *list,
		     __u32 nr, struct iommu_ioas_noiommu_get_extents *get)
{
	*get = (struct iommu_ioas_noiommu_get_extents){
		.ioas_id = self->ioas,
		.nr_extents = nr,
		.iova = iova,
		.extents_uptr = (uintptr_t)list,
	};
	return ioas_get_extents(self->iommufd, get);
}

static void *huge_pages(unsigned int nr)
{
	void *p = mmap(NULL, nr * HUGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | MAP_PRIVATE | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * Every place where a leaf may begin and end: huge pages where the table can have
 * huge leaves, and a page further, where it cannot; a multiple of CUT_SIZE in
 * the middle, and none.
 */
FIXTURE(huge)
{
	FIXTURE_DATA(extents) base;
	void *pages;
};

FIXTURE_VARIANT(huge)
{
	__u64 iova;
	bool cut;
};

FIXTURE_VARIANT_ADD(huge, aligned)
{
	.iova = 4 * AREA_IOVA,
};

FIXTURE_VARIANT_ADD(huge, a_page_further)
{
	.iova = 4 * AREA_IOVA + PAGE_SIZE,
};

FIXTURE_VARIANT_ADD(huge, cut)
{
	.iova = 4 * AREA_IOVA + CUT_SIZE - HUGE_SIZE / 2,
	.cut = true,
};

FIXTURE_SETUP(huge)
{
	char bdf[16];

	self->base.iommufd = iommufd_open();
	if (self->base.iommufd < 0)
		SKIP(return, "/dev/iommu: %s", strerror(-self->base.iommufd));
	self->base.device = vfio_open_noiommu(0, bdf);
	if (self->base.device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-self->base.device));
	self->pages = huge_pages(2);
	if (!self->pages)
		SKIP(return, "no two huge pages");
	ASSERT_EQ(0, ioas_alloc(self->base.iommufd, &self->base.ioas));
	ASSERT_EQ(0, vfio_connect(self->base.device, self->base.iommufd, self->base.ioas, &self->base.dev_id));
	ASSERT_EQ(0, ioas_map(self->base.iommufd, self->base.ioas, self->pages, 2 * HUGE_SIZE, variant->iova));
	self->base.get.ioas_id = self->base.ioas;
	self->base.get.nr_extents = MAX_EXTENTS;
	self->base.get.extents_uptr = (uintptr_t)self->base.extents;
}

FIXTURE_TEARDOWN(huge)
{
	if (self->pages)
		munmap(self->pages, 2 * HUGE_SIZE);
}

/* Two pages, and one cut in either of them */
TEST_F(huge, few_extents)
{
	FIXTURE_DATA(extents) *base = &self->base;
	const __u64 end = variant->iova + 2 * HUGE_SIZE;
	__u64 expected = variant->iova;
	bool at_cut = false;
	__u32 i;

	ASSERT_EQ(0, ioas_get_extents(base->iommufd, &base->get));
	ASSERT_EQ(0, base->get.out_flags);
	ASSERT_LE(base->get.nr_extents, 2 + variant->cut);
	for (i = 0; i < base->get.nr_extents; i++) {
		ASSERT_EQ(expected, base->extents[i].iova);
		at_cut |= i && !(expected % CUT_SIZE);
		expected += base->extents[i].length;
	}
	ASSERT_EQ(end, expected);
	ASSERT_EQ(end, base->get.next_iova);
	ASSERT_EQ(variant->cut, at_cut);
}

/* By each page, and from within it; GET_PA knows of no cut */
TEST_F(huge, agree_with_get_pa)
{
	FIXTURE_DATA(extents) *base = &self->base;
	const __u64 end = variant->iova + 2 * HUGE_SIZE, half = variant->iova + HUGE_SIZE;
	__u64 iova, phys, length, first, second, max;
	bool contiguous;

	ASSERT_EQ(0, ioas_get_extents(base->iommufd, &base->get));
	first = look_up(base, variant->iova);
	second = look_up(base, half);
	ASSERT_EQ(0, first % HUGE_SIZE);
	ASSERT_EQ(0, second % HUGE_SIZE);
	contiguous = second == first + HUGE_SIZE;

	for (iova = variant->iova; iova < end; iova += PAGE_SIZE) {
		length = PAGE_SIZE;
		ASSERT_EQ(0, ioas_get_pa(base->iommufd, base->ioas, iova, &phys, &length));
		ASSERT_EQ(PAGE_SIZE, length);
		ASSERT_EQ(iova < half ? first + (iova - variant->iova) : second + (iova - half), phys);
		ASSERT_EQ(phys, look_up(base, iova));
	}

	for (iova = variant->iova + 0x123; iova < end; iova += 37 * PAGE_SIZE + 0x11) {
		max = contiguous || iova >= half ? end - iova : half - iova;
		/* All there is, and no more than that */
		length = ~0ULL;
		ASSERT_EQ(0, ioas_get_pa(base->iommufd, base->ioas, iova, &phys, &length));
		ASSERT_EQ(look_up(base, iova), phys);
		ASSERT_EQ(max, length);
		/* No more than was asked for */
		length = max - 1;
		if (!length)
			continue;
		ASSERT_EQ(0, ioas_get_pa(base->iommufd, base->ioas, iova, &phys, &length));
		ASSERT_EQ(max - 1, length);
	}
}

/* The next area goes on where this one ends, and is still another extent */
TEST_F(huge, end_of_area)
{
	FIXTURE_DATA(extents) *base = &self->base;
	const __u64 end = variant->iova + 2 * HUGE_SIZE;
	__u64 phys, length = HUGE_SIZE;
	__u32 i;

	/* Its first page, so that it is known to be contiguous with nothing before it */
	ASSERT_EQ(0, ioas_map(base->iommufd, base->ioas, self->pages, PAGE_SIZE, end));
	ASSERT_EQ(0, ioas_get_extents(base->iommufd, &base->get));
	for (i = 0; i < base->get.nr_extents; i++)
		if (base->extents[i].iova == end)
			break;
	ASSERT_EQ(base->get.nr_extents - 1, i);
	ASSERT_EQ(PAGE_SIZE, base->extents[i].length);
	ASSERT_EQ(base->extents[0].phys, base->extents[i].phys);
	ASSERT_EQ(0, ioas_get_pa(base->iommufd, base->ioas, end, &phys, &length));
	ASSERT_EQ(PAGE_SIZE, length);
}

#define SCATTERED	1000

/*
 * More extents than the kernel handles at a time, some of a page, some of two,
 * in areas of their own and in one. The list is the same however it is read.
 */
TEST_F(extents, any_number_at_a_time)
{
	static const __u32 steps[] = { 1, 2, 15, 16, 17, 169, 170, 171, 999 };
	/* The second mapping may have no two contiguous pages. A full array says more. */
	const __u32 room = 2 * SCATTERED + 1;
	const __u64 base = 4 * AREA_IOVA;
	struct iommu_ioas_noiommu_get_extents get;
	struct iommu_noiommu_extent *all, *again;
	__u64 iova, phys, length;
	__u32 i, n, total;
	int memfd;

	all = calloc(room, sizeof(*all));
	again = calloc(room, sizeof(*again));
	ASSERT_TRUE(all && again);
	memfd = memfd_filled(SCATTERED * PAGE_SIZE);
	ASSERT_GE(memfd, 0);
	/* Backwards, so that neighbours are not contiguous, with a hole after every seventh */
	for (i = 0; i < SCATTERED; i++)
		ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, memfd,
					   (SCATTERED - 1 - i) * PAGE_SIZE, PAGE_SIZE,
					   base + (i + i / 7) * PAGE_SIZE));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, self->ioas, memfd, 0, SCATTERED * PAGE_SIZE,
				   base + 4 * SCATTERED * PAGE_SIZE));

	ASSERT_EQ(0, list_into(self, base, all, room, &get));
	ASSERT_EQ(0, get.out_flags);
	total = get.nr_extents;
	ASSERT_GT(total, SCATTERED);
	for (i = 0; i < SCATTERED; i++) {
		iova = base + (i + i / 7) * PAGE_SIZE;
		length = 2 * PAGE_SIZE;
		ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, iova, &phys, &length));
		ASSERT_EQ(PAGE_SIZE, length);
		ASSERT_EQ(iova, all[i].iova);
		ASSERT_EQ(phys, all[i].phys);
		ASSERT_EQ(length, all[i].length);
	}
	for (; i < total; i++) {
		length = ~0ULL;
		ASSERT_EQ(0, ioas_get_pa(self->iommufd, self->ioas, all[i].iova, &phys, &length));
		ASSERT_EQ(phys, all[i].phys);
		ASSERT_EQ(length, all[i].length);
	}

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		memset(again, 0, room * sizeof(*again));
		for (n = 0, iova = base; n < total; n += get.nr_extents, iova = get.next_iova) {
			ASSERT_EQ(0, list_into(self, iova, &again[n], steps[i], &get));
			ASSERT_NE(0, get.nr_extents);
			ASSERT_LE(get.nr_extents, steps[i]);
		}
		ASSERT_EQ(total, n);
		ASSERT_EQ(0, memcmp(all, again, total * sizeof(*all)));
	}

	/* Exactly as many as there are: only the next call knows that it was all */
	ASSERT_EQ(0, list_into(self, base, again, total, &get));
	ASSERT_EQ(total, get.nr_extents);
	ASSERT_EQ(IOMMU_NOIOMMU_EXTENTS_MORE, get.out_flags);
	ASSERT_EQ(0, list_into(self, get.next_iova, again, 1, &get));
	ASSERT_EQ(0, get.nr_extents);
	ASSERT_EQ(0, get.out_flags);
	free(all);
	free(again);
	close(memfd);
}

TEST_HARNESS_MAIN
