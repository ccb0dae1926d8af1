# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh and of scenarios
#
# holdfastd and its clients. There is no disk: what a machine would have in
# /var/lib/holdfast is gone after a kexec unless a scenario takes it along.

STATUS=/run/status.json

# end_all SIGNAL PROGRAM - all processes of that name
end_all() {
	for pid in $(pidof "$2"); do
		kill -"$1" "$pid" 2>/dev/null || :
	done
}

# start_daemon - and wait until it serves
start_daemon() {
	doing "starting holdfastd"
	mkdir -p /var/lib
	"${daemon_program:-holdfastd}" 2>/dev/console &
	daemon=$!
	wait_for "rogue ctl status >/dev/null 2>&1"
}

# ask WHAT [ARG [NAME]] - the daemon, as its operator; the report is in $STATUS
ask() {
	rogue ctl "$@" >"$STATUS"
}

# state_is STATE - of all
state_is() {
	ask status && grep -q "^{\"version\":1,\"state\":\"$1\"" "$STATUS"
}

# line_of NAME - what the report says of a client, as far as its state
line_of() {
	ask status && tr '{' '\n' <"$STATUS" | grep "^\"name\":\"$1\",\"uid\"" |
		head -n 1
}

# client_is NAME STATE
client_is() {
	line_of "$1" | grep -q "\"state\":\"$2\""
}

# holder_of NAME
holder_of() {
	ask status
	tr '{' '\n' <"$STATUS" | sed -n "/^\"name\":\"$1\",\"uid\"/s/.*\"holder\":\([0-9]*\).*/\1/p" |
		head -n 1
}

# all_are STATE NAME... - each of these clients
all_are() {
	state=$1
	shift
	for c; do
		doing "waiting for client $c to be $state"
		wait_for "client_is $c $state"
	done
}

# run_client NAME OPTIONS... - of the test client
run_client() {
	name=$1
	shift
	client --name "$name" --events "/run/$name.events" "$@" &
}

# reached NAME POINT
reached() {
	grep -q "\"name\":\"$1\",\"state\":\"$2\"" "/run/$1.events" 2>/dev/null
}

# wait_client NAME POINT
wait_client() {
	doing "waiting for client $1: $2"
	wait_for "reached $1 $2"
}

# all_reached POINT NAME...
all_reached() {
	point=$1
	shift
	for c; do
		wait_client "$c" "$point"
	done
}

# The drivers of the run as clients, called as themselves. The same command starts
# one or lets it go on, and from there on it may touch its device.
start_drivers() {
	[ "$hf_kernel" = 1 ] || emit '{"ev":"step","name":"verify","ms":0}'
	# shellcheck disable=SC2086
	set -- $devices
	for program in $drivers; do
		doing "starting $program as a client"
		# shellcheck disable=SC2046
		"$program" --name "$program" $(driver_args "$program") "$1" &
		set_pid "$program" $!
		shift
	done
}

# compact_meanwhile - again and again, as the daemon does not stop between its
# steps; ends by compact_enough
compact_meanwhile() {
	rm -f /run/enough
	(
		rounds=0
		until [ -e /run/enough ] && [ $rounds -ge 10 ]; do
			/hf/after-step "round $rounds"
			rounds=$((rounds + 1))
		done
		touch /run/compacted
	) &
}

compact_enough() {
	doing "compacting memory"
	touch /run/enough
	wait_for "[ -e /run/compacted ]"
	rm /run/compacted
}

# As wrap_up, for clients: SIGTERM would leave their devices running
wrap_up_clients() {
	for program in $drivers; do
		[ "$program" != nvme-io ] || kill -INT "$(pid_of nvme-io)"
		wait_one "$program"
	done
	dump_config end
	end_all TERM client
	end_all TERM holdfastd
	wait_for "! pidof client holdfastd >/dev/null"
	settle_memory
	dump_meminfo end
	result_is_clean
}

# What was compared, for the host, which looks at the size of the last: the daemon
# writes no events.
emit_verdicts() {
	ask status 1
	tr '{' '\n' <"$STATUS" | grep '^"pa_table_equal"' |
		sed 's/}.*//' | sort -t : -k 4 -n |
		while read -r line; do
			emit "{\"ev\":\"verify\",\"by\":\"holdfastd\",$line}"
		done
}

# go_by_others - the reboot call is not made by holdfast; does not return
go_by_others() {
	doing "starting the next kernel"
	emit "{\"ev\":\"reboot\",\"tsc\":0}"
	kexec -e
	die "kexec returned"
}

# preserve_all - what the operator types
preserve_all() {
	doing "preserving all clients"
	holdfast preserve --events "$EVENTS"
	state_is preserved || die "not preserved"
	dump_config preserved
}
