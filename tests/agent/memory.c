// SPDX-License-Identifier: GPL-2.0-only
/* Memfds and a device of a test client, see memory.h */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "event.h"
#include "memory.h"
#include "pattern.h"
#include "vfio.h"

#define DMA_NAME	"dma"
#define TABLE_NAME	"table"
#define DMA_IOVA	0x10000000ull
#define BAR_MIN		0

/* What the memfd "table" has behind its pattern: who knows it, and the table */
struct table_file {
	uint32_t ioas;
	uint32_t n;
	struct holdfast_extent extent[];
};

static int map_memory(struct test_memory *m)
{
	void *map = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 m->fd, 0);

	if (map == MAP_FAILED)
		return fail("memfd %s: cannot map %llu bytes: %m", m->name,
			    (unsigned long long)m->size);
	m->word = map;
	return 0;
}

static int create_memory(struct test_memory *m)
{
	m->fd = memfd_create(m->name, MFD_CLOEXEC);
	if (m->fd < 0 || ftruncate(m->fd, (off_t)m->size))
		return fail("memfd %s, %llu bytes: %m", m->name,
			    (unsigned long long)m->size);
	return map_memory(m);
}

static struct test_memory *find(struct test_owner *own, const char *name)
{
	for (unsigned int i = 0; i < own->n_memory; i++)
		if (!strcmp(own->memory[i].name, name))
			return &own->memory[i];
	return NULL;
}

static struct test_memory *add(struct test_owner *own, const char *name,
			       uint64_t size)
{
	struct test_memory *m;

	if (own->n_memory == MEMORY_MAX) {
		fail("more than %d memfds", MEMORY_MAX);
		return NULL;
	}
	m = &own->memory[own->n_memory++];
	*m = (struct test_memory){ .size = size, .fd = -1 };
	snprintf(m->name, sizeof(m->name), "%s", name);
	return m;
}

/* Writes down where the device's memory is */
static int note_table(struct test_owner *own, uint32_t ioas)
{
	struct holdfast_table *table;
	struct table_file *file;
	struct test_memory *m;
	size_t n;

	if (holdfast_table_read_range(&table, own->iommufd, ioas, DMA_IOVA,
				      own->dma))
		return fail("%s: %s", own->bdf, holdfast_error());
	n = holdfast_table_count(table);
	m = add(own, TABLE_NAME, PATTERN_MIN + sizeof(*file) +
		n * sizeof(file->extent[0]));
	if (!m || create_memory(m))
		return -1;
	pattern_fill(m->word, PATTERN_MIN, pattern_seed(own->client, m->name));
	file = (void *)((char *)m->word + PATTERN_MIN);
	file->ioas = ioas;
	file->n = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		holdfast_table_get(table, i, &file->extent[i]);
	holdfast_table_free(table);
	return 0;
}

static int create_device(struct test_owner *own)
{
	struct vfio_device vdev;
	struct dma_memory mem;
	struct test_memory *m;

	if (vfio_open(&vdev, own->bdf, BAR_MIN))
		return -1;
	own->iommufd = vdev.iommufd;
	own->device = vdev.fd;
	m = add(own, DMA_NAME, own->dma);
	if (!m || dma_create(&vdev, &mem, DMA_MEMFD, DMA_NAME, own->dma,
			     DMA_IOVA))
		return -1;
	m->fd = mem.fd;
	m->size = mem.size;
	own->dma = mem.size;
	m->word = (uint64_t *)mem.bytes;
	return note_table(own, vdev.ioas_id);
}

int owner_create(struct test_owner *own)
{
	own->iommufd = -1;
	own->device = -1;
	for (unsigned int i = 0; i < own->n_memory; i++)
		if (create_memory(&own->memory[i]))
			return -1;
	if (own->bdf[0] && create_device(own))
		return -1;
	for (unsigned int i = 0; i < own->n_memory; i++) {
		struct test_memory *m = &own->memory[i];

		if (strcmp(m->name, TABLE_NAME))
			pattern_fill(m->word, m->size,
				     pattern_seed(own->client, m->name));
	}
	return 0;
}

/* "0000:00:02.0" as a name, which has no colons */
static void device_name(const char *bdf, char *name, size_t size)
{
	snprintf(name, size, "%s", bdf);
	for (; *name; name++)
		if (*name == ':')
			*name = '_';
}

int owner_give(struct test_owner *own, struct holdfast *hf)
{
	char name[MEMORY_NAME];
	int ret = 0;

	for (unsigned int i = 0; i < own->n_memory && !ret; i++)
		ret = holdfast_put(hf, own->memory[i].name, own->memory[i].fd);
	if (ret || own->iommufd < 0)
		return ret;
	ret = holdfast_put(hf, "iommufd", own->iommufd);
	if (ret)
		return ret;
	device_name(own->bdf, name, sizeof(name));
	return holdfast_put(hf, name, own->device);
}

