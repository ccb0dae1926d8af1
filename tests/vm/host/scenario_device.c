// SPDX-License-Identifier: GPL-2.0
/* What else can be carried, where it may be, and what is refused. */
#include <stddef.h>

#include "scenario.h"

const struct scenario scenarios_device[] = {
	{ .name = NULL },
};
