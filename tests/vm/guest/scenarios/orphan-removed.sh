# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2119 # variables come from lib.sh
#
# One update after which the device is removed, as sysfs can do it, before anybody
# has taken it over. That cannot be refused, so it is stopped; its memory is kept
# until the session is finished. When it is found again, drivers that know it
# must not have it before.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	preserve
	detach_driver
	go
}

kernel_2() {
	# Retrieving gives memory back to those who count it
	before=$(memory_total)
	load_module igb
	spell on
	guard_begin
	sleep 1
	spell any
	doing "removing it"
	echo 1 >"$SYSPCI/$nic/remove"
	[ ! -d "$SYSPCI/$nic" ] || die "it is still there"
	spell off
	take_apart "a device that is not there" get:5=ENODEV get:4
	guard_end
	point "removed"

	doing "looking for it again"
	echo 1 >/sys/bus/pci/rescan
	[ -d "$SYSPCI/$nic" ] || die "it is not found"
	[ "$(driver_of "$nic")" = none ] || die "a native driver has it"
	bind_vfio
	take_apart "a device that was stopped" get:5=ESHUTDOWN get:4
	point "found again"

	take_apart "nothing, and finishing" finish
	[ "$(memory_total)" -gt $((before + 16384)) ] ||
		die "no memory was given back"
	guard_begin
	sleep 1
	guard_end
	spell reset
	native_driver_takes_it
	point "a native driver has it"
	spell any
}
