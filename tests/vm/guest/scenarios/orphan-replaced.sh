# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2119 # variables come from lib.sh
#
# One update after which the device is pulled before anybody has taken it over,
# and another one is put in its place. Nobody can tell whether the first one is
# quiet, so the memory is kept for good; the other one is an ordinary device.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	load_next_kernel
	bind_vfio
	start_driver
	wait_frames "$hf_warm"
	preserve
	detach_driver
	go
}

# port_byte OFFSET - of configuration space of the port above
port_byte() {
	hexdump -s "$1" -n 1 -e '1/1 "%u"' "$SYSPCI/$port/config"
}

# Slot power and its indicator off, behind the back of the hotplug driver: QEMU
# takes the device away at once
pull() {
	port=$(path_of_nic | head -n 1)
	at=$(port_byte 52)
	until [ "$(port_byte "$at")" = 16 ]; do
		at=$(port_byte $((at + 1)))
		[ "$at" != 0 ] || die "no slot"
	done
	# Slot control, bits 10 to 8 of a register that is written at once
	at=$((at + 24))
	# shellcheck disable=SC2059 # these are the bytes
	printf "$(printf '\\%03o\\%03o' "$(port_byte "$at")" \
		$(($(port_byte $((at + 1))) | 7)))" |
		dd of="$SYSPCI/$port/config" bs=2 seek=$((at / 2)) \
			conv=notrunc 2>/dev/null
}

# wait_for TEST... - 20 s
wait_for() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || die "it does not happen: $*"
		sleep 0.1
	done
}

cannot_be_finished() {
	take_apart "what there is, $1" get:5=ENODEV get:4 get:1
	refused "finish, $1" 1 "finish: E" session finish
}

kernel_2() {
	spell on
	guard_begin
	sleep 1
	spell any
	doing "pulling it"
	before=$(memory_total)
	pull
	wait_for [ ! -d "$SYSPCI/$nic" ]
	cannot_be_finished "without the device"
	guard_end
	point "pulled"

	doing "putting another one in its place"
	load_module e1000e
	ask_host plug '"args":{"driver":"e1000e","id":"nic1","bus":"port0","netdev":"net0","romfile":""}'
	wait_for [ -e "$SYSPCI/$nic/driver" ]
	[ "$(driver_of "$nic")" = e1000e ] || die "it is not an ordinary device"
	cannot_be_finished "with another device"
	[ "$(memory_total)" = "$before" ] || die "memory was given back"
	guard_begin
	sleep 1
	guard_end
	point "another device"
}
