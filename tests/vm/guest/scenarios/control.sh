# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# The same update without the series: memfds are all that the stock kernel can
# carry. This scenario has to end with frames lost, and does not judge that
# itself: the host looks at the result.

kernel_1() {
	start_work noted

	doing "asking for what this kernel cannot do"
	status=0
	holdfast preserve --events "$EVENTS" --pid "$driver" || status=$?
	emit "{\"ev\":\"control\",\"preserve_status\":$status}"

	detach_driver
	doing "starting the next kernel with the memory only"
	handoff preserve --pid "$driver" --kexec --events "$EVENTS"
	die "handoff returned"
}

kernel_2() {
	[ "$drivers" != nic-rx ] || dump_registers boot
	doing "retrieving the memory"
	# shellcheck disable=SC2046
	handoff retrieve -- "/bin/$drivers" --resume --memory-only \
		$(driver_args) &
	set_pid "$drivers" $!
	wait_result
	[ "$drivers" != nic-rx ] || dump_registers end
	dump_config end
	dump_meminfo end
}
