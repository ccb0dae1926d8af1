# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables of lib.sh
#
# Two sessions, of which one cannot go: the kernel has frozen the other one by
# then, or has not come to it. It takes that back, and refuses the kexec.
# shellcheck source=tests/vm/guest/scenarios/two-lib.sh disable=SC1091
. /hf/scenarios/two-lib.sh
# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	name_both
	spell on
	preserve_apart
	for lost in $nic_bdf $disk_bdf; do
		lose_device "$lost"
		refused "kexec without $lost" 1 "does not respond" holdfast kexec
		find_device_again
		doing "verifying both after $lost was lost"
		holdfast verify >/dev/null
		of_disk verify >/dev/null
		wait_more_frames 200
		point "all is as before, $lost was lost"
	done
	doing "cancelling both"
	holdfast cancel
	of_disk cancel
	wait_more_frames 200
	spell any
	ask_host stop-source
	wrap_up
}
