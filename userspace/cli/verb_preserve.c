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

/* How long objects that are busy are tried again */
#define DEFAULT_RETRY_MS	1000

/* Time of each part, in ms. */
struct times {
	double take, memfd, iommufd, device, table, manifest, total;
};

static int preserve_objects(int session, const struct taken *t,
			    struct times *tm, struct hf_patience *patience,
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
				 HF_OBJ_MANIFEST, cli->session, NULL, err);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Adds what the kernel logged meanwhile: it names areas and devices. */
static int with_klog(int mark, int ret, struct hf_error *err)
{
	const char *last = "";
	char log[768], *line;

	hf_klog_since(mark, log, sizeof(log));
	if (!ret)
		return 0;
	/* Once for each: what is tried again says the same again */
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		if (strcmp(line, last))
			hf_fail_add(err, "kernel: %s", line);
		last = line;
	}
	return ret;
}

static int fill_session(struct cli *cli, int session, struct taken *t,
			struct times *tm, struct hf_patience *patience,
			struct hf_error *err)
{
	double t0;
	int ret;

	ret = preserve_objects(session, t, tm, patience, err);
	if (ret)
		return ret;
	t0 = hf_now_ms();
	ret = read_tables(t, err);
	if (!ret)
		ret = check_bound_here(t, err);
	if (!ret)
		ret = huge_check(t, err);
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
		   const struct times *tm, unsigned int busy)
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
	hf_json_u64(&j, "busy", busy);
	hf_event_send(&cli->events, &j);

	if (cli->json) {
		hf_json_init(&j);
		hf_json_object(&j, NULL);
		hf_json_str(&j, "verb", cli->verb);
		hf_json_bool(&j, "ok", true);
		hf_json_int(&j, "holder", holder);
		hf_json_ms(&j, "ms", tm->total);
		hf_json_u64(&j, "busy", busy);
		show_manifest_json(&j, &t->m);
		hf_json_object_end(&j);
		show_json(&j);
		return;
	}
	show_manifest(&t->m, NULL);
	if (busy)
		printf("the kernel said %u times that something is busy just now\n",
		       busy);
	printf("preserved in %.1f ms; process %d holds the session.\n"
	       "Next: \"holdfast kexec\", or \"holdfast cancel\" to give everything back.\n",
	       tm->total, holder);
}

static int preserve(struct cli *cli, const struct wanted *w, size_t n,
		    double retry_ms, struct hf_error *err)
{
	int luo, listener, session, manifest, mark, ret;
	double t0 = hf_now_ms();
	struct hf_patience patience = {};
	struct times tm = {};
	struct taken t;
	pid_t holder;

	if (!hf_proc_has_cap(CAP_SYS_RAWIO))
		return hf_fail(err, -EPERM,
			       "CAP_SYS_RAWIO is missing: devices without an IOMMU are preserved with the right that opening them takes; run this as root");
	luo = hf_luo_open(err);
	if (luo < 0)
		return luo;
	ret = take_from(w, n, &t, err);
	if (ret)
		goto close_luo;
	tm.take = hf_now_ms() - t0;
	if (t.m.n_iommufd >= 60) {
		ret = hf_fail(err, -E2BIG, "there are %zu iommufds, more than 59",
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
	patience.until_ms = hf_now_ms() + retry_ms;
	manifest = fill_session(cli, session, &t, &tm, &patience, err);
	ret = with_klog(mark, manifest < 0 ? manifest : 0, err);
	if (ret)
		goto close_session;
	holder = holder_start(cli, session, listener, manifest, t.iommufd,
			      t.m.n_iommufd, err);
	close(manifest);
	if (holder < 0) {
		ret = holder;
		goto close_session;
	}
	tm.total = hf_now_ms() - t0;
	report(cli, &t, holder, &tm, patience.tries);
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

/* "PID" or "NAME=PID"; returns -1 to go on, else the code to exit with. */
static int add_wanted(const struct cli *cli, struct wanted *w, size_t *n,
		      char *arg)
{
	char *eq = strrchr(arg, '='), *num = eq ? eq + 1 : arg, *end, *p;
	size_t i;
	long pid;

	errno = 0;
	pid = strtol(num, &end, 10);
	if (errno || end == num || *end || pid <= 0 || pid > 0x7fffffff)
		return cli_usage(cli, "--pid takes a process ID or NAME=PID, not \"%s\"",
				 arg);
	if (*n == HF_MANIFEST_MAX_CLIENTS)
		return cli_usage(cli, "more than %d drivers",
				 HF_MANIFEST_MAX_CLIENTS);
	w[*n].pid = (pid_t)pid;
	w[*n].name = NULL;
	if (eq) {
		*eq = '\0';
		w[*n].name = arg;
		for (p = arg; *p > ' ' && *p <= '~' && *p != '='; p++)
			;
		if (*p || p == arg || p - arg > HF_NAME_MAX)
			return cli_usage(cli, "a driver's name is 1 to %d printable characters without blanks and \"=\", not \"%s\"",
					 HF_NAME_MAX, arg);
	}
	for (i = 0; i < *n; i++) {
		if (w[i].pid == w[*n].pid)
			return cli_usage(cli, "process %ld is given twice",
					 pid);
		if (eq && w[i].name && !strcmp(w[i].name, arg))
			return cli_usage(cli, "two drivers are to be called \"%s\"",
					 arg);
	}
	(*n)++;
	return -1;
}

int cmd_preserve(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "pid", required_argument, NULL, 'p' },
		{ "retry-ms", required_argument, NULL, 'r' },
		{}
	};
	struct wanted w[HF_MANIFEST_MAX_CLIENTS];
	long retry_ms = DEFAULT_RETRY_MS;
	struct hf_error err = {};
	int opt, ret;
	size_t n = 0;
	char *end;

	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			ret = add_wanted(cli, w, &n, optarg);
			break;
		case 'r':
			errno = 0;
			retry_ms = strtol(optarg, &end, 10);
			ret = -1;
			if (errno || end == optarg || *end || retry_ms < 0 ||
			    retry_ms > 600000)
				ret = cli_usage(cli, "--retry-ms takes 0 to 600000, not \"%s\"",
						optarg);
			break;
		default:
			ret = cli_option(cli, opt);
		}
		if (ret >= 0)
			return ret;
	}
	ret = cli_no_rest(cli, argc, argv);
	if (ret >= 0)
		return ret;
	if (!n)
		return cli_usage(cli, "--pid is missing: the driver's process ID");
	ret = preserve(cli, w, n, (double)retry_ms, &err);
	if (ret) {
		hf_fail_add(&err, "nothing was preserved; %s as before",
			    n == 1 ? "the driver is" : "the drivers are");
		return cli_failed(cli, EXIT_FAILED, &err);
	}
	return EXIT_DONE;
}
