// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults - a library to preload: whatever a live update asks of the kernel fails
 * in all ways before it succeeds
 *
 *	FAULTS=LOG LD_PRELOAD=/bin/faults.so PROGRAM...
 *
 * Each call below is made again and again: first with no descriptor left and with an
 * argument that cannot be written to, if it has an answer, then with the first
 * allocation or copy in the kernel failing and all allocations after it, then from
 * the second one on, until it succeeds. PROGRAM sees only the last one, so it must
 * find what it would have found without all that. LOG gets a line for each call:
 * what it was, how often it failed, and with which errno it should not have.
 *
 * With FAULTS_SINGLE, only the first of them fails, then only the second one, and so
 * on: whatever is done instead, or to undo it, succeeds. If a call succeeds all the
 * same, that was it; the next one of its kind goes on with the allocation behind.
 * So whole pages do not fail, for many of which smaller ones will do.
 *
 * FAULTS_CGROUP is a memory cgroup that is too small for what is retrieved: files are
 * retrieved in it first, until one has failed, and PROGRAM goes back to the group
 * above. This has a line of its own, as "memory-limit".
 *
 * With FAULTS_NTH=N it is otherwise: the N-th allocation and all after it fail in
 * retrieving a file, once, and PROGRAM sees that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/liveupdate.h>
#include <linux/vfio.h>

#include "../../kselftest/fault_util.h"

#define PAGE		4096
#define NTH_MAX		20000

/*
 * Has an answer, makes a descriptor. KEEPS: what is missing in the end is only the
 * answer, so that comes last: nothing would be left to fail.
 */
enum { ANSWER = 1, FD = 2, KEEPS = 4 };

static const struct call {
	const char *name;
	unsigned long request;
	size_t size;
	int flags;
} calls[] = {
	{ "retrieve-session", LIVEUPDATE_IOCTL_RETRIEVE_SESSION,
	  sizeof(struct liveupdate_ioctl_retrieve_session), ANSWER | FD },
	{ "retrieve-file", LIVEUPDATE_SESSION_RETRIEVE_FD,
	  sizeof(struct liveupdate_session_retrieve_fd), ANSWER | FD | KEEPS },
	{ "finish", LIVEUPDATE_SESSION_FINISH,
	  sizeof(struct liveupdate_session_finish), 0 },
	{ "create-session", LIVEUPDATE_IOCTL_CREATE_SESSION,
	  sizeof(struct liveupdate_ioctl_create_session), ANSWER | FD },
	{ "preserve-file", LIVEUPDATE_SESSION_PRESERVE_FD,
	  sizeof(struct liveupdate_session_preserve_fd), 0 },
	{ "bind", VFIO_DEVICE_BIND_IOMMUFD,
	  sizeof(struct vfio_device_bind_iommufd), ANSWER },
	{ "attach", VFIO_DEVICE_ATTACH_IOMMUFD_PT,
	  sizeof(struct vfio_device_attach_iommufd_pt), ANSWER },
	{ "get-extents", IOMMU_IOAS_NOIOMMU_GET_EXTENTS,
	  sizeof(struct iommu_ioas_noiommu_get_extents), ANSWER },
	{ "get-memory", IOMMU_IOAS_GET_MEMORY,
	  sizeof(struct iommu_ioas_get_memory), ANSWER | FD },
};

static const struct call open_liveupdate = { .name = "open" };

static void set_up(void)
{
	static pid_t pid;
	const char *reason;

	if (pid == getpid())
		return;
	pid = getpid();
	reason = fault_setup();
	if (!reason && getenv("FAULTS_SINGLE"))
		reason = fault_spare_fallbacks();
	if (reason) {
		fprintf(stderr, "faults: %s\n", reason);
		abort();
	}
}

static void write_log(const struct call *call, unsigned int failed, int wrong)
{
	const char *path = getenv("FAULTS");
	char line[128];
	int fd, len;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	len = snprintf(line, sizeof(line), "%s %u %d\n", call->name, failed,
		       wrong);
	if (fd < 0 || write(fd, line, len) != len)
		abort();
	close(fd);
}

static const struct call *find_call(unsigned long request)
{
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].request == request)
			return &calls[i];
	return NULL;
}

/* One that must fail. Returns the errno if it is another one */
static int must_fail(int fd, const struct call *call, void *arg, int expected)
{
	if (syscall(SYS_ioctl, fd, call->request, arg) >= 0)
		return EINVAL;
	return errno == expected ? 0 : errno;
}

static int without_descriptor(int fd, const struct call *call, const void *arg)
{
	struct rlimit limit, none;
	char copy[PAGE];
	int err;

	memcpy(copy, arg, call->size);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	err = must_fail(fd, call, copy, EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	return err;
}

static int without_answer(int fd, const struct call *call, const void *arg)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (page == MAP_FAILED)
		abort();
	memcpy(page, arg, call->size);
	mprotect(page, PAGE, PROT_READ);
	err = must_fail(fd, call, page, EFAULT);
	munmap(page, PAGE);
	return err;
}

