/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical memory: of this machine, or of a saved dump. */
#ifndef HK_MEM_H
#define HK_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/error.h>

/**
 * struct hk_mem - where physical memory is read from
 *
 * A page is read once and kept: what was checked is what is used, even if it
 * changes meanwhile, and all of it can be saved.
 */
struct hk_mem;

/**
 * hk_mem_none() - memory of which nothing can be read
 * @why: says so, a constant text
 */
struct hk_mem *hk_mem_none(const char *why);

/**
 * hk_mem_live() - memory of this machine
 * @root: "" or a folder in front of /proc and /dev
 *
 * By /proc/kcore, or by /dev/mem as far as /proc/iomem says "System RAM": a read
 * of anything else could reach a device. Where neither is allowed, the memory is
 * one of which nothing can be read, and hk_mem_why() has the reason.
 */
struct hk_mem *hk_mem_live(const char *root);

/**
 * hk_mem_core() - memory in an ELF core file: our own, a vmcore, one of QEMU
 * @path: file
 * @err: message on failure
 *
 * Return: NULL when it is not such a file, or damaged.
 */
struct hk_mem *hk_mem_core(const char *path, struct hf_error *err);

/** hk_mem_buffer() - memory made of a buffer, for tests; not copied */
struct hk_mem *hk_mem_buffer(const void *buf, size_t len, uint64_t phys);

/** hk_mem_close() - release it and all pages */
void hk_mem_close(struct hk_mem *m);

/** hk_mem_why() - why a page could not be read, a constant text */
const char *hk_mem_why(const struct hk_mem *m);

/**
 * hk_mem_page() - one page
 * @m: memory
 * @phys: address, a multiple of the page size
 *
 * Return: its bytes, kept until hk_mem_close(); NULL when it cannot be read.
 */
const void *hk_mem_page(struct hk_mem *m, uint64_t phys);

/**
 * hk_mem_peek() - some bytes, which are not kept
 * @m: memory
 * @phys: address
 * @buf: out
 * @len: bytes; they lie in one page
 */
bool hk_mem_peek(struct hk_mem *m, uint64_t phys, void *buf, size_t len);

/** hk_mem_read() - bytes of any number of pages; false if any is missing */
bool hk_mem_read(struct hk_mem *m, uint64_t phys, void *buf, size_t len);

/**
 * hk_mem_next() - the next page there is at all
 * @m: memory
 * @phys: in, where to begin, out, the page; a multiple of the page size
 *
 * Return: false when there is none.
 */
bool hk_mem_next(const struct hk_mem *m, uint64_t *phys);

/**
 * hk_mem_save() - write all pages that were read into an ELF core file
 * @m: memory
 * @path: file to create
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int hk_mem_save(const struct hk_mem *m, const char *path, struct hf_error *err);

#endif
