// SPDX-License-Identifier: GPL-2.0
/* Devices that nobody takes up, or somebody else does. */
#include <stddef.h>

#include "scenario.h"

const struct scenario scenarios_orphan[] = {
	{ .name = NULL },
};
