/* SPDX-License-Identifier: GPL-2.0-only */
/* Command line of a driver: exit status and numbers */
#ifndef EXAMPLE_OPTION_H
#define EXAMPLE_OPTION_H

#include <stdint.h>

enum {
	EXIT_CLEAN = 0,
	EXIT_LOSS = 1,		/* ran, but something is lost, double or damaged */
	EXIT_USAGE = 2,
	EXIT_FAILED = 3,	/* could not run */
};

/**
 * option_number() - the number an option was given
 * @name: the option, without dashes
 * @text: its argument
 * @min: smallest number allowed
 * @max: largest
 * @value: out
 *
 * Return: 0, or -1 after a message on stderr.
 */
int option_number(const char *name, const char *text, uint64_t min,
		  uint64_t max, uint64_t *value);

/* option_complain() - say what is wrong; returns EXIT_USAGE */
int option_complain(const char *text);

#endif /* EXAMPLE_OPTION_H */
