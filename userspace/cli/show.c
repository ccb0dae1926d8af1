// SPDX-License-Identifier: GPL-2.0-only
/* Printing what a session holds: for people and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli.h"

static void show_when(const struct hf_manifest *m)
{
	time_t t = (time_t)(m->realtime_ns / 1000000000u);
	char buf[32] = "?", names[256];
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm);
	printf("session %s: driver%s %s, preserved %s UTC by kernel %s\n\n",
	       m->session, m->n_client > 1 ? "s" : "",
	       hf_manifest_names(m, ~0ull, names, sizeof(names)), buf,
	       m->release);
}

static const struct hf_manifest_iommufd *
iommufd_of(const struct hf_manifest *m, uint64_t token)
{
	size_t i;

	for (i = 0; i < m->n_iommufd; i++)
		if (m->iommufd[i].token == token)
			return &m->iommufd[i];
	return NULL;
}

/* An ID that could not be told apart from others is shown as "-". */
static const char *id_text(uint32_t id, char buf[16])
{
	if (!id)
		return "-";
	snprintf(buf, 16, "%u", id);
	return buf;
}

static const char *yes(const struct verdict *v, bool value)
{
	if (!v)
		return "-";
	return value ? "yes" : "NO";
}

void show_manifest(const struct hf_manifest *m, const struct verdict *v)
{
	char bdf[HF_PCI_ADDR_LEN], a[16], b[16], names[256];
	size_t i, k;

	show_when(m);
	printf("%-14s %-9s %-10s %4s %5s  %s\n", "device", "type", "iommufd",
	       "ID", "IOAS", "driver");
	for (i = 0; i < m->n_device; i++) {
		const struct hf_manifest_device *d = &m->device[i];
		const struct hf_manifest_iommufd *f =
			iommufd_of(m, d->iommufd);

		printf("%-14s %04x:%04x %-10s %4s %5s  %s\n",
		       hf_pci_format(&d->addr, bdf), d->ids.vendor,
		       d->ids.device, f ? f->name : "-",
		       id_text(d->device_id, a), id_text(d->ioas, b),
		       hf_manifest_names(m, d->clients, names, sizeof(names)));
	}
	printf("\n%-10s %5s %9s %9s %12s %9s %10s  %s\n", "iommufd", "IOAS",
	       "extents", "pages", "bytes", "PA equal", "IDs equal", "driver");
	for (i = 0; i < m->n_iommufd; i++)
		for (k = 0; k < m->iommufd[i].n_ioas; k++) {
			const struct hf_manifest_ioas *io =
				&m->iommufd[i].ioas[k];

			printf("%-10s %5u %9zu %9" PRIu64 " %12" PRIu64 " %9s %10s  %s\n",
			       m->iommufd[i].name, io->id, io->table.n,
			       io->table.bytes / m->page_size, io->table.bytes,
			       io->has_table ? yes(v, v && v->pa_equal) : "-",
			       yes(v, v && v->ids_equal),
			       hf_manifest_names(m, m->iommufd[i].clients,
						 names, sizeof(names)));
		}
	printf("\n%-16s %12s  %s\n", "memory", "bytes", "driver");
	for (i = 0; i < m->n_memfd; i++)
		printf("%-16s %12" PRIu64 "  %s\n", m->memfd[i].name,
		       m->memfd[i].size,
		       hf_manifest_names(m, m->memfd[i].clients, names,
					 sizeof(names)));
	printf("\n");
}

void show_manifest_json(struct hf_json *j, const struct hf_manifest *m)
{
	hf_json_str(j, "session", m->session);
	if (m->n_client == 1)
		hf_json_str(j, "driver", m->client[0].name);
	hf_manifest_json_drivers(j, m, ~0ull);
	hf_json_str(j, "preserved_by", m->release);
	hf_json_u64(j, "preserved_ns", m->realtime_ns);
	hf_json_u64(j, "preserved_tsc", m->tsc);
	hf_manifest_json_objects(j, m);
}

void show_json(struct hf_json *j)
{
	if (j->buf)
		puts(j->buf);
	hf_json_free(j);
}
