// SPDX-License-Identifier: GPL-2.0-only
/* holdfast restore: which drivers there are, and what becomes of each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/proc.h>
#include <holdfast/vfio.h>

#include "restore.h"

static int say_all(struct restore *r, const char *fmt, const char *name)
	__attribute__((format(printf, 2, 0)));

/* An order that does not fit the session: says what there is. */
static int say_all(struct restore *r, const char *fmt, const char *name)
{
	char names[1024];

	hf_fail(r->err, -EINVAL, fmt, name);
	hf_fail_add(r->err, "the session has: %s; say for each --exec NAME='DRIVER ARG...' or --drop NAME; only token 0 was retrieved",
		    hf_manifest_names(&r->m, ~0ull, names, sizeof(names)));
	return EXIT_USAGE;
}

static int follow(struct restore *r, struct restore_order *o)
{
	struct restore_client *c;
	size_t i;

	for (i = 0; i < r->m.n_client; i++)
		if (!strcmp(r->m.client[i].name, o->name))
			break;
	if (i == r->m.n_client)
		return say_all(r, "there is no driver \"%s\"", o->name);
	c = &r->client[i];
	c->dropped = !o->words;
	c->argv = o->words;
	c->words = o->words;
	o->words = NULL;
	return 0;
}

int clients_assign(struct restore *r)
{
	size_t i;
	int ret;

	r->client = calloc(r->m.n_client, sizeof(*r->client));
	if (!r->client) {
		hf_fail(r->err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	if (r->driver) {
		if (r->m.n_client > 1)
			return say_all(r, "%s cannot be all of its drivers",
				       r->driver[0]);
		r->client[0].argv = r->driver;
		return 0;
	}
	if (!r->n_order)
		return 0;
	for (i = 0; i < r->n_order; i++) {
		ret = follow(r, &r->order[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < r->m.n_client; i++)
		if (!r->client[i].argv && !r->client[i].dropped)
			return say_all(r, "nothing says what becomes of driver %s",
				       r->m.client[i].name);
	return 0;
}

void clients_free(struct restore *r)
{
	size_t i;

	for (i = 0; r->client && i < r->m.n_client; i++)
		free(r->client[i].words);
	free(r->client);
	for (i = 0; i < r->n_order; i++)
		free(r->order[i].words);
}

bool wanted(const struct restore *r, uint64_t clients)
{
	size_t i;

	for (i = 0; i < r->m.n_client; i++)
		if (clients & hf_manifest_bit(i) && !r->client[i].dropped &&
		    !r->client[i].failed)
			return true;
	return false;
}

bool clients_left(const struct restore *r)
{
	size_t i;

	for (i = 0; i < r->m.n_client; i++)
		if (!r->client[i].failed)
			return true;
	return false;
}

/* The design's answer to a mismatch: stop the DMA, keep the memory (I3). */
static void stop_dma(struct restore *r, size_t at)
{
	struct hf_error *err = &r->client[at].err;
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_device; i++) {
		if (!(r->m.device[i].clients & hf_manifest_bit(at)))
			continue;
		hf_pci_format(&r->m.device[i].addr, bdf);
		if (r->device[i] < 0 || !hf_vfio_is_bound(r->device[i])) {
			hf_fail_add(err, "device %s was not taken over: it goes on as it is, with memory that the kernel keeps",
				    bdf);
			continue;
		}
		ret = hf_vfio_stop_dma(r->device[i]);
		if (ret)
			hf_fail_add(err, "bus mastering of %s could NOT be switched off: %s",
				    bdf, strerror(-ret));
		else
			hf_fail_add(err, "bus mastering of %s was switched off",
				    bdf);
	}
	hf_fail_add(err, "the session is not finished: its memory is kept until the next boot");
}

void lost(struct restore *r, uint64_t clients, int code)
{
	size_t i;

	for (i = 0; i < r->m.n_client; i++) {
		struct restore_client *c = &r->client[i];

		if (!(clients & hf_manifest_bit(i)) || c->dropped || c->failed)
			continue;
		c->failed = code;
		c->err = *r->err;
		if (code == EXIT_MISMATCH)
			stop_dma(r, i);
	}
}

int clients_code(const struct restore *r)
{
	int code = EXIT_DONE;
	bool good = false;
	size_t i;

	for (i = 0; i < r->m.n_client; i++)
		if (r->client[i].failed > code)
			code = r->client[i].failed;
		else if (!r->client[i].failed && !r->client[i].dropped)
			good = true;
	return code && good ? EXIT_PARTLY : code;
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

static int start_driver(struct restore *r, size_t at)
{
	size_t n = r->m.n_memfd + r->m.n_iommufd + r->m.n_device, i, k = 0;
	char (*bdf)[HF_PCI_ADDR_LEN] = calloc(r->m.n_device, sizeof(*bdf));
	const char **names = calloc(n, sizeof(*names));
	int *fds = calloc(n, sizeof(*fds));
	uint64_t me = hf_manifest_bit(at);
	pid_t pid;

	if (!bdf || !names || !fds) {
		pid = hf_fail(r->err, -ENOMEM, "out of memory");
		goto out;
	}
	for (i = 0; i < r->m.n_memfd; i++)
		if (r->m.memfd[i].clients & me) {
			fds[k] = r->memfd[i];
			names[k++] = r->m.memfd[i].name;
		}
	for (i = 0; i < r->m.n_iommufd; i++)
		if (r->m.iommufd[i].clients & me) {
			fds[k] = r->iommufd[i];
			names[k++] = r->m.iommufd[i].name;
		}
	for (i = 0; i < r->m.n_device; i++)
		if (r->m.device[i].clients & me) {
			fd_name(&r->m.device[i].addr, bdf[i]);
			fds[k] = r->device[i];
			names[k++] = bdf[i];
		}
	pid = spawn_driver(r->client[at].argv, fds, names, k, &r->memlock,
			   r->err);
out:
	free(bdf);
	free(names);
	free(fds);
	if (pid < 0)
		return EXIT_FAILED;
	r->client[at].pid = pid;
	return 0;
}

/* A device that nobody else's driver has open tells who runs already. */
static const struct hf_manifest_device *tell_tale(const struct hf_manifest *m,
						  uint64_t me)
{
	const struct hf_manifest_device *d = NULL;
	size_t i;

	for (i = 0; i < m->n_device; i++) {
		if (m->device[i].clients == me)
			return &m->device[i];
		if (!d && m->device[i].clients & me)
			d = &m->device[i];
	}
	return d;
}

/* Was it started by a restore that was killed or could not finish? */
static bool runs_already(struct restore *r, size_t at)
{
	const struct hf_manifest_device *d =
		tell_tale(&r->m, hf_manifest_bit(at));
	char bdf[HF_PCI_ADDR_LEN], comm[64];
	pid_t pid = hf_proc_find_device(&d->addr, comm, sizeof(comm));
	size_t i;

	for (i = 0; i < at; i++)
		if (pid == r->client[i].pid)
			return false;
	if (!pid)
		return false;
	fprintf(stderr,
		"holdfast restore: process %d (%s) has device %s already: not starting another driver\n",
		pid, comm, hf_pci_format(&d->addr, bdf));
	r->client[at].pid = pid;
	r->client[at].was_there = true;
	return true;
}

int step_handover(struct restore *r)
{
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_client; i++) {
		if (!wanted(r, hf_manifest_bit(i)) || runs_already(r, i))
			continue;
		ret = start_driver(r, i);
		if (ret)
			lost(r, hf_manifest_bit(i), ret);
	}
	return 0;
}

static const char *state_of(const struct restore_client *c)
{
	if (c->dropped)
		return "dropped";
	if (c->failed)
		return "failed";
	if (c->was_there)
		return "running";
	return c->pid ? "started" : "restored";
}

static void client_json(struct hf_json *j, const struct restore *r, size_t i)
{
	const struct restore_client *c = &r->client[i];

	hf_json_str(j, "name", r->m.client[i].name);
	hf_json_str(j, "state", state_of(c));
	if (c->pid)
		hf_json_int(j, "pid", c->pid);
	if (c->failed) {
		hf_json_int(j, "exit", c->failed);
		hf_json_str(j, "error", c->err.text);
	}
}

void clients_json(struct hf_json *j, const struct restore *r)
{
	size_t i;

	hf_json_array(j, "clients");
	for (i = 0; i < r->m.n_client; i++) {
		hf_json_object(j, NULL);
		client_json(j, r, i);
		hf_json_object_end(j);
	}
	hf_json_array_end(j);
}

/* Each line of what went wrong with a driver, with its name if there are more */
static void complain(const struct restore *r, size_t i)
{
	const char *p = r->client[i].err.text;

	while (*p) {
		size_t n = strcspn(p, "\n");

		fprintf(stderr, "holdfast restore: %s: %.*s\n",
			r->m.client[i].name, (int)n, p);
		p += n + (p[n] == '\n');
	}
}

void clients_report(struct restore *r)
{
	struct hf_json j;
	size_t i;

	for (i = 0; r->client && i < r->m.n_client; i++) {
		hf_event_begin(&j, "client");
		client_json(&j, r, i);
		hf_event_send(&r->cli->events, &j);
		if (r->client[i].failed && r->m.n_client > 1)
			complain(r, i);
	}
}
