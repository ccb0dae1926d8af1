# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# Updates that do not happen, for one reason after another: each names who it was,
# nothing stays preserved, and the driver at work goes on.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

# settled_idle - nothing is held, and the others are as before
settled_idle() {
	wait_for "state_is idle"
	[ -z "$(pidof holdfast)" ] || die "a holder was left"
	[ -z "$(find /run/holdfast/sessions -type s)" ] || die "a socket was left"
	all_are ready nic-rx good
	wait_more_frames 50
}

# not_preserved NAME TEXT... - preserve is refused and says all of this
not_preserved() {
	name=$1 text=$2
	shift 2
	refused "$name" 1 "$text" holdfast preserve --timeout 1
	for text; do
		grep -q -- "$text" /run/out || die "does not say '$text'"
	done
	settled_idle
}

# without NAME - end this client
without() {
	kill -KILL "$(line_of "$1" | sed 's/.*"pid":\([0-9]*\).*/\1/')"
	wait_for "! client_is $1 '.*'"
}

kernel_1() {
	bind_vfio
	allow_huge_memfds
	start_daemon
	refused nobody-gave-anything 1 "no client has given anything" \
		holdfast preserve
	start_drivers
	run_client good --memfds 2 --uid 1000
	all_are ready nic-rx good
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"

	run_client late --stop put
	all_are new late
	not_preserved not-ready "late (process .* has not declared itself ready"
	without late
	run_client never --answer never
	all_are ready never
	not_preserved no-answer "never (process .* did not answer"
	without never
	run_client no --answer no
	all_are ready no
	not_preserved refuses "client no cannot be updated now: told to refuse"
	without no
	run_client dies --die asked
	all_are ready dies
	not_preserved dies "client dies has gone"

	# The last of them cannot be preserved: the others are given back.
	run_client zero --memfds 1
	all_are ready zero
	touch /run/holdfast/sessions/zero.sock
	not_preserved in-the-way "client zero: .*zero.sock exists and is no socket" \
		"nothing was preserved"
	rm /run/holdfast/sessions/zero.sock
	without zero

	doing "configuring"
	mkdir -p /etc/holdfast
	echo "retry-ms = -1" >/etc/holdfast/holdfastd.conf
	refused bad-configuration 1 "holdfastd.conf:1: retry-ms takes 0 to 60000" \
		rogue ctl reload
	echo "users = 0 1000" >/etc/holdfast/holdfastd.conf
	kill -HUP "$daemon"
	wait_for "as_nobody rogue claim nobody 1"
	as_nobody rogue claim nobody 1 | grep "may not be a client" ||
		die "anybody may be a client"
	point "configuration is read again"

	doing "killing a holder"
	preserve_all
	refused preserved-already 1 "all is preserved already" holdfast preserve
	kill -9 "$(holder_of good)"
	settled_idle
	ask status
	grep -q "died, so that its session is gone" "$STATUS" ||
		die "nobody was told"
	point "a holder that dies ends the update"

	doing "cancelling"
	preserve_all
	refused kexec-without-image 1 "no kernel is loaded" holdfast kexec
	state_is preserved || die "it is not preserved any more"
	holdfast cancel --events "$EVENTS"
	settled_idle
	refused nothing-to-cancel 1 "nothing" holdfast cancel

	dump_meminfo restored
	ask_host stop-source
	wrap_up_clients
}
