# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# No update: drivers replace one another in the same kernel, each killed while
# frames come in. What works here needs nothing from the kernel.

pass_on() {
	doing "$1"
	# shellcheck disable=SC2046
	handoff pass --pid "$driver" --kill \
		-- /bin/nic-rx --resume $(driver_args) &
	driver=$!
	# It is the new driver from when it has the "state" memfd open
	sleep 0.3
	wait_more_frames "$hf_between"
}

kernel_1() {
	bind_vfio
	start_driver
	dump_config running
	wait_frames "$hf_warm"
	detach_driver
	sleep 1
	pass_on "starting another driver in place of one that had let go"
	pass_on "starting another driver in place of one at work"
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
