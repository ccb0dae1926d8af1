// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits - who is charged for the memory of an iommufd that comes back
 *
 *	limits make	map memory, preserve it, start the next kernel
 *	limits take	take it back, with limits that are too low and some that fit
 *
 * Each context has memory in no memfd, half of it in a second IOAS as well, and a
 * memfd of the session. One context counts per user, one per process, and one is
 * taken by somebody who is exempt. There is no device in the session.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "util.h"

#define SESSION		"limits"

/* Pages of each context, and where they are */
#define ANON		256
#define MEMFD		64
#define ALL		(ANON + MEMFD)
#define ANON_IOVA	0x1000000ull
#define MEMFD_IOVA	0x2000000ull
#define MORE_IOVA	0x3000000ull

/* Each a memfd, and then the context that maps it */
enum { BY_USER = 1, BY_PROCESS = 3, EXEMPT = 5 };

/* The first two objects of each */
enum { IOAS = 1, SECOND_IOAS };

static void expect(const char *what, long is, long wanted)
{
	if (is != wanted)
		errx(1, "%s: %ld instead of %ld", what, is, wanted);
}

static void limit(long pages)
{
	const struct rlimit rlimit = { pages * PAGE_SIZE, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &rlimit))
		err(1, "setrlimit");
}

static void exempt(bool on)
{
	expect("CAP_IPC_LOCK", cap_effective(CAP_IPC_LOCK, on), 0);
}

/* Pages, by a line of /proc/self/status */
static long pages_of(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	if (!f)
		err(1, "/proc/self/status");
	while (kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kb = atol(line + strlen(name) + 1);
	fclose(f);
	return kb / 4;
}

static void make_context(int session, int token)
{
	__u32 ioas, second, dev_id, hwpt;
	int iommufd, device, memfd;
	__u64 per_process = 1;
	char bdf[16];

	iommufd = iommufd_open();
	device = vfio_open_noiommu(0, bdf);
	memfd = memfd_filled(MEMFD * PAGE_SIZE);
	if (iommufd < 0 || device < 0 || memfd < 0)
		errx(1, "no iommufd, no device or no memory");
	if (token == BY_PROCESS)
		expect("option", iommufd_option(iommufd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0,
						&per_process), 0);
	expect("IOAS", ioas_alloc(iommufd, &ioas), 0);
	expect("second IOAS", ioas_alloc(iommufd, &second), 0);
	expect("ID", ioas, IOAS);
	expect("ID", second, SECOND_IOAS);

	/* Tables without a device: it is closed again */
	expect("bind", vfio_bind(device, iommufd, &dev_id), 0);
	expect("HWPT", iommufd_hwpt_alloc(iommufd, dev_id, ioas, &hwpt), 0);
	expect("second HWPT", iommufd_hwpt_alloc(iommufd, dev_id, second, &hwpt), 0);
	close(device);

	expect("map", ioas_map(iommufd, ioas, anon_pages(ANON * PAGE_SIZE), ANON * PAGE_SIZE, ANON_IOVA), 0);
	expect("copy", ioas_copy(iommufd, second, ioas, ANON / 2 * PAGE_SIZE, ANON_IOVA, ANON_IOVA), 0);
	expect("map of a memfd", ioas_map_file(iommufd, ioas, memfd, 0, MEMFD * PAGE_SIZE, MEMFD_IOVA), 0);
	expect("memfd", luo_preserve_fd(session, memfd, token), 0);
	expect("context", luo_preserve_fd(session, iommufd, token + 1), 0);
}

static void make(void)
{
	int session = luo_create_session(luo_open(), SESSION);

	if (session < 0)
		errx(1, "no session");
	make_context(session, BY_USER);
	make_context(session, BY_PROCESS);
	make_context(session, EXEMPT);
	fflush(NULL);
	errx(1, "kexec: %s", strerror(-kexec_reboot()));
}

/* What is in no memfd is charged first; nothing of a refusal may stay behind */
static int take_context(int session, int token)
{
	const long pinned = pages_of("VmPin"), locked = pages_of("VmLck");
	int fd;

	limit(ANON - 1);
	expect("far too low a limit", luo_retrieve_fd(session, token + 1), -ENOMEM);
	limit(ALL - 1);
	expect("too low a limit", luo_retrieve_fd(session, token + 1), -ENOMEM);
	expect("too low a limit again", luo_retrieve_fd(session, token + 1), -ENOMEM);
	expect("pages pinned after refusals", pages_of("VmPin"), pinned);
	expect("pages locked after refusals", pages_of("VmLck"), locked);

	limit(ALL);
	fd = luo_retrieve_fd(session, token + 1);
	if (fd < 0)
		errx(1, "a limit that fits: %s", strerror(-fd));
	expect("pages pinned", pages_of("VmPin"), pinned + ALL);
	expect("pages locked", pages_of("VmLck"), locked + (token == BY_PROCESS ? ALL : 0));
	return fd;
}

/* Can so many pages more be mapped? */
static int map_more(int iommufd, long pages)
{
	void *anon = anon_pages(pages * PAGE_SIZE);
	int rc = ioas_map(iommufd, IOAS, anon, pages * PAGE_SIZE, MORE_IOVA);

	if (!rc)
		rc = ioas_unmap(iommufd, IOAS, MORE_IOVA, pages * PAGE_SIZE);
	munmap(anon, pages * PAGE_SIZE);
	return rc;
}

static void unmap(int iommufd)
{
	expect("unmap of the memfd", ioas_unmap(iommufd, IOAS, MEMFD_IOVA, MEMFD * PAGE_SIZE), 0);
	expect("unmap", ioas_unmap(iommufd, IOAS, ANON_IOVA, ANON * PAGE_SIZE), 0);
	expect("unmap of the copy", ioas_unmap(iommufd, SECOND_IOAS, ANON_IOVA, ANON / 2 * PAGE_SIZE), 0);
}

static void by_user(int luo, int memfd, int iommufd)
{
	struct iommu_ioas_get_memory cmd = { .size = sizeof(cmd), .ioas_id = IOAS, .iova = ANON_IOVA };
	int session = luo_create_session(luo, "again");
	const long others = pages_of("VmPin") - ALL;
	void *mapped;

	limit(ALL);
	expect("a page more", map_more(iommufd, 1), -ENOMEM);

	/* The next update has no charge of its own */
	expect("memfd", luo_preserve_fd(session, memfd, BY_USER), 0);
	expect("context", luo_preserve_fd(session, iommufd, BY_USER + 1), 0);
	expect("pages pinned while preserved", pages_of("VmPin"), others + ALL);
	close(session);
	expect("a page more, after preserving", map_more(iommufd, 1), -ENOMEM);

	if (ioctl(iommufd, IOMMU_IOAS_GET_MEMORY, &cmd))
		err(1, "GET_MEMORY");
	mapped = mmap(NULL, ANON * PAGE_SIZE, PROT_READ, MAP_SHARED, cmd.out_fd, cmd.out_offset);
	if (mapped == MAP_FAILED)
		err(1, "mmap");
	close(cmd.out_fd);

	/* What is still there is still charged */
	unmap(iommufd);
	expect("pages pinned while mapped", pages_of("VmPin"), others + ANON);
	expect("as many as the memfd had", map_more(iommufd, MEMFD), 0);
	expect("a page more than the memfd had", map_more(iommufd, MEMFD + 1), -ENOMEM);
	munmap(mapped, ANON * PAGE_SIZE);
	expect("pages pinned in the end", pages_of("VmPin"), others);
	expect("as many as there were", map_more(iommufd, ALL), 0);
	expect("a page more than there were", map_more(iommufd, ALL + 1), -ENOMEM);
}

/* Run @work in another process, which does not share its limits or its mm */
static void in_a_child(void (*work)(int iommufd), int iommufd)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		work(iommufd);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "the other process failed");
}

