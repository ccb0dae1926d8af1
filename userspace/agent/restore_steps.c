// SPDX-License-Identifier: GPL-2.0-only
/* Taking everything out of the session, step by step. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <holdfast/exitcode.h>
#include <holdfast/iommu.h>
#include <holdfast/memfd.h>
#include <holdfast/restore.h>
#include <holdfast/vfio.h>

static int *no_fds(size_t n)
{
	int *fd = malloc((n ? n : 1) * sizeof(*fd));
	size_t i;

	for (i = 0; fd && i < n; i++)
		fd[i] = -1;
	return fd;
}

static void close_fds(int *fd, size_t n)
{
	size_t i;

	for (i = 0; fd && i < n; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	free(fd);
}

void restore_init(struct restore *r, int luo, const char *name,
		  struct hf_events *events, struct hf_error *err)
{
	memset(r, 0, sizeof(*r));
	r->luo = luo;
	r->name = name;
	r->events = events;
	r->err = err;
	r->session = -1;
}

void restore_release(struct restore *r)
{
	close_fds(r->device, r->m.n_device);
	close_fds(r->iommufd, r->m.n_iommufd);
	close_fds(r->memfd, r->m.n_memfd);
	free(r->was_bound);
	free(r->client);
	hf_manifest_free(&r->m);
	if (r->session >= 0)
		close(r->session);
	r->session = -1;
}

int step_manifest(struct restore *r)
{
	struct hf_error why;
	int fd, ret;
	void *blob;
	size_t len;

	if (r->session < 0)
		r->session = hf_luo_retrieve_session(r->luo, r->name, r->err);
	if (r->session < 0)
		return r->session == -ENOENT ? EXIT_NOTHING : EXIT_FAILED;
	fd = hf_luo_retrieve_fd(r->session, HF_MANIFEST_TOKEN, HF_OBJ_MANIFEST,
				"(token 0)", r->err);
	if (fd < 0)
		return EXIT_FAILED;
	ret = hf_memfd_read(fd, HF_MANIFEST_MAX, &blob, &len, &why);
	close(fd);
	if (!ret) {
		ret = hf_manifest_decode(blob, len, &r->m, &why);
		free(blob);
	}
	if (!ret && strcmp(r->m.session, r->name))
		ret = hf_fail(&why, -EBADMSG,
			      "manifest: it was written for session \"%s\"",
			      r->m.session);
	if (ret) {
		hf_fail(r->err, ret, "session \"%s\": %s", r->name,
			why.text);
		hf_fail_add(r->err, "nothing else was retrieved: memory and devices stay with the kernel");
		return EXIT_FAILED;
	}
	r->memfd = no_fds(r->m.n_memfd);
	r->iommufd = no_fds(r->m.n_iommufd);
	r->device = no_fds(r->m.n_device);
	r->was_bound = calloc(r->m.n_device + 1, sizeof(*r->was_bound));
	r->client = calloc(r->m.n_client, sizeof(*r->client));
	if (!r->client || !r->memfd || !r->iommufd || !r->device || !r->was_bound) {
		hf_fail(r->err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	return 0;
}

/* Returns 0 or an exit code. */
static int take_memfd(struct restore *r, size_t i)
{
	const struct hf_manifest_memfd *d = &r->m.memfd[i];
	struct stat st;

	r->memfd[i] = hf_luo_retrieve_fd(r->session, d->token, HF_OBJ_MEMFD,
					 d->name, r->err);
	if (r->memfd[i] < 0) {
		r->why = r->memfd[i];
		return EXIT_FAILED;
	}
	if (!fstat(r->memfd[i], &st) && (uint64_t)st.st_size == d->size)
		return 0;
	hf_fail(r->err, -EBADE, "memfd %s has %lld bytes, it had %llu", d->name,
		(long long)st.st_size, (unsigned long long)d->size);
	return EXIT_MISMATCH;
}

int step_memfd(struct restore *r)
{
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_memfd; i++) {
		if (!restore_wanted(r, r->m.memfd[i].clients))
			continue;
		ret = take_memfd(r, i);
		if (ret)
			restore_lost(r, r->m.memfd[i].clients, ret);
	}
	return 0;
}

