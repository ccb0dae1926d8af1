# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# One update after which the index seems damaged to the daemon, and then a table of
# one client false: that device is stopped and its memory kept, its client is told,
# and the other client goes on.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

# COMMAND.BUS_MASTER, as the hardware has it
is_bus_master() {
	command=$(hexdump -s 4 -n 2 -e '1/2 "%u"' "$SYSPCI/$nic/config")
	[ $((command & 4)) != 0 ]
}

# start_liar LIE
start_liar() {
	daemon_program=holdfastd-liar
	export LIE="$1"
	start_daemon
	unset LIE
	daemon_program=holdfastd
}

end_daemon() {
	kill "$daemon"
	wait "$daemon" || :
}

kernel_1() {
	load_next_kernel
	bind_vfio
	allow_huge_memfds
	start_daemon
	start_drivers
	run_client mem --memfds 4 --uid 1000
	all_are ready nic-rx mem
	wait_frames "$hf_warm"
	preserve_all
	go
}

kernel_2() {
	bind_vfio
	start_liar damage
	! state_is lost || die "what cannot be read is taken for lost"
	! client_is nic-rx '.*' || die "a damaged index was believed"
	end_daemon
	is_bus_master || die "the device does not do DMA any more"
	point "DMA until then"

	start_liar phys
	state_is failed || die "the state does not say so"
	client_is nic-rx failed || die "nic-rx is not failed"
	if is_bus_master; then
		die "the device goes on with DMA"
	fi
	point "DMA stopped"
	grep -q "bus mastering of $nic was switched off" "$STATUS" ||
		die "nobody is told"
	refused must-not-be-used 4 "was mapped to" client --name nic-rx \
		--memfds 0 --expect --events /run/x
	refused status-says-so 1 "was mapped to" holdfast status
	run_client mem --memfds 4 --uid 1000 --expect
	wait_client mem resumed
	point "the other one goes on"
	sleep 1
	end_daemon

	start_daemon
	all_are waiting nic-rx
	point "memory kept"
}
