# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# No more ranges are preserved than the next kernel has room to note, and it has
# room for as many as that. kho-lost shows what happens if it has not.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	doing "preserving pages until there is no room"
	khotest full pages=200000 || die "not as it should be"
	said "larger kho_scratch="
	point "refused what the next kernel has no room to note"
	doing "starting the next kernel with more than that"
	load_next_kernel
	! kexec -e || die "kexec returned"
	said "not starting the next kernel"
	point "no kexec with more than that"
	rmmod khotest
	doing "scattering pages"
	khotest scatter pages=200000 || die "cannot scatter pages"
	said "khotest: no more than [0-9]\{5,\} ranges"
	load_next_kernel
	start_next
}

kernel_2() {
	doing "looking for the pages"
	khotest look || die "pages are lost"
	point "all of them are there"
}
