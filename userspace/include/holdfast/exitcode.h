/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_EXITCODE_H
#define HOLDFAST_EXITCODE_H

/** enum hf_exit - exit codes: part of the interface, see docs/agent.md */
enum hf_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOTHING = 3,
	EXIT_MISMATCH = 4,
	EXIT_PARTLY = 5,
};

#endif
