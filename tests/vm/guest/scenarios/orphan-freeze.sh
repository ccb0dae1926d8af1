# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# All was preserved, and then the device cannot be reached when the kexec is
# asked for: it is refused, all goes on as before, and the next attempt succeeds
# once the device is there again.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

# Secondary and subordinate bus number of the port above: what is asked for the
# buses behind it goes nowhere. DMA and MMIO go their way all the same.
lose_device() {
	port=$(path_of_nic | head -n 1)
	dd if="$SYSPCI/$port/config" of=/run/buses bs=1 skip=25 count=2 2>/dev/null
	printf '\000\000' |
		dd of="$SYSPCI/$port/config" bs=1 seek=25 conv=notrunc 2>/dev/null
	[ "$(hexdump -n 4 -e '1/4 "%x"' "$SYSPCI/$nic/config")" = ffffffff ] ||
		die "the device still answers"
}

find_device_again() {
	dd if=/run/buses of="$SYSPCI/$port/config" bs=1 seek=25 conv=notrunc \
		2>/dev/null
	[ "$(hexdump -n 4 -e '1/4 "%x"' "$SYSPCI/$nic/config")" != ffffffff ] ||
		die "the device does not answer"
}

kernel_1() {
	load_next_kernel
	bind_vfio
	start_driver
	dump_config running
	wait_frames "$hf_warm"
	spell on
	preserve
	for time in first second; do
		lose_device
		refused "kexec for the $time time" 1 "does not respond" \
			holdfast kexec
		grep -q "everything is as before" /run/out ||
			die "is it as before?"
		find_device_again
		doing "verifying what is held"
		holdfast verify >/dev/null
		wait_more_frames 200
	done
	doing "cancelling"
	holdfast cancel
	lose_device
	refused "preserve" 1 "does not respond" holdfast preserve --pid "$driver"
	find_device_again
	spell on
	preserve
	detach_driver
	go
}

kernel_2() {
	spell on
	restore
	spell any
	wait_result
	result_is_clean
}
