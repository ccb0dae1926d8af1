// SPDX-License-Identifier: LGPL-2.1-or-later
/* What belongs to no connection: version, error text, time stamp counter */
#include "client.h"

#define STR_(x)	#x
#define STR(x)	STR_(x)

static _Thread_local struct hf_error last;

struct hf_error *hf_last(void)
{
	last.text[0] = '\0';
	return &last;
}

const char *holdfast_error(void)
{
	return last.text;
}

const char *holdfast_version(void)
{
	return STR(HOLDFAST_VERSION_MAJOR) "." STR(HOLDFAST_VERSION_MINOR);
}

uint64_t holdfast_tsc(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r" (ticks));
	return ticks;
#else
#error "no counter known here that a kexec leaves alone"
#endif
}
