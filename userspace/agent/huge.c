// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memfds of huge pages: are they mapped for DMA as a whole? The frozen tables say
 * which physical addresses are, the page map where the memfd's pages are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <holdfast/memfd.h>
#include <holdfast/take.h>

#define PAGEMAP_PFN	((1ull << 55) - 1)

/* Physical memory; @end is the first byte behind it */
struct range {
	uint64_t start, end;
};

struct ranges {
	struct range *v;
	size_t n;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Sorted, without those that touch or overlap one another. */
static void join(struct ranges *r)
{
	size_t i, n = 0;

	qsort(r->v, r->n, sizeof(*r->v), compare_ranges);
	for (i = 0; i < r->n; i++) {
		if (n && r->v[i].start <= r->v[n - 1].end) {
			if (r->v[i].end > r->v[n - 1].end)
				r->v[n - 1].end = r->v[i].end;
		} else {
			r->v[n++] = r->v[i];
		}
	}
	r->n = n;
}

/* All that a device can reach */
static int collect(const struct hf_manifest *m, struct ranges *r,
		   struct hf_error *err)
{
	size_t i, k, e, n = 0;

	for (i = 0; i < m->n_iommufd; i++)
		for (k = 0; k < m->iommufd[i].n_ioas; k++)
			n += m->iommufd[i].ioas[k].table.n;
	r->v = malloc((n + 1) * sizeof(*r->v));
	if (!r->v)
		return hf_fail(err, -ENOMEM, "out of memory");
	r->n = 0;
	for (i = 0; i < m->n_iommufd; i++)
		for (k = 0; k < m->iommufd[i].n_ioas; k++) {
			const struct hf_extents *t = &m->iommufd[i].ioas[k].table;

			for (e = 0; e < t->n; e++)
				r->v[r->n++] = (struct range){
					.start = t->v[e].phys,
					.end = t->v[e].phys + t->v[e].length,
				};
		}
	join(r);
	return 0;
}

static int is_in(const void *key, const void *element)
{
	const struct range *k = key, *r = element;

	if (k->start < r->start)
		return -1;
	return k->start >= r->end;
}

static bool reachable(const struct ranges *r, uint64_t start, uint64_t length)
{
	const struct range key = { start, start + length };
	const struct range *in = bsearch(&key, r->v, r->n, sizeof(*r->v), is_in);

	return in && key.end <= in->end;
}

static int check_pages(const struct taken_huge *h, const struct ranges *r,
		       int pagemap, const volatile char *p, uint64_t page,
		       struct hf_error *err)
{
	const uint64_t base = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t at, entry;

	for (at = 0; at < h->size; at += page) {
		/* What is not in this process is in no page map of it */
		(void)p[at];
		if (pread(pagemap, &entry, sizeof(entry),
			  (off_t)(((uintptr_t)p + at) / base * sizeof(entry))) !=
		    sizeof(entry))
			return hf_fail(err, -errno, "/proc/self/pagemap: %s",
				       strerror(errno));
		if (!(entry & PAGEMAP_PFN))
			return hf_fail(err, -EPERM,
				       "memfd %s: it cannot be told where its huge pages are: CAP_SYS_ADMIN is missing",
				       h->name);
		if (!reachable(r, (entry & PAGEMAP_PFN) * base, page))
			return hf_fail(err, -EOPNOTSUPP,
				       "memfd %s: its huge page at offset 0x%llx is not mapped for DMA, and would be lost: only as memory of an IOAS are huge pages carried; map all of it, or close it",
				       h->name, (unsigned long long)at);
	}
	return 0;
}

static int check_one(const struct taken_huge *h, const struct ranges *r,
		     int pagemap, struct hf_error *err)
{
	const uint64_t page = hf_memfd_huge_page(h->fd);
	struct stat st;
	void *p;
	int ret;

	if (!h->size)
		return 0;
	if (fstat(h->fd, &st))
		return hf_fail(err, -errno, "memfd %s: %s", h->name,
			       strerror(errno));
	/* To look at a hole is to fill it; and what is not there is not mapped */
	if ((uint64_t)st.st_blocks * 512 < h->size)
		return hf_fail(err, -EOPNOTSUPP,
			       "memfd %s: only %llu of its %llu bytes are allocated, so not all of it is mapped for DMA: only as memory of an IOAS are huge pages carried; map all of it, or close it",
			       h->name, (unsigned long long)st.st_blocks * 512,
			       (unsigned long long)h->size);
	p = mmap(NULL, h->size, PROT_READ, MAP_SHARED | MAP_NORESERVE, h->fd, 0);
	if (p == MAP_FAILED)
		return hf_fail(err, -errno, "memfd %s: %s", h->name,
			       strerror(errno));
	ret = check_pages(h, r, pagemap, p, page, err);
	munmap(p, h->size);
	return ret;
}

int huge_check(const struct taken *t, struct hf_error *err)
{
	struct ranges r = { NULL, 0 };
	int pagemap, ret;
	size_t i;

	if (!t->n_huge)
		return 0;
	ret = collect(&t->m, &r, err);
	if (ret)
		return ret;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0) {
		ret = hf_fail(err, -errno, "/proc/self/pagemap: %s",
			      strerror(errno));
		goto out;
	}
	for (i = 0; i < t->n_huge && !ret; i++)
		ret = check_one(&t->huge[i], &r, pagemap, err);
	close(pagemap);
out:
	free(r.v);
	return ret;
}
