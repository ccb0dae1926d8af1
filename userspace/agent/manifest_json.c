// SPDX-License-Identifier: GPL-2.0-only
/* What a manifest lists, as JSON. */
#include <holdfast/manifest.h>

void hf_manifest_json_drivers(struct hf_json *j, const struct hf_manifest *m,
			      uint64_t clients)
{
	size_t i;

	hf_json_array(j, "drivers");
	for (i = 0; i < m->n_client; i++)
		if (clients & hf_manifest_bit(i))
			hf_json_str(j, NULL, m->client[i].name);
	hf_json_array_end(j);
}

void hf_manifest_json_objects(struct hf_json *j, const struct hf_manifest *m)
{
	char bdf[HF_PCI_ADDR_LEN];
	size_t i, k;

	hf_json_array(j, "devices");
	for (i = 0; i < m->n_device; i++) {
		const struct hf_manifest_device *d = &m->device[i];

		hf_json_object(j, NULL);
		if (d->name[0])
			hf_json_str(j, "name", d->name);
		hf_json_str(j, "address", hf_pci_format(&d->addr, bdf));
		hf_json_u64(j, "vendor", d->ids.vendor);
		hf_json_u64(j, "device", d->ids.device);
		hf_json_u64(j, "token", d->token);
		hf_json_u64(j, "iommufd", d->iommufd);
		hf_json_u64(j, "device_id", d->device_id);
		hf_json_u64(j, "ioas", d->ioas);
		hf_manifest_json_drivers(j, m, d->clients);
		hf_json_object_end(j);
	}
	hf_json_array_end(j);
	hf_json_array(j, "iommufds");
	for (i = 0; i < m->n_iommufd; i++) {
		const struct hf_manifest_iommufd *f = &m->iommufd[i];

		hf_json_object(j, NULL);
		hf_json_str(j, "name", f->name);
		hf_json_u64(j, "token", f->token);
		hf_manifest_json_drivers(j, m, f->clients);
		hf_json_array(j, "device_ids");
		for (k = 0; k < f->n_device_ids; k++)
			hf_json_u64(j, NULL, f->device_ids[k]);
		hf_json_array_end(j);
		hf_json_array(j, "ioas");
		for (k = 0; k < f->n_ioas; k++) {
			hf_json_object(j, NULL);
			hf_json_u64(j, "id", f->ioas[k].id);
			hf_json_bool(j, "table", f->ioas[k].has_table);
			hf_json_u64(j, "extents", f->ioas[k].table.n);
			hf_json_u64(j, "bytes", f->ioas[k].table.bytes);
			hf_json_object_end(j);
		}
		hf_json_array_end(j);
		hf_json_object_end(j);
	}
	hf_json_array_end(j);
	hf_json_array(j, "memfds");
	for (i = 0; i < m->n_memfd; i++) {
		hf_json_object(j, NULL);
		hf_json_str(j, "name", m->memfd[i].name);
		hf_json_u64(j, "token", m->memfd[i].token);
		hf_json_u64(j, "bytes", m->memfd[i].size);
		hf_manifest_json_drivers(j, m, m->memfd[i].clients);
		hf_json_object_end(j);
	}
	hf_json_array_end(j);
}
