// SPDX-License-Identifier: GPL-2.0-only
/* The next kernel: its image, its command line, and room for it. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <holdfast/cmdline.h>

#include <decode/abi.h>
#include <decode/decode.h>
#include <root.h>

#include "bzimage.h"
#include "preflight.h"

/* --- image ------------------------------------------------------------------ */

/* Where a handler may be if it is in a module; the suffix says how it is packed */
static const struct {
	enum hk_abi abi;
	const char *file;
} modules[] = {
	{ HK_ABI_IOMMUFD, "kernel/drivers/iommu/iommufd/iommufd.ko" },
	{ HK_ABI_VFIO, "kernel/drivers/vfio/pci/vfio-pci-core.ko" },
};

static bool in_module(const char *dir, const char *file, enum hk_abi abi,
		      char *found, size_t size)
{
	static const char *const suffix[] = { "", ".zst", ".xz", ".gz" };
	const char *base = strrchr(file, '/') + 1;
	void *packed, *data;
	char path[PATH_MAX];
	size_t i, n, len;
	bool known;

	/* Below DIR as depmod has it, or all in one folder */
	for (i = 0; i < 2 * sizeof(suffix) / sizeof(suffix[0]); i++) {
		snprintf(path, sizeof(path), "%.3900s/%s%s", dir,
			 i % 2 ? base : file, suffix[i / 2]);
		if (hk_file_read(path, &packed, &n, NULL))
			continue;
		if (hk_unpack(packed, n, &data, &len, NULL)) {
			free(packed);
			continue;
		}
		known = hk_abi_find(data, len, abi, found, size);
		free(packed);
		free(data);
		return known;
	}
	return false;
}

static void check_abi(const struct hk_preflight *q, const struct hk_bzimage *b,
		      const void *vmlinux, size_t len, enum hk_abi abi,
		      struct hk_report *r)
{
	char dir[PATH_MAX], found[64];
	size_t i;

	if (hk_abi_find(vmlinux, len, abi, found, sizeof(found)))
		return;
	if (q->modules)
		snprintf(dir, sizeof(dir), "%.4000s", q->modules);
	else
		snprintf(dir, sizeof(dir), "%.3900s/lib/modules/%s", q->root,
			 b->release);
	for (i = 0; !*found && i < sizeof(modules) / sizeof(modules[0]); i++)
		if (modules[i].abi == abi &&
		    in_module(dir, modules[i].file, abi, found, sizeof(found)))
			return;
	if (*found)
		hk_found(r, HK_ERROR, "abi-version",
			 "update to a kernel with the same version, or by a reboot",
			 "the next kernel takes over %s as \"%s\", this one hands them over as \"%s\"",
			 hk_abi_what(abi), found, hk_abi_known(abi));
	else
		hk_found(r, HK_ERROR, "no-handler",
			 "take a kernel with the holdfast series and kernel/config/holdfast.config; name its modules with --modules DIR if they are elsewhere",
			 "the next kernel cannot take over %s: neither %s nor modules in %s know \"%s\"",
			 hk_abi_what(abi), q->image.kernel, dir,
			 hk_abi_known(abi));
}

static void check_loadable(const struct hk_preflight *q,
			   const struct hk_bzimage *b, struct hk_report *r)
{
	char val[4096];

	if (!b->loadable)
		hk_found(r, HK_ERROR, "image-old",
			 "take a bzImage of a 64-bit, relocatable kernel",
			 "%s cannot be loaded by file: boot protocol %u.%u, or not for 64 bits",
			 q->image.kernel, b->protocol >> 8, b->protocol & 255);
	hk_root_read(q->root, "/proc/cpuinfo", val, sizeof(val));
	if (!b->takes_5level && strstr(val, " la57") &&
	    hk_root_read(q->root, "/proc/cmdline", val, sizeof(val)) >= 0 &&
	    !hf_cmdline_get(val, "no5lvl", val, sizeof(val)))
		hk_found(r, HK_ERROR, "image-5level",
			 "take a kernel of 4.14 or later",
			 "%s cannot run with page tables of five levels, which this kernel has",
			 q->image.kernel);
	if (!b->is_signed &&
	    hk_root_read(q->root, "/sys/kernel/security/lockdown", val,
			 sizeof(val)) > 0 && !strstr(val, "[none]"))
		hk_found(r, HK_ERROR, "image-unsigned",
			 "sign it with a key that this kernel trusts",
			 "%s is not signed, and this kernel is locked down: it will not load it",
			 q->image.kernel);
}

