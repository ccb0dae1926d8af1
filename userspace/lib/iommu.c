// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <holdfast/iommu.h>
#include <holdfast/uapi.h>

/* Extents per call: 96 KiB, so that a table costs few calls and no much memory. */
#define BATCH	4096

#define PAGE	4096ull
/* Largest range that is asked for page by page: 64 GiB */
#define WALK_MAX	(1ull << 36)

static int ask_ioas(int fd, uint32_t id)
{
	struct iommu_ioas_iova_ranges arg = {
		.size = sizeof(arg),
		.ioas_id = id,
	};

	/* EMSGSIZE: it is one, and has more ranges than the 0 asked for. */
	if (!ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &arg) || errno == EMSGSIZE)
		return 0;
	return -errno;
}

static int ask_dev(int fd, uint32_t id)
{
	struct iommu_hw_info arg = {
		.size = sizeof(arg),
		.dev_id = id,
	};

	/* EOPNOTSUPP: a device, but one that no IOMMU can tell about. */
	if (!ioctl(fd, IOMMU_GET_HW_INFO, &arg) || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

bool hf_iommu_is(int fd)
{
	return ask_ioas(fd, 0) == -ENOENT;
}

static int push(uint32_t **v, size_t *n, uint32_t id)
{
	uint32_t *p;

	/* Grows by doubling from 1: powers of two are the full sizes. */
	if (!(*n & (*n - 1))) {
		p = realloc(*v, (*n ? *n * 2 : 1) * sizeof(*p));
		if (!p)
			return -ENOMEM;
		*v = p;
	}
	(*v)[(*n)++] = id;
	return 0;
}

void hf_iommu_ids_free(struct hf_iommu_ids *ids)
{
	free(ids->ioas);
	free(ids->dev);
	memset(ids, 0, sizeof(*ids));
}

int hf_iommu_scan(int fd, struct hf_iommu_ids *ids, struct hf_error *err)
{
	uint32_t id;
	int ret = 0;

	memset(ids, 0, sizeof(*ids));
	for (id = 1; id <= HF_IOMMU_MAX_ID; id++) {
		ret = ask_ioas(fd, id);
		if (!ret) {
			ret = push(&ids->ioas, &ids->n_ioas, id);
		} else if (ret == -ENOENT) {
			ret = ask_dev(fd, id);
			if (!ret)
				ret = push(&ids->dev, &ids->n_dev, id);
			else if (ret == -ENOENT)
				ret = 0;
		}
		if (ret) {
			hf_iommu_ids_free(ids);
			return hf_fail(err, ret, "iommufd: cannot look at object %u: %s",
				       id, strerror(-ret));
		}
	}
	return 0;
}

static int explain_table(int code, uint32_t ioas, struct hf_error *err)
{
	switch (code) {
	case ENOTTY:
		return hf_fail(err, -code,
			       "this kernel cannot list the extents of an IOAS: it lacks the holdfast series");
	case EPERM:
		return hf_fail(err, -code,
			       "reading physical addresses of IOAS %u needs CAP_SYS_RAWIO",
			       ioas);
	case ENOENT:
		return hf_fail(err, -code, "there is no IOAS %u", ioas);
	case EOPNOTSUPP:
		return hf_fail(err, -code,
			       "IOAS %u has no noiommu page table: no noiommu device is attached to it",
			       ioas);
	default:
		return hf_fail(err, -code, "cannot read the table of IOAS %u: %s",
			       ioas, strerror(code));
	}
}

/* Appends what lies in a range, cut to it. */
static int add_within(struct hf_extents *t, uint64_t iova, uint64_t last,
		      uint64_t phys, uint64_t length, uint64_t from)
{
	struct hf_extent e = { iova, phys, length };
	int ret;

	/* hf_extents_add() refuses these */
	if (!length || iova + (length - 1) < iova)
		return -EPROTO;
	if (e.iova + (e.length - 1) < from)
		return -EPROTO;
	if (e.iova < from) {
		e.length -= from - e.iova;
		e.phys += from - e.iova;
		e.iova = from;
	}
	if (e.iova + (e.length - 1) > last)
		e.length = last - e.iova + 1;
	ret = hf_extents_add(t, &e);
	return ret == -EINVAL ? -EPROTO : ret;
}

static int read_bulk(int fd, uint32_t ioas, uint64_t iova, uint64_t last,
		     struct hf_extents *t, struct hf_error *err)
{
	struct iommu_ioas_noiommu_get_extents arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
	};
	struct iommu_noiommu_extent *v;
	uint64_t from = iova;
	bool more;
	uint32_t i;
	int ret = 0;

	v = malloc(BATCH * sizeof(*v));
	if (!v)
		return -ENOMEM;
	do {
		arg.iova = from;
		arg.nr_extents = BATCH;
		arg.extents_uptr = (uintptr_t)v;
		arg.next_iova = 0;
		arg.out_flags = 0;
		if (ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_EXTENTS, &arg)) {
			ret = errno == ENOTTY ? -ENOTTY :
						explain_table(errno, ioas, err);
			break;
		}
		if (arg.nr_extents > BATCH) {
			ret = -EPROTO;
			break;
		}
		more = arg.out_flags & IOMMU_NOIOMMU_EXTENTS_MORE;
		for (i = 0; i < arg.nr_extents && !ret; i++) {
			if (v[i].iova > last) {
				more = false;
				break;
			}
			ret = add_within(t, v[i].iova, last, v[i].phys,
					 v[i].length, iova);
		}
		if (!ret && more && arg.next_iova <= from)
			ret = -EPROTO;
		from = arg.next_iova;
	} while (!ret && more && from <= last);
	free(v);
	return ret;
}

