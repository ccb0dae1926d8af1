// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast restore: take everything out of the session again.
 *
 * Restartable at any instruction (I8): a session that is closed unfinished can
 * be retrieved again, retrieving a descriptor again gives the same file, and
 * what is bound, attached or handed over already is noticed and left alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/iommu.h>
#include <holdfast/luo.h>
#include <holdfast/memfd.h>
#include <holdfast/proc.h>
#include <holdfast/vfio.h>

#include "cli.h"

#define MAX_STEPS	12

struct restore {
	struct cli *cli;
	struct hf_error *err;
	/* options */
	bool no_finish;
	bool release;
	const char *after_step;
	char **driver;
	/* what was taken out so far; -1: not yet */
	int luo;
	int session;
	struct hf_manifest m;
	int *memfd;
	int *iommufd;
	int *device;
	bool *was_bound;
	/* results */
	struct verdict v;
	pid_t driver_pid;
	struct rlimit memlock;	/* as it was; the driver gets it */
	struct {
		const char *name;
		double ms;
	} step[MAX_STEPS];
	size_t n_steps;
};

/* A failed step: what the command exits with. 0: go on. */
typedef int (*step_fn)(struct restore *r);

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

static void release_all(struct restore *r)
{
	close_fds(r->device, r->m.n_device);
	close_fds(r->iommufd, r->m.n_iommufd);
	close_fds(r->memfd, r->m.n_memfd);
	free(r->was_bound);
	hf_manifest_free(&r->m);
	if (r->session >= 0)
		close(r->session);
	if (r->luo >= 0)
		close(r->luo);
}

