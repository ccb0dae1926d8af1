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
#include <holdfast/proc.h>
#include <holdfast/vfio.h>

#include "cli.h"

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

static bool name_taken(const struct hf_manifest *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_memfd; i++)
		if (!strcmp(m->memfd[i].name, name))
			return true;
	for (i = 0; i < m->n_iommufd; i++)
		if (!strcmp(m->iommufd[i].name, name))
			return true;
	return false;
}

/* Two files of one name: the later ones get ".2", ".3" and so on. */
static void unique_name(const struct hf_manifest *m,
			char out[HF_NAME_MAX + 1], const char *name,
			const char *fallback)
{
	char base[HF_NAME_MAX + 1];
	unsigned int k;

	clean(base, sizeof(base), name, fallback, false);
	snprintf(out, HF_NAME_MAX + 1, "%s", base);
	for (k = 2; name_taken(m, out); k++)
		snprintf(out, HF_NAME_MAX + 1, "%.*s.%u", HF_NAME_MAX - 11,
			 base, k);
}

static int same_inode(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int add_memfd(struct taken *t, int fd, const struct hf_proc_fd *from,
		     struct hf_error *err)
{
	struct hf_manifest_memfd d = {};
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
			close(fd);
			return 0;
		}
	if (fstat(fd, &st)) {
		close(fd);
		return hf_fail(err, -errno, "memfd %s: %s", from->name,
			       strerror(errno));
	}
	d.size = (uint64_t)st.st_size;
	unique_name(&t->m, d.name, from->name, "memfd");
	t->memfd[t->m.n_memfd] = fd;
	t->m.memfd[t->m.n_memfd++] = d;
	return 0;
}

static int add_iommufd(struct taken *t, int fd, const struct hf_proc_fd *from,
		       struct hf_error *err)
{
	struct hf_manifest_iommufd d = {};
	size_t i;

	(void)err;
	(void)from;
	if (!hf_iommu_is(fd)) {
		close(fd);
		return 0;
	}
	for (i = 0; i < t->m.n_iommufd; i++)
		if (hf_proc_same_file(t->iommufd[i], fd)) {
			close(fd);
			return 0;
		}
	unique_name(&t->m, d.name, "iommufd", "iommufd");
	t->iommufd[t->m.n_iommufd] = fd;
	t->m.iommufd[t->m.n_iommufd++] = d;
	return 0;
}

static int add_device(struct taken *t, int fd, const struct hf_proc_fd *from,
		      struct hf_error *err)
{
	struct hf_manifest_device d = { .addr = from->addr };
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;
	int ret;

	for (i = 0; i < t->m.n_device; i++)
		if (hf_pci_equal(&t->m.device[i].addr, &from->addr)) {
			close(fd);
			return 0;
		}
	if (!hf_vfio_is_bound(fd)) {
		close(fd);
		return hf_fail(err, -ENOTCONN,
			       "device %s is not bound: the driver has it open, but did not bind it to an iommufd (VFIO_DEVICE_BIND_IOMMUFD) yet; preserve it when it runs",
			       hf_pci_format(&from->addr, bdf));
	}
	ret = hf_pci_read_ids(&from->addr, &d.ids, err);
	if (ret) {
		close(fd);
		return ret;
	}
	t->device[t->m.n_device] = fd;
	t->m.device[t->m.n_device++] = d;
	return 0;
}

static int take_all(struct taken *t, int pidfd, const struct hf_proc_fd *list,
		    size_t n, struct hf_error *err)
{
	static int (*const add[])(struct taken *t, int fd,
				  const struct hf_proc_fd *from,
				  struct hf_error *err) = {
		[HF_PROC_MEMFD] = add_memfd,
		[HF_PROC_IOMMUFD] = add_iommufd,
		[HF_PROC_DEVICE] = add_device,
	};
	size_t i;
	int fd, ret;

	t->memfd = calloc(n + 1, sizeof(int));
	t->iommufd = calloc(n + 1, sizeof(int));
	t->device = calloc(n + 1, sizeof(int));
	t->m.memfd = calloc(n + 1, sizeof(*t->m.memfd));
	t->m.iommufd = calloc(n + 1, sizeof(*t->m.iommufd));
	t->m.device = calloc(n + 1, sizeof(*t->m.device));
	if (!t->memfd || !t->iommufd || !t->device || !t->m.memfd ||
	    !t->m.iommufd || !t->m.device)
		return hf_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		fd = hf_proc_getfd(pidfd, list[i].fd, err);
		if (fd < 0)
			return fd;
		ret = add[list[i].kind](t, fd, &list[i], err);
		if (ret)
			return ret;
	}
	return 0;
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
	if (m->n_iommufd == 1)
		for (i = 0; i < m->n_device; i++)
			m->device[i].iommufd = m->iommufd[0].token;
}

int take_from(pid_t pid, struct taken *t, struct hf_error *err)
{
	struct hf_proc_fd *list = NULL;
	char comm[64], bdf[HF_PCI_ADDR_LEN];
	struct utsname uts;
	int pidfd, ret;
	size_t n = 0;

	memset(t, 0, sizeof(*t));
	pidfd = hf_proc_pidfd(pid, err);
	if (pidfd < 0)
		return pidfd;
	/* The pidfd pins the number: what is scanned is what is taken from. */
	ret = hf_proc_scan(pid, &list, &n, err);
	if (!ret)
		ret = take_all(t, pidfd, list, n, err);
	free(list);
	close(pidfd);
	if (ret)
		goto fail;

	hf_proc_comm(pid, comm, sizeof(comm));
	if (!t->m.n_device) {
		ret = hf_fail(err, -ENODEV,
			      "process %d (%s) has no VFIO device open: is this the driver?",
			      pid, comm);
		goto fail;
	}
	if (!t->m.n_iommufd) {
		ret = hf_fail(err, -ENXIO,
			      "process %d (%s) has device %s open, but no iommufd: the driver must keep its /dev/iommu descriptor open, so that the device's iommufd can be put into the session",
			      pid, comm,
			      hf_pci_format(&t->m.device[0].addr, bdf));
		goto fail;
	}
	clean(t->m.driver, sizeof(t->m.driver), comm, "?", true);
	uname(&uts);
	clean(t->m.release, sizeof(t->m.release), uts.release, "?", true);
	t->m.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	give_tokens(&t->m);
	return 0;
fail:
	take_free(t);
	return ret;
}
