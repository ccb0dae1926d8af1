// SPDX-License-Identifier: GPL-2.0-only
/*
 * faulty - be a driver that holdfast preserve must refuse
 *
 *	faulty FAULT [NODE]
 *
 * With NODE, a device's file below /dev/vfio/devices, it opens that device and
 * an iommufd for itself. Without, it takes the descriptors of a driver at work,
 * as LISTEN_FDS has them, and so spoils what both share. It prints the PID of
 * the process that stays behind with all that is open. SIGTERM undoes the fault
 * and ends it.
 *
 * Faults of its own:	unbound, unattached, no-iommufd, other-iommufd, none
 * Of a driver at work:	page-cache, huge-memfd, huge-hole
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/uapi.h>
#include <holdfast/vfio.h>

#define FIRST_FD	3
#define FDS_MAX		16

/* Drivers here map nothing that high */
#define SPARE_IOVA	0x400000000ull
#define SPARE_SIZE	8192

/**
 * struct driver - descriptors of a driver
 * @device: VFIO device
 * @iommufd: its iommufd
 * @memfd: one of its memfds, -1 for none
 * @ioas: IOAS in which something was mapped
 */
struct driver {
	int device, iommufd, memfd;
	uint32_t ioas;
};

/* Up to the point where @fault says to stop */
static void set_up(struct driver *d, const char *node, const char *fault)
{
	struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };
	uint32_t id;
	int ret;

	d->device = open(node, O_RDWR);
	if (d->device < 0)
		err(1, "%s", node);
	d->iommufd = open("/dev/iommu", O_RDWR);
	if (d->iommufd < 0)
		err(1, "/dev/iommu");
	if (!strcmp(fault, "unbound"))
		return;
	ret = hf_vfio_bind(d->device, d->iommufd, &id);
	if (ret)
		errx(1, "cannot bind: %s", strerror(-ret));
	if (!strcmp(fault, "unattached"))
		return;
	if (ioctl(d->iommufd, IOMMU_IOAS_ALLOC, &ioas))
		err(1, "no IOAS");
	ret = hf_vfio_attach(d->device, ioas.out_ioas_id);
	if (ret)
		errx(1, "cannot attach: %s", strerror(-ret));
}

/* What a descriptor is, is asked of itself: names do not matter here */
static void take_over(struct driver *d)
{
	const char *count = getenv("LISTEN_FDS");
	int n = count ? atoi(count) : 0;

	if (n <= 0 || n > FDS_MAX)
		errx(1, "no descriptors were handed over");
	for (int fd = FIRST_FD; fd < FIRST_FD + n; fd++) {
		if (fcntl(fd, F_GET_SEALS) >= 0)
			d->memfd = fd;
		else if (hf_iommu_is(fd))
			d->iommufd = fd;
		else if (hf_vfio_is_bound(fd))
			d->device = fd;
	}
	if (d->device < 0 || d->iommufd < 0 || d->memfd < 0)
		errx(1, "not the descriptors of a driver");
}

/* Of a file system that has nothing but page cache, but is not shmem */
static void *map_ramfs(void)
{
	char dir[] = "/run/faulty.XXXXXX";
	void *p = MAP_FAILED;
	int fd;

	if (!mkdtemp(dir) || mount("none", dir, "ramfs", 0, NULL) || chdir(dir))
		err(1, "%s", dir);
	fd = open("file", O_RDWR | O_CREAT, 0600);
	if (fd >= 0 && !ftruncate(fd, SPARE_SIZE))
		p = mmap(NULL, SPARE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "%s/file", dir);
	return p;
}

/* Page cache of a file, which cannot be carried */
static void map_page_cache(struct driver *d)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.length = SPARE_SIZE,
		.iova = SPARE_IOVA,
	};
	struct hf_iommu_ids ids;
	struct hf_error error;
	void *p = map_ramfs();

	if (hf_iommu_scan(d->iommufd, &ids, &error) || !ids.n_ioas)
		errx(1, "no IOAS");
	d->ioas = ids.ioas[0];
	hf_iommu_ids_free(&ids);
	map.ioas_id = d->ioas;
	map.user_va = (uintptr_t)p;
	if (ioctl(d->iommufd, IOMMU_IOAS_MAP, &map))
		err(1, "cannot map");
}

/* A memfd of huge pages that no device can reach, one or both of its pages */
static void make_huge(bool all)
{
	const size_t page = 2u << 20;
	int fd = memfd_create("huge", MFD_HUGETLB);
	char *p;

	if (fd < 0 || ftruncate(fd, 2 * page))
		err(1, "memfd of huge pages");
	p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "two huge pages");
	*p = 1;
	if (all)
		p[page] = 1;
}

static void unmap(const struct driver *d)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg),
		.ioas_id = d->ioas,
		.iova = SPARE_IOVA,
		.length = SPARE_SIZE,
	};

	if (ioctl(d->iommufd, IOMMU_IOAS_UNMAP, &arg))
		err(1, "cannot unmap");
}

static void commit(struct driver *d, const char *fault)
{
	if (!strcmp(fault, "no-iommufd") || !strcmp(fault, "other-iommufd"))
		close(d->iommufd);
	if (!strcmp(fault, "other-iommufd") && open("/dev/iommu", O_RDWR) < 0)
		err(1, "/dev/iommu");
	if (!strcmp(fault, "page-cache"))
		map_page_cache(d);
	if (!strncmp(fault, "huge-", 5))
		make_huge(!strcmp(fault, "huge-memfd"));
}

static void undo(const struct driver *d, const char *fault)
{
	if (!strcmp(fault, "page-cache"))
		unmap(d);
}

static void wait_for_end(const sigset_t *end)
{
	int sig;

	/* Whoever reads our output waits until it is closed */
	printf("%d\n", getpid());
	fflush(stdout);
	close(STDOUT_FILENO);
	sigwait(end, &sig);
}

int main(int argc, char **argv)
{
	struct driver d = { .device = -1, .iommufd = -1, .memfd = -1 };
	sigset_t end;
	pid_t pid;

	if (argc != 2 && argc != 3) {
		fputs("usage: faulty FAULT [NODE]\n", stderr);
		return 2;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	/* Memory counts for the process that maps it, which is to stay */
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid)
		_exit(0);
	if (argc == 3)
		set_up(&d, argv[2], argv[1]);
	else
		take_over(&d);
	commit(&d, argv[1]);
	wait_for_end(&end);
	undo(&d, argv[1]);
	return 0;
}
