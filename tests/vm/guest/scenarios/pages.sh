# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Memory of every kind in an iommufd, over two updates. No device goes on working:
# it is about the memory, which is checked byte by byte, and about getting all of
# it back in the end.
# shellcheck source=tests/vm/guest/scenarios/pages-lib.sh disable=SC1091
. /hf/scenarios/pages-lib.sh

kernel_2() {
	load_next_kernel
	doing "taking memory, preserving it again"
	pages take --go
}

kernel_3() {
	given_back pages take
	point "all memory came through two updates"
}
