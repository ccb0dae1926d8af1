# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh
#
# In the next kernel a table of one of two drivers seems false: its DMA is
# stopped, the other one goes on. Then the lost one is dropped.
# shellcheck source=tests/vm/guest/scenarios/two-lib.sh disable=SC1091
. /hf/scenarios/two-lib.sh

# The liar falsifies the table of the first driver
pids_of_drivers() {
	echo "--pid disk=$second --pid $driver"
}

kernel_2() {
	bind_vfio
	name_both
	refused "false table" 5 "disk: bus mastering of $disk_bdf was switched off" \
		env LIE=phys holdfast-liar restore --json --events "$EVENTS" \
		--exec nic-rx="$nic_command" --exec disk="$disk_command"
	find_survivor
	first=$driver
	if is_bus_master "$disk_bdf"; then
		die "the disk still does DMA"
	fi
	is_bus_master "$nic_bdf" || die "the NIC does not do DMA any more"
	point "only the false one was stopped"
	wait_more_frames 200
	doing "dropping the disk"
	holdfast restore --events "$EVENTS" \
		--exec nic-rx="$nic_command" --drop disk
	point "finished without it"
	[ "$(pidof nic-rx)" = "$first" ] || die "a second nic-rx was started"
	drivers=nic-rx
	sleep 1
	ask_host stop-source
	wait_result
	result_is_clean
}
