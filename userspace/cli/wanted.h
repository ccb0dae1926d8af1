/* SPDX-License-Identifier: GPL-2.0-only */
/* Drivers on the command line: --pid [NAME=]PID */
#ifndef WANTED_H
#define WANTED_H

#include <holdfast/take.h>

#include "cli.h"

/**
 * wanted_add() - one more driver
 * @cli: options
 * @w: room for HF_MANIFEST_MAX_CLIENTS
 * @n: how many there are
 * @arg: "PID" or "NAME=PID"; changed, and kept
 *
 * Return: -1 to go on, else the code to exit with.
 */
int wanted_add(const struct cli *cli, struct wanted *w, size_t *n, char *arg);

#endif
