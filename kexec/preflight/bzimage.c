// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kho/abi/iommufd.h>
#include <linux/kho/abi/pci.h>
#include <linux/kho/abi/vfio_pci.h>

#include <decode/abi.h>

#include "bzimage.h"

/* Offsets in the file: arch/x86/include/uapi/asm/bootparam.h, setup_header */
enum {
	AT_SETUP_SECTS = 0x1f1, AT_BOOT_FLAG = 0x1fe, AT_HEADER = 0x202,
	AT_VERSION = 0x206, AT_KERNEL_VERSION = 0x20e, AT_LOADFLAGS = 0x211,
	AT_XLOADFLAGS = 0x236, AT_PAYLOAD = 0x248, AT_PAYLOAD_LEN = 0x24c,
	AT_INIT_SIZE = 0x260, HEADER_END = 0x268,
};

#define LOADED_HIGH	1
#define KERNEL_64	1
#define ABOVE_4G	2
#define FIVE_LEVEL	(1 << 5)

static uint32_t get(const struct hk_bzimage *b, size_t at, unsigned int bytes)
{
	const unsigned char *p = b->data;
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | p[at + bytes];
	return v;
}

/* The directory of certificates of a PE file, which such an image is, too */
static bool has_signature(const struct hk_bzimage *b)
{
	uint32_t pe = get(b, 0x3c, 4), at;

	if (get(b, 0, 2) != 0x5a4d || pe > b->len || b->len - pe < 0xb0 ||
	    get(b, pe, 4) != 0x4550 || get(b, pe + 24, 2) != 0x20b)
		return false;
	at = pe + 24 + 112 + 4 * 8;
	return b->len - pe >= at + 8 - pe && get(b, at, 4) && get(b, at + 4, 4);
}

static void read_release(struct hk_bzimage *b)
{
	size_t at = get(b, AT_KERNEL_VERSION, 2) + 0x200, n = 0;
	const char *p = b->data;

	if (at == 0x200)
		return;
	while (at + n < b->len && n + 1 < sizeof(b->release) &&
	       p[at + n] > ' ' && p[at + n] <= '~' && p[at + n] != '/')
		n++;
	memcpy(b->release, p + at, n);
	b->release[n] = '\0';
}

int hk_bzimage_open(struct hk_bzimage *b, const char *path,
		    struct hf_error *err)
{
	uint16_t flags;
	int ret;

	memset(b, 0, sizeof(*b));
	ret = hk_file_read(path, &b->data, &b->len, err);
	if (ret)
		return ret;
	if (b->len < 1024 || b->len < HEADER_END ||
	    get(b, AT_HEADER, 4) != 0x53726448 ||
	    get(b, AT_BOOT_FLAG, 2) != 0xaa55) {
		hk_bzimage_close(b);
		return hf_fail(err, -ENOEXEC, "%s: this is no bzImage", path);
	}
	b->protocol = (uint16_t)get(b, AT_VERSION, 2);
	flags = (uint16_t)get(b, AT_XLOADFLAGS, 2);
	b->loadable = b->protocol >= 0x20c && flags & KERNEL_64 &&
		      flags & ABOVE_4G && get(b, AT_LOADFLAGS, 1) & LOADED_HIGH;
	b->takes_5level = flags & FIVE_LEVEL;
	b->init_size = get(b, AT_INIT_SIZE, 4);
	b->is_signed = has_signature(b);
	read_release(b);
	return 0;
}

void hk_bzimage_close(struct hk_bzimage *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int hk_bzimage_vmlinux(const struct hk_bzimage *b, void **data, size_t *len,
		       struct hf_error *err)
{
	uint64_t setup = get(b, AT_SETUP_SECTS, 1), at, n;

	at = ((setup ? setup : 4) + 1) * 512 + get(b, AT_PAYLOAD, 4);
	n = get(b, AT_PAYLOAD_LEN, 4);
	if (b->protocol < 0x208 || !n || at >= b->len || n > b->len - at)
		return hf_fail(err, -EBADMSG, "its header does not say where the kernel is in it");
	return hk_unpack((const char *)b->data + at, n, data, len, err);
}

static const struct {
	const char *known;
	const char *what;
} abis[HK_ABIS] = {
	[HK_ABI_KHO] = { HK_KHO_COMPATIBLE, "kexec handover" },
	[HK_ABI_LUO] = { HK_LUO_COMPATIBLE, "the Live Update Orchestrator" },
	[HK_ABI_MEMFD] = { HK_MEMFD_COMPATIBLE, "memfds" },
	[HK_ABI_PCI] = { PCI_LUO_FLB_COMPATIBLE, "PCI devices that go on running" },
	[HK_ABI_IOMMUFD] = { IOMMUFD_LUO_FH_COMPATIBLE, "iommufds" },
	[HK_ABI_VFIO] = { VFIO_PCI_LUO_FH_COMPATIBLE, "VFIO devices" },
};

const char *hk_abi_known(enum hk_abi abi)
{
	return abis[abi].known;
}

const char *hk_abi_what(enum hk_abi abi)
{
	return abis[abi].what;
}

bool hk_abi_find(const void *data, size_t len, enum hk_abi abi, char *found,
		 size_t size)
{
	const char *known = abis[abi].known, *p = data, *end = p + len;
	/* Up to the number of the version */
	size_t n = (size_t)(strrchr(known, 'v') - known) + 1;

	found[0] = '\0';
	for (; (p = memmem(p, (size_t)(end - p), known, n)); p++) {
		const char *q = p + n;

		/* Not the end of another: "vfio-pci-..." ends like "pci-..." */
		if (p != data && (isalnum((unsigned char)p[-1]) || p[-1] == '-'))
			continue;
		while (q < end && *q >= '0' && *q <= '9')
			q++;
		if (q == p + n || q == end || *q)
			continue;
		snprintf(found, size, "%s", p);
		if (!strcmp(p, known))
			return true;
	}
	return false;
}
