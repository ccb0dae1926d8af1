# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# No update: the kernel selftests (tests/kselftest), which tests/kselftest/run.sh
# names on the command line: hf.programs=A,B,C. What they print goes to the
# events, between two lines of ours for each program.

kernel_1() {
	doing "looking for what the tests need"
	[ -c /dev/liveupdate ] || die "live update is off"
	for path in "$SYSPCI"/*; do
		read -r device <"$path/device"
		[ "$device" = 0x10c9 ] || continue
		bind_vfio "${path##*/}"
	done
	[ -e /dev/vfio/devices/noiommu-vfio1 ] || die "not two noiommu devices"
	programs=$(sed 's/.*hf\.programs=\([^ ]*\).*/\1/' /proc/cmdline)
	for program in $(echo "$programs" | tr , ' '); do
		run_program "$program" "$program"
	done
}
