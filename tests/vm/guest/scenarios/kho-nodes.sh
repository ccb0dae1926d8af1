# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# A range that goes from one node to the next comes back complete.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	load_next_kernel
	doing "preserving pages of two nodes"
	khotest nodes || die "cannot preserve them"
	start_next
}

kernel_2() {
	doing "restoring the pages of two nodes"
	if [ "$hf_first" = stock ]; then
		khotest_fails look "pages that came back: 512 instead of 1024"
		point "stock forgets the half of a range"
		return
	fi
	khotest look || die "not as it should be"
	point "all of the range came back"
}
