// SPDX-License-Identifier: GPL-2.0-only
/* The drivers of a restore: what fails for one, and what becomes of the rest. */
#include <string.h>

#include <holdfast/exitcode.h>
#include <holdfast/restore.h>
#include <holdfast/vfio.h>

bool restore_wanted(const struct restore *r, uint64_t clients)
{
	size_t i;

	for (i = 0; i < r->m.n_client; i++)
		if (clients & hf_manifest_bit(i) && !r->client[i].dropped &&
		    !r->client[i].failed)
			return true;
	return false;
}

bool restore_left(const struct restore *r)
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

void restore_lost(struct restore *r, uint64_t clients, int code)
{
	size_t i;

	for (i = 0; i < r->m.n_client; i++) {
		struct restore_client *c = &r->client[i];

		if (!(clients & hf_manifest_bit(i)) || c->dropped || c->failed)
			continue;
		c->failed = code;
		c->err = *r->err;
		c->why = r->why;
		if (code == EXIT_MISMATCH)
			stop_dma(r, i);
	}
	r->why = 0;
}

int restore_code(const struct restore *r)
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
