# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# The agent is killed while it preserves, again and again, at another moment each
# time: everything is given back, and the driver notices nothing. And what is no
# kexec into a kernel that takes the session over is refused.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

# Agent, and the holder if it came that far
kill_agent() {
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
	for pid in $(pidof @holdfast); do
		kill -9 "$pid" 2>/dev/null || true
	done
	while pidof @holdfast holdfast >/dev/null; do
		sleep 0.01
	done
}

kernel_1() {
	bind_vfio
	start_driver
	dump_config running
	spell on
	begun=0
	for ms in 0 3 6 10 15 20 30 40 60 80 100 130 160; do
		doing "killing preserve after $ms ms"
		dmesg -c >/dev/null
		holdfast preserve --pid "$driver" >/dev/null 2>&1 &
		pid=$!
		usleep $((ms * 1000))
		kill_agent "$pid"
		! dmesg | grep -q "none -> preserved" || begun=$((begun + 1))
	done
	say "the device was preserved $begun times by then"
	[ "$begun" -gt 0 ] || die "killed too early"
	point "killed while preserving"

	holdfast preserve --events "$EVENTS" --pid "$driver"
	dump_config preserved
	refused "no image loaded" 1 "no kernel is loaded" holdfast kexec
	doing "asking the kernel itself, without an image"
	! kexec -e || die "it returned success"
	holdfast verify >/dev/null
	doing "loading a kernel in the old way"
	kexec -c -l /boot/vmlinuz --command-line="$(next_cmdline)"
	! kexec -e || die "it returned success"
	kexec -c -u
	holdfast verify >/dev/null
	point "refused by the kernel"
	spell on
	doing "cancelling"
	holdfast cancel --events "$EVENTS"
	spell any
	wrap_up
}
