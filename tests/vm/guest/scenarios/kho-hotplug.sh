# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# Memory that was plugged in is not in the map that the next kernel gets: nothing
# of it can be preserved, and what describes the rest must not be there.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

# So that the kernel allocates from it, first of all
online_memory() {
	doing "taking the plugged memory into use"
	for block in /sys/devices/system/memory/memory*; do
		[ "$(cat "$block/state")" = online ] ||
			echo online_kernel >"$block/state"
	done
}

kernel_1() {
	online_memory
	load_next_kernel
	doing "preserving memory that was plugged in"
	if [ "$hf_first" = stock ]; then
		khotest_fails hotplugged \
			"metadata in memory that was plugged in: 64 instead of 0" \
			"a page: 0 instead of -95" "a block: 0 instead of -95"
		point "stock preserves what the next kernel does not have"
		return
	fi
	khotest hotplugged || die "not as it should be"
	point "plugged memory is refused, and holds no metadata"
	start_next
}

kernel_2() {
	was_handed_over || die "nothing was handed over"
	point "the next kernel finds what was handed over"
}
