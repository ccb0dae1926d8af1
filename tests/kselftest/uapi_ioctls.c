// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls.md lists what each ioctl does in each state. Does it list all, and is it
 * true? Here are the states that this kernel can be in without another one. What
 * is done in the normal state changes things, so each row begins anew there.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ioctl_walk.h"

/* Is it listed, not counting the row at @without? */
static bool is_listed(const char *name, unsigned int without)
{
	unsigned int i;

	for (i = 0; i < nr_ioctl_rows; i++)
		if (i != without && !strcmp(ioctl_rows[i].name, name))
			return true;
	return false;
}

static const char *not_listed(unsigned int without)
{
	unsigned int i;

	for (i = 0; i < nr_ioctls_defined; i++)
		if (!is_listed(ioctls_defined[i], without))
			return ioctls_defined[i];
	return NULL;
}

TEST(all_of_the_headers_are_listed)
{
	ASSERT_GT(nr_ioctls_defined, 0);
	EXPECT_EQ(NULL, not_listed(nr_ioctl_rows)) TH_LOG("%s is in no table", not_listed(nr_ioctl_rows));
}

/* The control: any row that is taken away is missed, unless there is another one */
TEST(a_row_taken_away_is_missed)
{
	unsigned int i;

	for (i = 0; i < nr_ioctl_rows; i++) {
		const char *missed = not_listed(i);

		if (is_listed(ioctl_rows[i].name, i))
			continue;
		ASSERT_NE(NULL, missed);
		ASSERT_EQ(0, strcmp(missed, ioctl_rows[i].name));
	}
}

/* What one has that no header has */
TEST(all_rows_are_of_the_headers)
{
	unsigned int i, j;

	for (i = 0; i < nr_ioctl_rows; i++) {
		for (j = 0; j < nr_ioctls_defined; j++)
			if (!strcmp(ioctl_rows[i].name, ioctls_defined[j]))
				break;
		EXPECT_NE(nr_ioctls_defined, j) TH_LOG("%s is in no header", ioctl_rows[i].name);
	}
}

static bool row_is_true(struct __test_metadata *_metadata, struct ioctl_walk *w, const struct ioctl_row *row)
{
	pid_t waiting;
	int did = ioctl_walk_row(w, row, &waiting);

	if (did == row->cell[w->state])
		return true;
	TH_LOG("%s: %s%s: %s", ioctl_state_name(w->state), row->name, row->more, ioctl_cell_name(did));
	TH_LOG("and the table says: %s", ioctl_cell_name(row->cell[w->state]));
	return false;
}

FIXTURE(walk)
{
	struct ioctl_walk w;
};

FIXTURE_SETUP(walk)
{
}

FIXTURE_TEARDOWN(walk)
{
}

/* Every row in a process of its own, so that nothing is left of it */
TEST_F_TIMEOUT(walk, normal, 300)
{
	unsigned int i;

	for (i = 0; i < nr_ioctl_rows; i++) {
		int status;
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid) {
			const char *why = ioctl_walk_setup(&self->w);

			if (why) {
				TH_LOG("%s", why);
				_exit(2);
			}
			_exit(!row_is_true(_metadata, &self->w, &ioctl_rows[i]));
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		if (status == 2 << 8)
			SKIP(return, "not the devices that are needed");
		EXPECT_EQ(0, status);
	}
	TH_LOG("%u rows", nr_ioctl_rows);
}

/* Nothing changes anything, so one after the other */
TEST_F_TIMEOUT(walk, preserved, 120)
{
	struct iommu_noiommu_extent before[16] = {}, after[16] = {};
	struct iommu_ioas_noiommu_get_extents get = { .nr_extents = 16, .extents_uptr = (uintptr_t)before };
	struct ioctl_walk *w = &self->w;
	const char *why;
	unsigned int i;

	why = ioctl_walk_setup(w);
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, ioctl_walk_preserve(w));
	get.ioas_id = w->v.ioas;
	ASSERT_EQ(0, ioas_get_extents(w->v.iommufd, &get));

	for (i = 0; i < nr_ioctl_rows; i++)
		EXPECT_TRUE(row_is_true(_metadata, w, &ioctl_rows[i]));
	EXPECT_EQ(0, ioctl_walk_unknown(w));

	get.nr_extents = 16;
	get.extents_uptr = (uintptr_t)after;
	ASSERT_EQ(0, ioas_get_extents(w->v.iommufd, &get));
	ASSERT_EQ(0, memcmp(before, after, sizeof(before)));
	ASSERT_EQ(0, close(w->v.session));
	ASSERT_EQ(0, iommufd_usable(w->v.iommufd, w->v.ioas));
}

TEST(no_other_number)
{
	struct ioctl_walk w = { .v.iommufd = iommufd_open() };

	if (w.v.iommufd < 0)
		SKIP(return, "/dev/iommu: %s", strerror(-w.v.iommufd));
	EXPECT_EQ(0, ioctl_walk_unknown(&w));
}

TEST_HARNESS_MAIN
