# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update with a manifest that is damaged or says what is not so. Nothing is
# done to the device because of it: read right in the end, all frames are there.

kernel_1() {
	start_work noted
	preserve
	detach_driver
	go
}

# lied LIE STATUS STEPS TEXT - restore is refused after no more than STEPS
lied() {
	: >/run/steps
	refused "manifest $1" "$2" "$4" env LIE="$1" holdfast-liar restore \
		--after-step 'echo >>/run/steps' -- /bin/nic-rx --resume
	steps=$(tr '\n' ' ' </run/steps)
	[ "$steps" = "$3" ] || die "went on: $steps"
}

kernel_2() {
	bind_vfio
	lied damage 1 "" "nothing else was retrieved"
	lied newer 1 "" "written by a newer holdfast"
	lied session 1 "" "written for session \"elsewhere\""
	lied token 1 "manifest " "the session has no such token"
	lied size 4 "manifest " "bytes, it had"
	lied device 4 "manifest memfd iommufd " "is another one"
	restore
	dump_meminfo restored
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
