// SPDX-License-Identifier: GPL-2.0-only
/*
 * blob - look at, or damage, what is kept for the next kernel
 *
 *	blob KIND				where it is and how long
 *	blob KIND OFFSET=VALUE[:BYTES]... [--checksum]
 *
 * KIND is iommufd, vfio-pci or pci. What is kept for an iommufd, a device and the
 * list of running functions (include/linux/kho/abi/) begins with a magic number
 * at the start of a page; it is looked for in all of memory through /dev/mem,
 * and must be there once. Numbers are written as they are given (4 bytes if not
 * said otherwise), and with --checksum the checksum is made right again: what a
 * kernel of another version might have left.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE		4096ull
#define BLOB_MAX	(4ul << 20)
#define BLOCK		(1ul << 20)

struct kind {
	const char *name, *magic;
	/* Offsets: length of all of it, checksum; and widths in bytes */
	size_t size_at, size_width, sum_at, sum_width;
	uint64_t (*sum)(const unsigned char *p, size_t n);
};

static uint64_t number(const unsigned char *p, size_t width)
{
	uint64_t n = 0;

	memcpy(&n, p, width);
	return n;
}

static uint32_t crc32(const unsigned char *p, size_t n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static uint64_t sum_vfio_pci(const unsigned char *p, size_t n)
{
	return crc32(p, n);
}

/* Header and entries in use, not the whole block */
static uint64_t sum_pci(const unsigned char *p, size_t n)
{
	size_t used = 24 + 28 * number(p + 16, 4);

	return crc32(p, used < n ? used : n);
}

#define P1 0x9e3779b185ebca87ull
#define P2 0xc2b2ae3d27d4eb4full
#define P3 0x165667b19e3779f9ull
#define P4 0x85ebca77c2b2ae63ull
#define P5 0x27d4eb2f165667c5ull

static uint64_t rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static uint64_t xx_round(uint64_t acc, uint64_t in)
{
	return rotate(acc + in * P2, 31) * P1;
}

/* xxHash, 64 bit, seed 0 */
static uint64_t xxh64(const unsigned char *p, size_t n)
{
	uint64_t v[4] = { P1 + P2, P2, 0, -P1 }, h = P5;
	const unsigned char *end = p + n;

	if (n >= 32) {
		for (; end - p >= 32; p += 32)
			for (int i = 0; i < 4; i++)
				v[i] = xx_round(v[i], number(p + 8 * i, 8));
		h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) +
		    rotate(v[3], 18);
		for (int i = 0; i < 4; i++)
			h = (h ^ xx_round(0, v[i])) * P1 + P4;
	}
	h += n;
	for (; end - p >= 8; p += 8)
		h = rotate(h ^ xx_round(0, number(p, 8)), 27) * P1 + P4;
	if (end - p >= 4) {
		h = rotate(h ^ number(p, 4) * P1, 23) * P2 + P3;
		p += 4;
	}
	while (p < end)
		h = rotate(h ^ *p++ * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}

static const struct kind kinds[] = {
	{ "iommufd", "iommufdS", 16, 8, 24, 8, xxh64 },
	{ "vfio-pci", "vfpciser", 12, 4, 16, 4, sum_vfio_pci },
	{ "pci", "vpciser", 12, 4, 20, 4, sum_pci },
	{ }
};

static int mem = -1;

static void read_mem(uint64_t phys, void *p, size_t n)
{
	if (pread(mem, p, n, (off_t)phys) != (ssize_t)n)
		err(1, "/dev/mem at %#llx", (unsigned long long)phys);
}

static void write_mem(uint64_t phys, const void *p, size_t n)
{
	if (pwrite(mem, p, n, (off_t)phys) != (ssize_t)n)
		err(1, "/dev/mem at %#llx", (unsigned long long)phys);
}

/* Right length, right checksum: not a page that was left lying about */
static bool is_blob(const struct kind *kind, uint64_t phys)
{
	static unsigned char p[BLOB_MAX];
	uint64_t size, sum;

	read_mem(phys, p, PAGE);
	size = number(p + kind->size_at, kind->size_width);
	if (size < kind->sum_at + kind->sum_width || size > sizeof(p))
		return false;
	read_mem(phys, p, size);
	sum = number(p + kind->sum_at, kind->sum_width);
	memset(p + kind->sum_at, 0, kind->sum_width);
	return kind->sum(p, size) == sum;
}

static unsigned int search_range(const struct kind *kind, uint64_t from,
				 uint64_t to, uint64_t *found)
{
	static unsigned char block[BLOCK];
	char magic[8] = "";
	unsigned int n = 0;

	memcpy(magic, kind->magic, strlen(kind->magic));
	for (uint64_t at = from; at < to; at += BLOCK) {
		size_t size = to - at < BLOCK ? to - at : BLOCK;

		read_mem(at, block, size);
		for (size_t i = 0; i + PAGE <= size; i += PAGE) {
			if (memcmp(block + i, magic, sizeof(magic)) ||
			    !is_blob(kind, at + i))
				continue;
			*found = at + i;
			n++;
		}
	}
	return n;
}

static uint64_t search(const struct kind *kind)
{
	FILE *f = fopen("/proc/iomem", "re");
	unsigned long long from, to;
	uint64_t found = 0;
	unsigned int n = 0;
	char line[128];

	if (!f)
		err(1, "/proc/iomem");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx", &from, &to) != 2 ||
		    line[0] == ' ' || !strstr(line, "System RAM"))
			continue;
		from = (from + PAGE - 1) / PAGE * PAGE;
		n += search_range(kind, from, (to + 1) / PAGE * PAGE, &found);
	}
	fclose(f);
	if (n != 1)
		errx(1, "%u of %s in memory, not one", n, kind->name);
	return found;
}

