# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# An update with nothing in it that only a test would do: what the time without a
# driver consists of. See docs/bench.md.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

# tell_phases - what the daemon has measured
tell_phases() {
	holdfast status | tee /run/status.txt
	awk '/^$/ { table = "" } table { print $1, 1000 * (table == "phase" ? $2 : $3) }
		/^(phase|client +then) / { table = $1 }' /run/status.txt |
		while read -r what us; do
			emit "{\"ev\":\"bench\",\"what\":\"$what\",\"us\":$us}"
		done
}

kernel_1() {
	next_initramfs /run/initramfs
	bind_vfio
	start_daemon
	start_drivers
	# shellcheck disable=SC2086
	all_are ready $drivers
	wait_frames "$hf_warm"
	doing "updating"
	holdfast update --direct --events "$EVENTS" --kernel /boot/vmlinuz \
		--initrd /run/initramfs --append "$(next_cmdline)"
	die "update came back"
}

kernel_2() {
	bind_vfio
	start_daemon
	start_drivers
	# shellcheck disable=SC2086
	all_are ready $drivers
	wait_for "state_is idle"
	tell_phases
	ask_host stop-source
	wrap_up_clients
}
