/* SPDX-License-Identifier: GPL-2.0 */
/* The frame source: numbered frames over a UDP socket pair on loopback, in a thread of its own. */
#ifndef HF_VM_SOURCE_H
#define HF_VM_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* Bounds of every source, whatever it is asked for. */
#define SOURCE_MAX_RATE 20000
#define SOURCE_MAX_FRAMES 1000000
#define SOURCE_MAX_SECONDS 600

struct source {
	int fd; /* our end */
	int qemu_fd; /* the end QEMU inherits; kept open here so that its drops can be read */
	int qemu_port; /* UDP port of QEMU's end, host order */
	atomic_int rate;
	pthread_t thread;
	int running;
	atomic_int stop;
	atomic_long sent;
	FILE *log;
};

/*
 * Open the socket pair and the log @dir/frames.log. Dies when it cannot. Both ends are on
 * 127.0.0.1, ports chosen by the kernel.
 */
void source_open(struct source *s, int rate, const char *dir);

/* Start and stop sending. Stopping waits for the thread; both do nothing the second time. */
void source_start(struct source *s);
void source_stop(struct source *s);

/* From now on; before it was started, or while it runs. */
void source_set_rate(struct source *s, int rate);

/*
 * Frames the kernel dropped because QEMU read too slowly; -1 if that cannot be told. QEMU must
 * still run.
 */
long source_drops(const struct source *s);
void source_close(struct source *s);

#endif
