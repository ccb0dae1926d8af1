// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library without a daemon: tables, memory, interrupts, and descriptors by
 * LISTEN_FDS. Linked with --wrap=ioctl: the kernel is the function below.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast.h>
#include <holdfast/uapi.h>

#include "ktap.h"
#include "model_daemon.h"

#define IOMMUFD	1001	/* never opened */
#define DEVICE	1002
#define IOAS	7
#define P	4096ull
#define FAR	0x4000000000ull

/* The kernel: what is mapped, and what it has ioctls for */
static struct iommu_noiommu_extent mapped[10000];
static size_t n_mapped;
static struct {
	bool bulk;		/* our ioctl is there */
	int errno_all;		/* every call fails so */
	int errno_kick;		/* a kick fails so */
	uint32_t batch;		/* entries at most in one answer */
	bool disorder;		/* nonsense: entries in the wrong order */
	bool no_progress;	/* nonsense: more, from the same address on */
	uint32_t irqs;
	unsigned int calls, arms, kicks, disarms;
} k;

static int no(int code)
{
	errno = code;
	return -1;
}

static int get_extents(struct iommu_ioas_noiommu_get_extents *arg)
{
	struct iommu_noiommu_extent *v = (void *)(uintptr_t)arg->extents_uptr;
	uint32_t room = arg->nr_extents, n = 0;
	size_t i;

	if (!k.bulk)
		return no(ENOTTY);
	if (arg->ioas_id != IOAS)
		return no(ENOENT);
	if (k.batch && room > k.batch)
		room = k.batch;
	arg->out_flags = 0;
	for (i = 0; i < n_mapped; i++) {
		uint64_t skip = 0;

		if (mapped[i].iova + (mapped[i].length - 1) < arg->iova)
			continue;
		if (n == room) {
			arg->out_flags = IOMMU_NOIOMMU_EXTENTS_MORE;
			break;
		}
		if (mapped[i].iova < arg->iova)
			skip = arg->iova - mapped[i].iova;
		v[n++] = (struct iommu_noiommu_extent){
			mapped[i].iova + skip, mapped[i].phys + skip,
			mapped[i].length - skip,
		};
	}
	if (n)
		arg->next_iova = v[n - 1].iova + v[n - 1].length;
	if (k.no_progress)
		arg->next_iova = arg->iova;
	if (k.disorder && n > 1)
		v[1].iova = v[0].iova;
	arg->nr_extents = n;
	return 0;
}

static int get_pa(struct iommu_ioas_noiommu_get_pa *arg)
{
	size_t i;

	for (i = 0; i < n_mapped && arg->ioas_id == IOAS; i++) {
		uint64_t skip = arg->iova - mapped[i].iova;

		if (arg->iova < mapped[i].iova || skip >= mapped[i].length)
			continue;
		arg->out_phys = mapped[i].phys + skip;
		if (arg->length > mapped[i].length - skip)
			arg->length = mapped[i].length - skip;
		return 0;
	}
	return no(ENOENT);
}

static int set_irqs(const struct vfio_irq_set *set)
{
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		k.arms++;
		return 0;
	}
	if (!set->count) {
		k.disarms++;
		return 0;
	}
	k.kicks++;
	return k.errno_kick ? no(k.errno_kick) : 0;
}

int __wrap_ioctl(int fd, unsigned long op, ...);

int __wrap_ioctl(int fd, unsigned long op, ...)
{
	struct iommu_ioas_iova_ranges *ranges;
	struct iommu_ioas_get_memory *memory;
	struct vfio_irq_info *info;
	va_list ap;
	void *arg;

	va_start(ap, op);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd != IOMMUFD && fd != DEVICE)
		return no(ENOTTY);
	__atomic_add_fetch(&k.calls, 1, __ATOMIC_RELAXED);
	if (k.errno_all)
		return no(k.errno_all);
	switch (op) {
	case IOMMU_IOAS_NOIOMMU_GET_EXTENTS:
		return get_extents(arg);
	case IOMMU_IOAS_NOIOMMU_GET_PA:
		return get_pa(arg);
	case IOMMU_IOAS_IOVA_RANGES:
		ranges = arg;
		return ranges->ioas_id == IOAS ? no(EMSGSIZE) : no(ENOENT);
	case IOMMU_IOAS_GET_MEMORY:
		memory = arg;
		memory->out_fd = 55;
		memory->out_offset = memory->iova & (P - 1);
		memory->out_length = 3 * P;
		return 0;
	case VFIO_DEVICE_GET_IRQ_INFO:
		info = arg;
		info->count = k.irqs;
		return 0;
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(arg);
	}
	return no(ENOTTY);
}