bool hk_check_image(const struct hk_preflight *q, struct hk_bzimage *b,
		    struct hk_report *r)
{
	struct hf_error err;
	void *vmlinux;
	char found[64];
	size_t len, i;
	struct stat st;
	bool protected;
	int ret;

	if (q->image.initrd && (stat(q->image.initrd, &st) ||
				!S_ISREG(st.st_mode) || !st.st_size))
		hk_found(r, HK_ERROR, "initrd-missing", "name another file",
			 "the initramfs %s is not there, or is no file, or empty",
			 q->image.initrd);
	if (hk_bzimage_open(b, q->image.kernel, &err)) {
		hk_found(r, HK_ERROR, "image-unreadable",
			 "name a bzImage, such as /boot/vmlinuz-RELEASE", "%s",
			 err.text);
		return true;
	}
	check_loadable(q, b, r);
	ret = hk_bzimage_vmlinux(b, &vmlinux, &len, &err);
	if (ret == -EOPNOTSUPP)
		hk_found(r, HK_WARNING, "image-packed",
			 "pack it in another way (CONFIG_KERNEL_ZSTD), or make sure yourself that it has the holdfast series",
			 "%s: it cannot be seen whether it takes over what is handed to it: %s",
			 q->image.kernel, err.text);
	else if (ret)
		hk_found(r, HK_ERROR, "image-damaged", "install it again",
			 "%s: %s", q->image.kernel, err.text);
	if (ret)
		return true;
	for (i = 0; i < HK_ABIS; i++)
		check_abi(q, b, vmlinux, len, i, r);
	protected = hk_abi_find(vmlinux, len, HK_ABI_PCI, found, sizeof(found));
	/* The value that kho= is compared with is next to nothing else. */
	if (hk_abi_find(vmlinux, len, HK_ABI_KHO, found, sizeof(found)) &&
	    !memmem(vmlinux, len, "nothing was handed over", 23))
		hk_found(r, HK_WARNING, "no-require",
			 "take a kernel with the holdfast series",
			 "the next kernel does not know kho=require: it boots on if nothing reaches it, and devices write to memory it uses");
	free(vmlinux);
	return protected;
}

/* --- command line ----------------------------------------------------------- */

/* All values of a parameter, in order */
static void values(const char *line, const char *name, char *buf, size_t len)
{
	struct hf_cmdline_word w;
	size_t n = 0;
	char one[512], word[600];

	buf[0] = '\0';
	while (hf_cmdline_next(&line, &w) && !hf_cmdline_is_end(&w)) {
		snprintf(word, sizeof(word), "%.*s",
			 w.len < sizeof(word) ? (int)w.len : 599, w.text);
		if (hf_cmdline_get(word, name, one, sizeof(one)) && n < len)
			n += (size_t)snprintf(buf + n, len - n, "%s%s",
					      n ? " " : "", one);
	}
}

void hk_check_cmdline(const struct hk_preflight *q, struct hk_report *r)
{
	static const struct {
		const char *name;
		enum hk_level level;
		const char *why;
	} same[] = {
		{ "iommu", HK_ERROR, "an IOMMU that is switched on stops the DMA of devices that run without" },
		{ "intel_iommu", HK_ERROR, "an IOMMU that is switched on stops the DMA of devices that run without" },
		{ "amd_iommu", HK_ERROR, "an IOMMU that is switched on stops the DMA of devices that run without" },
		{ "pci", HK_WARNING, "buses may get other numbers, and devices other addresses" },
		{ "mem", HK_ERROR, "memory that is handed over may be missing" },
		{ "memmap", HK_ERROR, "memory that is handed over may be missing" },
		{ "kho_scratch", HK_WARNING, "the update after this one has another scratch" },
	};
	char line[HK_PREFLIGHT_LINE], now[512], then[512], *next;
	struct hf_error err;
	size_t i;

	next = hk_image_cmdline(&q->image, q->root, &err);
	if (!next) {
		hk_found(r, HK_ERROR, "cmdline", "change --append, or the command line of this kernel",
			 "%s", err.text);
		return;
	}
	hk_root_read(q->root, "/proc/cmdline", line, sizeof(line));
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		values(line, same[i].name, now, sizeof(now));
		values(next, same[i].name, then, sizeof(then));
		if (strcmp(now, then))
			hk_found(r, same[i].level, "cmdline-differs",
				 "give the next kernel what this one has, or do this change by a reboot",
				 "%s=\"%s\" is \"%s\" in the next kernel: %s",
				 same[i].name, now, then, same[i].why);
	}
	free(next);
}

