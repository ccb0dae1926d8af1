# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update: frames come before, during and after it, and all have to be there.

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
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
