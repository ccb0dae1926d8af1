// SPDX-License-Identifier: GPL-2.0-only
/* A manifest, which says what the objects of a session are: docs/manifest.md. */
#include "decode.h"

static void show_clients(struct hk_out *o, const struct hf_manifest *m)
{
	char bdf[HF_PCI_ADDR_LEN], names[256];
	size_t i;

	hk_out_list(o, "clients");
	for (i = 0; i < m->n_client; i++) {
		hk_out_row(o);
		hk_out_str(o, "name", m->client[i].name);
		if (m->client[i].has_owner) {
			hk_out_u64(o, "uid", m->client[i].uid);
			hk_out_u64(o, "gid", m->client[i].gid);
		}
		if (*m->client[i].session)
			hk_out_str(o, "session", m->client[i].session);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
	hk_out_list(o, "objects");
	for (i = 0; i < m->n_memfd; i++) {
		hk_out_row(o);
		hk_out_hex(o, "token", m->memfd[i].token);
		hk_out_str(o, "memfd", m->memfd[i].name);
		hk_out_u64(o, "bytes", m->memfd[i].size);
		hk_out_str(o, "of", hf_manifest_names(m, m->memfd[i].clients,
						      names, sizeof(names)));
		hk_out_row_end(o);
	}
	for (i = 0; i < m->n_iommufd; i++) {
		hk_out_row(o);
		hk_out_hex(o, "token", m->iommufd[i].token);
		hk_out_str(o, "iommufd", m->iommufd[i].name);
		hk_out_u64(o, "ioas", m->iommufd[i].n_ioas);
		hk_out_str(o, "of", hf_manifest_names(m, m->iommufd[i].clients,
						      names, sizeof(names)));
		hk_out_row_end(o);
	}
	for (i = 0; i < m->n_device; i++) {
		hk_out_row(o);
		hk_out_hex(o, "token", m->device[i].token);
		hk_out_str(o, "device", hf_pci_format(&m->device[i].addr, bdf));
		if (*m->device[i].name)
			hk_out_str(o, "name", m->device[i].name);
		hk_out_str(o, "of", hf_manifest_names(m, m->device[i].clients,
						      names, sizeof(names)));
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
}

static void show_extents(struct hk_out *o, const struct hf_extents *t)
{
	size_t i;

	hk_out_list(o, "extents");
	for (i = 0; i < t->n; i++) {
		hk_out_row(o);
		hk_out_hex(o, "iova", t->v[i].iova);
		hk_out_hex(o, "phys", t->v[i].phys);
		hk_out_u64(o, "bytes", t->v[i].length);
		hk_out_row_end(o);
	}
	hk_out_list_end(o);
}

static void show_tables(struct hk_out *o, const struct hf_manifest *m,
			bool extents)
{
	size_t i, k;

	hk_out_list(o, "tables");
	for (i = 0; i < m->n_iommufd; i++)
		for (k = 0; k < m->iommufd[i].n_ioas; k++) {
			const struct hf_manifest_ioas *io =
				&m->iommufd[i].ioas[k];

			if (!io->has_table)
				continue;
			hk_out_object(o, NULL);
			hk_out_hex(o, "iommufd", m->iommufd[i].token);
			hk_out_u64(o, "ioas", io->id);
			hk_out_u64(o, "bytes", io->table.bytes);
			hk_out_u64(o, "count", io->table.n);
			if (extents)
				show_extents(o, &io->table);
			hk_out_object_end(o);
		}
	hk_out_list_end(o);
}

void hk_show_manifest(struct hk_out *o, const struct hf_manifest *m,
		      bool extents)
{
	hk_out_str(o, "session", m->session);
	hk_out_str(o, "written_by", m->release);
	hk_out_u64(o, "written_ns", m->realtime_ns);
	show_clients(o, m);
	show_tables(o, m, extents);
}
