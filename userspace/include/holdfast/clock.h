/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_CLOCK_H
#define HOLDFAST_CLOCK_H

#include <stdint.h>

/**
 * hf_now_ms() - time for measuring steps
 *
 * Return: CLOCK_MONOTONIC in milliseconds. It restarts at a kexec: never
 * compare a value of one kernel with a value of another.
 */
double hf_now_ms(void);

/**
 * hf_realtime_ns() - wall clock
 *
 * Return: CLOCK_REALTIME in nanoseconds since the epoch.
 */
uint64_t hf_realtime_ns(void);

/**
 * hf_tsc() - time stamp counter
 *
 * Return: ticks since power-on; the counter runs through a kexec. 0 where the
 * architecture has none that user space may read.
 */
uint64_t hf_tsc(void);

#endif
