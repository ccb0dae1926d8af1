// SPDX-License-Identifier: GPL-2.0-only
/* Command line of a driver, see option.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "option.h"

int option_number(const char *name, const char *text, uint64_t min,
		  uint64_t max, uint64_t *value)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || v < min ||
	    v > max) {
		fprintf(stderr, PROGRAM ": --%s: '%s' is not a number from %llu to %llu\n",
			name, text, (unsigned long long)min,
			(unsigned long long)max);
		return -1;
	}
	*value = v;
	return 0;
}

int option_complain(const char *text)
{
	fprintf(stderr, PROGRAM ": %s\n", text);
	return EXIT_USAGE;
}
