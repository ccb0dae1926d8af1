// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"
#include "mem.h"

/* Pages kept at most: 1 GiB. Nothing that makes sense comes near it. */
#define MAX_PAGES	(1u << 18)
/* Parts of a core file; more cannot be said without section headers */
#define MAX_PARTS	(PN_XNUM - 1)

struct part {
	uint64_t phys;
	uint64_t len;
	uint64_t offset;
};

struct slot {
	uint64_t phys;
	void *page;
};

struct hk_mem {
	int fd;
	const void *buf;
	const char *why;
	/* Ascending by address */
	struct part *part;
	size_t n_parts;
	/* Open addressing; the size is a power of two */
	struct slot *slot;
	size_t n_slots;
	size_t n_pages;
};

static struct hk_mem *new_mem(int fd)
{
	struct hk_mem *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fd = fd;
	m->why = "it is not in the dump";
	m->n_slots = 1024;
	m->slot = calloc(m->n_slots, sizeof(*m->slot));
	if (m->slot)
		return m;
	free(m);
	return NULL;
}

void hk_mem_close(struct hk_mem *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->n_slots; i++)
		free(m->slot[i].page);
	free(m->slot);
	free(m->part);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

const char *hk_mem_why(const struct hk_mem *m)
{
	return m->why;
}

struct hk_mem *hk_mem_none(const char *why)
{
	struct hk_mem *m = new_mem(-1);

	if (m)
		m->why = why;
	return m;
}

static bool add_part(struct hk_mem *m, uint64_t phys, uint64_t len,
		     uint64_t offset)
{
	struct part *more;

	if (!len || phys + len < phys || offset + len < offset)
		return true;
	if (!(m->n_parts & (m->n_parts - 1))) {
		more = realloc(m->part, (m->n_parts ? m->n_parts * 2 : 1) *
					sizeof(*more));
		if (!more)
			return false;
		m->part = more;
	}
	m->part[m->n_parts++] = (struct part){ phys, len, offset };
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->phys < y->phys ? -1 : x->phys > y->phys;
}

struct hk_mem *hk_mem_buffer(const void *buf, size_t len, uint64_t phys)
{
	struct hk_mem *m = new_mem(-1);

	if (!m)
		return NULL;
	m->buf = buf;
	if (!add_part(m, phys, len, 0)) {
		hk_mem_close(m);
		return NULL;
	}
	return m;
}

/*
 * The loadable parts that say which physical address they have. /proc/kcore has
 * others, too, whose address is all ones.
 */
static int read_headers(struct hk_mem *m)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	unsigned int i;

	if (pread(m->fd, &eh, sizeof(eh), 0) != sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_type != ET_CORE ||
	    eh.e_phentsize != sizeof(ph) ||
	    eh.e_phnum > MAX_PARTS || eh.e_phoff > INT64_MAX - eh.e_phnum * sizeof(ph))
		return -ENOEXEC;
	for (i = 0; i < eh.e_phnum; i++) {
		if (pread(m->fd, &ph, sizeof(ph),
			  (off_t)(eh.e_phoff + i * sizeof(ph))) != sizeof(ph))
			return -EBADMSG;
		if (ph.p_type != PT_LOAD || ph.p_offset > INT64_MAX)
			continue;
		if (!add_part(m, ph.p_paddr, ph.p_filesz, ph.p_offset))
			return -ENOMEM;
	}
	if (m->n_parts)
		qsort(m->part, m->n_parts, sizeof(*m->part), by_address);
	return 0;
}

