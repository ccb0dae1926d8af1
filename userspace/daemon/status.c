// SPDX-License-Identifier: GPL-2.0-only
/* The report of docs/status.md. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/exitcode.h>
#include <holdfast/json.h>
#include <holdfast/memfd.h>
#include <holdfast/verdict.h>
#include <holdfast/version.h>

#include "daemon.h"

static const char *overall(const struct daemon *d)
{
	bool failed = false, lost = false, waits = false;
	size_t i;

	for (i = 0; i < d->n_client; i++)
		switch (d->client[i]->state) {
		case HF_CLIENT_FAILED:
			failed = true;
			break;
		case HF_CLIENT_LOST:
			lost = true;
			break;
		case HF_CLIENT_WAITING:
		case HF_CLIENT_CLAIMED:
			waits = true;
			break;
		}
	if (d->asking.on)
		return "asking";
	if (d->trouble.text[0] || d->unresolved)
		return "failed";
	if (update_preserved(d))
		return "preserved";
	if (failed)
		return "failed";
	if (lost)
		return "lost";
	return waits ? "restoring" : "idle";
}

static void descriptor(struct hf_json *j, const char *name, const char *kind)
{
	hf_json_object(j, NULL);
	hf_json_str(j, "name", name);
	hf_json_str(j, "kind", kind);
	hf_json_object_end(j);
}

/* What a session holds, before the kexec or after it; NULL: there is none */
static const struct hf_manifest *contents(const struct client *c)
{
	if (c->held.sock >= 0)
		return &c->held.manifest;
	return c->restoring && c->r.m.n_client ? &c->r.m : NULL;
}

static void descriptors(struct hf_json *j, const struct client *c)
{
	static const char *const kinds[] = {
		[HF_KIND_MEMFD] = "memfd",
		[HF_KIND_IOMMUFD] = "iommufd",
		[HF_KIND_DEVICE] = "device",
		[HF_KIND_OTHER] = "other",
	};
	const struct hf_manifest *m = contents(c);
	char bdf[HF_PCI_ADDR_LEN];
	size_t i;

	hf_json_array(j, "descriptors");
	for (i = 0; !m && i < c->n_item; i++)
		descriptor(j, c->item[i].what.name, kinds[c->item[i].kind]);
	for (i = 0; m && i < m->n_memfd; i++)
		descriptor(j, m->memfd[i].name, kinds[HF_KIND_MEMFD]);
	for (i = 0; m && i < m->n_iommufd; i++)
		descriptor(j, m->iommufd[i].name, kinds[HF_KIND_IOMMUFD]);
	for (i = 0; m && i < m->n_device; i++)
		descriptor(j, m->device[i].name[0] ? m->device[i].name :
			   hf_pci_format(&m->device[i].addr, bdf),
			   kinds[HF_KIND_DEVICE]);
	hf_json_array_end(j);
}

static void client_json(struct hf_json *j, const struct client *c)
{
	const struct hf_manifest *m = contents(c);

	hf_json_object(j, NULL);
	hf_json_str(j, "name", c->name);
	hf_json_u64(j, "uid", c->uid);
	hf_json_u64(j, "gid", c->gid);
	hf_json_str(j, "state", client_state_name(c->state));
	hf_json_bool(j, "connected", c->conn);
	if (c->conn)
		hf_json_int(j, "pid", c->conn->pid);
	hf_json_bool(j, "unasked", c->unasked);
	if (c->error.text[0])
		hf_json_str(j, "error", c->error.text);
	if (c->state == HF_CLIENT_FAILED)
		hf_json_bool(j, "mismatch", c->restoring && c->r.client &&
			     c->r.client[0].failed == EXIT_MISMATCH);
	if (m)
		hf_json_str(j, "session", c->session);
	if (c->held.sock >= 0)
		hf_json_int(j, "holder", c->held.pid);
	descriptors(j, c);
	if (m)
		hf_manifest_json_objects(j, m);
	if (c->has_verdict) {
		hf_json_object(j, "tables");
		verdict_json(j, &c->v);
		hf_json_object_end(j);
	}
	hf_json_object_end(j);
}

int status_memfd(const struct daemon *d, struct hf_error *err)
{
	struct hf_json j;
	size_t i;
	int fd;

	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_u64(&j, "version", 1);
	hf_json_str(&j, "state", overall(d));
	hf_json_str(&j, "kernel", d->release);
	hf_json_str(&j, "boot_id", d->boot_id);
	hf_json_object(&j, "daemon");
	hf_json_int(&j, "pid", getpid());
	hf_json_str(&j, "version", HOLDFAST_VERSION);
	hf_json_object_end(&j);
	if (d->trouble.text[0])
		hf_json_str(&j, "error", d->trouble.text);
	hf_json_array(&j, "clients");
	for (i = 0; i < d->n_client; i++)
		client_json(&j, d->client[i]);
	hf_json_array_end(&j);
	if (d->update) {
		hf_json_object(&j, "update");
		update_json(&j, d->update);
		hf_json_object_end(&j);
	}
	hf_json_array(&j, "history");
	history_json(d, &j);
	hf_json_array_end(&j);
	hf_json_object_end(&j);
	fd = j.buf ? hf_memfd_sealed("holdfast-status", j.buf, j.len, err) :
		     hf_fail(err, -ENOMEM, "out of memory");
	hf_json_free(&j);
	return fd;
}
