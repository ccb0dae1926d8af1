// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `holdfast inspect` makes of the same: it has a decoder of its own, as what
 * it looks at may be of any kernel. Here it is shown the memory the kernel's
 * decoder would have found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "decode.h"
#include "mem.h"
#include "out.h"
#include "second.h"

bool second_accepts(const struct second_memory *m)
{
	static FILE *nowhere;
	static unsigned char *image;
	struct hk_out out = {};
	struct hk_decode d = { .out = &out, .ranges = true };
	bool good;

	if (!image) {
		image = calloc(1, m->room);
		nowhere = fopen("/dev/null", "w");
		if (!image || !nowhere)
			abort();
	}
	if (m->block_len > m->room || m->phys > m->room - m->block_len)
		abort();
	/* Where they overlap none of both accepts it. */
	memcpy(image + m->chunks, m->entries, m->entries_len);
	memcpy(image + m->phys, m->block, m->block_len);

	out.text = nowhere;
	d.mem = hk_mem_buffer(image, m->room, 0);
	if (!d.mem)
		abort();
	hk_decode_iommufd(&d, m->phys);
	good = !d.n_problems;
	hk_decode_free(&d);
	hk_mem_close(d.mem);

	memset(image + m->phys, 0, m->block_len);
	memset(image + m->chunks, 0, m->entries_len);
	return good;
}
