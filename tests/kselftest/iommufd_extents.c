// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_NOIOMMU_GET_EXTENTS lists what is mapped, and agrees page by page
 * with IOMMU_IOAS_NOIOMMU_GET_PA.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define SECOND_IOVA	(2 * AREA_IOVA)
#define END_IOVA	(SECOND_IOVA + AREA_SIZE)
#define MAX_EXTENTS	64

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

TEST_HARNESS_MAIN