/* Pages with a hole behind each second one, no two of them neighbours */
static void map_pages(size_t n)
{
	memset(&k, 0, sizeof(k));
	k.bulk = true;
	n_mapped = n;
	for (size_t i = 0; i < n; i++)
		mapped[i] = (struct iommu_noiommu_extent){
			.iova = (i + i / 2) * P,
			.phys = FAR + (n - i) * 2 * P,
			.length = P,
		};
}

static void reads_all(void)
{
	static const uint32_t batches[] = { 0, 1, 3, 4096 };
	struct holdfast_table *t;
	struct holdfast_extent e;

	for (int b = 0; b < 4; b++) {
		map_pages(10000);
		k.batch = batches[b];
		if (!CHECK(!holdfast_table_read(&t, IOMMUFD, IOAS)))
			return;
		CHECK(holdfast_table_count(t) == 10000);
		for (size_t i = 0; i < 10000; i++)
			if (!CHECK(!holdfast_table_get(t, i, &e) &&
				   e.iova == mapped[i].iova &&
				   e.phys == mapped[i].phys && e.length == P))
				break;
		CHECK(holdfast_table_get(t, 10000, &e) == -ENOENT);
		holdfast_table_free(t);
	}
	map_pages(0);
	CHECK(!holdfast_table_read(&t, IOMMUFD, IOAS));
	CHECK(!holdfast_table_count(t));
	holdfast_table_free(t);
	holdfast_table_free(NULL);
}

static void finds(void)
{
	uint64_t phys, length;
	struct holdfast_table *t;

	map_pages(10000);
	CHECK(!holdfast_table_read(&t, IOMMUFD, IOAS));
	for (size_t i = 0; i < 10000; i++)
		if (!CHECK(!holdfast_table_find(t, mapped[i].iova + 5, &phys,
						&length) &&
			   phys == mapped[i].phys + 5 && length == P - 5))
			break;
	CHECK(!holdfast_table_find(t, 0, &phys, NULL));
	CHECK(holdfast_table_find(t, 2 * P, &phys, NULL) == -ENOENT);
	CHECK_HAS(holdfast_error(), "0x2000");
	CHECK(holdfast_table_find(t, UINT64_MAX, &phys, NULL) == -ENOENT);
	holdfast_table_free(t);
}

/* A range, by either kernel: the same */
static void ranges(void)
{
	struct holdfast_table *t[2];
	struct holdfast_extent a, b;

	for (uint64_t from = 0; from < 8 * P; from += P / 2) {
		for (uint64_t size = 1; size < 9 * P; size += P / 2 - 1) {
			map_pages(100);
			CHECK(!holdfast_table_read_range(&t[0], IOMMUFD, IOAS,
							 from, size));
			k.bulk = false;
			CHECK(!holdfast_table_read_range(&t[1], IOMMUFD, IOAS,
							 from, size));
			CHECK(holdfast_table_count(t[0]) ==
			      holdfast_table_count(t[1]));
			for (size_t i = 0; !holdfast_table_get(t[0], i, &a);
			     i++) {
				CHECK(!holdfast_table_get(t[1], i, &b));
				CHECK(!memcmp(&a, &b, sizeof(a)));
				CHECK(a.iova >= from &&
				      a.iova + a.length <= from + size);
			}
			holdfast_table_free(t[0]);
			holdfast_table_free(t[1]);
			if (ktap_failed)
				return;
		}
	}
}