static void take_over(int iommufd)
{
	limit(ALL - 1);
	expect("taking over with too low a limit", ioas_change_process(iommufd), -ENOMEM);
	expect("pages pinned after a refusal", pages_of("VmPin"), 0);
	limit(ALL);
	expect("taking over", ioas_change_process(iommufd), 0);
	expect("pages pinned by who took over", pages_of("VmPin"), ALL);
}

static void take_over_process(int iommufd)
{
	take_over(iommufd);
	expect("pages locked by who took over", pages_of("VmLck"), ALL);
	expect("a page more", map_more(iommufd, 1), -ENOMEM);
	unmap(iommufd);
	expect("pages locked in the end", pages_of("VmLck"), 0);
	expect("as many as there were", map_more(iommufd, ALL), 0);
}

static void take(void)
{
	int luo = luo_open(), session = luo_retrieve_session(luo, SESSION);
	int user, process, none, memfd;

	if (session < 0)
		errx(1, "no session");

	exempt(false);
	user = take_context(session, BY_USER);
	process = take_context(session, BY_PROCESS);
	exempt(true);
	limit(0);
	none = luo_retrieve_fd(session, EXEMPT + 1);
	if (none < 0)
		errx(1, "exempt from the limit: %s", strerror(-none));
	exempt(false);
	expect("pages pinned", pages_of("VmPin"), 3 * ALL);
	expect("pages locked", pages_of("VmLck"), ALL);
	memfd = luo_retrieve_fd(session, BY_USER);
	expect("finish", luo_finish(session), 0);
	close(session);

	in_a_child(take_over_process, process);
	expect("pages pinned without what was taken over", pages_of("VmPin"), 2 * ALL);
	expect("pages locked without what was taken over", pages_of("VmLck"), 0);
	close(process);

	/* What an exempt process took is charged once another one takes it over */
	limit(ALL + 1);
	expect("a page more", map_more(user, 1), 0);
	by_user(luo, memfd, user);
	expect("pages pinned of the exempt", pages_of("VmPin"), ALL);
	in_a_child(take_over, none);
	expect("pages pinned without what was taken over", pages_of("VmPin"), 0);
	limit(ALL);
	expect("a page more than that", map_more(user, 1), -ENOMEM);
	close(none);
	expect("as many as it had", map_more(user, ALL), 0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "make"))
		make();
	else if (argc == 2 && !strcmp(argv[1], "take"))
		take();
	else
		errx(2, "usage: limits make | take");
	return 0;
}
