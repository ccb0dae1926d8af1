# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# The daemon, the command and clients are killed at random moments, in the first
# kernel while they preserve, in the second while they restore; hf.kills= says how
# often in each. A preserve has happened as a whole or not at all, and what was
# preserved once is there until it is cancelled or taken up.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh

CLIENTS="mem.0 mem.1 mem.2"
kills=100
for word in $hf_cmdline; do
	case $word in hf.kills=*) kills=${word#*=} ;; esac
done

now_ms() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}0"
}

# keep_running COMMAND... - start it again whenever it ends, until /run/stop
keep_running() {
	(
		while [ ! -e /run/stop ]; do
			"$@" || :
			usleep 2000
		done
	) &
}

keep_daemon() {
	mkdir -p /var/lib
	keep_running sh -c 'exec holdfastd 2>/dev/console'
	wait_for "rogue ctl status >/dev/null 2>&1"
}

kill_daemon() {
	end_all KILL holdfastd
}

# Whether it was preserved: all of it, or nothing
settled() {
	ask status 2>/dev/null || return 1
	case $(cut -c1-40 "$STATUS") in
	*'"state":"preserved"'*)
		settled=preserved
		! grep -q '"state":"ready"' "$STATUS" ||
			die "some are preserved and some are not"
		;;
	*'"state":"idle"'*) settled=idle ;;
	*) return 1 ;;
	esac
}

holders() {
	pidof holdfast 2>/dev/null | wc -w
}

# one_round - preserve, with something killed at a random moment in it
one_round() {
	random $((took * 1000))
	moment=$random
	random 3
	holdfast preserve >/run/out 2>&1 &
	command=$!
	usleep "$moment"
	case $random in
	0) kill_daemon ;;
	1) kill -9 $command 2>/dev/null || : ;;
	2) kill -9 $command 2>/dev/null || : ; kill_daemon ;;
	esac
	wait $command || :
	wait_for settled
	if [ "$settled" = preserved ]; then
		whole=$((whole + 1))
		# What is preserved stays so
		kill_daemon
		wait_for settled
		[ "$settled" = preserved ] || die "a daemon that was killed lost it"
		wait_for "holdfast cancel >/dev/null 2>&1 || { settled && [ \$settled = idle ]; }"
	fi
	# shellcheck disable=SC2086
	all_are ready $drivers $CLIENTS
	[ "$(holders)" = 0 ] || die "a holder was left"
}

kernel_1() {
	load_next_kernel
	bind_vfio
	allow_huge_memfds
	keep_daemon
	start_drivers
	for c in $CLIENTS; do
		run_client "$c" --memfds 3 --uid 1000
	done
	# shellcheck disable=SC2086
	all_are ready $drivers $CLIENTS
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	begin=$(now_ms)
	holdfast preserve
	took=$(($(now_ms) - begin + 20))
	holdfast cancel
	# shellcheck disable=SC2086
	all_are ready $drivers $CLIENTS
	say "preserve takes $took ms"
	i=0 whole=0
	while [ $i -lt "$kills" ]; do
		i=$((i + 1))
		one_round
	done
	say "KILLS preserve: $kills, $whole of them were preserved all the same"
	[ $whole -lt "$kills" ] || die "none was in time"
	point "preserve was killed $kills times"
	wait_more_frames 200
	preserve_all
	# Drivers may end now, in whatever way: their sessions are kept.
	for program in $drivers; do
		kill -9 "$(pid_of "$program")"
	done
	end_all KILL client
	kill_daemon
	wait_for "state_is preserved"
	emit_verdicts
	go
}

kernel_2() {
	bind_vfio
	dump_config bound
	compact_meanwhile
	start_daemon
	begin=$(now_ms)
	kill_daemon
	i=0 limit=50
	while [ $i -lt "$kills" ]; do
		i=$((i + 1))
		holdfastd 2>/dev/null &
		daemon=$!
		random $((limit * 1000))
		usleep "$random"
		kill -9 $daemon
		# Later and later, so that each step is met
		limit=$((50 + i * 400 / kills))
	done
	point "the daemon was killed $kills times while it restored"
	start_daemon
	# shellcheck disable=SC2086
	all_are waiting $drivers $CLIENTS
	emit_verdicts
	kill_daemon
	keep_daemon
	# shellcheck disable=SC2086
	set -- $devices
	for program in $drivers; do
		# shellcheck disable=SC2046
		keep_running "$program" --name "$program" $(driver_args "$program") "$1"
		shift
	done
	for c in $CLIENTS; do
		keep_running client --name "$c" --events "/run/$c.events" \
			--memfds 3 --uid 1000 --wait 20000
	done
	i=0
	while [ $i -lt "$kills" ]; do
		i=$((i + 1))
		random 60000
		usleep "$random"
		kill_daemon
	done
	# shellcheck disable=SC2086
	all_reached resumed $CLIENTS
	# shellcheck disable=SC2086
	all_are ready $drivers $CLIENTS
	wait_for "state_is idle"
	point "the daemon was killed $kills times while they claimed"
	compact_enough
	find_driver
	dump_config restored
	dump_meminfo restored
	holdfast status
	touch /run/stop
	ask_host stop-source
	wrap_up_clients
}
