/* SPDX-License-Identifier: GPL-2.0 */
/* Small things every part of the harness needs: time, memory, growing arrays, files. */
#ifndef HF_VM_UTIL_H
#define HF_VM_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_MSEC 1000000LL

/* A time is CLOCK_REALTIME in ns: the clock QEMU stamps its trace records with. */
typedef int64_t ns_t;
#define NO_TIME ((ns_t)-1)

ns_t now_real(void);
ns_t now_mono(void);
double ns_to_ms(ns_t ns);

/*
 * Read "SEC.FRACTION" with up to nine digits of fraction; *end is set behind it. NO_TIME when it is
 * none.
 */
ns_t parse_time(const char *s, char **end);

/* Print @t the way parse_time() reads it. @buf holds at least 32 bytes. */
const char *format_time(ns_t t, char *buf);

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Make room for element @n of array @v, whose room is @cap elements. */
#define VEC_RESERVE(v, n, cap)                                     \
	do {                                                       \
		if ((n) == (cap)) {                                \
			(cap) = (cap) ? (cap)*2 : 64;              \
			(v) = xrealloc((v), (cap) * sizeof(*(v))); \
		}                                                  \
	} while (0)

/* Make folder @path and those above it; dies when it cannot. */
void make_dirs(const char *path);

/* fopen() in folder @dir; NULL as fopen(). */
FILE *open_in(const char *dir, const char *name, const char *mode);

#endif
