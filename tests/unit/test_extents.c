// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include <holdfast/manifest.h>

#include "ktap.h"

#define P 0x1000ull

static int add(struct hf_extents *t, uint64_t iova, uint64_t phys, uint64_t len)
{
	struct hf_extent e = { iova, phys, len };

	return hf_extents_add(t, &e);
}

static void fill(struct hf_extents *t, const struct hf_extent *v, size_t n)
{
	size_t i;

	hf_extents_init(t);
	for (i = 0; i < n; i++)
		CHECK(!hf_extents_add(t, &v[i]));
}

static void merging(void)
{
	struct hf_extents t;

	hf_extents_init(&t);
	CHECK(!add(&t, 1 * P, 10 * P, P));
	CHECK(!add(&t, 2 * P, 11 * P, 2 * P));	/* continues it */
	CHECK(t.n == 1 && t.v[0].length == 3 * P);
	CHECK(!add(&t, 4 * P, 20 * P, P));	/* in IOVA only */
	CHECK(t.n == 2);
	CHECK(!add(&t, 6 * P, 21 * P, P));	/* in PA only */
	CHECK(t.n == 3);
	CHECK(!add(&t, 7 * P, 20 * P, P));	/* backwards */
	CHECK(t.n == 4);
	CHECK(t.bytes == 6 * P);
	hf_extents_free(&t);
	CHECK(!t.v && !t.n && !t.bytes);
}

static void refusing(void)
{
	struct hf_extents t;

	hf_extents_init(&t);
	CHECK(add(&t, 0, 0, 0) == -EINVAL);
	CHECK(add(&t, 0ull - P, 0, 2 * P) == -EINVAL);
	CHECK(add(&t, 0, 0ull - P, 2 * P) == -EINVAL);
	CHECK(!t.n);
	CHECK(!add(&t, 4 * P, 0, 2 * P));
	CHECK(add(&t, 4 * P, 0, P) == -EINVAL);
	CHECK(add(&t, 5 * P, 8 * P, P) == -EINVAL);
	CHECK(add(&t, 0, 0, P) == -EINVAL);
	CHECK(t.n == 1 && t.bytes == 2 * P);
	hf_extents_free(&t);
}

/* The last page of both spaces may be mapped, and nothing comes after it. */
static void top_of_space(void)
{
	struct hf_extents t;
	uint64_t pa, len;

	hf_extents_init(&t);
	CHECK(!add(&t, 0ull - 2 * P, 0ull - 2 * P, 2 * P));
	CHECK(!hf_extents_lookup(&t, UINT64_MAX, &pa, &len));
	CHECK(pa == UINT64_MAX && len == 1);
	CHECK(add(&t, 0, 0, P) == -EINVAL);
	hf_extents_free(&t);

	/* PA 0 does not continue the end of the physical space. */
	hf_extents_init(&t);
	CHECK(!add(&t, P, 0ull - P, P));
	CHECK(!add(&t, 2 * P, 0, P));
	CHECK(t.n == 2);
	hf_extents_free(&t);
}

static void lookup(void)
{
	struct hf_extents t;
	uint64_t i, pa, len;

	hf_extents_init(&t);
	for (i = 0; i < 1000; i++)
		CHECK(!add(&t, 2 * i * P, (5000 - i) * P, P));
	for (i = 0; i < 1000; i++) {
		CHECK(!hf_extents_lookup(&t, 2 * i * P + 5, &pa, &len));
		CHECK(pa == (5000 - i) * P + 5 && len == P - 5);
		CHECK(hf_extents_lookup(&t, (2 * i + 1) * P, &pa, NULL) ==
		      -ENOENT);
	}
	hf_extents_free(&t);
	CHECK(hf_extents_lookup(&t, 0, &pa, NULL) == -ENOENT);
}

static const struct hf_extent base[] = {
	{ 0x10 * P, 0x100 * P, 4 * P },
	{ 0x20 * P, 0x300 * P, 2 * P },
	{ 0x22 * P, 0x200 * P, 2 * P },
};

static void equal(void)
{
	struct hf_extents a, b;
	struct hf_extents_diff d = { .iova = 1 };

	fill(&a, base, 3);
	/* The same, read in other portions */
	hf_extents_init(&b);
	CHECK(!add(&b, 0x10 * P, 0x100 * P, P));
	CHECK(!add(&b, 0x11 * P, 0x101 * P, 3 * P));
	CHECK(!add(&b, 0x20 * P, 0x300 * P, P));
	CHECK(!add(&b, 0x21 * P, 0x301 * P, P));
	CHECK(!add(&b, 0x22 * P, 0x200 * P, 2 * P));
	CHECK(hf_extents_compare(&a, &b, &d));
	CHECK(d.iova == 1);
	CHECK(hf_extents_compare(&a, &a, NULL));
	hf_extents_free(&a);
	CHECK(hf_extents_compare(&a, &a, NULL));
	hf_extents_free(&b);
}

