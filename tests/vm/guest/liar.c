// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast-liar - holdfast, with what it reads in a manifest made false
 *
 * Linked from holdfast's own objects, with the reader of manifests wrapped. LIE
 * in the environment says what is made false; without it, it is holdfast. In the
 * same way holdfastd-liar is holdfastd; its keeper has no environment and reads
 * what is there.
 *
 *	damage	a bit is flipped
 *	newer	only a newer reader may read it
 *	session	it is another session's
 *	token	a memfd has a token that the session does not have
 *	size	a memfd had another size
 *	device	the device was another one
 *	phys	a page was at another address
 */
#include <stdlib.h>
#include <string.h>

#include <holdfast/manifest.h>

/* Bytes of the header that hold the versions, little-endian */
#define HEADER_VERSION		8
#define HEADER_COMPATIBLE	12

int __real_hf_manifest_decode(const void *blob, size_t len,
			      struct hf_manifest *m, struct hf_error *err);
int __wrap_hf_manifest_decode(const void *blob, size_t len,
			      struct hf_manifest *m, struct hf_error *err);

static void lie_in_bytes(const char *lie, unsigned char *blob, size_t len)
{
	if (!strcmp(lie, "damage"))
		blob[len / 2] ^= 4;
	if (!strcmp(lie, "newer")) {
		blob[HEADER_VERSION] = HF_MANIFEST_VERSION + 1;
		blob[HEADER_COMPATIBLE] = HF_MANIFEST_VERSION + 1;
		hf_manifest_seal(blob, len);
	}
}

static void lie_in_contents(const char *lie, struct hf_manifest *m)
{
	struct hf_extents *table;

	/* An index, or memory alone */
	if (!m->n_iommufd || !m->n_memfd)
		return;
	table = &m->iommufd[0].ioas[0].table;
	if (!strcmp(lie, "session"))
		strcpy(m->session, "elsewhere");
	if (!strcmp(lie, "token"))
		m->memfd[0].token = 4711;
	if (!strcmp(lie, "size"))
		m->memfd[0].size++;
	if (!strcmp(lie, "device"))
		m->device[0].ids.device ^= 1;
	if (!strcmp(lie, "phys"))
		table->v[table->n / 2].phys ^= 1ull << 36;
}

int __wrap_hf_manifest_decode(const void *blob, size_t len,
			      struct hf_manifest *m, struct hf_error *err)
{
	const char *lie = getenv("LIE");
	unsigned char *copy;
	int ret;

	if (!lie || len < HF_MANIFEST_HEADER_SIZE)
		return __real_hf_manifest_decode(blob, len, m, err);
	copy = malloc(len);
	if (!copy)
		abort();
	memcpy(copy, blob, len);
	lie_in_bytes(lie, copy, len);
	ret = __real_hf_manifest_decode(copy, len, m, err);
	free(copy);
	if (!ret)
		lie_in_contents(lie, m);
	return ret;
}
