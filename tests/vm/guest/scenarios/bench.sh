# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables of lib.sh
#
# Measurements of tests/bench, see there: sets of memory over one update, and
# over two more with our kernel, of which only the freeze is of interest:
# hf.sets=SET,SET hf.flat=SET,SET. What membench prints goes to the events.

# of_cmdline NAME - what hf.NAME= says, commas become blanks
of_cmdline() {
	sed "s/.*hf\.$1=\([^ ]*\).*/\1/" /proc/cmdline | tr , ' '
}

# flat_set N - the N-th of hf.flat
flat_set() {
	# shellcheck disable=SC2046
	set -- "$1" $(of_cmdline flat)
	shift "$1"
	echo "$1"
}

bind_all() {
	for path in "$SYSPCI"/*; do
		read -r device <"$path/device"
		[ "$device" = 0x10c9 ] || continue
		bind_vfio "${path##*/}"
	done
}

membench_hold() {
	load_next_kernel
	doing "holding $*"
	# shellcheck disable=SC2068
	membench hold "$hf_first" $@ >"$EVENTS"
	die "membench came back"
}

membench_take() {
	doing "taking $*"
	# shellcheck disable=SC2068
	membench take "$hf_first" $@ >"$EVENTS"
}

kernel_1() {
	bind_all
	membench_hold "$(of_cmdline sets)"
}

kernel_2() {
	bind_all
	membench_take "$(of_cmdline sets)"
	[ "$hf_updates" -gt 1 ] || return 0
	membench_hold "$(flat_set 1)"
}

kernel_3() {
	bind_all
	membench_take "$(flat_set 1)"
	membench_hold "$(flat_set 2)"
}

kernel_4() {
	bind_all
	membench_take "$(flat_set 2)"
}
