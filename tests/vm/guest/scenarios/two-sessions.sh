# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables of lib.sh
#
# Two drivers that know nothing of one another: each has a session of its own,
# an agent of its own, and an end of its own. What happens to one session does
# not touch the other one's device. Native drivers of both are there.
# shellcheck source=tests/vm/guest/scenarios/two-lib.sh disable=SC1091
. /hf/scenarios/two-lib.sh
# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work noted
	preserve_apart
	detach_driver
	go
}

kernel_2() {
	name_both
	doing "letting native drivers have them"
	load_module nvme
	load_module igb
	for bdf in $devices; do
		echo "$bdf" >/sys/bus/pci/drivers_probe
		[ "$(driver_of "$bdf")" = none ] ||
			die "$(driver_of "$bdf") has $bdf"
	done
	point "native drivers do not get them"
	bind_vfio
	dump_config bound
	doing "restoring the disk"
	# shellcheck disable=SC2086
	of_disk restore --events "$EVENTS" --after-step /hf/after-step \
		-- $disk_command
	is_bus_master "$disk_bdf" || die "the disk does not do DMA any more"
	is_bus_master "$nic_bdf" || die "the NIC does not do DMA any more"
	doing "asking for the disk once more"
	status=0
	# shellcheck disable=SC2086
	of_disk restore -- $disk_command || status=$?
	[ "$status" = 3 ] || die "it gave $status"
	point "the disk's session is finished, the NIC's is not"
	doing "restoring the NIC"
	# shellcheck disable=SC2086
	holdfast restore --events "$EVENTS" --after-step /hf/after-step \
		-- $nic_command
	dump_config restored
	find_driver
	wrap_up
}
