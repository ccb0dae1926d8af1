# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Two drivers. preserve is killed at random moments in the first kernel, restore
# in the second; hf.kills= says how often at most (default 100).
#
# Killed while it preserves, the kernel gives everything back and the drivers go
# on. Killed while it restores, the next one starts over, and no driver twice.

kills=100
for word in $hf_cmdline; do
	case $word in hf.kills=*) kills=${word#*=} ;; esac
done

now_ms() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}0"
}

# time_of COMMAND... - sets $took to milliseconds, at least 20
time_of() {
	begin=$(now_ms)
	"$@" >/dev/null 2>&1 || true
	took=$(($(now_ms) - begin + 20))
}

# kill_within MS COMMAND... - SIGKILL at a random moment; sets $status
kill_within() {
	random "$(($1 * 1000))"
	shift
	"$@" >/run/out 2>&1 &
	victim=$!
	usleep "$random"
	status=0
	kill -9 $victim 2>/dev/null || true
	wait $victim || status=$?
}

# Whatever a killed preserve left: a holder that was just started may still hold
give_back() {
	tries=0
	until holdfast status --json | grep -q '"state":"idle"'; do
		holdfast cancel >/dev/null 2>&1 || true
		tries=$((tries + 1))
		[ $tries -lt 50 ] || die "what is held cannot be cancelled"
	done
}

kernel_1() {
	start_work noted
	# shellcheck disable=SC2046
	set -- holdfast preserve $(pids_of_drivers "--pid ")
	time_of "$@"
	give_back
	say "preserve takes $took ms"
	killed=0 i=0
	while [ $i -lt "$kills" ]; do
		kill_within "$took" "$@"
		# How long it takes depends on what else the machine does just now
		case $status in
		0) took=$((took * 2 / 3 + 10)) ;;
		137)
			killed=$((killed + 1))
			took=$((took * 6 / 5))
			;;
		*) cat /run/out; die "preserve ended with $status in round $i" ;;
		esac
		# A session that goes away takes its time, and then all is free
		give_back
		i=$((i + 1))
	done
	say "KILLS preserve: $killed of $kills"
	[ $killed -gt $((kills / 4)) ] || die "only $killed of $kills were killed"
	point "preserve killed $killed times"
	wait_more_frames 200
	update
}

kernel_2() {
	bind_vfio
	dump_config bound
	set -- holdfast restore --events "$EVENTS" --after-step /hf/after-step
	for program in $drivers; do
		set -- "$@" --exec "$program=/bin/$program --resume $(driver_args "$program")"
	done
	killed=0 done_at=none i=0 limit=20 started=0
	while [ $i -lt "$kills" ]; do
		kill_within $limit "$@"
		# Later and later, so that each step is met
		limit=$((limit + 10))
		[ $status != 137 ] || killed=$((killed + 1))
		case $status in
		0 | 3) done_at=$i; break ;;
		137) ;;
		*) cat /run/out; die "restore ended with $status in round $i" ;;
		esac
		i=$((i + 1))
		# Drivers that run end when no more frames come
		[ -z "$(pidof nic-rx)" ] || started=$((started + 1))
		[ $started -lt 4 ] || break
	done
	say "KILLS restore: $killed, done in round $done_at"
	[ "$done_at" != none ] || "$@" || die "restore fails with $?"
	point "restore killed $killed times"
	dump_config restored
	find_driver
	for program in $drivers; do
		[ "$(pidof "$program" | wc -w)" = 1 ] || die "$program runs twice"
	done
	point "one of each driver"
	sleep 1
	wrap_up
}
