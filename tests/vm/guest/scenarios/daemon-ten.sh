# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# Ten clients of eight users, four of which have a device, two of these at work:
# each gets what it gave, and nothing of others.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

NICS="0000:00:08.0 0000:00:09.0"
CLIENTS="nic.1 nic.2 mem.0 mem.1 mem.2 mem.3 mem.4 mem.5"

# options_of NAME
options_of() {
	case $1 in
	nic.1) echo "--device 0000:00:08.0 --memfds 2" ;;
	nic.2) echo "--device 0000:00:09.0 --uid 1003 --gid 103" ;;
	mem.[0-4]) echo "--memfds 3 --size 300000 --uid 200${1#mem.} --gid 7" ;;
	mem.5) echo "--memfds 40 --size 70000 --unasked --uid 2001 --gid 8" ;;
	esac
}

start_clients() {
	for c in $CLIENTS; do
		# shellcheck disable=SC2046
		run_client "$c" $(options_of "$c") "$@"
	done
}

kernel_1() {
	load_next_kernel
	# shellcheck disable=SC2086
	bind_vfio $devices $NICS
	allow_huge_memfds
	start_daemon
	start_drivers
	start_clients
	# shellcheck disable=SC2086
	all_are ready $drivers $CLIENTS
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	preserve_all
	# shellcheck disable=SC2086
	all_reached preserved $CLIENTS
	emit_verdicts
	go
}

# no_claim NAME - as somebody else
no_claim() {
	rogue claim "$1" 1 || die "$1 could be claimed"
}

kernel_2() {
	# shellcheck disable=SC2086
	bind_vfio $devices $NICS
	dump_config bound
	compact_meanwhile
	start_daemon
	# shellcheck disable=SC2086
	all_are waiting $drivers $CLIENTS
	emit_verdicts
	# Root is somebody else, too
	no_claim mem.0
	no_claim nic.2
	point "foreign claims are refused"
	start_drivers
	start_clients --expect
	# shellcheck disable=SC2086
	all_reached resumed $CLIENTS
	# shellcheck disable=SC2086
	all_are ready $drivers
	compact_enough
	wait_for "state_is idle"
	dump_config restored
	dump_meminfo restored
	holdfast status
	point "all ten have resumed"
	wrap_up_clients
}
