# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# One session of three does not come through, as its holder was killed when nobody
# looked: its client is told that it is lost, and so is the operator. The others go
# on. One more is not wanted any more, and given up.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

kernel_1() {
	load_next_kernel
	bind_vfio
	allow_huge_memfds
	start_daemon
	start_drivers
	run_client gone --memfds 4 --uid 1000
	run_client unwanted --memfds 4 --uid 1001
	all_are ready nic-rx gone unwanted
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	preserve_all
	emit_verdicts
	holder=$(holder_of gone)
	[ -n "$holder" ] || die "no holder is named"
	end_all KILL holdfastd
	kill -9 "$holder"
	go_by_others
}

kernel_2() {
	bind_vfio
	dump_config bound
	compact_meanwhile
	start_daemon
	all_are waiting nic-rx unwanted
	all_are lost gone
	state_is lost || die "the state does not say so"
	refused lost-is-reported 1 "did not come through the kexec" \
		holdfast status
	emit_verdicts
	start_drivers
	refused lost-is-told 4 "is lost" client --name gone --uid 1000 \
		--memfds 4 --expect --events /run/x
	all_are ready nic-rx
	# It begins anew
	run_client gone --memfds 4 --uid 1000
	all_are ready gone
	refused not-while-one-waits 1 "client unwanted has not taken up again" \
		holdfast preserve
	holdfast finish unwanted
	wait_for "state_is idle"
	point "one is lost, one was given up, one goes on"
	compact_enough
	dump_config restored
	dump_meminfo restored
	holdfast status || die "status still fails"
	preserve_all
	holdfast cancel
	all_are ready nic-rx gone
	wrap_up_clients
}
