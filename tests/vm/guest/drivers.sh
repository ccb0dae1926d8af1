# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables are those of lib.sh
#
# The drivers of a run, hf.drivers=nic-rx, nvme-io or nic-rx,nvme-io: $drivers
# has their names. $driver is the process ID of the first of them. What is said
# of "the driver" here is done to all.

# pid_of DRIVER, set_pid DRIVER PID. $second is that of the second driver.
pid_of() {
	if [ "$1" = "${drivers%% *}" ]; then
		echo "$driver"
	else
		echo "$second"
	fi
}

set_pid() {
	if [ "$1" = "${drivers%% *}" ]; then
		driver=$2
	else
		second=$2
	fi
}

# pids_of_drivers PREFIX - each behind PREFIX
pids_of_drivers() {
	for program in $drivers; do
		printf '%s%s ' "$1" "$(pid_of "$program")"
	done
}

result_of() {
	echo "/run/result.$1"
}

# driver_args [DRIVER] - arguments which all kernels use. Waiting for the sender
# counts from the last frame, and there may be a boot between.
driver_args() {
	program=${1:-${drivers%% *}}
	echo "--events $EVENTS --result $(result_of "$program")"
	echo "--idle $hf_idle"
	case $program,$hf_irq,$hf_kernel in
	nic-rx,no,*) ;;
	nic-rx,*) echo "--irq=$hf_irq" ;;
	nvme-io,no,1) echo "--commands $NVME_COMMANDS --poll" ;;
	nvme-io,*,1) echo "--commands $NVME_COMMANDS" ;;
	esac
	[ "$program,$hf_kernel" != nic-rx,1 ] || echo "--memory=$hf_memory"
	[ "$hf_kick" = yes ] || [ "$hf_kernel" = 1 ] || echo "--no-kick"
	[ "$hf_frames" = 0 ] || [ "$program" != nic-rx ] ||
		echo "--count $hf_frames"
}

# More than there is time for: nvme-io is told when to end
NVME_COMMANDS=200000

# Memfds may have 2 MiB folios for the asking. This also makes the kernel work
# out anew how much memory it keeps free, which it does with some delay after a
# boot; figures from before and after would not compare.
allow_huge_memfds() {
	echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled
}

# start_one DRIVER BDF
start_one() {
	doing "starting $1"
	# shellcheck disable=SC2046
	"$1" $(driver_args "$1") "$2" &
	set_pid "$1" $!
	tries=0
	until "$1" --status "$(pid_of "$1")" 2>/dev/null |
		grep -q '"running":true'; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || die "$1 does not get ready"
		[ -d "/proc/$(pid_of "$1")" ] || die "$1 ended"
		sleep 0.1
	done
}

# Enough for what nic-rx allocates, ring and buffers
HUGE_PAGES=72

start_driver() {
	case $hf_memory in
	hugetlb*) echo $HUGE_PAGES >/proc/sys/vm/nr_hugepages ;;
	esac
	allow_huge_memfds
	# shellcheck disable=SC2086
	set -- $devices
	for program in $drivers; do
		start_one "$program" "$1"
		shift
	done
}

# The one that restore started; it may be through with everything already
find_driver() {
	for program in $drivers; do
		found=$(pidof "$program") || found=gone
		[ "$found" != gone ] || [ -e "$(result_of "$program")" ] ||
			die "no $program is running"
		set_pid "$program" "$found"
	done
}

# wait_frames N - until the first driver has consumed that many frames, or as
# many commands have completed
wait_frames() {
	doing "waiting for $1 frames or commands"
	"${drivers%% *}" --status "$driver" --count "$1" --timeout 60000
}

# start_work [noted] - load the next kernel and have the drivers at work, noted
# with what the memory and the devices look like meanwhile
start_work() {
	load_next_kernel
	bind_vfio
	start_driver
	if [ "${1-}" = noted ]; then
		dump_meminfo driver
		dump_config running
	fi
	wait_frames "$hf_warm"
}

# wait_more_frames N - until there are that many from now on
wait_more_frames() {
	position=$("${drivers%% *}" --status "$driver" |
		sed -n 's/.*"\(position\|completed\)":\([0-9]*\).*/\2/p')
	[ -n "$position" ] || die "the driver's state cannot be read"
	wait_frames $((position + $1))
}

# signal_drivers SIGNAL true|false - until all are, or are not, detached
signal_drivers() {
	for program in $drivers; do
		kill -"$1" "$(pid_of "$program")"
	done
	for program in $drivers; do
		tries=0
		until "$program" --status "$(pid_of "$program")" |
			grep -q "\"detached\":$2"; do
			tries=$((tries + 1))
			[ "$tries" -lt 500 ] || die "$program does not listen"
			sleep 0.01
		done
	done
}

detach_driver() {
	doing "letting the driver let go of the device"
	signal_drivers USR2 true
}

take_up_again() {
	doing "letting the driver go on"
	signal_drivers USR1 false
}

# Drivers that have let go end without touching their device
end_drivers() {
	doing "ending the driver"
	for program in $drivers; do
		kill "$(pid_of "$program")"
	done
	for program in $drivers; do
		while [ -d "/proc/$(pid_of "$program")" ]; do
			sleep 0.01
		done
	done
}

# wait_one DRIVER - until it is done and gone, with all that it held
wait_one() {
	doing "waiting for the result of $1"
	while [ -d "/proc/$(pid_of "$1")" ]; do
		sleep 0.1
	done
	[ -e "$(result_of "$1")" ] || die "$1 ended without a result"
	cat "$(result_of "$1")"
}

wait_result() {
	for program in $drivers; do
		wait_one "$program"
	done
}

result_is_clean() {
	doing "looking at the result"
	for program in $drivers; do
		grep -q '"clean":true' "$(result_of "$program")" ||
			die "$program: something is missing or bad"
	done
}

# Wait for the driver's end, and leave nothing behind. One for NICs ends when no
# more frames come, the other one is told to.
wrap_up() {
	[ "${drivers%% *}" != nvme-io ] || wait_more_frames "$hf_between"
	for program in $drivers; do
		[ "$program" != nvme-io ] || kill "$(pid_of nvme-io)"
		wait_one "$program"
	done
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
