// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is taken from drivers: once, under which name, and whose it is. The
 * processes and their descriptors are the functions below, put in place of the
 * library's by --wrap.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/take.h>
#include <holdfast/vfio.h>

#include "ktap.h"

#define MAX_FDS 12

/* A process: what it has open. @file tells which open file a number is of. */
struct process {
	pid_t pid;
	const char *comm;
	struct hf_proc_fd fd[MAX_FDS];
	int file[MAX_FDS];
	size_t n;
};

static struct process process[3];
static size_t n_process;
static int unbound = -1;	/* file that is not bound */

static struct process *find(pid_t pid)
{
	size_t i;

	for (i = 0; i < n_process; i++)
		if (process[i].pid == pid)
			return &process[i];
	return NULL;
}

int __wrap_hf_proc_pidfd(pid_t pid, struct hf_error *err);
int __wrap_hf_proc_scan(pid_t pid, struct hf_proc_fd **list, size_t *n,
			struct hf_error *err);
int __wrap_hf_proc_getfd(int pidfd, int fd, struct hf_error *err);
void __wrap_hf_proc_comm(pid_t pid, char *buf, size_t len);
bool __wrap_hf_proc_same_file(int a, int b);
bool __wrap_hf_iommu_is(int fd);
bool __wrap_hf_vfio_is_bound(int device);
int __wrap_hf_pci_read_ids(const struct hf_pci_addr *addr,
			   struct hf_pci_ids *ids, struct hf_error *err);

static pid_t pidfd_of;

int __wrap_hf_proc_pidfd(pid_t pid, struct hf_error *err)
{
	if (!find(pid))
		return hf_fail(err, -ESRCH, "there is no process %d", pid);
	pidfd_of = pid;
	return open("/dev/null", O_RDONLY);
}

int __wrap_hf_proc_scan(pid_t pid, struct hf_proc_fd **list, size_t *n,
			struct hf_error *err)
{
	struct process *p = find(pid);

	(void)err;
	*n = p->n;
	*list = malloc(sizeof(p->fd));
	memcpy(*list, p->fd, sizeof(p->fd));
	return 0;
}

int __wrap_hf_proc_getfd(int pidfd, int fd, struct hf_error *err)
{
	struct process *p = find(pidfd_of);

	(void)pidfd;
	(void)err;
	return fcntl(p->file[fd], F_DUPFD_CLOEXEC, 3);
}

void __wrap_hf_proc_comm(pid_t pid, char *buf, size_t len)
{
	snprintf(buf, len, "%s", find(pid)->comm);
}

/* Files that stand for iommufds and devices differ by what is in them. */
static int number(int fd)
{
	int v = 0;

	return pread(fd, &v, sizeof(v), 0) == sizeof(v) ? v : -1;
}

bool __wrap_hf_proc_same_file(int a, int b)
{
	return number(a) == number(b);
}

bool __wrap_hf_iommu_is(int fd)
{
	return number(fd) >= 0;
}

bool __wrap_hf_vfio_is_bound(int device)
{
	return unbound < 0 || number(device) != number(unbound);
}

int __wrap_hf_pci_read_ids(const struct hf_pci_addr *addr,
			   struct hf_pci_ids *ids, struct hf_error *err)
{
	(void)addr;
	(void)err;
	memset(ids, 0, sizeof(*ids));
	ids->vendor = 0x8086;
	return 0;
}

/* --- building processes --- */

static int files[32];
static size_t n_files;

static int new_file(void)
{
	int fd = memfd_create("stand-in", MFD_CLOEXEC), v = (int)n_files;

	if (fd < 0 || write(fd, &v, sizeof(v)) != sizeof(v))
		abort();
	files[n_files++] = fd;
	return fd;
}

static struct process *new_process(pid_t pid, const char *comm)
{
	struct process *p = &process[n_process++];

	memset(p, 0, sizeof(*p));
	p->pid = pid;
	p->comm = comm;
	return p;
}

static void has(struct process *p, enum hf_proc_kind kind, int file,
		const char *name, unsigned int bus)
{
	struct hf_proc_fd *d = &p->fd[p->n];

	d->kind = kind;
	d->fd = (int)p->n;
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->addr.bus = (uint8_t)bus;
	p->file[p->n++] = file;
}

