# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update in which the last frame comes before interrupts are armed again, so
# that no interrupt tells of any of them. The driver finds them because it is
# woken once when it arms; with hf.kick=no it does not.

kernel_1() {
	start_work noted
	update
}

kernel_2() {
	doing "waiting until no frame comes any more"
	ask_host stop-source
	sleep 1
	restore
	dump_meminfo restored
	if [ "$hf_kick" = yes ]; then
		wrap_up
	else
		# As far as it knows there was nothing; the host knows better
		wait_result
	fi
}