/* OFFSET=VALUE[:BYTES] */
static void change(uint64_t phys, const char *text)
{
	unsigned long long offset, value;
	unsigned int width = 4;
	char *end;

	offset = strtoull(text, &end, 0);
	if (*end != '=')
		errx(1, "%s: not OFFSET=VALUE[:BYTES]", text);
	value = strtoull(end + 1, &end, 0);
	if (*end == ':')
		width = (unsigned int)strtoul(end + 1, &end, 0);
	if (*end || !width || width > 8 || offset > BLOB_MAX)
		errx(1, "%s: not OFFSET=VALUE[:BYTES]", text);
	write_mem(phys + offset, &value, width);
}

static void make_right(const struct kind *kind, uint64_t phys, uint64_t size)
{
	unsigned char *p = calloc(1, size);
	uint64_t sum;

	if (!p)
		errx(1, "no memory");
	read_mem(phys, p, size);
	memset(p + kind->sum_at, 0, kind->sum_width);
	sum = kind->sum(p, size);
	write_mem(phys + kind->sum_at, &sum, kind->sum_width);
	free(p);
}

int main(int argc, char **argv)
{
	const struct kind *kind = kinds;
	unsigned char head[64];
	bool right = false;
	uint64_t phys, size;

	while (kind->name && (argc < 2 || strcmp(kind->name, argv[1])))
		kind++;
	if (!kind->name) {
		fputs("usage: blob iommufd|vfio-pci|pci [OFFSET=VALUE[:BYTES]...] [--checksum]\n",
		      stderr);
		return 2;
	}
	mem = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (mem < 0)
		err(1, "/dev/mem");
	phys = search(kind);
	read_mem(phys, head, sizeof(head));
	size = number(head + kind->size_at, kind->size_width);
	printf("%s: %llu bytes at %#llx\n", kind->name,
	       (unsigned long long)size, (unsigned long long)phys);
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--checksum"))
			right = true;
		else
			change(phys, argv[i]);
	}
	if (right)
		make_right(kind, phys, size);
	return 0;
}