static void driver(struct process *p, const char *memfd, unsigned int bus)
{
	has(p, HF_PROC_MEMFD, new_file(), memfd, 0);
	has(p, HF_PROC_IOMMUFD, new_file(), "", 0);
	has(p, HF_PROC_DEVICE, new_file(), "", bus);
}

static void forget(void)
{
	while (n_files)
		close(files[--n_files]);
	n_process = 0;
	unbound = -1;
}

/* --- tests --- */

static void one_driver(void)
{
	struct wanted w = { .pid = 10 };
	struct process *p = new_process(10, "nic rx=1");
	struct hf_error err = {};
	struct taken t;

	driver(p, "ring", 1);
	/* The same again, under another number */
	has(p, HF_PROC_MEMFD, p->file[0], "ring", 0);
	has(p, HF_PROC_IOMMUFD, p->file[1], "", 0);
	has(p, HF_PROC_DEVICE, p->file[2], "", 1);
	/* Another one of that name, one with characters that cannot be */
	has(p, HF_PROC_MEMFD, new_file(), "ring", 0);
	has(p, HF_PROC_MEMFD, new_file(), "a:b c", 0);
	has(p, HF_PROC_MEMFD, new_file(), "", 0);
	if (!CHECK(!take_from(&w, 1, &t, &err)))
		goto out;
	CHECK(t.m.n_memfd == 4 && t.m.n_iommufd == 1 && t.m.n_device == 1);
	CHECK(!strcmp(t.m.memfd[0].name, "ring"));
	CHECK(!strcmp(t.m.memfd[1].name, "ring.2"));
	CHECK(!strcmp(t.m.memfd[2].name, "a_b_c"));
	CHECK(!strcmp(t.m.memfd[3].name, "memfd"));
	CHECK(!strcmp(t.m.iommufd[0].name, "iommufd"));
	CHECK(t.m.memfd[0].token == 1 && t.m.iommufd[0].token == 5 &&
	      t.m.device[0].token == 6);
	CHECK(t.m.device[0].iommufd == 5);
	CHECK(t.m.n_client == 1 && !strcmp(t.m.client[0].name, "nic_rx_1"));
	CHECK(t.m.device[0].clients == 1);
	take_free(&t);
out:
	forget();
}

static void two_drivers(void)
{
	struct wanted w[] = { { .pid = 10 }, { .pid = 11 }, { .pid = 12 } };
	struct hf_error err = {};
	struct taken t;
	struct process *a = new_process(10, "nic-rx");
	struct process *b = new_process(11, "nic-rx");
	struct process *c = new_process(12, "nic-rx");

	driver(a, "ring", 1);
	driver(b, "ring", 2);
	driver(c, "shared", 3);
	/* One memfd that all have, and which b calls as something else there */
	has(a, HF_PROC_MEMFD, c->file[0], "shared", 0);
	has(b, HF_PROC_MEMFD, new_file(), "shared", 0);
	has(b, HF_PROC_MEMFD, c->file[0], "shared", 0);
	w[2].name = "third";
	if (!CHECK(!take_from(w, 3, &t, &err)))
		goto out;
	CHECK(t.m.n_client == 3);
	CHECK(!strcmp(t.m.client[0].name, "nic-rx"));
	CHECK(!strcmp(t.m.client[1].name, "nic-rx.2"));
	CHECK(!strcmp(t.m.client[2].name, "third"));
	/* In the order they were found: ring, shared | ring, shared | none */
	CHECK(t.m.n_memfd == 4);
	CHECK(t.m.memfd[0].clients == 1 && t.m.memfd[1].clients == 7);
	CHECK(t.m.memfd[2].clients == 2 && t.m.memfd[3].clients == 2);
	CHECK(!strcmp(t.m.memfd[0].name, "ring"));
	CHECK(!strcmp(t.m.memfd[1].name, "shared"));
	CHECK(!strcmp(t.m.memfd[2].name, "ring"));
	CHECK(!strcmp(t.m.memfd[3].name, "shared.2"));
	CHECK(t.m.n_iommufd == 3 && t.m.n_device == 3);
	CHECK(!strcmp(t.m.iommufd[1].name, "iommufd"));
	CHECK(t.m.iommufd[1].clients == 2 && t.m.device[1].clients == 2);
	CHECK(t.m.device[1].iommufd == t.m.iommufd[1].token);
	CHECK(t.m.device[2].iommufd == t.m.iommufd[2].token);
	take_free(&t);
out:
	forget();
}

