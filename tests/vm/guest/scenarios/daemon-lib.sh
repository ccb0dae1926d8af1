# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh and of scenarios
#
# holdfastd and its clients. What a machine would have on its disk goes through the
# kexec in the next initramfs, if it was there when that was made.

STATUS=/run/status.json

start_daemon() {
	doing "starting holdfastd"
	mkdir -p /var/lib
	holdfastd 2>/dev/console &
	daemon=$!
	wait_for "[ -S /run/holdfast/holdfastd.sock ]"
}

# wait_for COMMAND - until it is true, 20 s
wait_for() {
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ "$tries" -lt 1000 ] || die "not so: $1"
		sleep 0.02
	done
}

# ask WHAT [ARG [NAME]] - the daemon, as its operator
ask() {
	rogue ctl "$@" >"$STATUS"
}

# state_is STATE - of all
state_is() {
	ask status && grep -q "^{\"version\":1,\"state\":\"$1\"" "$STATUS"
}

# client_is NAME STATE
client_is() {
	ask status && tr '{' '\n' <"$STATUS" |
		grep "^\"name\":\"$1\"" | grep -q "\"state\":\"$2\""
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

# Does not return
leave() {
	doing "starting the next kernel"
	ask kexec
	kexec -e
	die "kexec returned"
}