/*
 * Retrieving pins the memory again, on the account of whoever retrieves. The
 * limit to go by was that of the driver, in the other kernel: not to get memory
 * back that a device writes to, for the sake of a limit, would be absurd.
 */
static void lift_memlock(struct restore *r)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (!getrlimit(RLIMIT_MEMLOCK, &r->memlock))
		setrlimit(RLIMIT_MEMLOCK, &none);
}

int step_iommufd(struct restore *r)
{
	size_t i;

	lift_memlock(r);
	for (i = 0; i < r->m.n_iommufd; i++) {
		const struct hf_manifest_iommufd *d = &r->m.iommufd[i];

		if (!restore_wanted(r, d->clients))
			continue;
		r->iommufd[i] = hf_luo_retrieve_fd(r->session, d->token,
						   HF_OBJ_IOMMUFD, d->name,
						   r->err);
		if (r->iommufd[i] >= 0)
			continue;
		r->why = r->iommufd[i];
		/* The kernel compares too, and says so in this way. */
		restore_lost(r, d->clients,
			     r->why == -ESTALE ? EXIT_MISMATCH : EXIT_FAILED);
	}
	return 0;
}

int restore_check_device(struct restore *r, const struct hf_manifest_device *d)
{
	char bdf[HF_PCI_ADDR_LEN];
	struct hf_pci_ids ids;

	if (hf_pci_read_ids(&d->addr, &ids, r->err)) {
		hf_fail_add(r->err, "device %s was preserved and is not there now",
			    hf_pci_format(&d->addr, bdf));
		return EXIT_FAILED;
	}
	if (!hf_pci_ids_equal(&ids, &d->ids)) {
		hf_fail(r->err, -EBADE,
			"device %s is another one: it was %04x:%04x revision %x and is %04x:%04x revision %x",
			hf_pci_format(&d->addr, bdf), d->ids.vendor,
			d->ids.device, d->ids.revision, ids.vendor, ids.device,
			ids.revision);
		return EXIT_MISMATCH;
	}
	return 0;
}

/*
 * Whether vfio-pci is bound is left to the kernel, which knows better than sysfs:
 * a device whose removal waits for us has no driver there and is ours still.
 */
static int take_device(struct restore *r, size_t i)
{
	const struct hf_manifest_device *d = &r->m.device[i];
	char bdf[HF_PCI_ADDR_LEN], driver[64];
	int fd;

	hf_pci_format(&d->addr, bdf);
	fd = hf_luo_retrieve_fd(r->session, d->token, HF_OBJ_DEVICE, bdf,
				r->err);
	r->device[i] = fd;
	if (fd >= 0)
		return 0;
	r->why = fd;
	hf_pci_driver(&d->addr, driver, sizeof(driver));
	if (strcmp(driver, "vfio-pci"))
		hf_fail_add(r->err, "device %s is bound to %s; nothing is lost",
			    bdf, driver[0] ? driver : "no driver");
	return EXIT_FAILED;
}

int step_device(struct restore *r)
{
	size_t i;
	int ret;

	/* All of them are looked at before the first is touched. */
	for (i = 0; i < r->m.n_device; i++) {
		if (!restore_wanted(r, r->m.device[i].clients))
			continue;
		ret = restore_check_device(r, &r->m.device[i]);
		if (ret)
			restore_lost(r, r->m.device[i].clients, ret);
	}
	for (i = 0; i < r->m.n_device; i++) {
		if (!restore_wanted(r, r->m.device[i].clients))
			continue;
		ret = take_device(r, i);
		if (ret)
			restore_lost(r, r->m.device[i].clients, ret);
	}
	return 0;
}

static bool listed(const uint32_t *v, size_t n, uint32_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i] == id)
			return true;
	return false;
}

/*
 * Binds to the iommufd of the manifest or, where the writer could not tell, to
 * the one the kernel takes. *@at: which one it was.
 */
