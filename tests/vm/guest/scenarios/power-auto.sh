# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update with runtime power management on in the device and in the ports
# above it, from before preserve in the one kernel on, and from before the driver
# is bound in the other.

let_sleep() {
	doing "switching runtime power management on"
	for bdf in $(path_of "$nic"); do
		echo auto >"$SYSPCI/$bdf/power/control"
	done
}

kernel_1() {
	load_next_kernel
	let_sleep
	bind_vfio
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	update
}

kernel_2() {
	let_sleep
	bind_vfio
	# Longer than it takes to fall asleep
	sleep 2
	restore
	dump_meminfo restored
	wrap_up
}
