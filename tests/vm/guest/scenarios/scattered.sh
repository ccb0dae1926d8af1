# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Memory in so many pieces that their list has several parts, and beside it a page
# of 1 GiB, where the processor has such.

kernel_1() {
	load_next_kernel
	bind_vfio
	gigantic=
	! grep -q pdpe1gb /proc/cpuinfo || gigantic=--gigantic
	doing "mapping and preserving memory $gigantic"
	scattered make $gigantic
}

kernel_2() {
	doing "taking memory"
	scattered take
	point "all runs are there"
	! grep -q pdpe1gb /proc/cpuinfo ||
		point "a page of 1 GiB is there"
}
