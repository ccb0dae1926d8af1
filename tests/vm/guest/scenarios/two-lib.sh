# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh and of scenarios
#
# Updates of two drivers that do not both come back, or not together. Here is what
# the first kernel does unless a scenario says otherwise, and what the second one
# needs. The guest says when no more frames are wanted.

# is_bus_master BDF - COMMAND.BUS_MASTER, as the hardware has it
is_bus_master() {
	command=$(hexdump -s 4 -n 2 -e '1/2 "%u"' "$SYSPCI/$1/config")
	[ $((command & 4)) != 0 ]
}

# Sets nic_bdf, disk_bdf, and the commands of their drivers
name_both() {
	# shellcheck disable=SC2086
	set -- $devices
	nic_bdf=$1 disk_bdf=$2
	nic_command="/bin/nic-rx --resume $(driver_args nic-rx)"
	disk_command="/bin/nvme-io --resume $(driver_args nvme-io)"
}

# of_disk VERB ARG... - by the agent that has only the disk
of_disk() {
	verb=$1
	shift
	holdfast "$verb" --session disk --socket /run/disk.sock "$@"
}

# preserve_apart - a session for each
preserve_apart() {
	doing "preserving each in a session of its own"
	holdfast preserve --events "$EVENTS" --pid "$(pid_of nic-rx)"
	of_disk preserve --events "$EVENTS" --pid "$(pid_of nvme-io)"
	dump_config preserved
}

# The one for the NIC runs, the other one does not
find_survivor() {
	[ -z "$(pidof nvme-io)" ] || die "nvme-io runs"
	driver=$(pidof nic-rx) || die "nic-rx does not run"
}

kernel_1() {
	start_work noted
	update
}
