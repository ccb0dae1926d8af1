/* SPDX-License-Identifier: GPL-2.0-only */
/* A manifest to test with: two memfds, an iommufd with three IOASes, two NICs. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include <holdfast/manifest.h>

static inline void sample_extent(struct hf_manifest_ioas *io, uint64_t iova,
				 uint64_t phys, uint64_t length)
{
	struct hf_extent e = { iova, phys, length };

	io->has_table = true;
	if (hf_extents_add(&io->table, &e))
		abort();
}

static inline void sample(struct hf_manifest *m)
{
	struct hf_manifest_iommufd *f;
	struct hf_manifest_device *d;

	hf_manifest_init(m);
	strcpy(m->session, "holdfast");
	strcpy(m->release, "7.3.4");
	m->page_size = 4096;
	m->tsc = 0x123456789abcull;
	m->realtime_ns = 1764000000123456789ull;

	m->client = calloc(1, sizeof(*m->client));
	m->n_client = 1;
	strcpy(m->client[0].name, "nic-rx");

	m->memfd = calloc(2, sizeof(*m->memfd));
	m->n_memfd = 2;
	m->memfd[0].token = 1;
	m->memfd[0].clients = 1;
	m->memfd[0].size = 0x200000;
	strcpy(m->memfd[0].name, "ring");
	m->memfd[1].token = 2;
	m->memfd[1].clients = 1;
	m->memfd[1].size = 0x1000000;
	strcpy(m->memfd[1].name, "buffers");

	m->iommufd = calloc(1, sizeof(*m->iommufd));
	m->n_iommufd = 1;
	f = &m->iommufd[0];
	f->token = 3;
	f->clients = 1;
	strcpy(f->name, "iommufd");
	f->device_ids = calloc(2, sizeof(*f->device_ids));
	f->n_device_ids = 2;
	f->device_ids[0] = 2;
	f->device_ids[1] = 5;
	f->ioas = calloc(3, sizeof(*f->ioas));
	f->n_ioas = 3;
	f->ioas[0].id = 1;
	sample_extent(&f->ioas[0], 0x10000, 0x40000000, 0x200000);
	sample_extent(&f->ioas[0], 0x400000, 0x7000, 0x1000);
	sample_extent(&f->ioas[0], 0x401000, 0x123000, 0x3000);
	f->ioas[1].id = 4;
	f->ioas[1].has_table = true;	/* empty */
	f->ioas[2].id = 7;		/* nothing attached */

	m->device = calloc(2, sizeof(*m->device));
	m->n_device = 2;
	d = m->device;
	d[0].token = 4;
	d[0].clients = 1;
	d[0].addr.dev = 2;
	d[0].ids.vendor = 0x8086;
	d[0].ids.device = 0x10c9;
	d[0].ids.revision = 1;
	d[0].ids.class_code = 0x020000;
	d[0].iommufd = 3;
	d[0].device_id = 2;
	d[0].ioas = 1;
	d[1] = d[0];
	d[1].token = 5;
	d[1].addr.bus = 1;
	d[1].device_id = 5;
	d[1].ioas = 0;
}

/* The same with a second driver: names of the first, and a memfd of both */
static inline void sample_two(struct hf_manifest *m)
{
	struct hf_manifest_iommufd *f;

	sample(m);
	m->client = realloc(m->client, 2 * sizeof(*m->client));
	m->n_client = 2;
	memset(&m->client[1], 0, sizeof(m->client[1]));
	strcpy(m->client[1].name, "nvme-io");

	m->memfd = realloc(m->memfd, 4 * sizeof(*m->memfd));
	m->n_memfd = 4;
	m->memfd[2] = m->memfd[0];
	m->memfd[2].token = 6;
	m->memfd[2].clients = 2;
	m->memfd[3] = m->memfd[0];
	m->memfd[3].token = 7;
	m->memfd[3].clients = 3;
	strcpy(m->memfd[3].name, "shared");

	m->iommufd = realloc(m->iommufd, 2 * sizeof(*m->iommufd));
	m->n_iommufd = 2;
	f = &m->iommufd[1];
	memset(f, 0, sizeof(*f));
	f->token = 8;
	f->clients = 2;
	strcpy(f->name, "iommufd");
	f->device_ids = calloc(1, sizeof(*f->device_ids));
	f->n_device_ids = 1;
	f->device_ids[0] = 3;
	f->ioas = calloc(1, sizeof(*f->ioas));
	f->n_ioas = 1;
	f->ioas[0].id = 1;
	sample_extent(&f->ioas[0], 0x10000, 0x50000000, 0x200000);

	m->device = realloc(m->device, 3 * sizeof(*m->device));
	m->n_device = 3;
	m->device[2] = m->device[0];
	m->device[2].token = 9;
	m->device[2].clients = 2;
	m->device[2].addr.dev = 7;
	m->device[2].ids.vendor = 0x1b36;
	m->device[2].ids.device = 0x0010;
	m->device[2].ids.class_code = 0x010802;
	m->device[2].iommufd = 8;
	m->device[2].device_id = 3;
	m->device[2].ioas = 1;
}

/* The index of two sessions with one driver each */
static inline void sample_index(struct hf_manifest *m)
{
	size_t i;

	sample(m);
	hf_extents_free(&m->iommufd[0].ioas[0].table);
	free(m->iommufd[0].ioas);
	free(m->iommufd[0].device_ids);
	m->n_memfd = 0;
	m->n_iommufd = 0;
	m->n_device = 0;
	m->client = realloc(m->client, 2 * sizeof(*m->client));
	m->n_client = 2;
	memset(m->client, 0, 2 * sizeof(*m->client));
	for (i = 0; i < 2; i++) {
		m->client[i].has_owner = true;
		m->client[i].uid = 1000 + (uint32_t)i;
		m->client[i].gid = 100 + (uint32_t)i;
	}
	strcpy(m->client[0].name, "nic-rx");
	strcpy(m->client[0].session, "hf.nic-rx");
	strcpy(m->client[1].name, "nvme-io");
	strcpy(m->client[1].session, "hf.nvme-io");
}

#endif
