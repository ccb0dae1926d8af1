// SPDX-License-Identifier: GPL-2.0-only
/* holdfast restore: which drivers there are, and what becomes of each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/proc.h>
#include <holdfast/spawn.h>

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

static int follow(struct restore_run *run, struct restore_order *o)
{
	struct restore *r = &run->r;
	size_t i;

	for (i = 0; i < r->m.n_client; i++)
		if (!strcmp(r->m.client[i].name, o->name))
			break;
	if (i == r->m.n_client)
		return say_all(r, "there is no driver \"%s\"", o->name);
	r->client[i].dropped = !o->words;
	run->run[i].argv = o->words;
	run->run[i].words = o->words;
	o->words = NULL;
	return 0;
}

int clients_assign(struct restore_run *run)
{
	struct restore *r = &run->r;
	size_t i;
	int ret;

	run->run = calloc(r->m.n_client, sizeof(*run->run));
	if (!run->run) {
		hf_fail(r->err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	if (run->driver) {
		if (r->m.n_client > 1)
			return say_all(r, "%s cannot be all of its drivers",
				       run->driver[0]);
		run->run[0].argv = run->driver;
		return 0;
	}
	if (!run->n_order)
		return 0;
	for (i = 0; i < run->n_order; i++) {
		ret = follow(run, &run->order[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < r->m.n_client; i++)
		if (!run->run[i].argv && !r->client[i].dropped)
			return say_all(r, "nothing says what becomes of driver %s",
				       r->m.client[i].name);
	return 0;
}

void clients_free(struct restore_run *run)
{
	size_t i;

	for (i = 0; run->run && i < run->r.m.n_client; i++)
		free(run->run[i].words);
	free(run->run);
	run->run = NULL;
	for (i = 0; i < run->n_order; i++)
		free(run->order[i].words);
	run->n_order = 0;
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

static int start_driver(struct restore_run *run, size_t at)
{
	struct restore *r = &run->r;
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
			names[k++] = r->m.device[i].name[0] ?
				     r->m.device[i].name : bdf[i];
		}
	pid = spawn_driver(run->run[at].argv, fds, names, k, &r->memlock,
			   r->err);
out:
	free(bdf);
	free(names);
	free(fds);
	if (pid < 0)
		return EXIT_FAILED;
	run->run[at].pid = pid;
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
static bool runs_already(struct restore_run *run, size_t at)
{
	const struct hf_manifest_device *d =
		tell_tale(&run->r.m, hf_manifest_bit(at));
	char bdf[HF_PCI_ADDR_LEN], comm[64];
	pid_t pid = hf_proc_find_device(&d->addr, comm, sizeof(comm));
	size_t i;

	for (i = 0; i < at; i++)
		if (pid == run->run[i].pid)
			return false;
	if (!pid)
		return false;
	fprintf(stderr,
		"holdfast restore: process %d (%s) has device %s already: not starting another driver\n",
		pid, comm, hf_pci_format(&d->addr, bdf));
	run->run[at].pid = pid;
	run->run[at].was_there = true;
	return true;
}

int step_handover(struct restore_run *run)
{
	struct restore *r = &run->r;
	size_t i;
	int ret;

	for (i = 0; i < r->m.n_client; i++) {
		if (!restore_wanted(r, hf_manifest_bit(i)) ||
		    runs_already(run, i))
			continue;
		ret = start_driver(run, i);
		if (ret)
			restore_lost(r, hf_manifest_bit(i), ret);
	}
	return 0;
}

static const char *state_of(const struct restore_client *c,
			    const struct restore_driver *d)
{
	if (c->dropped)
		return "dropped";
	if (c->failed)
		return "failed";
	if (d->was_there)
		return "running";
	return d->pid ? "started" : "restored";
}

static void client_json(struct hf_json *j, const struct restore_run *run,
			size_t i)
{
	const struct restore_client *c = &run->r.client[i];
	const struct restore_driver *d = &run->run[i];

	hf_json_str(j, "name", run->r.m.client[i].name);
	hf_json_str(j, "state", state_of(c, d));
	if (d->pid)
		hf_json_int(j, "pid", d->pid);
	if (c->failed) {
		hf_json_int(j, "exit", c->failed);
		hf_json_str(j, "error", c->err.text);
	}
}

void clients_json(struct hf_json *j, const struct restore_run *run)
{
	size_t i;

	hf_json_array(j, "clients");
	for (i = 0; i < run->r.m.n_client; i++) {
		hf_json_object(j, NULL);
		client_json(j, run, i);
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

void clients_report(struct restore_run *run)
{
	const struct restore *r = &run->r;
	struct hf_json j;
	size_t i;

	for (i = 0; run->run && i < r->m.n_client; i++) {
		hf_event_begin(&j, "client");
		client_json(&j, run, i);
		hf_event_send(r->events, &j);
		if (r->client[i].failed && r->m.n_client > 1)
			complain(r, i);
	}
}
