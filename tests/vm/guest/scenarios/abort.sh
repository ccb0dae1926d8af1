# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# No update after all: everything was preserved and the driver had let go, then
# it is cancelled, and the driver carries on in the kernel it started in.

kernel_1() {
	start_work noted
	preserve
	detach_driver
	sleep 0.5
	doing "cancelling"
	holdfast cancel --events "$EVENTS"
	dump_config cancelled
	kill -USR1 "$driver"
	wait_more_frames "$hf_between"

	doing "preserving and cancelling once more, with the driver at work"
	preserve
	holdfast cancel --events "$EVENTS"
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