/* The way of a kernel that has no bulk ioctl: ask for each address. */
static int read_pages(int fd, uint32_t ioas, uint64_t iova, uint64_t last,
		      struct hf_extents *t, struct hf_error *err)
{
	struct iommu_ioas_noiommu_get_pa arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
	};
	uint64_t step;
	int ret;

	/* ENOENT of the calls below shall mean: nothing is mapped here */
	ret = ask_ioas(fd, ioas);
	if (ret)
		return explain_table(-ret, ioas, err);
	for (; iova <= last; iova += step) {
		arg.iova = iova;
		arg.length = last - iova + 1;
		if (!ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &arg)) {
			ret = add_within(t, iova, last, arg.out_phys,
					 arg.length, iova);
			if (ret)
				return ret;
			step = arg.length;
		} else if (errno == ENOENT) {
			step = PAGE - iova % PAGE;
		} else {
			return explain_table(errno, ioas, err);
		}
		if (iova + step < iova)
			break;
	}
	return 0;
}

int hf_iommu_read_range(int fd, uint32_t ioas, uint64_t iova, uint64_t last,
			struct hf_extents *t, struct hf_error *err)
{
	int ret;

	hf_extents_init(t);
	ret = read_bulk(fd, ioas, iova, last, t, err);
	/* Nobody has the time to ask for each page that there can be */
	if (ret == -ENOTTY && last - iova < WALK_MAX)
		ret = read_pages(fd, ioas, iova, last, t, err);
	else if (ret == -ENOTTY)
		explain_table(ENOTTY, ioas, err);
	if (ret == -EPROTO)
		hf_fail(err, ret, "the kernel's list of extents of IOAS %u is not in order",
			ioas);
	else if (ret == -ENOMEM)
		hf_fail(err, ret, "out of memory");
	if (ret)
		hf_extents_free(t);
	return ret;
}

int hf_iommu_read_table(int fd, uint32_t ioas, struct hf_extents *t,
			struct hf_error *err)
{
	return hf_iommu_read_range(fd, ioas, 0, UINT64_MAX, t, err);
}