static int step_manifest(struct restore *r)
{
	struct hf_error why;
	int fd, ret;
	void *blob;
	size_t len;

	r->luo = hf_luo_open(r->err);
	if (r->luo < 0)
		return EXIT_FAILED;
	r->session = hf_luo_retrieve_session(r->luo, r->cli->session, r->err);
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
	if (!ret && strcmp(r->m.session, r->cli->session))
		ret = hf_fail(&why, -EBADMSG,
			      "manifest: it was written for session \"%s\"",
			      r->m.session);
	if (ret) {
		hf_fail(r->err, ret, "session \"%s\": %s", r->cli->session,
			why.text);
		hf_fail_add(r->err, "nothing else was retrieved: memory and devices stay with the kernel");
		return EXIT_FAILED;
	}
	r->memfd = no_fds(r->m.n_memfd);
	r->iommufd = no_fds(r->m.n_iommufd);
	r->device = no_fds(r->m.n_device);
	r->was_bound = calloc(r->m.n_device, sizeof(*r->was_bound));
	if (!r->memfd || !r->iommufd || !r->device || !r->was_bound) {
		hf_fail(r->err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	return 0;
}

static int step_memfd(struct restore *r)
{
	struct stat st;
	size_t i;

	for (i = 0; i < r->m.n_memfd; i++) {
		const struct hf_manifest_memfd *d = &r->m.memfd[i];

		r->memfd[i] = hf_luo_retrieve_fd(r->session, d->token,
						 HF_OBJ_MEMFD, d->name, r->err);
		if (r->memfd[i] < 0)
			return EXIT_FAILED;
		if (fstat(r->memfd[i], &st) || (uint64_t)st.st_size != d->size) {
			hf_fail(r->err, -EBADE,
				"memfd %s has %lld bytes, it had %llu", d->name,
				(long long)st.st_size,
				(unsigned long long)d->size);
			return EXIT_MISMATCH;
		}
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

static int step_iommufd(struct restore *r)
{
	size_t i;

	lift_memlock(r);
	for (i = 0; i < r->m.n_iommufd; i++) {
		const struct hf_manifest_iommufd *d = &r->m.iommufd[i];

		r->iommufd[i] = hf_luo_retrieve_fd(r->session, d->token,
						   HF_OBJ_IOMMUFD, d->name,
						   r->err);
		/* The kernel compares too, and says so in this way. */
		if (r->iommufd[i] == -ESTALE)
			return EXIT_MISMATCH;
		if (r->iommufd[i] < 0)
			return EXIT_FAILED;
	}
	return 0;
}

static int check_device(struct restore *r, const struct hf_manifest_device *d)
{
	char bdf[HF_PCI_ADDR_LEN], driver[64];
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
	hf_pci_driver(&d->addr, driver, sizeof(driver));
	if (strcmp(driver, "vfio-pci")) {
		hf_fail(r->err, -ENODEV,
			"device %s is not bound to vfio-pci but to %s: bind it (driver_override) with vfio.enable_unsafe_noiommu_mode=1 and run this again; nothing is lost",
			hf_pci_format(&d->addr, bdf),
			driver[0] ? driver : "no driver");
		return EXIT_FAILED;
	}
	return 0;
}

static int step_device(struct restore *r)
{
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;
	int ret;

	/* All of them are looked at before the first is touched. */
	for (i = 0; i < r->m.n_device; i++) {
		ret = check_device(r, &r->m.device[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < r->m.n_device; i++) {
		const struct hf_manifest_device *d = &r->m.device[i];

		r->device[i] = hf_luo_retrieve_fd(r->session, d->token,
						  HF_OBJ_DEVICE,
						  hf_pci_format(&d->addr, bdf),
						  r->err);
		if (r->device[i] < 0)
			return EXIT_FAILED;
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
		if (d->iommufd && r->m.iommufd[k].token != d->iommufd)
			continue;
		ret = hf_vfio_bind(r->device[i], r->iommufd[k], &id);
		*at = k;
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

static int step_bind(struct restore *r)
{
	size_t i, at;
	int ret;

	for (i = 0; i < r->m.n_device; i++) {
		/* Bound by a restore that was killed: BIND would be EINVAL. */
		r->was_bound[i] = hf_vfio_is_bound(r->device[i]);
		if (r->was_bound[i])
			continue;
		ret = bind_one(r, i, &at);
		if (ret)
			return ret;
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

static int step_attach(struct restore *r)
{
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_device; i++) {
		ret = attach_one(r, i);
		if (ret)
			return ret;
	}
	return 0;
}

/* The design's answer to a mismatch: stop the DMA, keep the memory. */
static void stop_dma(struct restore *r)
{
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_device; i++) {
		hf_pci_format(&r->m.device[i].addr, bdf);
		if (r->device[i] < 0 || !hf_vfio_is_bound(r->device[i])) {
			hf_fail_add(r->err, "device %s was not taken over: it goes on as it is, with memory that the kernel keeps",
				    bdf);
			continue;
		}
		ret = hf_vfio_stop_dma(r->device[i]);
		if (ret)
			hf_fail_add(r->err, "bus mastering of %s could NOT be switched off: %s",
				    bdf, strerror(-ret));
		else
			hf_fail_add(r->err, "bus mastering of %s was switched off",
				    bdf);
	}
	hf_fail_add(r->err, "the session is not finished: its memory is kept until the next boot");
}

static int step_verify(struct restore *r)
{
	if (verdict_take(&r->m, r->iommufd, &r->v, r->err))
		return EXIT_FAILED;
	verdict_event(r->cli, &r->v, "restore");
	if (verdict_good(&r->v))
		return 0;
	hf_fail(r->err, -EBADE, "%s", r->v.text);
	return EXIT_MISMATCH;
}

/* LISTEN_FDNAMES separates by colons: an address is written with '_'. */
static void fd_name(const struct hf_pci_addr *addr, char buf[HF_PCI_ADDR_LEN])
{
	char *p;

	hf_pci_format(addr, buf);
	for (p = buf; *p; p++)
		if (*p == ':')
			*p = '_';
}

static int start_driver(struct restore *r)
{
	size_t n = r->m.n_memfd + r->m.n_iommufd + r->m.n_device, i, k = 0;
	char (*bdf)[HF_PCI_ADDR_LEN] = calloc(r->m.n_device, sizeof(*bdf));
	const char **names = calloc(n, sizeof(*names));
	int *fds = calloc(n, sizeof(*fds));
	pid_t pid;

	if (!bdf || !names || !fds) {
		pid = hf_fail(r->err, -ENOMEM, "out of memory");
		goto out;
	}
	for (i = 0; i < r->m.n_memfd; i++, k++) {
		fds[k] = r->memfd[i];
		names[k] = r->m.memfd[i].name;
	}
	for (i = 0; i < r->m.n_iommufd; i++, k++) {
		fds[k] = r->iommufd[i];
		names[k] = r->m.iommufd[i].name;
	}
	for (i = 0; i < r->m.n_device; i++, k++) {
		fd_name(&r->m.device[i].addr, bdf[i]);
		fds[k] = r->device[i];
		names[k] = bdf[i];
	}
	pid = spawn_driver(r->driver, fds, names, n, &r->memlock, r->err);
out:
	free(bdf);
	free(names);
	free(fds);
	if (pid < 0)
		return EXIT_FAILED;
	r->driver_pid = pid;
	return 0;
}

static int step_handover(struct restore *r)
{
	char bdf[HF_PCI_ADDR_LEN], comm[64];
	pid_t pid;

	/* Started by a restore that was killed before it could finish. */
	pid = hf_proc_find_device(&r->m.device[0].addr, comm, sizeof(comm));
	if (!pid)
		return start_driver(r);
	fprintf(stderr,
		"holdfast restore: process %d (%s) has device %s already: not starting another driver\n",
		pid, comm, hf_pci_format(&r->m.device[0].addr, bdf));
	r->driver_pid = pid;
	return 0;
}

static int step_finish(struct restore *r)
{
	return hf_luo_finish(r->session, r->err) ? EXIT_FAILED : 0;
}

static int run_after_step(struct restore *r, const char *name)
{
	char *argv[] = {
		(char *)"/bin/sh", (char *)"-c", NULL, (char *)"sh",
		(char *)name, NULL,
	};
	char *script;
	int ret;

	if (!r->after_step)
		return 0;
	if (asprintf(&script, "%s \"$1\"", r->after_step) < 0) {
		hf_fail(r->err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	argv[2] = script;
	ret = spawn_wait(argv, r->err);
	free(script);
	if (!ret)
		return 0;
	hf_fail_add(r->err, "that was --after-step after step %s", name);
	return EXIT_FAILED;
}

static int run_step(struct restore *r, const char *name, step_fn fn)
{
	double t0 = hf_now_ms(), ms;
	int ret = fn(r);

	if (ret)
		return ret;
	ms = hf_now_ms() - t0;
	r->step[r->n_steps].name = name;
	r->step[r->n_steps++].ms = ms;
	hf_event_step(&r->cli->events, name, ms);
	return run_after_step(r, name);
}

static int run_steps(struct restore *r)
{
	static const struct {
		const char *name;
		step_fn fn;
	} steps[] = {
		{ "manifest", step_manifest },
		{ "memfd", step_memfd },
		{ "iommufd", step_iommufd },
		{ "device", step_device },
		{ "bind", step_bind },
		{ "attach", step_attach },
		{ "verify", step_verify },
	};
	size_t i;
	int ret;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ret = run_step(r, steps[i].name, steps[i].fn);
		if (ret)
			return ret;
	}
	if (r->driver) {
		ret = run_step(r, "handover", step_handover);
		if (ret)
			return ret;
	}
	return r->no_finish ? 0 : run_step(r, "finish", step_finish);
}

static void report_json(const struct restore *r, double ms)
{
	struct utsname uts;
	struct hf_json j;
	size_t i;

	uname(&uts);
	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_str(&j, "verb", r->cli->verb);
	hf_json_bool(&j, "ok", true);
	hf_json_bool(&j, "finished", !r->no_finish);
	hf_json_str(&j, "restored_by", uts.release);
	hf_json_int(&j, "driver_pid", r->driver_pid);
	hf_json_ms(&j, "ms", ms);
	verdict_json(&j, &r->v);
	show_manifest_json(&j, &r->m);
	hf_json_object(&j, "steps_ms");
	for (i = 0; i < r->n_steps; i++)
		hf_json_ms(&j, r->step[i].name, r->step[i].ms);
	hf_json_object_end(&j);
	hf_json_object_end(&j);
	show_json(&j);
}

static void report(const struct restore *r, double ms)
{
	struct utsname uts;
	size_t i;

	if (r->cli->json) {
		report_json(r, ms);
		return;
	}
	uname(&uts);
	show_manifest(&r->m, &r->v);
	printf("%-10s %10s\n", "step", "ms");
	for (i = 0; i < r->n_steps; i++)
		printf("%-10s %10.3f\n", r->step[i].name, r->step[i].ms);
	printf("\nrestored by kernel %s in %.1f ms, %s", uts.release, ms,
	       r->no_finish ? "not finished" : "finished");
	if (r->driver_pid)
		printf("; the driver is process %d", r->driver_pid);
	printf("\n");
}

static int restore(struct restore *r)
{
	double t0 = hf_now_ms();
	int ret = run_steps(r);

	if (ret == EXIT_MISMATCH)
		stop_dma(r);
	if (!ret)
		report(r, hf_now_ms() - t0);
	release_all(r);
	return ret;
}

int cmd_restore(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "no-finish", no_argument, NULL, 'n' },
		{ "release", no_argument, NULL, 'r' },
		{ "after-step", required_argument, NULL, 'a' },
		{}
	};
	struct hf_error err = {};
	struct restore r = {
		.cli = cli,
		.err = &err,
		.luo = -1,
		.session = -1,
	};
	int opt, ret;

	/* '+': the driver's own options are the driver's. */
	while ((opt = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			r.no_finish = true;
			break;
		case 'r':
			r.release = true;
			break;
		case 'a':
			r.after_step = optarg;
			break;
		default:
			ret = cli_option(cli, opt);
			if (ret >= 0)
				return ret;
		}
	}
	if (optind < argc) {
		if (strcmp(argv[optind - 1], "--"))
			return cli_usage(cli, "the driver goes after \"--\"");
		r.driver = argv + optind;
	}
	if (r.release && (r.driver || r.no_finish))
		return cli_usage(cli, "--release goes neither with a driver nor with --no-finish");
	if (!r.driver && !r.no_finish && !r.release)
		return cli_usage(cli, "which driver? Name it after \"--\"; or use --no-finish to look only, or --release to give device and memory up");
	ret = restore(&r);
	return ret ? cli_failed(cli, ret, &err) : ret;
}
