/* SPDX-License-Identifier: GPL-2.0-only */
/* Memfds and a device of a test client: making them, and knowing them again */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

#include <stdint.h>

#include <holdfast.h>

#define MEMORY_NAME	64
#define MEMORY_MAX	64

/**
 * struct test_memory - a memfd with a pattern
 * @name: as it is given
 * @size: bytes
 * @word: mapping
 * @fd: descriptor
 */
struct test_memory {
	char name[MEMORY_NAME];
	uint64_t size;
	uint64_t *word;
	int fd;
};

/**
 * struct test_owner - all that a client has
 * @client: its name
 * @bdf: its device, or ""
 * @dma: bytes of the device's memory
 * @memory: memfds, the device's is one of them
 * @n_memory: how many
 * @iommufd: or -1
 * @device: or -1
 */
struct test_owner {
	const char *client;
	char bdf[16];
	uint64_t dma;
	struct test_memory memory[MEMORY_MAX];
	unsigned int n_memory;
	int iommufd;
	int device;
};

/**
 * owner_create() - make memfds with their pattern, and open the device if any
 *
 * Return: 0, or -1 after fail().
 */
int owner_create(struct test_owner *own);

/* owner_give() - holdfast_put() all of it; its return value */
int owner_give(struct test_owner *own, struct holdfast *hf);

/**
 * owner_adopt() - take everything that was claimed, and check all of it
 *
 * The memfds hold what this client wrote, the device's memory is mapped to the
 * physical addresses that it was mapped to before.
 *
 * Return: 0, or -1 after fail().
 */
int owner_adopt(struct test_owner *own, struct holdfast *hf);

/* owner_tick() - note that the client is alive now */
void owner_tick(struct test_owner *own);

/* owner_last_tick() - when it was last, or 0 without memory */
uint64_t owner_last_tick(const struct test_owner *own);

#endif /* TEST_MEMORY_H */
