// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables and memory of an IOAS */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <holdfast/iommu.h>
#include <holdfast/uapi.h>

#include "client.h"

struct holdfast_table {
	struct hf_extents extents;
};

static int read_range(struct holdfast_table **out, int iommufd, uint32_t ioas,
		      uint64_t iova, uint64_t last, struct hf_error *err)
{
	struct holdfast_table *table = calloc(1, sizeof(*table));
	int ret;

	*out = NULL;
	if (!table)
		return hf_fail(err, -ENOMEM, "out of memory");
	ret = hf_iommu_read_range(iommufd, ioas, iova, last, &table->extents,
				  err);
	if (ret) {
		free(table);
		return ret == -EOPNOTSUPP ? -ENODEV : ret;
	}
	*out = table;
	return 0;
}

int holdfast_table_read(struct holdfast_table **table, int iommufd,
			uint32_t ioas)
{
	return read_range(table, iommufd, ioas, 0, UINT64_MAX, hf_last());
}

int holdfast_table_read_range(struct holdfast_table **table, int iommufd,
			      uint32_t ioas, uint64_t iova, uint64_t length)
{
	struct hf_error *err = hf_last();

	*table = NULL;
	if (!length || iova + (length - 1) < iova)
		return hf_fail(err, -EINVAL,
			       "0x%llx bytes from 0x%llx on are no range",
			       (unsigned long long)length,
			       (unsigned long long)iova);
	return read_range(table, iommufd, ioas, iova, iova + (length - 1), err);
}

void holdfast_table_free(struct holdfast_table *table)
{
	if (!table)
		return;
	hf_extents_free(&table->extents);
	free(table);
}

size_t holdfast_table_count(const struct holdfast_table *table)
{
	return table->extents.n;
}

int holdfast_table_get(const struct holdfast_table *table, size_t i,
		       struct holdfast_extent *extent)
{
	struct hf_error *err = hf_last();

	if (i >= table->extents.n)
		return hf_fail(err, -ENOENT, "the table has only %zu extents",
			       table->extents.n);
	extent->iova = table->extents.v[i].iova;
	extent->phys = table->extents.v[i].phys;
	extent->length = table->extents.v[i].length;
	return 0;
}

int holdfast_table_find(const struct holdfast_table *table, uint64_t iova,
			uint64_t *phys, uint64_t *length)
{
	struct hf_error *err = hf_last();
	int ret = hf_extents_lookup(&table->extents, iova, phys, length);

	if (ret)
		hf_fail(err, ret, "IOVA 0x%llx is not mapped",
			(unsigned long long)iova);
	return ret;
}

int holdfast_memory(int iommufd, uint32_t ioas, uint64_t iova,
		    uint64_t *offset, uint64_t *length)
{
	struct hf_error *err = hf_last();
	struct iommu_ioas_get_memory arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.iova = iova,
	};
	const char *why;
	int ret;

	if (!ioctl(iommufd, IOMMU_IOAS_GET_MEMORY, &arg)) {
		*offset = arg.out_offset;
		*length = arg.out_length;
		return arg.out_fd;
	}
	ret = -errno;
	switch (ret) {
	case -ENOENT:
		why = "nothing is mapped there";
		break;
	case -EOPNOTSUPP:
		why = "it is a dma-buf, or memory of a process that mapped it in this kernel";
		break;
	case -EPERM:
		why = "that needs CAP_SYS_RAWIO";
		break;
	case -ENOTTY:
		why = "this kernel lacks the holdfast series, or that is no iommufd";
		break;
	default:
		why = strerror(-ret);
	}
	return hf_fail(err, ret, "cannot get the memory at IOVA 0x%llx of IOAS %u: %s",
		       (unsigned long long)iova, ioas, why);
}
