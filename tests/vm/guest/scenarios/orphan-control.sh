# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Would the guard see a device that writes to memory that was freed under it? On
# the stock kernel the device keeps its ring, and the memory of the ring is free
# after the kexec. Only bus mastering is off; switched on behind the kernel's
# back, it is an orphan.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	spell on
	detach_driver
	spell any
	emit '{"ev":"reboot"}'
	kexec -e
}

kernel_2() {
	guard_begin --damage
	set_bus_master on
	bus_master || die "bus mastering cannot be switched on"
	# What the guard does not have gets its share, this shell's memory, too
	wait_for "grep -q 'was written to' /run/guard.out"
	set_bus_master off
	guard_end
	point "the guard sees it"
}
