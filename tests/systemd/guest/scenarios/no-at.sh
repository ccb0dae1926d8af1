# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from run
#
# The control of graceful: its holders are no longer called "@holdfast", so
# systemd-shutdown kills them like anybody else, and the sessions are gone before
# the reboot call.

lose_the_at() {
	doing "renaming the holders"
	renamed=0
	for holder in $(pidof @holdfast); do
		arguments=$(cut -d ' ' -f 48 "/proc/$holder/stat")
		printf x | dd of="/proc/$holder/mem" bs=1 seek="$arguments" conv=notrunc 2>/dev/null
		case $(tr '\0' ' ' <"/proc/$holder/cmdline") in
		xholdfast*) renamed=$((renamed + 1)) ;;
		*) die "holder $holder is not called xholdfast" ;;
		esac
	done
	# The client's and that of the index
	[ "$renamed" = 2 ] || die "$renamed holders instead of 2"
}

kernel_1() {
	service_at_work
	preserve_all
	lose_the_at
	kexec_gracefully
}

kernel_2() {
	started_anew
	finish 0
}
