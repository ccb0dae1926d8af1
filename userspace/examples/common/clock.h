/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A clock that goes on across a kexec.
 *
 * The kernel's clocks start anew with each kernel; the processor's counter does
 * not. Ticks are turned into nanoseconds at a rate measured once and kept in
 * the state memfd, so that both kernels use the same one.
 */
#ifndef EXAMPLE_CLOCK_H
#define EXAMPLE_CLOCK_H

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
static inline uint64_t clock_ticks(void)
{
	return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t clock_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r" (ticks));
	return ticks;
}
#else
#error "no counter known here that a kexec leaves alone"
#endif

/* Nanoseconds of a clock that is good within one kernel only */
static inline uint64_t clock_local_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* clock_measure_khz() - ticks per millisecond; takes 50 ms */
static inline uint64_t clock_measure_khz(void)
{
	struct timespec wait = { .tv_nsec = 50 * 1000 * 1000 };
	uint64_t ns = clock_local_ns(), ticks = clock_ticks();

	nanosleep(&wait, NULL);
	ticks = clock_ticks() - ticks;
	ns = clock_local_ns() - ns;
	return ns ? (uint64_t)((double)ticks * 1e6 / (double)ns) : 0;
}

static inline uint64_t clock_now_ns(uint64_t khz)
{
	uint64_t ticks = clock_ticks();

	/* In two steps, which cannot overflow within centuries */
	return ticks / khz * 1000000 + ticks % khz * 1000000 / khz;
}

/* clock_ticks_at() - the counter at a time of clock_now_ns(), 0 for 0 */
static inline uint64_t clock_ticks_at(uint64_t ns, uint64_t khz)
{
	return ns / 1000000 * khz + ns % 1000000 * khz / 1000000;
}

#endif /* EXAMPLE_CLOCK_H */
