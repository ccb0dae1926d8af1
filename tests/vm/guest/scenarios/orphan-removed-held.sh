# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2119 # variables come from lib.sh
#
# One update after which somebody retrieves all files and is gone: the session
# alone holds the device's. Its driver is unbound then, and bound again, and in
# the end the device is removed. Neither may wait for a user that is not there.
# hf.held=HOW on the command line says what was done with it before that end:
#	unbound		nothing more
#	adopted		taken over and attached
#	kept		the same, and its driver is unbound, but it is not removed
#	used		it is held open by somebody, until he is killed

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	preserve
	detach_driver
	go
}

# write_later TEXT FILE - nobody can kill a process that waits for a device
write_later() {
	echo "$1" >"$2" &
	writing=$!
}

# written SECONDS WHAT - what was written must have been taken by then
written() {
	for _ in $(seq "$1"); do
		[ -d "/proc/$writing" ] || break
		sleep 1
	done
	if [ -d "/proc/$writing" ]; then
		dmesg | tail -n 20
		die "$2 does not come to an end"
	fi
	wait "$writing" || die "$2 failed"
}

unbind() {
	doing "unbinding its driver"
	write_later "$nic" /sys/bus/pci/drivers/vfio-pci/unbind
	written 5 "unbinding"
	[ "$(driver_of "$nic")" = none ] || die "it still has a driver"
}

remove() {
	doing "removing it"
	write_later 1 "$SYSPCI/$nic/remove"
	patience=5
	if [ "$how" = used ]; then
		sleep 2
		[ -d "/proc/$writing" ] || die "it is removed under its user"
		bus_master || die "it is stopped under its user"
		kill -KILL "$user"
		wait "$user" || :
		# It looks for users every ten seconds
		patience=15
	fi
	written $patience "removing"
	[ ! -d "$SYSPCI/$nic" ] || die "it is still there"
	spell off
	take_apart "a device that is not there" get:5=ENODEV get:4
	point "removed"

	doing "looking for it again"
	echo 1 >/sys/bus/pci/rescan
	[ -d "$SYSPCI/$nic" ] || die "it is not found"
}

kernel_2() {
	how=$(sed 's/.*hf\.held=\([^ ]*\).*/\1/' /proc/cmdline)
	# Retrieving gives memory back to those who count it
	before=$(memory_total)
	bind_vfio
	spell on
	guard_begin
	take_apart "all, and being gone" get:4 get:5

	unbind
	bus_master || die "it was stopped"
	take_apart "it without a driver" get:5=EAGAIN
	bind_vfio
	take_apart "it once more" get:4 get:5
	point "unbound"

	case $how in
	unbound) ;;
	adopted | kept)
		take_apart "all, attaching" get:4 get:5 bind attach
		;;
	used)
		doing "holding it open"
		session get:4 get:5 again wait:/run/gone &
		user=$!
		sleep 1
		;;
	*) die "hf.held=$how?" ;;
	esac
	guard_end

	guard_begin
	spell any
	if [ "$how" = kept ]; then
		unbind
		spell off
	else
		remove
	fi
	if bus_master; then
		die "it is bus master again"
	fi
	bind_vfio
	guard_end
	for node in "$SYSPCI/$nic"/vfio-dev/*; do
		node=/dev/vfio/devices/${node##*/}
	done
	take_apart "a device that was stopped, and finishing" \
		get:5=ESHUTDOWN "open:$node=EBUSY" finish "open:$node"
	[ "$(memory_total)" -gt $((before + 16384)) ] ||
		die "no memory was given back"
	guard_begin
	sleep 1
	guard_end
	spell any
	point "finished"
}
