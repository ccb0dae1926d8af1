# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2119 # variables come from lib.sh
#
# One update after which the session is finished though nobody has taken the
# device over: it is stopped and reset first, and only then its memory is free.
# hf.finish=WHEN on the command line says what was done with it before:
#	untouched	nothing; not even a driver is bound
#	unbound		retrieved, held open, but not bound to its iommufd
#	bound		taken over and held open, but not attached: refused, and
#			with an agent that is killed at that, too
#	closed		taken over, attached, and closed again

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	preserve
	detach_driver
	go
}

kernel_2() {
	when=$(sed 's/.*hf\.finish=\([^ ]*\).*/\1/' /proc/cmdline)
	spell on
	guard_begin
	before=$(memory_total)
	sleep 2
	guard_end
	case $when in
	untouched)
		spell any
		take_apart "nothing, and finishing" finish
		;;
	unbound)
		bind_vfio
		spell any
		take_apart "all, and finishing" get:4 get:5 finish bind
		;;
	bound)
		bind_vfio
		take_apart "all, and finishing before it is attached" get:4 \
			get:5 bind finish=EBUSY
		take_apart "all once more, and being killed" get:4 get:5 \
			finish=EBUSY
		spell any
		take_apart "all, attaching, finishing" get:4 get:5 attach finish
		;;
	closed)
		bind_vfio
		take_apart "all, attaching" get:4 get:5 bind attach
		spell any
		take_apart "it, and finishing" get:5 drop:5 finish
		;;
	*) die "hf.finish=$when?" ;;
	esac
	point "finished"
	spell off
	if bus_master; then
		die "the device is still bus master"
	fi
	refused "the session is gone" 3 . holdfast restore --no-finish
	after=$(memory_total)
	say "$before kB before, $after kB after it was given back"
	# The ring alone has 16 MiB
	[ "$after" -gt $((before + 16384)) ] || die "no memory was given back"
	# All of it, whatever is still sent to the device
	guard_begin
	sleep 2
	guard_end
	point "memory is given back"

	spell reset
	native_driver_takes_it
	guard_begin
	sleep 1
	guard_end
	point "a native driver has it"
	spell any
}