static void edges(void)
{
	struct holdfast_table *t;
	struct holdfast_extent e;

	/* The top of the address space */
	map_pages(1);
	mapped[0] = (struct iommu_noiommu_extent){
		.iova = UINT64_MAX - (P - 1), .phys = FAR, .length = P,
	};
	for (int bulk = 0; bulk < 2; bulk++) {
		k.bulk = bulk;
		CHECK(!holdfast_table_read_range(&t, IOMMUFD, IOAS,
						 UINT64_MAX - (2 * P - 1),
						 2 * P));
		CHECK(!holdfast_table_get(t, 0, &e) && e.length == P);
		holdfast_table_free(t);
	}
	CHECK(holdfast_table_read_range(&t, IOMMUFD, IOAS, 0, 0) == -EINVAL);
	CHECK(!t);
	CHECK(holdfast_table_read_range(&t, IOMMUFD, IOAS, UINT64_MAX, 2) ==
	      -EINVAL);
	/* A kernel without our ioctl cannot be asked for everything */
	k.bulk = false;
	k.calls = 0;
	CHECK(holdfast_table_read(&t, IOMMUFD, IOAS) == -ENOTTY);
	CHECK_HAS(holdfast_error(), "holdfast series");
	CHECK(k.calls == 1);
}

static void table_errors(void)
{
	struct holdfast_table *t;

	for (int bulk = 0; bulk < 2; bulk++) {
		map_pages(10);
		k.bulk = bulk;
		CHECK(holdfast_table_read_range(&t, IOMMUFD, IOAS + 1, 0, P) ==
		      -ENOENT);
		CHECK_HAS(holdfast_error(), "no IOAS 8");
		k.errno_all = EPERM;
		CHECK(holdfast_table_read_range(&t, IOMMUFD, IOAS, 0, P) ==
		      -EPERM);
		CHECK_HAS(holdfast_error(), "CAP_SYS_RAWIO");
		k.errno_all = EOPNOTSUPP;
		CHECK(holdfast_table_read_range(&t, IOMMUFD, IOAS, 0, P) ==
		      -ENODEV);
		CHECK_HAS(holdfast_error(), "noiommu");
		CHECK(!t);
	}
	map_pages(10);
	k.disorder = true;
	CHECK(holdfast_table_read(&t, IOMMUFD, IOAS) == -EPROTO);
	map_pages(10);
	k.batch = 2;
	k.no_progress = true;
	CHECK(holdfast_table_read(&t, IOMMUFD, IOAS) == -EPROTO);
	map_pages(2);
	mapped[1].length = UINT64_MAX;
	CHECK(holdfast_table_read(&t, IOMMUFD, IOAS) == -EPROTO);
}

static void memory(void)
{
	static const struct {
		int code;
		const char *words;
	} cases[] = {
		{ ENOENT, "nothing is mapped" },
		{ EOPNOTSUPP, "dma-buf" },
		{ EPERM, "CAP_SYS_RAWIO" },
		{ ENOTTY, "holdfast series" },
		{ EIO, "Input/output" },
	};
	uint64_t offset, length;

	map_pages(0);
	CHECK(holdfast_memory(IOMMUFD, IOAS, 0x1010, &offset, &length) == 55);
	CHECK(offset == 0x10 && length == 3 * P);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		k.errno_all = cases[i].code;
		CHECK(holdfast_memory(IOMMUFD, IOAS, 0, &offset, &length) ==
		      -cases[i].code);
		CHECK_HAS(holdfast_error(), cases[i].words);
	}
}

