# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# The data that is handed over is of a version that the next kernel does not
# know. It must not boot on, unless KHO is off in it. With hf.next=invalid it is
# no FDT, with hf.next=empty its map of what is preserved is empty instead, with
# hf.next=astray that map is said to be in scratch.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	case $hf_next in
	off) load_next kho=off ;;
	*) load_next ;;
	esac
	doing "damaging what is handed over"
	case $hf_next in
	empty) khotest empty || die "no map found" ;;
	invalid) khotest invalid || die "no FDT found" ;;
	astray) khotest astray at="$(scratch_at)" || die "no map found" ;;
	*) khotest damage || die "nothing found to damage" ;;
	esac
	case $hf_first,$hf_next in
	stock,* | *,off) start_next ;;
	*) go_for_good ;;
	esac
}

kernel_2() {
	doing "looking what the kernel made of it"
	if [ "$hf_next" = empty ]; then
		was_handed_over || die "nothing was handed over"
		point "stock boots on with nothing reserved"
		return
	fi
	! was_handed_over || die "it was not damaged"
	if [ "$hf_first" = stock ]; then
		said "disabling KHO revival"
		point "stock boots on"
	else
		said "FDT is not compatible, ignored as kho is off"
		point "boots on where KHO is off"
	fi
}
