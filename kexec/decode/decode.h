/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one kernel hands over to the next, read and explained. Nothing that is read
 * is trusted: every address, length, count and offset is checked before it is
 * used, what is damaged is said to be, and what cannot be read is not guessed.
 */
#ifndef HK_DECODE_H
#define HK_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/manifest.h>

#include "mem.h"
#include "out.h"

/** enum hk_problem_kind - how bad it is */
enum hk_problem_kind {
	/* It is not what it should be */
	HK_DAMAGED,
	/* It may be right or not: it cannot be read here */
	HK_UNREADABLE,
	/* It was right once; its memory may have been given back since */
	HK_STALE,
	HK_PROBLEM_KINDS,
};

/** struct hk_problem - one thing that is wrong */
struct hk_problem {
	enum hk_problem_kind kind;
	char *text;
};

/** struct hk_range - physical memory */
struct hk_range {
	uint64_t phys;
	uint64_t len;
};

/**
 * struct hk_blobs - what the kernel shows beside its memory
 * @fdt: KHO's tree, NULL if there is none; owned
 * @fdt_len: bytes
 * @sub: blobs of the tree by name; owned
 * @n_sub: how many
 * @sessions: LUO's own list of sessions, or NULL; owned
 * @scratch: ranges the next kernel starts in; owned
 * @n_scratch: how many
 */
struct hk_blobs {
	void *fdt;
	size_t fdt_len;
	struct hk_sub {
		char name[64];
		void *data;
		size_t len;
	} *sub;
	size_t n_sub;
	char *sessions;
	struct hk_range *scratch;
	size_t n_scratch;
};

/**
 * struct hk_decode - one look at what is handed over
 * @mem: memory
 * @out: where the description goes
 * @ranges: list every range of memory, not only how many there are
 * @stale: the kernel may have given back what LUO's part points to
 * @problem: what was wrong so far; release with hk_decode_free()
 * @n_problems: how many are listed
 * @n_kind: how many there were of each kind
 * @seen: addresses of blobs that were shown, released as above
 * @n_seen: how many
 */
struct hk_decode {
	struct hk_mem *mem;
	struct hk_out *out;
	bool ranges;
	bool stale;
	struct hk_problem *problem;
	size_t n_problems;
	unsigned int n_kind[HK_PROBLEM_KINDS];
	uint64_t *seen;
	size_t n_seen;
};

/** hk_decode_free() - release what was noted */
void hk_decode_free(struct hk_decode *d);

/**
 * hk_damaged() - note that something is not what it should be
 * @d: look
 * @fmt: which object, what is wrong
 *
 * Return: false, so that "return hk_damaged(...)" reads well.
 */
bool hk_damaged(struct hk_decode *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * hk_unreadable() - note that memory cannot be read
 * @d: look
 * @phys: where
 * @what: what is said to be there
 *
 * Return: false.
 */
bool hk_unreadable(struct hk_decode *d, uint64_t phys, const char *what);

/** hk_problems() - show everything noted so far, as a list */
void hk_problems(struct hk_decode *d);

/**
 * hk_block() - a copy of a block of memory
 * @d: look
 * @phys: where
 * @len: bytes
 * @max: more than this is damage
 * @what: for messages
 *
 * Return: malloc()ed, or NULL: then it was noted why.
 */
void *hk_block(struct hk_decode *d, uint64_t phys, uint64_t len, uint64_t max,
	       const char *what);

/** hk_seen() - was a blob shown? If not, note that it is now. */
bool hk_seen(struct hk_decode *d, uint64_t phys);

/**
 * hk_decode_kho() - all that a tree leads to
 * @d: look; members are written into the object that is open in @d->out
 * @b: tree and blobs
 */
void hk_decode_kho(struct hk_decode *d, const struct hk_blobs *b);

/* The parts; each writes members into the object that is open. */
void hk_decode_map(struct hk_decode *d, uint64_t root);
void hk_decode_luo(struct hk_decode *d, const void *blob, size_t len);
void hk_decode_iommufd(struct hk_decode *d, uint64_t phys);
void hk_decode_vfio_pci(struct hk_decode *d, uint64_t phys);
void hk_decode_pci(struct hk_decode *d, uint64_t phys);
void hk_decode_memfd(struct hk_decode *d, uint64_t phys, bool manifest);
void hk_decode_sessions(struct hk_decode *d, const char *text);

/** hk_show_manifest() - write what it lists; @extents: its tables, too */
void hk_show_manifest(struct hk_out *o, const struct hf_manifest *m,
		      bool extents);

/**
 * struct hk_inspect - what is looked at, and what of it is told
 * @root: "" or a folder in front of /sys, /proc and /dev
 * @dump: saved dump instead of this machine: a folder as @save makes it, or one
 *	  like /sys/kernel/debug/kho/in; an ELF core file; a tree; a manifest
 * @save: folder to create and to put a dump into, or NULL
 * @in: what was handed over to this kernel
 * @out: what it hands over; neither or both: both
 * @ranges: list all memory
 */
struct hk_inspect {
	const char *root;
	const char *dump;
	const char *save;
	bool in;
	bool out;
	bool ranges;
};

/**
 * hk_inspect() - describe what is handed over
 * @q: what to look at
 * @o: where to describe it; members of the open object
 * @problems: out, how many there were of each kind
 * @err: message on failure
 *
 * Return: 0, also with problems; -ENOENT when nothing is handed over there;
 * -EOPNOTSUPP when the kernel does not show it; or another negative errno.
 */
int hk_inspect(const struct hk_inspect *q, struct hk_out *o,
	       unsigned int problems[HK_PROBLEM_KINDS], struct hf_error *err);

/** hk_blobs_read() - read a folder with the layout of /sys/kernel/debug/kho/in */
int hk_blobs_read(struct hk_blobs *b, const char *dir, struct hf_error *err);

/** hk_blobs_save() - write such a folder */
int hk_blobs_save(const struct hk_blobs *b, const char *dir,
		  struct hf_error *err);

/** hk_blobs_free() - release what it owns */
void hk_blobs_free(struct hk_blobs *b);

#endif
