// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking the descriptors of a driver that knows nothing of this, by
 * pidfd_getfd().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <holdfast/iommu.h>
#include <holdfast/memfd.h>
#include <holdfast/proc.h>
#include <holdfast/take.h>
#include <holdfast/vfio.h>

static void close_all(int *fd, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		close(fd[i]);
	free(fd);
}

void take_free(struct taken *t)
{
	close_all(t->memfd, t->m.n_memfd);
	close_all(t->iommufd, t->m.n_iommufd);
	close_all(t->device, t->m.n_device);
	while (t->n_huge)
		close(t->huge[--t->n_huge].fd);
	free(t->huge);
	hf_manifest_free(&t->m);
	memset(t, 0, sizeof(*t));
}

/* Characters that would break LISTEN_FDNAMES or a line of text become '_'. */
static void clean(char *dst, size_t len, const char *src, const char *fallback,
		  bool colon)
{
	size_t i;

	snprintf(dst, len, "%s", *src ? src : fallback);
	for (i = 0; dst[i]; i++)
		if (dst[i] <= ' ' || dst[i] > '~' || (dst[i] == ':' && !colon))
			dst[i] = '_';
}

/*
 * The name of an object: unique among those of the drivers that have it, of
 * which the first @n_memfd memfds and @n_iommufd iommufds are named. Later ones
 * of a name get ".2", ".3" and so on.
 */
static bool name_taken(const struct hf_manifest *m, size_t n_memfd,
		       size_t n_iommufd, const char *name, uint64_t clients)
{
	size_t i;

	for (i = 0; i < n_memfd; i++)
		if (m->memfd[i].clients & clients &&
		    !strcmp(m->memfd[i].name, name))
			return true;
	for (i = 0; i < n_iommufd; i++)
		if (m->iommufd[i].clients & clients &&
		    !strcmp(m->iommufd[i].name, name))
			return true;
	return false;
}

static void unique_name(const struct hf_manifest *m, size_t n_memfd,
			size_t n_iommufd, char name[HF_NAME_MAX + 1],
			uint64_t clients)
{
	char base[HF_NAME_MAX + 1];
	unsigned int k;

	strcpy(base, name);
	for (k = 2; name_taken(m, n_memfd, n_iommufd, name, clients); k++)
		snprintf(name, HF_NAME_MAX + 1, "%.*s.%u", HF_NAME_MAX - 11,
			 base, k);
}

static void give_names(struct hf_manifest *m)
{
	size_t i;

	for (i = 0; i < m->n_memfd; i++)
		unique_name(m, i, 0, m->memfd[i].name, m->memfd[i].clients);
	for (i = 0; i < m->n_iommufd; i++)
		unique_name(m, m->n_memfd, i, m->iommufd[i].name,
			    m->iommufd[i].clients);
}

