# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2119 # variables come from lib.sh
#
# The next kernel does not know what it was handed over: it is another one, or
# its command line is wrong. hf.without=WHAT says which: stock, liveupdate=off or
# kho=off. The device is lost, but all of them keep its memory: what was handed
# over stays reserved, kho=off or not.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

without=$(sed 's/.*hf\.without=\([^ ]*\).*/\1/' /proc/cmdline)

kernel_1() {
	case $without in
	stock) load_next_kernel ;;
	*) load_next_kernel_with "$without" ;;
	esac
	bind_vfio
	start_driver
	wait_frames "$hf_warm"
	preserve
	detach_driver
	go
}

kernel_2() {
	bus_master || die "bus mastering is off"
	spell on
	guard_begin
	sleep 3
	guard_end
	point "without $without"
	case $without in
	stock) said="cannot read\|retrieve" ;;
	*) said="booted without ${without%=off}=on" ;;
	esac
	refused "restore" 1 "$said" holdfast restore --no-finish
	spell reset
	native_driver_takes_it
	point "a native driver takes it"
	spell any
}
