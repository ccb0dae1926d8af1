# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# Two updates. In the second kernel somebody else has /dev/liveupdate open when the
# daemon starts, and the NIC has no vfio-pci yet: nothing is taken for lost, and all
# goes on when that is mended. What was restored is preserved once more.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

begin() {
	start_drivers
	run_client mem --memfds 4 --uid 1000 "$@"
	# shellcheck disable=SC2086
	all_are ready $drivers mem
}

kernel_1() {
	load_next_kernel
	bind_vfio
	allow_huge_memfds
	start_daemon
	begin
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	preserve_all
	emit_verdicts
	go
}

kernel_2() {
	load_next_kernel
	doing "starting holdfastd while it cannot do anything"
	{ exec 9</dev/liveupdate; exec sleep 1000; } &
	busy=$!
	start_daemon
	ask status
	! grep -q '"state":"lost"' "$STATUS" || die "it takes that for lost"
	kill $busy
	wait $busy || :
	ask restore
	# shellcheck disable=SC2086
	all_are waiting $drivers mem
	point "busy is not lost"
	client_is mem waiting
	refused no-driver-yet 4 "vfio-pci is not bound to it yet" \
		client --name nic-rx --expect --memfds 0 --events /run/x
	compact_meanwhile
	bind_vfio
	dump_config bound
	begin --expect
	compact_enough
	wait_for "state_is idle"
	emit_verdicts
	dump_config restored
	wait_more_frames "$hf_between"
	preserve_all
	emit_verdicts
	end_all KILL client
	for program in $drivers; do
		kill "$(pid_of "$program")"
	done
	# As systemd ends it, before the reboot call of others
	ask kexec
	end_all TERM holdfastd
	go_by_others
}

kernel_3() {
	bind_vfio
	dump_config bound
	compact_meanwhile
	start_daemon
	# shellcheck disable=SC2086
	all_are waiting $drivers mem
	emit_verdicts
	begin --expect
	compact_enough
	wait_for "state_is idle"
	dump_config restored
	dump_meminfo restored
	wrap_up_clients
}
