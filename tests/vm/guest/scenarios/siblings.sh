# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update of one of two functions in a slot. The other one is bound to
# vfio-pci, too, and nobody uses it.

bind_sibling() {
	sibling=${nic%.*}.1
	[ -d "$SYSPCI/$sibling" ] || die "no other function beside $nic"
	echo vfio-pci >"$SYSPCI/$sibling/driver_override"
	echo "$sibling" >/sys/bus/pci/drivers_probe
}

kernel_1() {
	load_next_kernel
	bind_vfio
	bind_sibling
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	update
}

kernel_2() {
	bind_vfio
	bind_sibling
	restore
	dump_meminfo restored
	wrap_up
}