static int same_inode(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* It travels with the iommufd that maps it */
static int add_huge(struct taken *t, int fd, const struct hf_proc_fd *from,
		    uint64_t size)
{
	struct taken_huge *h = &t->huge[t->n_huge];
	size_t i;

	for (i = 0; i < t->n_huge; i++)
		if (same_inode(t->huge[i].fd, fd)) {
			close(fd);
			return 0;
		}
	clean(h->name, sizeof(h->name), from->name, "memfd", false);
	h->fd = fd;
	h->size = size;
	t->n_huge++;
	return 0;
}

static int add_memfd(struct taken *t, int fd, const struct hf_proc_fd *from,
		     uint64_t client, struct hf_error *err)
{
	struct hf_manifest_memfd d = { .clients = client };
	struct stat st;
	size_t i;

	/* From outside it looked like one; only a memfd has seals. */
	if (fcntl(fd, F_GET_SEALS) < 0) {
		close(fd);
		return 0;
	}
	/* LUO knows memfds by inode: several descriptors are one object. */
	for (i = 0; i < t->m.n_memfd; i++)
		if (same_inode(t->memfd[i], fd)) {
			t->m.memfd[i].clients |= client;
			close(fd);
			return 0;
		}
	if (fstat(fd, &st)) {
		close(fd);
		return hf_fail(err, -errno, "memfd %s: %s", from->name,
			       strerror(errno));
	}
	d.size = (uint64_t)st.st_size;
	if (hf_memfd_huge_page(fd))
		return add_huge(t, fd, from, d.size);
	clean(d.name, sizeof(d.name), from->name, "memfd", false);
	t->memfd[t->m.n_memfd] = fd;
	t->m.memfd[t->m.n_memfd++] = d;
	return 0;
}

static int add_iommufd(struct taken *t, int fd, const struct hf_proc_fd *from,
		       uint64_t client, struct hf_error *err)
{
	struct hf_manifest_iommufd d = {
		.clients = client,
		.name = "iommufd",
	};
	size_t i;

	(void)err;
	if (from->name[0])
		snprintf(d.name, sizeof(d.name), "%s", from->name);
	if (!hf_iommu_is(fd)) {
		close(fd);
		return 0;
	}
	for (i = 0; i < t->m.n_iommufd; i++)
		if (hf_proc_same_file(t->iommufd[i], fd)) {
			t->m.iommufd[i].clients |= client;
			close(fd);
			return 0;
		}
	t->iommufd[t->m.n_iommufd] = fd;
	t->m.iommufd[t->m.n_iommufd++] = d;
	return 0;
}

static int add_device(struct taken *t, int fd, const struct hf_proc_fd *from,
		      uint64_t client, struct hf_error *err)
{
	struct hf_manifest_device d = {
		.addr = from->addr,
		.clients = client,
	};
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;
	int ret;

	for (i = 0; i < t->m.n_device; i++)
		if (hf_pci_equal(&t->m.device[i].addr, &from->addr)) {
			t->m.device[i].clients |= client;
			close(fd);
			return 0;
		}
	if (!hf_vfio_is_bound(fd)) {
		close(fd);
		return hf_fail(err, -ENOTCONN,
			       "device %s is not bound: the driver has it open, but did not bind it to an iommufd (VFIO_DEVICE_BIND_IOMMUFD) yet; preserve it when it runs",
			       hf_pci_format(&from->addr, bdf));
	}
	memcpy(d.name, from->name, sizeof(d.name));
	ret = hf_pci_read_ids(&from->addr, &d.ids, err);
	if (ret) {
		close(fd);
		return ret;
	}
	t->device[t->m.n_device] = fd;
	t->m.device[t->m.n_device++] = d;
	return 0;
}

/* Makes room for @n more of each kind. */
static int make_room(struct taken *t, size_t n, struct hf_error *err)
{
	const struct {
		void **v;
		size_t size, have;
	} part[] = {
		{ (void **)&t->memfd, sizeof(int), t->m.n_memfd },
		{ (void **)&t->iommufd, sizeof(int), t->m.n_iommufd },
		{ (void **)&t->device, sizeof(int), t->m.n_device },
		{ (void **)&t->huge, sizeof(*t->huge), t->n_huge },
		{ (void **)&t->m.memfd, sizeof(*t->m.memfd), t->m.n_memfd },
		{ (void **)&t->m.iommufd, sizeof(*t->m.iommufd),
		  t->m.n_iommufd },
		{ (void **)&t->m.device, sizeof(*t->m.device), t->m.n_device },
	};
	size_t i;
	void *p;

	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		p = realloc(*part[i].v, (part[i].have + n + 1) * part[i].size);
		if (!p)
			return hf_fail(err, -ENOMEM, "out of memory");
		*part[i].v = p;
	}
	return 0;
}

static int (*const add[])(struct taken *t, int fd,
			  const struct hf_proc_fd *from, uint64_t client,
			  struct hf_error *err) = {
	[HF_PROC_MEMFD] = add_memfd,
	[HF_PROC_IOMMUFD] = add_iommufd,
	[HF_PROC_DEVICE] = add_device,
};

static int take_all(struct taken *t, int pidfd, const struct hf_proc_fd *list,
		    size_t n, uint64_t client, struct hf_error *err)
{
	size_t i;
	int fd, ret;

	ret = make_room(t, n, err);
	for (i = 0; i < n && !ret; i++) {
		fd = hf_proc_getfd(pidfd, list[i].fd, err);
		if (fd < 0)
			return fd;
		ret = add[list[i].kind](t, fd, &list[i], client, err);
	}
	return ret;
}

static void give_tokens(struct hf_manifest *m)
{
	uint64_t token = HF_MANIFEST_TOKEN;
	size_t i;

	for (i = 0; i < m->n_memfd; i++)
		m->memfd[i].token = ++token;
	for (i = 0; i < m->n_iommufd; i++)
		m->iommufd[i].token = ++token;
	for (i = 0; i < m->n_device; i++)
		m->device[i].token = ++token;
}

