# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from run
#
# Updates that do not happen. Where there is a way back, the operator is told why
# and the client goes on; once systemd has stopped everything there is none: if the
# kernel refuses then, it reboots for good, through the firmware, after which the
# first kernel comes up a second time.
# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

# On the disk: nothing else is left of the first time
FIRST_TIME=/var/lib/hf-refused

# goes_on - the client, with nothing lost; and so does systemd
goes_on() {
	all_are ready nic
	wait_more_frames "$hf_between"
	nic-rx --status "$driver" >/run/nic.status
	grep -q '"lost":0,' /run/nic.status || die "frames are lost: $(cat /run/nic.status)"
	systemctl is-active --quiet multi-user.target || die "systemd goes down"
	point "$1"
}

# daemon_ends - by systemd and by force; the holders are children of it
daemon_ends() {
	doing "restarting holdfastd.service"
	systemctl restart holdfastd.service
	state_is preserved || die "nothing is preserved any more"
	doing "killing holdfastd"
	kill -9 "$(systemctl show -P MainPID holdfastd.service)"
	wait_for "state_is preserved"
	point "sessions outlive their daemon"
}

kernel_1() {
	[ ! -e "$FIRST_TIME" ] || second_time
	service_at_work

	kill -STOP "$driver"
	refused "a client that is late" 1 "nic (process" \
		update --graceful --timeout 1
	kill -CONT "$driver"
	goes_on "all goes on after a client was late"

	preserve_all
	daemon_ends
	lose_device
	refused "the kernel, asked directly" 1 "does not respond" \
		kexec_next --direct
	grep -q "everything is as before" /run/out || die "is it as before?"
	find_device_again
	holdfast verify
	holdfast cancel
	goes_on "all goes on after the kernel refused"

	preserve_all
	lose_device
	: >"$FIRST_TIME"
	kexec_gracefully
}

second_time() {
	root_was "clean, "
	point "root file system was unmounted"
	started_anew
	finish 0
}
