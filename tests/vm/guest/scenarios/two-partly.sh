# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# In the next kernel one of two drivers cannot be started at first: the other one
# goes on, what it had stays, and in the end both are there.
# shellcheck source=tests/vm/guest/scenarios/two-lib.sh disable=SC1091
. /hf/scenarios/two-lib.sh

kernel_2() {
	bind_vfio
	dump_config bound
	name_both
	refused "one command for two drivers" 2 "cannot be all of its drivers" \
		holdfast restore -- /bin/nic-rx --resume
	refused "one of two is not named" 2 "nothing says what becomes of driver nvme-io" \
		holdfast restore --exec nic-rx="$nic_command"
	refused "a driver that is not there" 2 "there is no driver \"nic\"" \
		holdfast restore --exec nic="$nic_command" --drop nvme-io
	refused "one cannot be started" 5 "nvme-io: cannot start the driver /bin/none" \
		holdfast restore --events "$EVENTS" \
		--exec nic-rx="$nic_command" --exec nvme-io=/bin/none
	find_survivor
	first=$driver
	wait_more_frames 200
	point "the other one goes on"
	is_bus_master "$disk_bdf" || die "the disk does not do DMA any more"
	point "DMA of the lost one goes on"
	refused "again" 5 "process $first (nic-rx) has device $nic_bdf already" \
		holdfast restore --events "$EVENTS" \
		--exec nic-rx="$nic_command" --exec nvme-io=/bin/none
	doing "restoring both"
	holdfast restore --events "$EVENTS" --after-step /hf/after-step \
		--exec nic-rx="$nic_command" --exec nvme-io="$disk_command"
	dump_config restored
	dump_meminfo restored
	find_driver
	[ "$driver" = "$first" ] || die "a second nic-rx was started"
	point "one driver"
	refused "finished" 3 "nothing to restore" holdfast restore --no-finish
	sleep 1
	ask_host stop-source
	wrap_up
}
