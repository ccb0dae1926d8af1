// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast preserve: all or nothing (I7). Everything that is opened here is
 * closed again on any failure, and closing the session makes the kernel give
 * back what was preserved so far.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include <holdfast/clock.h>
#include <holdfast/iommu.h>
#include <holdfast/klog.h>
#include <holdfast/luo.h>
#include <holdfast/memfd.h>
#include <holdfast/proc.h>

#include "cli.h"

/* Time of each part, in ms. */
struct times {
	double take, memfd, iommufd, device, table, manifest, total;
};

static int preserve_objects(int session, const struct taken *t,
			    struct times *tm, struct hf_error *err)
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
					 m->memfd[i].name, err);
		if (ret)
			return ret;
	}
	tm->memfd = hf_now_ms() - t0;
	for (i = 0; i < m->n_iommufd; i++) {
		ret = hf_luo_preserve_fd(session, t->iommufd[i],
					 m->iommufd[i].token, HF_OBJ_IOMMUFD,
					 m->iommufd[i].name, err);
		if (ret)
			return ret;
	}
	tm->iommufd = hf_now_ms() - t0 - tm->memfd;
	for (i = 0; i < m->n_device; i++) {
		ret = hf_luo_preserve_fd(session, t->device[i],
					 m->device[i].token, HF_OBJ_DEVICE,
					 hf_pci_format(&m->device[i].addr, bdf),
					 err);
		if (ret)
			return ret;
	}
	tm->device = hf_now_ms() - t0 - tm->memfd - tm->iommufd;
	return 0;
}

/* The shape is frozen now (I2): what is read here is what will come back. */
static int read_tables(struct taken *t, struct hf_error *err)
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

/* See struct hf_manifest_device: only where there is no choice it is known. */
static void infer_ids(struct hf_manifest *m)
{
	const struct hf_manifest_iommufd *f = &m->iommufd[0];
	uint32_t ioas = 0;
	size_t i, tables = 0;

	if (m->n_iommufd != 1)
		return;
	for (i = 0; i < f->n_ioas; i++)
		if (f->ioas[i].has_table) {
			ioas = f->ioas[i].id;
			tables++;
		}
	for (i = 0; i < m->n_device; i++) {
		if (tables == 1)
			m->device[i].ioas = ioas;
		if (f->n_device_ids == 1 && m->n_device == 1)
			m->device[i].device_id = f->device_ids[0];
	}
}

static int check_bound_here(const struct taken *t, struct hf_error *err)
{
	size_t i, ids = 0;

	for (i = 0; i < t->m.n_iommufd; i++)
		ids += t->m.iommufd[i].n_device_ids;
	if (ids >= t->m.n_device)
		return 0;
	return hf_fail(err, -ENXIO,
		       "%zu device(s) are open, but only %zu are bound to the iommufds found: the driver must keep the iommufd of each device open",
		       t->m.n_device, ids);
}

/* Returns the sealed memfd. */
static int write_manifest(struct cli *cli, int session, struct taken *t,
			  struct hf_error *err)
{
	size_t len;
	void *blob;
	int fd, ret;

	snprintf(t->m.session, sizeof(t->m.session), "%s", cli->session);
	t->m.tsc = hf_tsc();
	t->m.realtime_ns = hf_realtime_ns();
	ret = hf_manifest_encode(&t->m, &blob, &len, err);
	if (ret)
		return ret;
	fd = hf_memfd_sealed("holdfast-manifest", blob, len, err);
	free(blob);
	if (fd < 0)
		return fd;
	ret = hf_luo_preserve_fd(session, fd, HF_MANIFEST_TOKEN,
				 HF_OBJ_MANIFEST, cli->session, err);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Adds what the kernel logged meanwhile: it names areas and devices. */
static int with_klog(int mark, int ret, struct hf_error *err)
{
	char log[768], *line;

	hf_klog_since(mark, log, sizeof(log));
	if (!ret)
		return 0;
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		hf_fail_add(err, "kernel: %s", line);
	return ret;
}

static int fill_session(struct cli *cli, int session, struct taken *t,
			struct times *tm, struct hf_error *err)
{
	double t0;
	int ret;