/* With two iommufds to choose from it is left open. */
static void no_guess(void)
{
	struct wanted w = { .pid = 10 };
	struct process *p = new_process(10, "x");
	struct hf_error err = {};
	struct taken t;

	driver(p, "ring", 1);
	has(p, HF_PROC_IOMMUFD, new_file(), "", 0);
	if (CHECK(!take_from(&w, 1, &t, &err))) {
		CHECK(t.m.n_iommufd == 2 && !t.m.device[0].iommufd);
		CHECK(!strcmp(t.m.iommufd[1].name, "iommufd.2"));
		take_free(&t);
	}
	forget();
}

static int refused(const struct wanted *w, size_t n, const char *text)
{
	struct hf_error err = {};
	struct taken t;
	int ret = take_from(w, n, &t, &err);

	CHECK_HAS(err.text, text);
	if (!ret)
		take_free(&t);
	return ret;
}

/* The second of two is no driver: nothing is kept of the first, either. */
static void refusals(void)
{
	const struct wanted w[] = { { .pid = 10 }, { .pid = 11 } };
	struct process *p = new_process(10, "good"), *q;

	driver(p, "ring", 1);
	CHECK(refused(w, 2, "there is no process 11") == -ESRCH);
	q = new_process(11, "bad");
	CHECK(refused(w, 2, "process 11 (bad) has no VFIO device") == -ENODEV);
	has(q, HF_PROC_DEVICE, new_file(), "", 2);
	CHECK(refused(w, 2, "process 11 (bad) has device 0000:02:00.0 open, but no iommufd") ==
	      -ENXIO);
	/* What looks like an iommufd and is none does not help */
	has(q, HF_PROC_IOMMUFD, open("/dev/null", O_RDONLY), "", 0);
	CHECK(refused(w, 2, "but no iommufd") == -ENXIO);
	close(q->file[1]);
	q->n = 1;
	has(q, HF_PROC_IOMMUFD, new_file(), "", 0);
	unbound = q->file[0];
	CHECK(refused(w, 2, "device 0000:02:00.0 is not bound") == -ENOTCONN);
	forget();
}

/* What a client of the daemon gave: by its names, and the files stay its own. */
static void given(void)
{
	const struct hf_manifest_client me = {
		.name = "nic", .has_owner = true, .uid = 1000, .gid = 100,
	};
	struct process *p = new_process(10, "unused");
	struct hf_error err = {};
	struct given g[4];
	struct taken t;
	size_t i;

	driver(p, "ring", 3);
	has(p, HF_PROC_MEMFD, new_file(), "state", 0);
	strcpy(p->fd[1].name, "iommu");
	strcpy(p->fd[2].name, "card");
	for (i = 0; i < 4; i++)
		g[i] = (struct given){ p->file[i], p->fd[i] };
	if (CHECK(!take_given(&me, g, 4, &t, &err))) {
		CHECK(t.m.n_client == 1 && t.m.client[0].uid == 1000 &&
		      t.m.client[0].has_owner);
		CHECK(t.m.n_memfd == 2 && t.m.n_iommufd == 1 &&
		      t.m.n_device == 1);
		CHECK(!strcmp(t.m.memfd[0].name, "ring") &&
		      !strcmp(t.m.memfd[1].name, "state"));
		CHECK(!strcmp(t.m.iommufd[0].name, "iommu"));
		CHECK(!strcmp(t.m.device[0].name, "card"));
		CHECK(t.m.device[0].iommufd == t.m.iommufd[0].token);
		CHECK(t.memfd[0] != p->file[0]);
		take_free(&t);
	}
	for (i = 0; i < 4; i++)
		CHECK(fcntl(p->file[i], F_GETFD) >= 0);
	/* Memory alone is enough. */
	if (CHECK(!take_given(&me, g, 1, &t, &err))) {
		CHECK(t.m.n_memfd == 1 && !t.m.n_device);
		take_free(&t);
	}
	unbound = p->file[2];
	CHECK(take_given(&me, g, 4, &t, &err) == -ENOTCONN);
	CHECK_HAS(err.text, "device 0000:03:00.0 is not bound");
	forget();
}

static const struct ktap_test tests[] = {
	{ "take: what a client gave", given },
	{ "take: one driver", one_driver },
	{ "take: several drivers, and what they share", two_drivers },
	{ "take: two iommufds", no_guess },
	{ "take: what is no driver", refusals },
};

KTAP_MAIN(tests)
