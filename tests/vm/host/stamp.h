/* SPDX-License-Identifier: GPL-2.0 */
/* Cuts what a serial port says into lines, and logs each with the time it began to arrive. */
#ifndef HF_VM_STAMP_H
#define HF_VM_STAMP_H

#include <stdio.h>

#include "util.h"

#define STAMP_TAIL 8

typedef void (*stamp_fn)(void *ctx, ns_t t, const char *line);

/**
 * struct stamper - one serial port
 * @fd: where it is read from
 * @log: where lines go
 * @fn: called for each line, may be NULL
 * @ctx: for @fn
 * @tail: the last STAMP_TAIL lines, the latest at (@lines - 1) % STAMP_TAIL
 */
struct stamper {
	int fd;
	FILE *log;
	stamp_fn fn;
	void *ctx;
	char *buf;
	size_t len, cap;
	ns_t begun;
	char *tail[STAMP_TAIL];
	size_t lines;
};

void stamper_open(struct stamper *s, int fd, const char *dir, const char *name, stamp_fn fn,
		  void *ctx);

/* Read what is there. False at the end of the stream. */
bool stamper_read(struct stamper *s);

/* Print the last lines, oldest first, each behind @prefix. */
void stamper_print_tail(const struct stamper *s, FILE *out, const char *prefix);
void stamper_close(struct stamper *s);

#endif
