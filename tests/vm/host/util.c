// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "util.h"

static ns_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

ns_t now_real(void)
{
	return now(CLOCK_REALTIME);
}

ns_t now_mono(void)
{
	return now(CLOCK_MONOTONIC);
}

double ns_to_ms(ns_t ns)
{
	return (double)ns / NSEC_PER_MSEC;
}

ns_t parse_time(const char *s, char **end)
{
	ns_t sec, frac = 0, unit = NSEC_PER_SEC;
	char *p;

	if (*s < '0' || *s > '9')
		return NO_TIME;
	sec = strtoll(s, &p, 10);
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			unit /= 10;
			frac += (*p - '0') * unit;
		}
	}
	if (end)
		*end = p;
	return sec * NSEC_PER_SEC + frac;
}

const char *format_time(ns_t t, char *buf)
{
	snprintf(buf, 32, "%lld.%09lld", (long long)(t / NSEC_PER_SEC),
		 (long long)(t % NSEC_PER_SEC));
	return buf;
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die("out of memory");
	return p;
}

char *xstrdup(const char *s)
{
	char *p = strdup(s);

	if (!p)
		die("out of memory");
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (r < 0)
		die("out of memory");
	return s;
}

void make_dirs(const char *path)
{
	char *copy = xstrdup(path), *p;

	for (p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(copy, 0777);
		*p = '/';
	}
	if (mkdir(copy, 0777) && errno != EEXIST)
		die("%s: %s", copy, strerror(errno));
	free(copy);
}

FILE *open_in(const char *dir, const char *name, const char *mode)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, mode);

	free(path);
	return f;
}
