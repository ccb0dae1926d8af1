/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Order between memory that a device reads or writes and its registers.
 *
 *	fill memory, barrier_before_doorbell(), write the register
 *	see that the device has written, barrier_after_flag(), read what it wrote
 *
 * The memory is coherent with the device, as it is on every machine that has no
 * IOMMU and PCI devices which are cache coherent.
 */
#ifndef EXAMPLE_BARRIER_H
#define EXAMPLE_BARRIER_H

#if defined(__x86_64__) || defined(__i386__)
/* Stores become visible in order, also before one to an uncached register */
#define barrier_before_doorbell()	__asm__ volatile("" ::: "memory")
#define barrier_after_flag()		__asm__ volatile("" ::: "memory")
#elif defined(__aarch64__)
/* A device is an observer outside of the processors' domain */
#define barrier_before_doorbell()	__asm__ volatile("dsb st" ::: "memory")
#define barrier_after_flag()		__asm__ volatile("dmb oshld" ::: "memory")
#else
#error "no barriers known here"
#endif

#endif /* EXAMPLE_BARRIER_H */