static int bind_one(struct restore *r, size_t i, size_t *at)
{
	const struct hf_manifest_device *d = &r->m.device[i];
	const struct hf_manifest_iommufd *f;
	char bdf[HF_PCI_ADDR_LEN];
	uint32_t id = 0;
	int ret = -ENXIO;
	size_t k;

	hf_pci_format(&d->addr, bdf);
	for (k = 0; k < r->m.n_iommufd && ret; k++) {
		if (r->iommufd[k] < 0 ||
		    (d->iommufd && r->m.iommufd[k].token != d->iommufd))
			continue;
		ret = hf_vfio_bind(r->device[i], r->iommufd[k], &id);
		*at = k;
	}
	if (ret == -ESHUTDOWN) {
		hf_fail(r->err, ret,
			"device %s was stopped and reset by the kernel before anybody took it over: give its driver up (--drop) and start it anew afterwards",
			bdf);
		return EXIT_FAILED;
	}
	if (ret) {
		hf_fail(r->err, ret,
			"cannot bind device %s to its iommufd: %s (dmesg has the reason); the device was left as it is",
			bdf, strerror(-ret));
		return EXIT_FAILED;
	}
	f = &r->m.iommufd[*at];
	if (d->device_id ? id != d->device_id :
			   !listed(f->device_ids, f->n_device_ids, id)) {
		hf_fail(r->err, -EBADE,
			"device %s got ID %u in %s, it had %u", bdf, id,
			f->name, d->device_id);
		return EXIT_MISMATCH;
	}
	return 0;
}

int step_bind(struct restore *r)
{
	size_t i, at;
	int ret;

	for (i = 0; i < r->m.n_device; i++) {
		if (r->device[i] < 0 || !restore_wanted(r, r->m.device[i].clients))
			continue;
		/* Bound by a restore that was killed: BIND would be EINVAL. */
		r->was_bound[i] = hf_vfio_is_bound(r->device[i]);
		if (r->was_bound[i])
			continue;
		ret = bind_one(r, i, &at);
		if (ret)
			restore_lost(r, r->m.device[i].clients, ret);
	}
	return 0;
}

static int attach_one(struct restore *r, size_t i)
{
	const struct hf_manifest_device *d = &r->m.device[i];
	char bdf[HF_PCI_ADDR_LEN];
	int ret = -ENXIO;
	size_t k, n;

	for (k = 0; k < r->m.n_iommufd && ret; k++) {
		const struct hf_manifest_iommufd *f = &r->m.iommufd[k];

		if (d->iommufd && f->token != d->iommufd)
			continue;
		for (n = 0; n < f->n_ioas && ret; n++) {
			if (!f->ioas[n].has_table ||
			    (d->ioas && f->ioas[n].id != d->ioas))
				continue;
			ret = hf_vfio_attach(r->device[i], f->ioas[n].id);
		}
	}
	/*
	 * Attached before the last restore was killed: replacing is refused
	 * while the shape is frozen. If it is not attached after all, FINISH
	 * will say so.
	 */
	if (r->was_bound[i] && (ret == -EBUSY || ret == -EEXIST))
		ret = 0;
	if (!ret)
		return 0;
	hf_pci_format(&d->addr, bdf);
	if (ret == -ENOENT) {
		hf_fail(r->err, -EBADE,
			"device %s was attached to an IOAS that is not there now",
			bdf);
		return EXIT_MISMATCH;
	}
	hf_fail(r->err, ret,
		"cannot attach device %s to its IOAS: %s (dmesg has the reason)",
		bdf, strerror(-ret));
	return EXIT_FAILED;
}

int step_attach(struct restore *r)
{
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_device; i++) {
		if (r->device[i] < 0 || !restore_wanted(r, r->m.device[i].clients))
			continue;
		ret = attach_one(r, i);
		if (ret)
			restore_lost(r, r->m.device[i].clients, ret);
	}
	return 0;
}

int step_verify(struct restore *r)
{
	struct verdict v;
	size_t i;

	verdict_init(&r->v);
	for (i = 0; i < r->m.n_iommufd; i++) {
		const uint64_t clients = r->m.iommufd[i].clients;

		if (r->iommufd[i] < 0 || !restore_wanted(r, clients))
			continue;
		verdict_init(&v);
		if (verdict_add(&r->m, i, r->iommufd[i], &v, r->err)) {
			restore_lost(r, clients, EXIT_FAILED);
			continue;
		}
		verdict_merge(&r->v, &v);
		if (verdict_good(&v))
			continue;
		hf_fail(r->err, -EBADE, "%s", v.text);
		restore_lost(r, clients, EXIT_MISMATCH);
	}
	verdict_event(r->events, &r->v, "restore");
	return 0;
}