static void interrupts(void)
{
	const int fds[4] = { 3, -1, 4, 5 };

	map_pages(0);
	k.irqs = 3;
	CHECK(!holdfast_irq_arm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, fds, 3));
	CHECK(k.arms == 1 && !k.kicks);
	CHECK(holdfast_irq_arm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, fds, 4) ==
	      -EINVAL);
	CHECK_HAS(holdfast_error(), "has 3 MSI-X");
	CHECK(k.arms == 1);
	CHECK(holdfast_irq_arm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, fds, 0) ==
	      -EINVAL);
	CHECK(holdfast_irq_arm(DEVICE, VFIO_PCI_REQ_IRQ_INDEX, fds, 1) ==
	      -EINVAL);
	CHECK(holdfast_irq_kick(DEVICE, VFIO_PCI_REQ_IRQ_INDEX, 1) == -EINVAL);
	CHECK(!holdfast_irq_resume(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, fds, 2));
	CHECK(k.arms == 2 && k.kicks == 1 && !k.disarms);
	CHECK(!holdfast_irq_kick(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, 2));
	CHECK(k.kicks == 2);
	CHECK(!holdfast_irq_unmask(DEVICE, VFIO_PCI_INTX_IRQ_INDEX, 0));
	CHECK(!holdfast_irq_disarm(DEVICE, VFIO_PCI_MSI_IRQ_INDEX));
	CHECK(k.disarms == 1);
	/* What cannot be signalled must not stay armed: the driver believes so */
	k.errno_kick = EINVAL;
	CHECK(holdfast_irq_resume(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, fds, 2) < 0);
	CHECK(k.disarms == 2);
	k.errno_all = EBUSY;
	CHECK(holdfast_irq_arm(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, fds, 2) ==
	      -EBUSY);
}

static void *find_all(void *arg)
{
	const struct holdfast_table *t = arg;
	struct holdfast_extent e;
	uint64_t phys;

	for (size_t i = 0; i < 10000; i++) {
		if (holdfast_table_get(t, i, &e) ||
		    holdfast_table_find(t, e.iova, &phys, NULL) ||
		    phys != e.phys || *holdfast_error())
			return "failed";
		/* The text is this thread's */
		if (holdfast_table_find(t, 2 * P, &phys, NULL) != -ENOENT ||
		    !*holdfast_error())
			return "failed";
	}
	return NULL;
}

static void shared_table(void)
{
	struct holdfast_table *table;
	pthread_t t[4];
	void *ret;

	map_pages(10000);
	CHECK(!holdfast_table_read(&table, IOMMUFD, IOAS));
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, find_all, table);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		CHECK(!ret);
	}
	holdfast_table_free(table);
}

/* --- LISTEN_FDS: each in a child, whose descriptors are its own --- */