	ret = preserve_objects(session, t, tm, err);
	if (ret)
		return ret;
	t0 = hf_now_ms();
	ret = read_tables(t, err);
	if (!ret)
		ret = check_bound_here(t, err);
	if (ret)
		return ret;
	infer_ids(&t->m);
	tm->table = hf_now_ms() - t0;
	t0 = hf_now_ms();
	ret = write_manifest(cli, session, t, err);
	tm->manifest = hf_now_ms() - t0;
	return ret;
}

static void report(struct cli *cli, const struct taken *t, pid_t holder,
		   const struct times *tm)
{
	struct hf_json j;

	hf_event_begin(&j, "step");
	hf_json_str(&j, "name", "preserve");
	hf_json_ms(&j, "ms", tm->total);
	hf_json_ms(&j, "take_ms", tm->take);
	hf_json_ms(&j, "memfd_ms", tm->memfd);
	hf_json_ms(&j, "iommufd_ms", tm->iommufd);
	hf_json_ms(&j, "device_ms", tm->device);
	hf_json_ms(&j, "table_ms", tm->table);
	hf_json_ms(&j, "manifest_ms", tm->manifest);
	hf_event_send(&cli->events, &j);

	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", true);
		hf_json_int(&j, "holder", holder);
		hf_json_ms(&j, "ms", tm->total);
		show_manifest_json(&j, &t->m);
		hf_json_object_end(&j);
		show_json(&j);
		return;
	}
	show_manifest(&t->m, NULL);
	printf("preserved in %.1f ms; process %d holds the session.\n"
	       "Next: \"holdfast kexec\", or \"holdfast cancel\" to give everything back.\n",
	       tm->total, holder);
}

static int preserve(struct cli *cli, pid_t pid, struct hf_error *err)
{
	int luo, listener, session, manifest, mark, ret;
	double t0 = hf_now_ms();
	struct times tm = {};
	struct taken t;
	pid_t holder;

	if (!hf_proc_has_cap(CAP_SYS_RAWIO))
		return hf_fail(err, -EPERM,
			       "CAP_SYS_RAWIO is missing: devices without an IOMMU are preserved with the right that opening them takes; run this as root");
	luo = hf_luo_open(err);
	if (luo < 0)
		return luo;
	ret = take_from(pid, &t, err);
	if (ret)
		goto close_luo;
	tm.take = hf_now_ms() - t0;
	if (t.m.n_iommufd >= 60) {
		ret = hf_fail(err, -E2BIG, "the driver has %zu iommufds, more than 59",
			      t.m.n_iommufd);
		goto free_taken;
	}
	listener = holder_listen(cli->socket, err);
	if (listener < 0) {
		ret = listener;
		goto free_taken;
	}
	session = hf_luo_create_session(luo, cli->session, err);
	if (session < 0) {
		ret = session;
		goto close_listener;
	}
	mark = hf_klog_mark();
	manifest = fill_session(cli, session, &t, &tm, err);
	ret = with_klog(mark, manifest < 0 ? manifest : 0, err);
	if (ret)
		goto close_session;
	holder = holder_start(cli, session, luo, listener, manifest, t.iommufd,
			      t.m.n_iommufd, err);
	close(manifest);
	if (holder < 0) {
		ret = holder;
		goto close_session;
	}
	tm.total = hf_now_ms() - t0;
	report(cli, &t, holder, &tm);
	close(session);
	close(listener);
	take_free(&t);
	close(luo);
	return 0;

close_session:
	/* Unpreserves in the kernel: the driver is as it was. */
	close(session);
close_listener:
	close(listener);
	unlink(cli->socket);
free_taken:
	take_free(&t);
close_luo:
	close(luo);
	return ret;
}

int cmd_preserve(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "pid", required_argument, NULL, 'p' },
		{}
	};
	struct hf_error err = {};
	int opt, ret;
	long pid = 0;
	char *end;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (opt == 'p') {
			errno = 0;
			pid = strtol(optarg, &end, 10);
			if (errno || end == optarg || *end || pid <= 0 ||
			    pid > 0x7fffffff)
				return cli_usage(cli, "--pid takes a process ID, not \"%s\"",
						 optarg);
			continue;
		}
		ret = cli_option(cli, opt);
		if (ret >= 0)
			return ret;
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (!pid)
		return cli_usage(cli, "--pid is missing: the driver's process ID");
	ret = preserve(cli, (pid_t)pid, &err);
	if (ret) {
		hf_fail_add(&err, "nothing was preserved; the driver is as before");
		return cli_failed(cli, EXIT_FAILED, &err);
	}
	return EXIT_DONE;
}