static long do_call(const struct call *call, int fd, void *arg,
		    const char *path, int flags)
{
	if (path)
		return syscall(SYS_openat, AT_FDCWD, path, flags);
	return syscall(SYS_ioctl, fd, call->request, arg);
}

static int open_cgroup(const char *group, const char *above)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s/cgroup.procs", group, above);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void enter_cgroup(int procs)
{
	if (write(procs, "0", 1) != 1)
		abort();
	close(procs);
}

/* A file that is retrieved in spite of it stays so, and is retrieved again */
static void exceed_cgroup(int fd, const struct call *call, void *arg)
{
	static const struct call limit = { .name = "memory-limit" };
	const char *group = getenv("FAULTS_CGROUP");
	static bool done;
	int err = 0, above;

	if (!group || done || call->request != LIVEUPDATE_SESSION_RETRIEVE_FD)
		return;
	/* There is no memory to open it when the group is full */
	above = open_cgroup(group, "/..");
	enter_cgroup(open_cgroup(group, ""));
	if (syscall(SYS_ioctl, fd, call->request, arg) < 0)
		err = errno;
	enter_cgroup(above);
	if (err) {
		done = true;
		write_log(&limit, 1, err == ENOMEM ? 0 : err);
	} else {
		close(((struct liveupdate_session_retrieve_fd *)arg)->fd);
	}
}

/* How many of its allocations did fail singly, if that was not all of them */
static unsigned int *reached(const struct call *call)
{
	static unsigned int count[sizeof(calls) / sizeof(calls[0]) + 1];

	return &count[call == &open_liveupdate ? 0 : call - calls + 1];
}

/* Until it succeeds, or fails for another reason */
static long fail_first(const struct call *call, int fd, void *arg,
		       const char *path, int flags)
{
	const bool single = getenv("FAULTS_SINGLE");
	unsigned int failed = 0, nth = 1;
	int wrong = 0, err = 0;
	char copy[PAGE];
	long rc = -1;

	set_up();
	memcpy(copy, arg, call->size);
	exceed_cgroup(fd, call, arg);
	memcpy(arg, copy, call->size);
	if (call->flags & FD) {
		wrong = without_descriptor(fd, call, arg);
		failed++;
	}
	if (!wrong && call->flags & ANSWER && !(call->flags & KEEPS)) {
		wrong = without_answer(fd, call, arg);
		failed++;
	}
	if (single)
		nth += *reached(call);
	for (; nth < NTH_MAX; nth++) {
		bool used;

		fault_arm(nth, !single);
		rc = do_call(call, fd, arg, path, flags);
		err = errno;
		used = fault_disarm();
		*reached(call) = used ? nth : 0;
		if (rc >= 0 || !used)
			break;
		/* shmem says ENOSPC if it has no memory for an inode */
		if (err != ENOMEM && err != EFAULT && err != ENOSPC)
			wrong = err;
		failed++;
		memcpy(arg, copy, call->size);
	}
	if (rc < 0)
		wrong = err;
	else if (call->flags & ANSWER && call->flags & KEEPS)
		wrong = wrong ? wrong : without_answer(fd, call, copy);
	write_log(call, failed, wrong);
	errno = err;
	return rc;
}

static long fail_once(const struct call *call, int fd, void *arg,
		      const char *path, int flags, unsigned int nth)
{
	bool fail = call->request == LIVEUPDATE_SESSION_RETRIEVE_FD;
	int err;
	long rc;

	set_up();
	if (fail)
		fault_arm(nth, true);
	rc = do_call(call, fd, arg, path, flags);
	err = errno;
	if (fail)
		fault_disarm();
	errno = err;
	return rc;
}

static long fail(const struct call *call, int fd, void *arg, const char *path,
		 int flags)
{
	const char *nth = getenv("FAULTS_NTH");

	if (nth)
		return fail_once(call, fd, arg, path, flags, atoi(nth));
	return fail_first(call, fd, arg, path, flags);
}

int ioctl(int fd, unsigned long request, ...)
{
	const struct call *call = find_call(request);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!call)
		return syscall(SYS_ioctl, fd, request, arg);
	return fail(call, fd, arg, NULL, 0);
}

static int open_any(const char *path, int flags, va_list args)
{
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	char nothing;

	if (!strcmp(path, "/dev/liveupdate"))
		return fail(&open_liveupdate, -1, &nothing, path, flags);
	return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	int fd;

	va_start(args, flags);
	fd = open_any(path, flags, args);
	va_end(args);
	return fd;
}

int open64(const char *path, int flags, ...)
	__attribute__((alias("open")));
