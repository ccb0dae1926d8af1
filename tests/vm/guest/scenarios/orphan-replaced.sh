# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2119 # variables come from lib.sh
#
# One update after which the device is torn out before anybody has taken it over:
# it does not answer, so nobody can stop it or tell what it does, and its memory
# is kept for good. Here it goes on writing. Then another one is put in its place,
# which is an ordinary device.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	preserve
	detach_driver
	go
}

cannot_be_finished() {
	take_apart "what there is, $1" get:5=ENODEV get:4 get:1
	refused "finish, $1" 1 "finish: E" session finish
}

is_e1000e() {
	[ -e "$SYSPCI/$nic/device" ] && grep -q 0x10d3 "$SYSPCI/$nic/device"
}

kernel_2() {
	load_module e1000e
	spell on
	guard_begin
	doing "tearing it out"
	lose_device
	echo 1 >"$SYSPCI/$nic/remove"
	find_device_again
	[ ! -d "$SYSPCI/$nic" ] || die "it is still there"
	cannot_be_finished "without the device"
	guard_end
	point "torn out"

	spell any
	doing "putting another one in its place"
	ask_host replace '"id":"nic0","args":{"driver":"e1000e","id":"nic1","bus":"port0","netdev":"net0","romfile":""}'
	wait_for is_e1000e
	wait_for "[ -e $SYSPCI/$nic/driver ]"
	[ "$(driver_of "$nic")" = e1000e ] || die "it is not an ordinary device"
	cannot_be_finished "with another device"
	guard_begin
	sleep 1
	guard_end
	point "another device"
}
