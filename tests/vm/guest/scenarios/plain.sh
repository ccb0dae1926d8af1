# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# No update: the driver alone, from the first frame to the last.

kernel_1() {
	bind_vfio
	start_driver
	dump_config running
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
