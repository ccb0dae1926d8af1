# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# No update: drivers replace one another in the same kernel, each killed in the
# middle of its work, with the controller's queues full.

pass_on() {
	doing "$1"
	# shellcheck disable=SC2046
	handoff pass --pid "$driver" --kill \
		-- /bin/nvme-io --resume $(driver_args) &
	driver=$!
	# It is the new driver from when it has the "state" memfd open
	sleep 0.3
	wait_more_frames 150
}

kernel_1() {
	bind_vfio
	start_driver
	dump_config running
	wait_frames 300
	detach_driver
	sleep 1
	pass_on "starting another driver in place of one that had let go"
	for n in 1 2 3 4 5 6 7 8; do
		pass_on "starting another driver in place of one at work, $n"
	done
	wrap_up
}