/* Compares @base with @v; the first difference must be as given. */
static void differ(const struct hf_extent *v, size_t n, uint64_t iova,
		   int64_t pa_a, int64_t pa_b)
{
	struct hf_extents a, b;
	struct hf_extents_diff d;

	fill(&a, base, 3);
	fill(&b, v, n);
	if (CHECK(!hf_extents_compare(&a, &b, &d))) {
		CHECK(d.iova == iova);
		CHECK(d.mapped_a == (pa_a >= 0) && d.mapped_b == (pa_b >= 0));
		CHECK(pa_a < 0 || d.phys_a == (uint64_t)pa_a);
		CHECK(pa_b < 0 || d.phys_b == (uint64_t)pa_b);
	}
	/* and the other way round */
	if (CHECK(!hf_extents_compare(&b, &a, &d)))
		CHECK(d.iova == iova && d.mapped_a == (pa_b >= 0));
	CHECK(!hf_extents_compare(&a, &b, NULL));
	hf_extents_free(&a);
	hf_extents_free(&b);
}

static void page_moved(void)
{
	const struct hf_extent v[] = {
		{ 0x10 * P, 0x100 * P, P }, { 0x11 * P, 0x999 * P, P },
		{ 0x12 * P, 0x102 * P, 2 * P }, base[1], base[2],
	};

	differ(v, 5, 0x11 * P, 0x101 * P, 0x999 * P);
}

static void first_page_moved(void)
{
	const struct hf_extent v[] = {
		{ 0x10 * P, 0x999 * P, 4 * P }, base[1], base[2],
	};

	differ(v, 3, 0x10 * P, 0x100 * P, 0x999 * P);
}

static void page_missing(void)
{
	const struct hf_extent v[] = {
		base[0], { 0x20 * P, 0x300 * P, P }, base[2],
	};

	differ(v, 3, 0x21 * P, 0x301 * P, -1);
}

static void extent_missing(void)
{
	differ(base, 2, 0x22 * P, 0x200 * P, -1);
	differ(base + 1, 2, 0x10 * P, 0x100 * P, -1);
	differ(base, 0, 0x10 * P, 0x100 * P, -1);
}

static void extent_added(void)
{
	const struct hf_extent before[] = {
		{ 0x08 * P, 0x50 * P, P }, base[0], base[1], base[2],
	};
	const struct hf_extent after[] = {
		base[0], base[1], base[2], { 0x30 * P, 0x50 * P, P },
	};
	const struct hf_extent longer[] = {
		{ 0x10 * P, 0x100 * P, 5 * P }, base[1], base[2],
	};

	differ(before, 4, 0x08 * P, -1, 0x50 * P);
	differ(after, 4, 0x30 * P, -1, 0x50 * P);
	differ(longer, 3, 0x14 * P, -1, 0x104 * P);
}

/* Against a slow and simple comparison, page by page. */
static void compare_random(void)
{
	unsigned int seed = 1, round, i;

	for (round = 0; round < 3000; round++) {
		struct hf_extents a, b;
		struct hf_extents_diff d = {};
		uint64_t pa[2][16] = {}, want = UINT64_MAX;

		hf_extents_init(&a);
		hf_extents_init(&b);
		for (i = 0; i < 16; i++) {
			pa[0][i] = rand_r(&seed) % 4 ? i + 1 + rand_r(&seed) % 2 : 0;
			pa[1][i] = rand_r(&seed) % 12 ? pa[0][i] :
				   (unsigned int)rand_r(&seed) % 20;
			if (pa[0][i] != pa[1][i] && want == UINT64_MAX)
				want = i * P;
			if (pa[0][i])
				CHECK(!add(&a, i * P, pa[0][i] * P, P));
			if (pa[1][i])
				CHECK(!add(&b, i * P, pa[1][i] * P, P));
		}
		if (hf_extents_compare(&a, &b, &d))
			CHECK(want == UINT64_MAX);
		else
			CHECK(d.iova == want);
		hf_extents_free(&a);
		hf_extents_free(&b);
	}
}

static void digest(void)
{
	uint8_t x[HF_SHA256_SIZE], y[HF_SHA256_SIZE];
	struct hf_extents a, b;

	fill(&a, base, 3);
	fill(&b, base, 2);
	hf_extents_digest(&a, x);
	hf_extents_digest(&b, y);
	CHECK(memcmp(x, y, sizeof(x)));
	CHECK(!hf_extents_add(&b, &base[2]));
	hf_extents_digest(&b, y);
	CHECK(!memcmp(x, y, sizeof(x)));
	hf_extents_free(&a);
	hf_extents_free(&b);
}

static const struct ktap_test tests[] = {
	{ "extents: adjacent ones are joined", merging },
	{ "extents: bad ones are refused", refusing },
	{ "extents: top of the address space", top_of_space },
	{ "extents: look-up", lookup },
	{ "extents: equal tables", equal },
	{ "extents: a page inside moved", page_moved },
	{ "extents: the first page moved", first_page_moved },
	{ "extents: a page is missing", page_missing },
	{ "extents: an extent is missing", extent_missing },
	{ "extents: an extent is new", extent_added },
	{ "extents: 3000 random pairs of tables", compare_random },
	{ "extents: digest", digest },
};

KTAP_MAIN(tests)
