# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# Ten clients of eight users, four of which have a device: each gets what it gave,
# and nothing of others.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

CLIENTS="nic disk nic.1 nic.2 mem.0 mem.1 mem.2 mem.3 mem.4 mem.5"

# options_of NAME
options_of() {
	case $1 in
	nic) echo "--device $nic_bdf --memfds 1" ;;
	disk) echo "--device $disk_bdf --uid 1001 --gid 101" ;;
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

# all_reached POINT
all_reached() {
	for c in $CLIENTS; do
		wait_client "$c" "$1"
	done
}

setup() {
	# shellcheck disable=SC2086
	set -- $devices
	nic_bdf=$1 disk_bdf=$2
	bind_vfio "$nic_bdf" "$disk_bdf" 0000:00:08.0 0000:00:09.0
}

kernel_1() {
	load_next_kernel
	setup
	start_daemon
	start_clients
	all_reached ready
	doing "preserving"
	ask preserve 20000
	cat "$STATUS"
	all_reached preserved
	state_is preserved || die "not preserved"
	leave
}

# no_claim NAME - as somebody else
no_claim() {
	rogue claim "$1" 1 || die "$1 could be claimed"
}

kernel_2() {
	setup
	start_daemon
	cat "$STATUS" 2>/dev/null || :
	wait_for "state_is restoring"
	for c in $CLIENTS; do
		client_is "$c" waiting || die "$c does not wait"
	done
	# Root is somebody else, too
	no_claim mem.0
	no_claim disk
	point "foreign claims are refused"
	start_clients --expect
	all_reached resumed
	point "all ten have resumed"
	wait_for "state_is idle"
	ask status
	cat "$STATUS"
	all_reached ready
	point "ready for the next one"
}
