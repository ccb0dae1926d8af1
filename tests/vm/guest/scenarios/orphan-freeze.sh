# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# All was preserved, and then the device cannot be reached when the kexec is
# asked for: it is refused, all goes on as before, and the next attempt succeeds
# once the device is there again.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	load_next_kernel
	bind_vfio
	start_driver
	dump_config running
	wait_frames "$hf_warm"
	spell on
	preserve
	for time in first second; do
		lose_device
		refused "kexec for the $time time" 1 "does not respond" \
			holdfast kexec
		grep -q "everything is as before" /run/out ||
			die "is it as before?"
		find_device_again
		doing "verifying what is held"
		holdfast verify >/dev/null
		wait_more_frames 200
	done
	doing "cancelling"
	holdfast cancel
	lose_device
	refused "preserve" 1 "does not respond" holdfast preserve --pid "$driver"
	find_device_again
	spell on
	preserve
	detach_driver
	go
}

kernel_2() {
	spell on
	restore
	spell any
	wait_result
	result_is_clean
}