static int check_pattern(const struct test_owner *own,
			 const struct test_memory *m)
{
	bool table = !strcmp(m->name, TABLE_NAME);
	uint64_t at;
	const char *wrong;

	wrong = pattern_check(m->word, table ? PATTERN_MIN : m->size,
			      pattern_seed(own->client, m->name), &at);
	if (wrong)
		return fail("memfd %s of %s, byte %llu: %s", m->name,
			    own->client, (unsigned long long)at, wrong);
	return 0;
}

static int adopt_memfd(struct test_owner *own, const char *name, int fd)
{
	struct test_memory *want = find(own, name), *m = want;
	struct stat st;

	if (fstat(fd, &st))
		return fail("memfd %s: %m", name);
	if (!m && strcmp(name, DMA_NAME) && strcmp(name, TABLE_NAME))
		return fail("memfd %s is not one of this client's", name);
	if (!m)
		m = add(own, name, (uint64_t)st.st_size);
	if (!m)
		return -1;
	if ((uint64_t)st.st_size != m->size)
		return fail("memfd %s has %llu bytes instead of %llu", name,
			    (unsigned long long)st.st_size,
			    (unsigned long long)m->size);
	m->fd = fd;
	return map_memory(m) || check_pattern(own, m) ? -1 : 0;
}

static int check_table(struct test_owner *own)
{
	struct test_memory *m = find(own, TABLE_NAME);
	struct holdfast_extent now;
	struct holdfast_table *table;
	const struct table_file *file;
	size_t n;
	int ret = 0;

	if (!m || own->iommufd < 0)
		return fail("%s: no table or no iommufd came through",
			    own->bdf);
	file = (void *)((char *)m->word + PATTERN_MIN);
	if (holdfast_table_read(&table, own->iommufd, file->ioas))
		return fail("%s: %s", own->bdf, holdfast_error());
	n = holdfast_table_count(table);
	if (n != file->n)
		ret = fail("%s: the table has %zu extents, it had %u",
			   own->bdf, n, file->n);
	for (size_t i = 0; i < n && !ret; i++) {
		holdfast_table_get(table, i, &now);
		if (memcmp(&now, &file->extent[i], sizeof(now)))
			ret = fail("%s: IOVA 0x%llx was at 0x%llx and is at 0x%llx",
				   own->bdf, (unsigned long long)now.iova,
				   (unsigned long long)file->extent[i].phys,
				   (unsigned long long)now.phys);
	}
	holdfast_table_free(table);
	return ret;
}

static int adopt_one(struct test_owner *own, struct holdfast *hf, size_t i)
{
	char expected[MEMORY_NAME];
	const char *name;
	int kind, fd;

	if (holdfast_claimed(hf, i, &name, &kind))
		return fail("descriptor %zu: %s", i, holdfast_error());
	fd = holdfast_take(hf, name);
	if (fd < 0)
		return fail("%s: %s", name, holdfast_error());
	switch (kind) {
	case HOLDFAST_MEMFD:
		return adopt_memfd(own, name, fd);
	case HOLDFAST_IOMMUFD:
		own->iommufd = fd;
		return 0;
	case HOLDFAST_DEVICE:
		own->device = fd;
		device_name(own->bdf, expected, sizeof(expected));
		return strcmp(name, expected) ?
		       fail("device %s came through instead of %s", name,
			    own->bdf) : 0;
	}
	return fail("%s is of kind %d", name, kind);
}

int owner_adopt(struct test_owner *own, struct holdfast *hf)
{
	own->iommufd = -1;
	own->device = -1;
	for (size_t i = 0; !holdfast_claimed(hf, i, NULL, NULL); i++)
		if (adopt_one(own, hf, i))
			return -1;
	for (unsigned int i = 0; i < own->n_memory; i++)
		if (!own->memory[i].word)
			return fail("memfd %s did not come through",
				    own->memory[i].name);
	if (!own->bdf[0])
		return 0;
	if (own->device < 0)
		return fail("device %s did not come through", own->bdf);
	return check_table(own);
}

void owner_tick(struct test_owner *own)
{
	if (own->n_memory)
		__atomic_store_n(&own->memory[0].word[PATTERN_AT_TSC],
				 holdfast_tsc(), __ATOMIC_RELEASE);
}

uint64_t owner_last_tick(const struct test_owner *own)
{
	uint64_t last = 0, tsc;

	/* Which was the first then is not known now */
	for (unsigned int i = 0; i < own->n_memory; i++) {
		tsc = own->memory[i].word[PATTERN_AT_TSC];
		if (tsc > last)
			last = tsc;
	}
	return last;
}
