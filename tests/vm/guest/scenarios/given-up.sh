# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Many updates in a row. Before every second one comes another that does not
# happen: it is given up, or its agent killed, at a random step. The driver
# carries on as if nothing had been.

# end_agent [PID] - whatever of it is there: the holder, and the session with it
end_agent() {
	for pid; do
		kill -9 "$pid" 2>/dev/null || true
	done
	while pids=$(pidof holdfast @holdfast); do
		# shellcheck disable=SC2086
		kill -9 $pids 2>/dev/null || true
		sleep 0.02
	done
}

abort_cancelled() {
	preserve
	holdfast cancel --events "$EVENTS"
}

abort_detached() {
	preserve
	detach_driver
	holdfast cancel --events "$EVENTS"
	take_up_again
}

# Somewhere in preserve, or right after it
abort_killed() {
	random 250
	doing "killing preserve after $random ms"
	# shellcheck disable=SC2046
	holdfast preserve $(pids_of_drivers "--pid ") &
	usleep $((random * 1000))
	end_agent "$!"
	wait "$!" || true
}

abort_killed_detached() {
	preserve
	detach_driver
	end_agent
	take_up_again
}

# As late as can be: the kernel itself says no
abort_refused() {
	preserve
	detach_driver
	kexec -s -u
	doing "loading a kernel in the old way"
	kexec -c -l /boot/vmlinuz --command-line="$(next_cmdline)"
	status=0
	holdfast kexec || status=$?
	[ "$status" = 1 ] || die "holdfast kexec gave $status"
	holdfast verify >/dev/null
	holdfast cancel --events "$EVENTS"
	take_up_again
	kexec -c -u
	load_next_kernel
}

abort() {
	hf_seed=$((hf_seed + hf_kernel * 7919))
	random 5
	case $random in
	0) how=cancelled ;;
	1) how=detached ;;
	2) how=killed ;;
	3) how=killed_detached ;;
	4) how=refused ;;
	esac
	doing "giving up an update: $how"
	"abort_$how"
	point "kernel $hf_kernel gave up: $how"
	wait_more_frames "$hf_between"
}

kernel_1() {
	start_work noted
	abort
	update
}

kernel_N() {
	restore
	dump_meminfo restored
	if [ "$hf_kernel" -gt "$hf_updates" ]; then
		wrap_up
		return
	fi
	load_next_kernel
	wait_more_frames "$hf_between"
	[ $((hf_kernel % 2)) = 0 ] || abort
	update
}
