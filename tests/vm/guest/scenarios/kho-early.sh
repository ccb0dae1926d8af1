# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# The next kernel is told to use memory before it knows what is preserved: a CMA
# area right there, or, with hf.next=memtest, all that nobody has reserved.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	doing "scattering pages"
	khotest scatter pages=64 || die "cannot scatter pages"
	if [ "$hf_next" = memtest ]; then
		load_next memtest=1
		start_next
	fi
	first=$(dmesg | sed -n 's/.*khotest: the first page is at \(0x[0-9a-f]*\).*/\1/p')
	[ -n "$first" ] || die "it does not say where the pages are"
	load_next "$(printf 'cma=4M@%#x' $((first & ~0x3fffff)))"
	[ "$hf_first" = stock ] || go_for_good
	start_next
}

kernel_2() {
	doing "looking for the pages"
	if [ "$hf_first" != stock ]; then
		said "memtest: skipped"
		khotest look || die "not as it should be"
		point "what is preserved is not tested"
		return
	fi
	khotest_fails look "[0-9]* pages: [1-9][0-9]* lost"
	point "stock has an area of CMA in what is preserved"
}
