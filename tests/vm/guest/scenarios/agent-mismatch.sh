# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update after which a table seems to be another one than before: the device
# must stop writing, and the memory must stay out of use.

kernel_1() {
	start_work
	preserve
	detach_driver
	go
}

# COMMAND.BUS_MASTER, as the hardware has it
is_bus_master() {
	command=$(hexdump -s 4 -n 2 -e '1/2 "%u"' "$SYSPCI/$nic/config")
	[ $((command & 4)) != 0 ]
}

kernel_2() {
	bind_vfio
	is_bus_master || die "the device does not do DMA any more"
	point "DMA until then"
	refused "false table" 4 "bus mastering" env LIE=phys holdfast-liar \
		restore -- /bin/nic-rx --resume
	if is_bus_master; then
		die "the device goes on with DMA"
	fi
	point "DMA stopped"
	sleep 1
	[ -z "$(pidof nic-rx)" ] || die "a driver was started"

	doing "looking at the memory that is kept"
	holdfast restore --no-finish
	point "memory kept"
}
