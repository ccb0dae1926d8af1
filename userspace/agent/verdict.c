// SPDX-License-Identifier: GPL-2.0-only
/* Comparing the tables of live iommufds with those of a manifest (I3). */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <holdfast/iommu.h>
#include <holdfast/verdict.h>

bool verdict_good(const struct verdict *v)
{
	return v->pa_equal && v->ids_equal;
}

/* Only the first difference is put into words. */
static void differs(struct verdict *v, bool *flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void differs(struct verdict *v, bool *flag, const char *fmt, ...)
{
	va_list ap;

	*flag = false;
	if (v->text[0])
		return;
	va_start(ap, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, ap);
	va_end(ap);
}

static void name_diff(struct verdict *v, uint32_t ioas,
		      const struct hf_extents_diff *d)
{
	if (!d->mapped_b)
		differs(v, &v->pa_equal,
			"IOAS %u: IOVA 0x%" PRIx64 " was mapped to 0x%" PRIx64 " and is not mapped now",
			ioas, d->iova, d->phys_a);
	else if (!d->mapped_a)
		differs(v, &v->pa_equal,
			"IOAS %u: IOVA 0x%" PRIx64 " was not mapped and is mapped to 0x%" PRIx64 " now",
			ioas, d->iova, d->phys_b);
	else
		differs(v, &v->pa_equal,
			"IOAS %u: IOVA 0x%" PRIx64 " was mapped to 0x%" PRIx64 " and is mapped to 0x%" PRIx64 " now",
			ioas, d->iova, d->phys_a, d->phys_b);
}

static void compare_ids(struct verdict *v, const char *what, const char *name,
			const uint32_t *was, size_t n_was, const uint32_t *is,
			size_t n_is)
{
	size_t i;

	for (i = 0; i < n_was && i < n_is; i++)
		if (was[i] != is[i]) {
			differs(v, &v->ids_equal,
				"%s: %s ID %u became %u", name, what, was[i],
				is[i]);
			return;
		}
	if (n_was != n_is)
		differs(v, &v->ids_equal, "%s: there were %zu %ss and are %zu now",
			name, n_was, what, n_is);
}

static int compare_iommufd(const struct hf_manifest *m,
			   const struct hf_manifest_iommufd *f, int fd,
			   struct verdict *v, struct hf_error *err)
{
	uint32_t was[HF_IOMMU_MAX_ID];
	struct hf_extents_diff diff;
	struct hf_iommu_ids ids;
	struct hf_extents t;
	size_t i, n = 0;
	int ret;

	ret = hf_iommu_scan(fd, &ids, err);
	if (ret)
		return ret;
	for (i = 0; i < f->n_ioas && n < HF_IOMMU_MAX_ID; i++)
		was[n++] = f->ioas[i].id;
	compare_ids(v, "IOAS", f->name, was, n, ids.ioas, ids.n_ioas);
	compare_ids(v, "device", f->name, f->device_ids, f->n_device_ids,
		    ids.dev, ids.n_dev);
	hf_iommu_ids_free(&ids);

	for (i = 0; i < f->n_ioas; i++) {
		if (!f->ioas[i].has_table)
			continue;
		ret = hf_iommu_read_table(fd, f->ioas[i].id, &t, err);
		if (ret == -ENOENT) {
			differs(v, &v->pa_equal, "IOAS %u is gone",
				f->ioas[i].id);
			continue;
		}
		if (ret)
			return ret;
		v->extents += t.n;
		v->pages += t.bytes / m->page_size;
		if (!hf_extents_compare(&f->ioas[i].table, &t, &diff))
			name_diff(v, f->ioas[i].id, &diff);
		hf_extents_free(&t);
	}
	return 0;
}

void verdict_init(struct verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->pa_equal = true;
	v->ids_equal = true;
}

int verdict_add(const struct hf_manifest *m, size_t i, int fd,
		struct verdict *v, struct hf_error *err)
{
	return compare_iommufd(m, &m->iommufd[i], fd, v, err);
}

void verdict_merge(struct verdict *a, const struct verdict *b)
{
	a->pa_equal &= b->pa_equal;
	a->ids_equal &= b->ids_equal;
	a->extents += b->extents;
	a->pages += b->pages;
	if (!a->text[0])
		memcpy(a->text, b->text, sizeof(a->text));
}

int verdict_take(const struct hf_manifest *m, const int *iommufd,
		 struct verdict *v, struct hf_error *err)
{
	size_t i;
	int ret;

	verdict_init(v);
	for (i = 0; i < m->n_iommufd; i++) {
		ret = verdict_add(m, i, iommufd[i], v, err);
		if (ret)
			return ret;
	}
	return 0;
}

void verdict_json(struct hf_json *j, const struct verdict *v)
{
	hf_json_bool(j, "pa_table_equal", v->pa_equal);
	hf_json_bool(j, "ids_equal", v->ids_equal);
	hf_json_u64(j, "pages", v->pages);
	hf_json_u64(j, "extents", v->extents);
	if (v->text[0])
		hf_json_str(j, "difference", v->text);
}

void verdict_event(struct hf_events *ev, const struct verdict *v,
		   const char *by)
{
	struct hf_json j;

	hf_event_begin(&j, "verify");
	hf_json_str(&j, "by", by);
	verdict_json(&j, v);
	hf_event_send(ev, &j);
}
