// SPDX-License-Identifier: GPL-2.0-only
/*
 * RLIMIT_MEMLOCK and what is preserved: preserving a context charges nobody, and
 * neither it nor giving it back makes room for more. What is charged in the next
 * kernel takes an update to see.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/capability.h>

#include "kselftest_harness.h"
#include "util.h"
#include "vfio_use.h"

#define PAGES		16
#define MORE_IOVA	(4 * AREA_IOVA)

/* In pages, by a line of /proc/self/status */
static long pages_of(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kb = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return kb / 4;
}

static int limit(long pages)
{
	const struct rlimit rlimit = { pages * PAGE_SIZE, RLIM_INFINITY };

	return setrlimit(RLIMIT_MEMLOCK, &rlimit) ? -errno : 0;
}

FIXTURE(account)
{
	struct vfio v;
};

FIXTURE_VARIANT(account)
{
	__u64 per_process;
};

FIXTURE_VARIANT_ADD(account, per_user) { .per_process = 0 };
FIXTURE_VARIANT_ADD(account, per_process) { .per_process = 1 };

/* Half of the memory is of a memfd that is preserved, half of it is in none */
FIXTURE_SETUP(account)
{
	__u64 per_process = variant->per_process;
	struct vfio *v = &self->v;
	const char *why = vfio_setup(v);

	if (why)
		SKIP(return, "%s", why);
	if (limit(2 * PAGES))
		SKIP(return, "cannot raise RLIMIT_MEMLOCK");
	ASSERT_EQ(0, iommufd_option(v->iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &per_process));
	ASSERT_EQ(0, ioas_alloc(v->iommufd, &v->ioas));
	ASSERT_EQ(0, vfio_connect(v->device, v->iommufd, v->ioas, &v->dev_id));

	ASSERT_EQ(0, cap_effective(CAP_IPC_LOCK, false));
	ASSERT_EQ(0, ioas_map(v->iommufd, v->ioas, anon_pages(PAGES * PAGE_SIZE), PAGES * PAGE_SIZE, AREA_IOVA));
	ASSERT_EQ(0, ioas_map_file(v->iommufd, v->ioas, v->memfd, 0, PAGES * PAGE_SIZE, 2 * AREA_IOVA));
}

FIXTURE_TEARDOWN(account)
{
	cap_effective(CAP_IPC_LOCK, true);
}

static int map_more(struct vfio *v, long pages)
{
	return ioas_map(v->iommufd, v->ioas, anon_pages(pages * PAGE_SIZE), pages * PAGE_SIZE, MORE_IOVA);
}

static int preserve(struct vfio *v)
{
	int rc = luo_preserve_fd(v->session, v->memfd, MEMFD);

	return rc ?: luo_preserve_fd(v->session, v->iommufd, IOMMUFD);
}

TEST_F(account, nothing_changes)
{
	const long locked = variant->per_process ? 2 * PAGES : 0;
	struct vfio *v = &self->v;
	int i;

	/* The second time around, it would show if the first had left something */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(2 * PAGES, pages_of("VmPin"));
		ASSERT_EQ(locked, pages_of("VmLck"));
		ASSERT_EQ(-ENOMEM, map_more(v, 1));
		ASSERT_EQ(0, preserve(v));
		ASSERT_EQ(2 * PAGES, pages_of("VmPin"));
		ASSERT_EQ(locked, pages_of("VmLck"));
		ASSERT_EQ(0, give_back(v));
	}
	ASSERT_EQ(-ENOMEM, map_more(v, 1));

	/* Mapping what was unmapped is the control: there is as much room as that */
	ASSERT_EQ(0, ioas_unmap(v->iommufd, v->ioas, AREA_IOVA, PAGES * PAGE_SIZE));
	ASSERT_EQ(PAGES, pages_of("VmPin"));
	ASSERT_EQ(-ENOMEM, map_more(v, PAGES + 1));
	ASSERT_EQ(0, map_more(v, PAGES));
	ASSERT_EQ(0, ioas_unmap(v->iommufd, v->ioas, 0, ~0UL));
	ASSERT_EQ(0, pages_of("VmPin"));
	ASSERT_EQ(0, pages_of("VmLck"));
}

/* Too low a limit is no reason not to hand over what is pinned already */
TEST_F(account, limit_lowered_later)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, limit(1));
	ASSERT_EQ(0, preserve(v));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(2 * PAGES, pages_of("VmPin"));
}

/* Who is exempt goes on being so */
TEST_F(account, exempt)
{
	struct vfio *v = &self->v;

	ASSERT_EQ(0, cap_effective(CAP_IPC_LOCK, true));
	ASSERT_EQ(0, map_more(v, 1));
	ASSERT_EQ(0, preserve(v));
	ASSERT_EQ(0, give_back(v));
	ASSERT_EQ(2 * PAGES + 1, pages_of("VmPin"));
	ASSERT_EQ(variant->per_process ? 2 * PAGES : 0, pages_of("VmLck"));
}

TEST_HARNESS_MAIN
