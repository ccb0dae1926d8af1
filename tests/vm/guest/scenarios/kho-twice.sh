# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# A page is preserved by one owner only, whatever the orders, and none of scratch.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	doing "preserving pages twice"
	if [ "$hf_first" = stock ]; then
		khotest_fails twice "a folio again: 0 instead of -17" \
			"a part of it: 0 instead of -17" \
			"a folio with a hole: 0 instead of -17"
		point "stock preserves the same page twice"
		khotest_fails "scratch at=$(scratch_at)" \
			"a page of scratch: 0 instead of -22"
		point "stock preserves what the next kernel is put on"
		return
	fi
	khotest twice || die "not as it should be"
	point "no page is preserved twice"
	rmmod khotest
	khotest scratch at="$(scratch_at)" || die "not as it should be"
	point "no page of scratch is preserved"
}
