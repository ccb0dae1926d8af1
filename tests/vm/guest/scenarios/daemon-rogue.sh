# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# Clients that mean harm, while others are at work and are carried through an
# update: nobody else notices.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

MESSAGES=10000

# attack WHEN - all that rogue can do, as a user and as root
attack() {
	doing "attacking $1"
	as_nobody rogue attack >/run/out 2>&1 || { cat /run/out; die "as a user"; }
	rogue attack >/run/out 2>&1 || { cat /run/out; die "as root"; }
	as_nobody rogue fuzz $MESSAGES "$hf_seed" >/run/out 2>&1 ||
		{ cat /run/out; die "messages at random"; }
	cat /run/out
	as_nobody rogue ctl status >/dev/null 2>&1 &&
		die "a user may ask what only the operator may"
	point "$1: attacks do not disturb"
}

kernel_1() {
	load_next_kernel
	bind_vfio
	allow_huge_memfds
	start_daemon
	start_drivers
	run_client mem --memfds 4 --uid 1000
	all_are ready nic-rx mem
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	attack "ready"
	all_are ready nic-rx mem
	preserve_all
	attack "preserved"
	all_are preserved nic-rx mem
	emit_verdicts
	go
}

kernel_2() {
	bind_vfio
	dump_config bound
	compact_meanwhile
	start_daemon
	all_are waiting nic-rx mem
	attack "waiting"
	for name in nic-rx mem; do
		as_nobody rogue claim "$name" 1 || die "$name could be claimed"
	done
	all_are waiting nic-rx mem
	emit_verdicts
	start_drivers
	run_client mem --memfds 4 --uid 1000 --expect
	wait_client mem resumed
	all_are ready nic-rx
	compact_enough
	wait_for "state_is idle"
	dump_config restored
	dump_meminfo restored
	[ "$(find "/proc/$daemon/fd" -type l | wc -l)" -lt 40 ] ||
		die "descriptors were left"
	wrap_up_clients
}