struct hk_mem *hk_mem_core(const char *path, struct hf_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	struct hk_mem *m;

	if (fd < 0) {
		hf_fail(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	m = new_mem(fd);
	if (!m) {
		close(fd);
		hf_fail(err, -ENOMEM, "out of memory");
		return NULL;
	}
	ret = read_headers(m);
	if (!ret)
		return m;
	hf_fail(err, ret, "%s: %s", path, ret == -ENOMEM ? "out of memory" :
		ret == -ENOEXEC ? "this is no ELF core file of a 64-bit little-endian machine" :
		"the file is shorter than its headers say");
	hk_mem_close(m);
	return NULL;
}

/* /dev/mem gives whatever is at an address, devices included. */
static bool find_ram(struct hk_mem *m, const char *root)
{
	unsigned long long first, last;
	char path[PATH_MAX], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/iomem", root);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		int at = 0;

		/* Only the outermost, which begin in the first column */
		if (line[0] == ' ' ||
		    sscanf(line, "%llx-%llx : %n", &first, &last, &at) != 2 ||
		    !at || strcmp(line + at, "System RAM\n") || last <= first)
			continue;
		if (!add_part(m, first, last - first + 1, first))
			break;
	}
	fclose(f);
	if (m->n_parts)
		qsort(m->part, m->n_parts, sizeof(*m->part), by_address);
	return m->n_parts;
}

struct hk_mem *hk_mem_live(const char *root)
{
	char path[PATH_MAX];
	struct hk_mem *m;

	snprintf(path, sizeof(path), "%s/proc/kcore", root);
	m = hk_mem_core(path, NULL);
	if (m) {
		m->why = "/proc/kcore does not have it";
		return m;
	}
	snprintf(path, sizeof(path), "%s/dev/mem", root);
	m = new_mem(open(path, O_RDONLY | O_CLOEXEC));
	if (!m)
		return NULL;
	m->why = "/dev/mem refuses it (CONFIG_STRICT_DEVMEM or lockdown), and there is no /proc/kcore";
	if (m->fd < 0)
		m->why = "neither /proc/kcore nor /dev/mem can be opened: they need root, a kernel that has them, and no lockdown";
	else if (!find_ram(m, root))
		m->why = "/proc/iomem does not tell where memory is: root is needed";
	return m;
}

bool hk_mem_next(const struct hk_mem *m, uint64_t *phys)
{
	size_t i;

	for (i = 0; i < m->n_parts; i++) {
		const struct part *p = &m->part[i];
		uint64_t first = (p->phys + HK_PAGE - 1) & ~(HK_PAGE - 1);

		if (first < *phys)
			first = *phys;
		if (first >= p->phys && first - p->phys < p->len &&
		    p->len - (first - p->phys) >= HK_PAGE) {
			*phys = first;
			return true;
		}
	}
	return false;
}

static bool fetch(const struct hk_mem *m, uint64_t phys, void *buf, size_t len)
{
	size_t low = 0, high = m->n_parts, got;
	const struct part *p;
	ssize_t n;

	/* The last that begins at or below it */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->part[mid].phys <= phys)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	p = &m->part[low - 1];
	if (phys - p->phys >= p->len || p->len - (phys - p->phys) < len)
		return false;
	if (m->buf) {
		memcpy(buf, (const char *)m->buf + p->offset + (phys - p->phys),
		       len);
		return true;
	}
	for (got = 0; got < len; got += (size_t)n) {
		n = pread(m->fd, (char *)buf + got, len - got,
			  (off_t)(p->offset + (phys - p->phys) + got));
		if (n <= 0)
			return false;
	}
	return true;
}

