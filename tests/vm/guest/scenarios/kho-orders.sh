# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# Blocks of several orders, scattered among one another, are all there after a kexec:
# the next kernel notes them by address, whatever their order.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	doing "scattering blocks"
	khotest scatter pages=10000 sizes=5 || die "cannot scatter blocks"
	load_next_kernel
	start_next
}

kernel_2() {
	doing "looking for the blocks"
	khotest look || die "blocks are lost"
	point "all of them are there"
}
