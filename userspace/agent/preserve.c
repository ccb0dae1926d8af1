// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling a session with what was taken: the objects, and then the manifest.
 * Whatever fails leaves the session half full; closing it makes the kernel give
 * back what was preserved so far.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/iommu.h>
#include <holdfast/klog.h>
#include <holdfast/memfd.h>
#include <holdfast/preserve.h>

static int preserve_objects(int session, const struct taken *t,
			    struct preserve_times *tm, struct hf_patience *patience,
			    struct hf_error *err)
{
	const struct hf_manifest *m = &t->m;
	char bdf[HF_PCI_ADDR_LEN];
	double t0 = hf_now_ms();
	size_t i;
	int ret;

	/* The order is the kernel's: an object after those it refers to. */
	for (i = 0; i < m->n_memfd; i++) {
		ret = hf_luo_preserve_fd(session, t->memfd[i],
					 m->memfd[i].token, HF_OBJ_MEMFD,
					 m->memfd[i].name, patience, err);
		if (ret)
			return ret;
	}
	tm->memfd = hf_now_ms() - t0;
	for (i = 0; i < m->n_iommufd; i++) {
		ret = hf_luo_preserve_fd(session, t->iommufd[i],
					 m->iommufd[i].token, HF_OBJ_IOMMUFD,
					 m->iommufd[i].name, patience, err);
		if (ret)
			return ret;
	}
	tm->iommufd = hf_now_ms() - t0 - tm->memfd;
	for (i = 0; i < m->n_device; i++) {
		ret = hf_luo_preserve_fd(session, t->device[i],
					 m->device[i].token, HF_OBJ_DEVICE,
					 hf_pci_format(&m->device[i].addr, bdf),
					 patience, err);
		if (ret)
			return ret;
	}
	tm->device = hf_now_ms() - t0 - tm->memfd - tm->iommufd;
	return 0;
}

int preserve_read_tables(struct taken *t, struct hf_error *err)
{
	struct hf_manifest *m = &t->m;
	struct hf_iommu_ids ids;
	size_t i, k;
	int ret;

	for (i = 0; i < m->n_iommufd; i++) {
		struct hf_manifest_iommufd *f = &m->iommufd[i];

		ret = hf_iommu_scan(t->iommufd[i], &ids, err);
		if (ret)
			return ret;
		f->device_ids = ids.dev;
		f->n_device_ids = ids.n_dev;
		f->ioas = calloc(ids.n_ioas ? ids.n_ioas : 1,
				 sizeof(*f->ioas));
		if (!f->ioas) {
			free(ids.ioas);
			return hf_fail(err, -ENOMEM, "out of memory");
		}
		f->n_ioas = ids.n_ioas;
		for (k = 0; k < ids.n_ioas; k++)
			f->ioas[k].id = ids.ioas[k];
		free(ids.ioas);
		for (k = 0; k < f->n_ioas; k++) {
			ret = hf_iommu_read_table(t->iommufd[i], f->ioas[k].id,
						  &f->ioas[k].table, err);
			if (ret == -EOPNOTSUPP)
				continue;
			if (ret)
				return ret;
			f->ioas[k].has_table = true;
		}
	}
	return 0;
}

/* The index of a device's iommufd, or n_iommufd when it is not known. */
static size_t iommufd_at(const struct hf_manifest *m, uint64_t token)
{
	size_t i;

	for (i = 0; i < m->n_iommufd; i++)
		if (m->iommufd[i].token == token)
			break;
	return i;
}

/* See struct hf_manifest_device: only where there is no choice it is known. */
static void infer_ids(struct hf_manifest *m)
{
	size_t i, k, tables, bound;
	uint32_t ioas = 0;

	for (i = 0; i < m->n_device; i++) {
		struct hf_manifest_device *d = &m->device[i];
		const struct hf_manifest_iommufd *f =
			&m->iommufd[iommufd_at(m, d->iommufd)];

		if (f == m->iommufd + m->n_iommufd)
			continue;
		tables = 0;
		for (k = 0; k < f->n_ioas; k++)
			if (f->ioas[k].has_table) {
				ioas = f->ioas[k].id;
				tables++;
			}
		if (tables == 1)
			d->ioas = ioas;
		/* Its one ID is this device's, unless it may be another's. */
		bound = 0;
		for (k = 0; k < m->n_device; k++)
			bound += m->device[k].clients & f->clients ? 1 : 0;
		if (f->n_device_ids == 1 && bound == 1)
			d->device_id = f->device_ids[0];
	}
}

/* Each driver must have the iommufds open that its devices are bound to. */
static int check_bound_here(const struct taken *t, struct hf_error *err)
{
	const struct hf_manifest *m = &t->m;
	size_t i, k, ids, devices;

	for (k = 0; k < m->n_client; k++) {
		ids = 0;
		devices = 0;
		for (i = 0; i < m->n_iommufd; i++)
			if (m->iommufd[i].clients & hf_manifest_bit(k))
				ids += m->iommufd[i].n_device_ids;
		for (i = 0; i < m->n_device; i++)
			devices += !!(m->device[i].clients &
				      hf_manifest_bit(k));
		if (ids < devices)
			return hf_fail(err, -ENXIO,
				       "%s: %zu device(s) are open, but only %zu are bound to the iommufds found: the driver must keep the iommufd of each device open",
				       m->client[k].name, devices, ids);
	}
	return 0;
}

int preserve_manifest(struct hf_manifest *m, const char *name, int session,
		      struct hf_error *err)
{
	size_t len;
	void *blob;
	int fd, ret;

	snprintf(m->session, sizeof(m->session), "%s", name);
	m->tsc = hf_tsc();
	m->realtime_ns = hf_realtime_ns();
	ret = hf_manifest_encode(m, &blob, &len, err);
	if (ret)
		return ret;
	fd = hf_memfd_sealed("holdfast-manifest", blob, len, err);
	free(blob);
	if (fd < 0)
		return fd;
	ret = hf_luo_preserve_fd(session, fd, HF_MANIFEST_TOKEN,
				 HF_OBJ_MANIFEST, name, NULL, err);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Adds what the kernel logged meanwhile: it names areas and devices. */
static void with_klog(int mark, int ret, struct hf_error *err)
{
	const char *last = "";
	char log[768], *line;

	hf_klog_since(mark, log, sizeof(log));
	if (!ret)
		return;
	/* Once for each: what is tried again says the same again */
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		if (strcmp(line, last))
			hf_fail_add(err, "kernel: %s", line);
		last = line;
	}
}

static int fill(const char *name, int session, struct taken *t,
		struct preserve_times *tm, struct hf_patience *patience,
		struct hf_error *err)
{
	double t0;
	int ret;

	ret = preserve_objects(session, t, tm, patience, err);
	if (ret)
		return ret;
	t0 = hf_now_ms();
	/* The shape is frozen (I2): what is read here is what will come back. */
	ret = preserve_read_tables(t, err);
	if (!ret)
		ret = check_bound_here(t, err);
	if (!ret)
		ret = huge_check(t, err);
	if (ret)
		return ret;
	infer_ids(&t->m);
	tm->table = hf_now_ms() - t0;
	t0 = hf_now_ms();
	ret = preserve_manifest(&t->m, name, session, err);
	tm->manifest = hf_now_ms() - t0;
	return ret;
}

int preserve_fill(const char *name, int session, struct taken *t,
		  struct preserve_times *tm, struct hf_patience *patience,
		  struct hf_error *err)
{
	int mark = hf_klog_mark();
	int fd = fill(name, session, t, tm, patience, err);

	with_klog(mark, fd < 0 ? fd : 0, err);
	return fd;
}
