# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update, in which restore is killed after each of its steps, and started
# again from the beginning.

# restore_until STEP - the last of its steps
restore_until() {
	doing "killing restore after step $1"
	status=0
	# shellcheck disable=SC2016,SC2046 # holdfast's shell expands it
	holdfast restore --after-step '[ "$1" != '"$1"' ] || kill -9 $PPID; :' \
		-- /bin/nic-rx --resume $(driver_args) >/dev/null || status=$?
	[ "$status" = 137 ] || die "status $status: it was not killed"
	point "killed after $1"
}

kernel_1() {
	start_work noted
	preserve
	detach_driver
	go
}

kernel_2() {
	bind_vfio
	dump_config bound
	for step in manifest memfd iommufd device bind attach verify handover; do
		restore_until "$step"
	done
	find_driver
	first=$driver
	restore
	[ "$driver" = "$first" ] || die "a second driver was started"
	point "one driver"
	dump_meminfo restored
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
