# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Two updates: what was restored is preserved again. Before the second one the
# driver is not only told to let go of the device, it is gone.

kernel_1() {
	load_next_kernel
	bind_vfio
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	preserve
	detach_driver
	go
}

kernel_2() {
	restore
	dump_meminfo restored
	load_next_kernel
	wait_more_frames "$hf_between"
	preserve
	detach_driver
	kill "$driver"
	while [ -d "/proc/$driver" ]; do
		sleep 0.01
	done
	go
}

kernel_3() {
	restore
	dump_meminfo restored
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
