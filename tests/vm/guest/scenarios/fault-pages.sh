# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# pages.sh, in which each call of preserve, retrieve and finish fails in all ways
# before it succeeds, in the last kernel a single allocation at a time. Memory comes back as if none had, and all of it is free in
# the end.
# shellcheck source=tests/vm/guest/scenarios/fault-lib.sh disable=SC1091
. /hf/scenarios/fault-lib.sh
# shellcheck source=tests/vm/guest/scenarios/pages-lib.sh disable=SC1091
. /hf/scenarios/pages-lib.sh

kernel_2() {
	load_next_kernel
	doing "taking memory, preserving it again"
	with_faults pages take --go
}

kernel_3() {
	given_back with_single_faults pages take
	faulted open retrieve-session retrieve-file get-extents get-memory finish
	point "all memory came through two updates"
}
