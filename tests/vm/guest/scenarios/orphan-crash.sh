# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# All was preserved, and the kernel panics instead: the crash kernel comes up in
# the memory that was set aside for it, which the device does not know.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	doing "loading a crash kernel"
	kexec -s -p /boot/vmlinuz --initrd=/boot/base \
		--command-line="$(next_cmdline)"
	start_work
	preserve
	detach_driver
	doing "crashing"
	echo 1 >/proc/sys/kernel/sysrq
	echo c >/proc/sysrq-trigger
	die "no crash"
}

kernel_2() {
	doing "looking whether this is the crash kernel"
	[ -e /proc/vmcore ] || grep -q elfcorehdr= /proc/cmdline ||
		die "it is not"
	spell on
	guard_begin --leave 40
	sleep 3
	guard_end
	point "the crash kernel has its memory for itself"
	bus_master || die "bus mastering is off"
}
