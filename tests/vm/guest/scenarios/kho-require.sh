# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# With kho=require a kernel comes up if something was handed over, and panics if
# its image was loaded by kexec_load(), which hands nothing over.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	if [ "$hf_first" = stock ]; then
		load_next_without_kho kho=require
		start_next
	fi
	# Kernel 2 needs the files, too
	hf_updates=2
	load_next kho=require
	start_next
}

kernel_2() {
	if [ "$hf_first" = stock ]; then
		! was_handed_over || die "something was handed over"
		point "stock boots on without what was preserved"
		return
	fi
	was_handed_over || die "nothing was handed over"
	point "comes up with what was handed over"
	load_next_without_kho
	go_for_good
}
