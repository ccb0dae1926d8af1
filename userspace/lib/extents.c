// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/extents.h>

void hf_extents_init(struct hf_extents *t)
{
	memset(t, 0, sizeof(*t));
}

void hf_extents_free(struct hf_extents *t)
{
	free(t->v);
	hf_extents_init(t);
}

/* Last byte, so that an extent may end at the top of the address space. */
static uint64_t last_of(const struct hf_extent *e)
{
	return e->iova + (e->length - 1);
}

int hf_extents_add(struct hf_extents *t, const struct hf_extent *e)
{
	struct hf_extent *last = t->n ? &t->v[t->n - 1] : NULL;
	struct hf_extent *v;
	size_t cap;

	if (!e->length || e->iova + (e->length - 1) < e->iova ||
	    e->phys + (e->length - 1) < e->phys)
		return -EINVAL;
	if (last && e->iova <= last_of(last))
		return -EINVAL;

	if (last && e->iova == last->iova + last->length &&
	    e->phys == last->phys + last->length && e->phys > last->phys) {
		last->length += e->length;
		t->bytes += e->length;
		return 0;
	}
	if (t->n == t->cap) {
		cap = t->cap ? t->cap * 2 : 64;
		v = realloc(t->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n++] = *e;
	t->bytes += e->length;
	return 0;
}

int hf_extents_lookup(const struct hf_extents *t, uint64_t iova,
		      uint64_t *phys, uint64_t *length)
{
	size_t lo = 0, hi = t->n, mid;

	while (lo < hi) {
		const struct hf_extent *e;

		mid = lo + (hi - lo) / 2;
		e = &t->v[mid];
		if (iova < e->iova) {
			hi = mid;
		} else if (iova > last_of(e)) {
			lo = mid + 1;
		} else {
			*phys = e->phys + (iova - e->iova);
			if (length)
				*length = e->length - (iova - e->iova);
			return 0;
		}
	}
	return -ENOENT;
}

static void fill_diff(const struct hf_extents *a, const struct hf_extents *b,
		      uint64_t iova, struct hf_extents_diff *diff)
{
	if (!diff)
		return;
	memset(diff, 0, sizeof(*diff));
	diff->iova = iova;
	diff->mapped_a = !hf_extents_lookup(a, iova, &diff->phys_a, NULL);
	diff->mapped_b = !hf_extents_lookup(b, iova, &diff->phys_b, NULL);
}

bool hf_extents_compare(const struct hf_extents *a, const struct hf_extents *b,
			struct hf_extents_diff *diff)
{
	size_t n = a->n < b->n ? a->n : b->n;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct hf_extent *x = &a->v[i], *y = &b->v[i];
		uint64_t at;

		if (x->iova == y->iova && x->phys == y->phys &&
		    x->length == y->length)
			continue;
		if (x->iova != y->iova)
			at = x->iova < y->iova ? x->iova : y->iova;
		else if (x->phys != y->phys)
			at = x->iova;
		else
			at = x->iova +
			     (x->length < y->length ? x->length : y->length);
		fill_diff(a, b, at, diff);
		return false;
	}
	if (a->n == b->n)
		return true;
	fill_diff(a, b, a->n > n ? a->v[n].iova : b->v[n].iova, diff);
	return false;
}