/* --- scratch ---------------------------------------------------------------- */

/* Boot parameters, purgatory: two pieces, some pages each */
#define SMALL_PIECES	(1ull << 20)
/* What the early boot takes per page of memory: struct page */
#define PER_PAGE	64
/* And for itself, whatever the size of memory: hash tables, firmware tables */
#define EARLY		(16ull << 20)
/* Noting a range: an entry in an array that is doubled, old and new at a time */
#define PER_RANGE	(32 * 3)

static uint64_t total_memory(const struct hk_preflight *q)
{
	char val[128];
	unsigned long long kib;

	hk_root_read(q->root, "/proc/meminfo", val, sizeof(val));
	return sscanf(val, "MemTotal: %llu kB", &kib) == 1 ? kib << 10 : 0;
}

/* Takes a piece from the smallest area that has room for it. */
static bool place(struct hk_range *area, size_t n, uint64_t len)
{
	struct hk_range *best = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (area[i].len >= len && (!best || area[i].len < best->len))
			best = &area[i];
	if (!best)
		return false;
	best->len -= len;
	return true;
}

static uint64_t sum(const struct hk_range *area, size_t n)
{
	uint64_t all = 0;

	while (n--)
		all += area[n].len;
	return all;
}

static void check_room(const struct hk_preflight *q, const struct hk_bzimage *b,
		       struct hk_blobs *kho, struct hk_report *r)
{
	const char *cure = "boot this kernel with more: kho_scratch=LOW,GLOBAL,PERNODE";
	uint64_t all = sum(kho->scratch, kho->n_scratch), left, need;
	struct stat st;

	if (b->init_size && !place(kho->scratch, kho->n_scratch, b->init_size)) {
		hk_found(r, HK_ERROR, "scratch-small", cure,
			 "the next kernel needs %u KiB in one piece, and no area of scratch (%" PRIu64 " KiB in all) has that",
			 b->init_size >> 10, all >> 10);
		return;
	}
	if (q->image.initrd && !stat(q->image.initrd, &st) &&
	    !place(kho->scratch, kho->n_scratch, (uint64_t)st.st_size)) {
		hk_found(r, HK_ERROR, "scratch-small", cure,
			 "the initramfs needs %lld KiB in one piece, and no area of scratch (%" PRIu64 " KiB in all) has that beside the kernel",
			 (long long)st.st_size >> 10, all >> 10);
		return;
	}
	left = sum(kho->scratch, kho->n_scratch);
	need = SMALL_PIECES + EARLY + total_memory(q) / HK_PAGE * PER_PAGE;
	if (left < need)
		hk_found(r, HK_WARNING, "scratch-tight", cure,
			 "%" PRIu64 " KiB of scratch are left for the next kernel to boot in, it may need %" PRIu64,
			 left >> 10, need >> 10);
	if (left < q->extents * PER_RANGE)
		hk_found(r, HK_ERROR, "scratch-ranges",
			 "use larger pieces of memory (huge pages), or boot this kernel with more: kho_scratch=LOW,GLOBAL,PERNODE",
			 "the memory of the drivers is in %" PRIu64 " pieces: noting them takes up to %" PRIu64 " KiB of scratch, %" PRIu64 " are left",
			 q->extents, q->extents * PER_RANGE >> 10, left >> 10);
}

void hk_check_scratch(const struct hk_preflight *q, const struct hk_bzimage *b,
		      struct hk_report *r)
{
	struct hk_blobs kho = {};
	char path[PATH_MAX];
	struct hf_error err;

	/* Then that was found already */
	if (!hk_root_has(q->root, "/dev/liveupdate"))
		return;
	snprintf(path, sizeof(path), "%.4000s/sys/kernel/debug/kho/out", q->root);
	if (hk_blobs_read(&kho, path, &err) || !kho.n_scratch)
		hk_found(r, HK_WARNING, "scratch-unknown",
			 "mount -t debugfs none /sys/kernel/debug, in a kernel with CONFIG_KEXEC_HANDOVER_DEBUGFS",
			 "nobody tells how large scratch is, where the next kernel is loaded: it was not compared with what it needs");
	else
		check_room(q, b, &kho, r);
	hk_blobs_free(&kho);
}