static size_t find_slot(const struct slot *slot, size_t n, uint64_t phys)
{
	size_t i = (phys >> HK_PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 20 &
		   (n - 1);

	while (slot[i].page && slot[i].phys != phys)
		i = (i + 1) & (n - 1);
	return i;
}

static bool grow(struct hk_mem *m)
{
	struct slot *more;
	size_t i, n = m->n_slots * 2;

	if (m->n_pages < m->n_slots / 2)
		return true;
	more = calloc(n, sizeof(*more));
	if (!more)
		return false;
	for (i = 0; i < m->n_slots; i++)
		if (m->slot[i].page)
			more[find_slot(more, n, m->slot[i].phys)] = m->slot[i];
	free(m->slot);
	m->slot = more;
	m->n_slots = n;
	return true;
}

const void *hk_mem_page(struct hk_mem *m, uint64_t phys)
{
	struct slot *s;
	void *page;

	if (phys % HK_PAGE)
		return NULL;
	s = &m->slot[find_slot(m->slot, m->n_slots, phys)];
	if (s->page)
		return s->page;
	if (m->n_pages == MAX_PAGES || !grow(m))
		return NULL;
	page = malloc(HK_PAGE);
	if (!page)
		return NULL;
	if (!fetch(m, phys, page, HK_PAGE)) {
		free(page);
		return NULL;
	}
	s = &m->slot[find_slot(m->slot, m->n_slots, phys)];
	s->phys = phys;
	s->page = page;
	m->n_pages++;
	return page;
}

bool hk_mem_peek(struct hk_mem *m, uint64_t phys, void *buf, size_t len)
{
	uint64_t in = phys % HK_PAGE;
	const struct slot *s;

	if (len > HK_PAGE - in)
		return false;
	s = &m->slot[find_slot(m->slot, m->n_slots, phys - in)];
	if (!s->page)
		return fetch(m, phys, buf, len);
	memcpy(buf, (char *)s->page + in, len);
	return true;
}

bool hk_mem_read(struct hk_mem *m, uint64_t phys, void *buf, size_t len)
{
	while (len) {
		uint64_t in = phys % HK_PAGE;
		size_t n = HK_PAGE - in < len ? HK_PAGE - in : len;
		const char *page = hk_mem_page(m, phys - in);

		if (!page)
			return false;
		memcpy(buf, page + in, n);
		buf = (char *)buf + n;
		len -= n;
		phys += n;
	}
	return true;
}

static int by_page(const void *a, const void *b)
{
	const struct slot *const *x = a, *const *y = b;

	return (*x)->phys < (*y)->phys ? -1 : (*x)->phys > (*y)->phys;
}

static int write_core(const struct slot *const *page, size_t n, FILE *f,
		      struct hf_error *err)
{
	Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
	};
	uint64_t offset;
	size_t i, end, runs = 0;

	for (i = 0; i < n; i++)
		if (!i || page[i]->phys != page[i - 1]->phys + HK_PAGE)
			runs++;
	if (runs > MAX_PARTS)
		return hf_fail(err, -EFBIG,
			       "what was read is in %zu pieces, a core file has room for %d",
			       runs, MAX_PARTS);
	eh.e_phnum = (Elf64_Half)runs;
	fwrite(&eh, sizeof(eh), 1, f);
	offset = sizeof(eh) + runs * sizeof(Elf64_Phdr);
	for (i = 0; i < n; i = end) {
		Elf64_Phdr ph = {
			.p_type = PT_LOAD,
			.p_flags = PF_R,
			.p_offset = offset,
			.p_paddr = page[i]->phys,
		};

		for (end = i + 1; end < n; end++)
			if (page[end]->phys != page[end - 1]->phys + HK_PAGE)
				break;
		ph.p_filesz = (end - i) * HK_PAGE;
		ph.p_memsz = ph.p_filesz;
		offset += ph.p_filesz;
		fwrite(&ph, sizeof(ph), 1, f);
	}
	for (i = 0; i < n; i++)
		fwrite(page[i]->page, HK_PAGE, 1, f);
	return 0;
}

int hk_mem_save(const struct hk_mem *m, const char *path, struct hf_error *err)
{
	const struct slot **page;
	size_t i, n = 0;
	int fd, ret;
	FILE *f;

	/* Whatever a driver had in it: nobody else may read it */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	page = calloc(m->n_pages + 1, sizeof(*page));
	if (!page) {
		fclose(f);
		return hf_fail(err, -ENOMEM, "out of memory");
	}
	for (i = 0; i < m->n_slots; i++)
		if (m->slot[i].page)
			page[n++] = &m->slot[i];
	qsort(page, n, sizeof(*page), by_page);
	ret = write_core(page, n, f, err);
	free(page);
	if (ferror(f) && !ret)
		ret = hf_fail(err, -EIO, "%s: %s", path, strerror(errno));
	if (fclose(f) && !ret)
		ret = hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	return ret;
}
