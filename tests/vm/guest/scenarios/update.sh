# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update or many in a row: frames come before, during and after each, and
# all have to be there. What was restored is preserved again.

kernel_1() {
	start_work noted
	update
}

kernel_N() {
	restore
	dump_meminfo restored
	if [ "$hf_kernel" -gt "$hf_updates" ]; then
		wrap_up
		return
	fi
	load_next_kernel
	wait_more_frames "$hf_between"
	update
}