/* The iommufd of a device, where its drivers have no more than one. */
static void guess_iommufds(struct hf_manifest *m)
{
	size_t i, k, at = 0, found;

	for (i = 0; i < m->n_device; i++) {
		found = 0;
		for (k = 0; k < m->n_iommufd; k++)
			if (m->iommufd[k].clients & m->device[i].clients) {
				found++;
				at = k;
			}
		if (found == 1)
			m->device[i].iommufd = m->iommufd[at].token;
	}
}

/* Is everything there that a driver must have? */
static int check_one(const struct hf_manifest *m, pid_t pid, const char *comm,
		     uint64_t client, struct hf_error *err)
{
	const struct hf_manifest_device *d = NULL;
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;

	for (i = 0; i < m->n_device && !d; i++)
		if (m->device[i].clients & client)
			d = &m->device[i];
	if (!d)
		return hf_fail(err, -ENODEV,
			       "process %d (%s) has no VFIO device open: is this the driver?",
			       pid, comm);
	for (i = 0; i < m->n_iommufd; i++)
		if (m->iommufd[i].clients & client)
			return 0;
	return hf_fail(err, -ENXIO,
		       "process %d (%s) has device %s open, but no iommufd: the driver must keep its /dev/iommu descriptor open, so that the device's iommufd can be put into the session",
		       pid, comm, hf_pci_format(&d->addr, bdf));
}

static bool client_called(const struct hf_manifest *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_client; i++)
		if (!strcmp(m->client[i].name, name))
			return true;
	return false;
}

/* A name of its own; '=' is what --exec and --pid separate it by. */
static void name_client(struct hf_manifest *m, const char *comm)
{
	char *name = m->client[m->n_client].name;
	char base[HF_NAME_MAX + 1], *p;
	unsigned int k;

	clean(base, sizeof(base), comm, "?", true);
	for (p = base; *p; p++)
		if (*p == '=')
			*p = '_';
	strcpy(name, base);
	for (k = 2; client_called(m, name); k++)
		snprintf(name, HF_NAME_MAX + 1, "%.*s.%u", HF_NAME_MAX - 11,
			 base, k);
	m->n_client++;
}

static int take_one(struct taken *t, const struct wanted *w,
		    struct hf_error *err)
{
	uint64_t client = hf_manifest_bit(t->m.n_client);
	struct hf_proc_fd *list = NULL;
	int pidfd, ret;
	char comm[64];
	size_t n = 0;

	pidfd = hf_proc_pidfd(w->pid, err);
	if (pidfd < 0)
		return pidfd;
	/* The pidfd pins the number: what is scanned is what is taken from. */
	ret = hf_proc_scan(w->pid, &list, &n, err);
	if (!ret)
		ret = take_all(t, pidfd, list, n, client, err);
	free(list);
	close(pidfd);
	if (ret)
		return ret;
	hf_proc_comm(w->pid, comm, sizeof(comm));
	name_client(&t->m, w->name ? w->name : comm);
	return check_one(&t->m, w->pid, comm, client, err);
}

/* What does not depend on where it was taken from. */
static void complete(struct taken *t)
{
	struct utsname uts;

	uname(&uts);
	clean(t->m.release, sizeof(t->m.release), uts.release, "?", true);
	t->m.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	give_tokens(&t->m);
	guess_iommufds(&t->m);
}

int take_given(const struct hf_manifest_client *client, const struct given *g,
	       size_t n, struct taken *t, struct hf_error *err)
{
	size_t i;
	int fd, ret;

	memset(t, 0, sizeof(*t));
	t->m.client = malloc(sizeof(*t->m.client));
	ret = t->m.client ? make_room(t, n, err) :
			    hf_fail(err, -ENOMEM, "out of memory");
	if (!ret) {
		*t->m.client = *client;
		t->m.n_client = 1;
	}
	for (i = 0; i < n && !ret; i++) {
		fd = fcntl(g[i].fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			ret = hf_fail(err, -errno, "descriptor %s: %s",
				      g[i].what.name, strerror(errno));
		else
			ret = add[g[i].what.kind](t, fd, &g[i].what,
						  hf_manifest_bit(0), err);
	}
	if (ret)
		take_free(t);
	else
		complete(t);
	return ret;
}

int take_from(const struct wanted *w, size_t n, struct taken *t,
	      struct hf_error *err)
{
	size_t i;
	int ret;

	memset(t, 0, sizeof(*t));
	t->m.client = calloc(n, sizeof(*t->m.client));
	ret = t->m.client ? 0 : hf_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < n && !ret; i++)
		ret = take_one(t, &w[i], err);
	if (ret) {
		take_free(t);
		return ret;
	}
	give_names(&t->m);
	complete(t);
	return 0;
}
