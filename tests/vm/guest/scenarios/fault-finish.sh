# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2119,SC2154 # variables come from lib.sh
#
# One update after which memory runs out half way through a memfd, the agent ends,
# and the session is finished without the rest. Nothing that the device writes to is
# free until it is stopped, whatever fails in finishing, and all of it afterwards.

# shellcheck source=tests/vm/guest/scenarios/fault-lib.sh disable=SC1091
. /hf/scenarios/fault-lib.sh
# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	preserve
	detach_driver
	go
}

# Has memory run out when it was at a folio that is not the first one?
was_half() {
	dmesg | grep 'failed to add to page cache folio index [1-9]'
}

# half_a_memfd - of whichever is the large one. How many allocations that takes
# depends on the kernel; an inode that cannot be had is ENOSPC.
half_a_memfd() {
	for nth in 20 40 60 80 100 120; do
		export FAULTS_NTH=$nth
		session get:2=ENOMEM || session get:2=ENOSPC ||
			session get:3=ENOMEM || session get:3=ENOSPC || break
		! was_half || break
	done
	unset FAULTS_NTH
}

kernel_2() {
	spell on
	before=$(memory_total)
	doing "retrieving half of a memfd"
	with_faults half_a_memfd
	was_half || die "that was not half of it"
	guard_begin
	sleep 2
	guard_end
	point "half of a memfd is kept"

	spell any
	with_faults take_apart "nothing more, and finishing" finish
	faulted open retrieve-session finish
	spell off
	if bus_master; then
		die "the device is still bus master"
	fi
	refused "the session is gone" 3 . holdfast restore --no-finish
	after=$(memory_total)
	say "$before kB before, $after kB after it was given back"
	# The driver has 24 MiB, in several memfds
	[ "$after" -gt $((before + 24000)) ] ||
		die "not all memory was given back"
	guard_begin
	sleep 2
	guard_end
	point "memory is given back"
	spell any
}
