# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# The control to native-driver, on the stock kernel: a native driver that is
# loaded in the new kernel has the device at once, and resets it.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	spell on
	detach_driver
	spell any
	handoff preserve --pid "$driver" --kexec --events "$EVENTS"
	die "handoff returned"
}

kernel_2() {
	spell reset
	load_module igb
	[ "$(driver_of "$nic")" = igb ] || die "igb does not have it"
	point "igb has it"
	spell any
}