static void set_number(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

static bool in_child(bool (*fn)(const void *arg), const void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(fn(arg) ? 0 : 1);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* Descriptors 3 on: @count memfds, the last one an eventfd */
static void listen_env(int count, const char *names)
{
	for (int i = 3; i < 20; i++)
		close(i);
	for (int i = 0; i < count; i++)
		if ((i + 1 < count ? memfd_create("x", 0) : eventfd(0, 0)) !=
		    3 + i)
			_exit(2);
	set_number("LISTEN_PID", getpid());
	set_number("LISTEN_FDS", count);
	setenv("LISTEN_FDNAMES", names, 1);
}

static const char nobody[] = "/nonexistent/socket";

static bool takes(const void *arg)
{
	struct holdfast_event ev;
	struct holdfast *hf;
	const char *name;
	int kind, fd;

	(void)arg;
	listen_env(4, "ring:0000:00:02.0:a_b:state");
	if (holdfast_open(&hf, "me", nobody) || getenv("LISTEN_FDS") ||
	    getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES"))
		return false;
	CHECK(holdfast_fd(hf) == -1);
	CHECK(holdfast_state(hf) == HOLDFAST_WAITING);
	CHECK(holdfast_take(hf, "ring") == -ENOENT);
	CHECK(holdfast_claim(hf) == 4);
	CHECK(holdfast_state(hf) == HOLDFAST_CLAIMED && holdfast_detached(hf));
	CHECK(!holdfast_claimed(hf, 1, &name, &kind));
	CHECK(!strcmp(name, "0000_00_02.0") && kind == HOLDFAST_MEMFD);
	CHECK(!holdfast_claimed(hf, 3, &name, &kind));
	CHECK(!strcmp(name, "state") && kind == HOLDFAST_OTHER);
	fd = holdfast_take(hf, "0000_00_02.0");
	CHECK(fd >= 7 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC);
	CHECK(holdfast_next(hf, &ev, -1) == -ENOTCONN);
	CHECK(!holdfast_resumed(hf, NULL) && !holdfast_detached(hf));
	/* From here on it is the daemon's turn, and there is none */
	CHECK(holdfast_ready(hf, 0) == -ECONNREFUSED && !holdfast_detached(hf));
	holdfast_close(hf);
	CHECK(fcntl(3, F_GETFD) == -1);
	return !ktap_failed;
}

static bool refuses(const void *arg)
{
	const char *names = arg;
	struct holdfast *hf;

	listen_env(3, names);
	return holdfast_open(&hf, "me", nobody) < 0 && !hf &&
	       *holdfast_error() && strstr(holdfast_error(), "nobody") == NULL;
}

static bool not_ours(const void *arg)
{
	struct holdfast *hf;

	(void)arg;
	listen_env(2, "a:b");
	set_number("LISTEN_PID", getpid() + 1);
	return holdfast_open(&hf, "me", nobody) == -ECONNREFUSED &&
	       getenv("LISTEN_FDS") && fcntl(3, F_GETFD) == 0;
}

static bool closed_fd(const void *arg)
{
	struct holdfast *hf;

	(void)arg;
	listen_env(2, "a:b");
	close(4);
	return holdfast_open(&hf, "me", nobody) == -EBADF;
}

static bool goes_on_with_daemon(const void *arg)
{
	struct model f = { 0 };
	struct holdfast *hf;

	(void)arg;
	listen_env(2, "ring:state");
	model_start(&f);
	CHECK(!holdfast_open(&hf, "me", f.path));
	CHECK(holdfast_claim(hf) == 2);
	CHECK(!holdfast_resumed(hf, NULL));
	pthread_mutex_lock(&f.lock);
	CHECK(f.hellos == 0);
	pthread_mutex_unlock(&f.lock);
	CHECK(!holdfast_ready(hf, 0));
	CHECK(model_has(&f, "ring") && model_has(&f, "state"));
	CHECK(holdfast_state(hf) == HOLDFAST_READY && holdfast_fd(hf) >= 0);
	holdfast_close(hf);
	model_stop(&f);
	return !ktap_failed;
}

static void listen_fds(void)
{
	static char too_long[200];

	CHECK(in_child(takes, NULL));
	CHECK(in_child(not_ours, NULL));
	CHECK(in_child(closed_fd, NULL));
	CHECK(in_child(refuses, "a:b"));
	CHECK(in_child(refuses, "a:b:c:d"));
	CHECK(in_child(refuses, "a:b:a"));
	CHECK(in_child(refuses, "a::c"));
	CHECK(in_child(refuses, "a:b c:d"));
	CHECK(in_child(refuses, ""));
	CHECK(in_child(refuses, "0000:00:02.0:0000_00_02.0:c"));
	memset(too_long, 'x', sizeof(too_long) - 1);
	memcpy(too_long, "a:b:", 4);
	CHECK(in_child(refuses, too_long));
}

static void listen_then_daemon(void)
{
	CHECK(in_child(goes_on_with_daemon, NULL));
}

static void versions(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d.%d", HOLDFAST_VERSION_MAJOR,
		 HOLDFAST_VERSION_MINOR);
	CHECK(!strcmp(holdfast_version(), text));
	CHECK(holdfast_tsc() <= holdfast_tsc());
}

static const struct ktap_test tests[] = {
	{ "version, time stamps", versions },
	{ "a table is read in batches of any size", reads_all },
	{ "each address is found, and none else", finds },
	{ "ranges, on kernels with our ioctl and without", ranges },
	{ "the ends of the address space", edges },
	{ "each error of a table", table_errors },
	{ "memory that was in no file", memory },
	{ "interrupts: arm, resume, kick, disarm", interrupts },
	{ "threads share a table", shared_table },
	{ "descriptors by LISTEN_FDS", listen_fds },
	{ "started by restore, then a client of the daemon",
	  listen_then_daemon },
};

KTAP_MAIN(tests)
