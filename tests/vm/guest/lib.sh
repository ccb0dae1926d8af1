# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # scenarios use what is set here
#
# What init and the scenarios share. Everything here is glue: the work is done
# by holdfast, the drivers (drivers.sh) and kexec.

export PATH=/bin:/sbin

# shellcheck source=tests/vm/guest/drivers.sh disable=SC1091
. /hf/drivers.sh

EVENTS=/dev/ttyS1
PARAMETERS="kernel scenario updates first next seed drivers memory irq kick frames warm between idle timeout bdf storm later"

# --- telling the host -------------------------------------------------------

# emit JSON - one event line, written in one go
emit() {
	printf '%s\n' "$1" >"$EVENTS"
}

# say TEXT - for people, on the console
say() {
	echo "hf: $*"
}

# doing TEXT - what a failure or a timeout will be blamed on
doing() {
	hf_doing=$*
	say "$hf_doing"
	[ ! -d /run/hf ] || echo "$hf_doing" >/run/hf/doing
}

# ask_host WHAT MORE - something only the host can do, see host/request.h:
#	ask_host unplug '"id":"nic0","after_ms":500'
ask_host() {
	emit "{\"ev\":\"host\",\"do\":\"$1\"${2:+,$2}}"
}

die() {
	say "FAILED: $*"
	exit 1
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

# --- command line -----------------------------------------------------------

# Sets hf_kernel, hf_scenario, ... from hf.kernel=, hf.scenario=, ...
read_cmdline() {
	hf_kernel=1 hf_scenario=update hf_updates=1 hf_frames=0 hf_warm=2000
	hf_between=4000 hf_idle=5000 hf_timeout=120 hf_bdf=
	hf_first='' hf_next='' hf_seed=1
	hf_drivers=nic-rx hf_memory=memfd hf_irq=no hf_kick=yes
	hf_storm=no hf_later=''
	read -r hf_cmdline </proc/cmdline
	for word in $hf_cmdline; do
		for name in $PARAMETERS; do
			case $word in
			hf."$name"=*) eval "hf_$name=\${word#*=}" ;;
			esac
		done
	done
	drivers=$(echo "$hf_drivers" | tr , ' ')
}

# The command line for the next kernel: this one, with the count moved on, and
# what only later kernels are told
next_cmdline() {
	next=
	for word in $hf_cmdline; do
		case $word in
		hf.kernel=*) ;;
		hf.later=*) next="$next${word#*=} " ;;
		*) next="$next$word " ;;
		esac
	done
	echo "${next}hf.kernel=$((hf_kernel + 1))"
}

# --- devices ----------------------------------------------------------------

SYSPCI=/sys/bus/pci/devices

# first_device IDS... - address of the first device that is VENDOR:DEVICE or of
# CLASS, which begins like those in sysfs
first_device() {
	for dev in "$SYSPCI"/*; do
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		read -r class <"$dev/class"
		for id; do
			case $vendor:$device,$class in
			"$id",* | *,"$id") echo "${dev##*/}" && return ;;
			esac
		done
	done
}

# Sets devices, in the order of drivers, and nic to the first of them
find_devices() {
	devices=
	for program in $drivers; do
		case $program in
		nvme-io) found=$(first_device 0x010802) ;;
		*) found=${hf_bdf:-$(first_device 0x8086:0x10c9 0x8086:0x10d3)} ;;
		esac
		[ -n "$found" ] || die "no device for $program"
		[ -d "$SYSPCI/$found" ] || die "no device $found"
		devices="$devices $found"
	done
	# shellcheck disable=SC2086
	set -- $devices
	nic=$1
}

# path_of BDF - the device, behind the bridges above it
path_of() {
	readlink -f "$SYSPCI/$1" | tr / '\n' | grep '^....:..:..\..$'
}

# dump_config WHEN - config space of the devices and their bridges
dump_config() {
	for bdf in $(for dev in $devices; do path_of "$dev"; done | sort -u); do
		hex=$(hexdump -v -e '1/1 "%02x"' "$SYSPCI/$bdf/config" |
			sed 's/\(00\)*$//')
		emit "{\"ev\":\"cfg\",\"when\":\"$1\",\"kernel\":$hf_kernel,\"bdf\":\"$bdf\",\"hex\":\"$hex\"}"
	done
}

# dump_registers WHEN - of a controller that no driver has opened
dump_registers() {
	nic-rx --events "$EVENTS" --when "$1" --registers "$nic" || true
}

# dump_meminfo WHEN - boot_kB is what the files for the next kernel occupy, Lists_kB
# the free pages on lists of the CPUs, which the kernel does not count as available
dump_meminfo() {
	fields=$(sed -n 's/^\(MemTotal\|MemFree\|MemAvailable\|Cached\|Shmem\|Slab\|Unevictable\|Mlocked\|CmaFree\): *\([0-9]*\) kB/,"\1_kB":\2/p' /proc/meminfo |
		tr -d '\n')
	boot=$(du -sk /boot | cut -f1)
	lists=$(awk '/^ *count:/ { n += $2 } END { print n * 4 }' /proc/zoneinfo)
	emit "{\"ev\":\"meminfo\",\"when\":\"$1\",\"kernel\":$hf_kernel$fields,\"Lists_kB\":$lists,\"boot_kB\":$boot}"
}

# start_zram - a block device in memory, unless it is there already
start_zram() {
	[ ! -e /dev/zram0 ] || return 0
	load_module zram
	echo 256M >/sys/block/zram0/disksize
}

# start_swap - to compressed memory, unless it is in use already
start_swap() {
	! grep -q '^/dev/zram0' /proc/swaps || return 0
	start_zram
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

# Before the last look at memory: let go of what is merely kept
settle_memory() {
	doing "settling memory"
	kexec -s -u 2>/dev/null || true
	! grep -q '^/dev/zram0' /proc/swaps || swapoff /dev/zram0
	sync
	echo 3 >/proc/sys/vm/drop_caches || say "caches cannot be dropped"
	# What KASAN keeps from being used again, and slabs with nothing in them
	for cache in /sys/kernel/slab/[!:]*/shrink; do
		[ ! -e "$cache" ] || echo 1 >"$cache"
	done
}

# load_module NAME - and what it needs, from this kernel's folder, with the
# parameters that the kernel's command line has for it
load_module() {
	! grep -q "^$(echo "$1" | tr - _) " /proc/modules || return 0
	folder=$(uname -r)
	folder=/modules/${folder##*-}
	[ -e "$folder/$1.ko" ] || die "no module $1 in $folder"
	for needed in $(tr '\0' '\n' <"$folder/$1.ko" |
		sed -n 's/^depends=//p' | tr , ' '); do
		load_module "$needed"
	done
	parameters=
	for word in $hf_cmdline; do
		case $word in
		"$1".*) parameters="$parameters ${word#*.}" ;;
		esac
	done
	# shellcheck disable=SC2086
	insmod "$folder/$1.ko" $parameters || die "cannot load $1"
}

# Where vfio-pci is a module, somebody has to load it
load_vfio() {
	[ -d /sys/bus/pci/drivers/vfio-pci ] || load_module vfio-pci
}

# bind_vfio [BDF...] - those, or all devices of the run
bind_vfio() {
	# shellcheck disable=SC2086
	[ $# != 0 ] || set -- $devices
	load_vfio
	for bdf; do
		doing "binding $bdf to vfio-pci"
		echo vfio-pci >"$SYSPCI/$bdf/driver_override"
		[ -e "$SYSPCI/$bdf/driver" ] ||
			echo "$bdf" >/sys/bus/pci/drivers_probe
		driver_of=$(readlink "$SYSPCI/$bdf/driver" || echo none)
		[ "${driver_of##*/}" = vfio-pci ] ||
			die "$bdf is bound to ${driver_of##*/}"
	done
}

# --- the update -------------------------------------------------------------

# next_initramfs FILE - what the next kernel needs: the base and, unless it is
# the last one, another archive with the files for the one after it
next_initramfs() {
	cp /boot/base "$1"
	[ "$hf_kernel" -lt "$hf_updates" ] || return 0
	printf '%s\n' boot boot/vmlinuz boot/base |
		(cd / && cpio -o -H newc 2>/dev/null) >>"$1"
}

# The kernel has copies of both files then. This takes time and memory: not
# between preserve and the update.
load_next_kernel() {
	doing "loading the next kernel"
	[ -r /boot/vmlinuz ] || die "no next kernel in /boot"
	next_initramfs /run/initramfs
	kexec -s -l /boot/vmlinuz --initrd=/run/initramfs \
		--command-line="$(next_cmdline)"
	rm /run/initramfs
}

preserve() {
	doing "preserving devices and memory of the drivers"
	# shellcheck disable=SC2046
	holdfast preserve --events "$EVENTS" $(pids_of_drivers "--pid ")
	dump_config preserved
}

# Does not return
go() {
	doing "starting the next kernel"
	holdfast kexec --events "$EVENTS"
	die "holdfast kexec returned"
}

restore() {
	bind_vfio
	dump_config bound
	doing "restoring"
	set -- --events "$EVENTS" --after-step /hf/after-step
	if [ "$drivers" = "${drivers% *}" ]; then
		# shellcheck disable=SC2046
		set -- "$@" -- "/bin/$drivers" --resume $(driver_args)
	else
		for program in $drivers; do
			set -- "$@" --exec \
				"$program=/bin/$program --resume $(driver_args "$program")"
		done
	fi
	holdfast restore "$@"
	dump_config restored
	find_driver
}

# update - from drivers at work to the next kernel, which is loaded already; does
# not return. In the later kernels a driver is not only told to let go of its
# device, it is gone.
update() {
	preserve
	detach_driver
	[ "$hf_kernel" = 1 ] || end_drivers
	go
}

# --- what must be refused ----------------------------------------------------

# refused NAME STATUS TEXT COMMAND... - fails with STATUS and says TEXT
refused() {
	name=$1 want=$2 text=$3
	shift 3
	doing "expecting a refusal: $name"
	status=0
	"$@" >/run/out 2>&1 </dev/null || status=$?
	cat /run/out
	[ "$status" = "$want" ] || die "status $status instead of $want"
	grep -q -- "$text" /run/out || die "does not say '$text'"
	emit "{\"ev\":\"refusal\",\"name\":\"$name\",\"status\":$status}"
}

# As a user who may open the files, but has no capability
as_nobody() {
	mkdir -p /etc
	echo "nobody:x:65534:65534:nobody:/:/bin/sh" >/etc/passwd
	chmod 755 /dev/vfio /dev/vfio/devices
	chmod 666 /dev/vfio/devices/* /dev/iommu
	su -s /bin/sh nobody -c "$*"
}

# random N - sets $random to a number from 0 to N - 1. The same hf.seed gives the
# same numbers.
random() {
	hf_seed=$(((hf_seed * 1103515245 + 12345) & 0x7fffffff))
	random=$(((hf_seed >> 8) % $1))
}

# point NAME - something else that holds, for the host's list
point() {
	emit "{\"ev\":\"point\",\"name\":\"$1\"}"
}

# be_faulty COMMAND... - run the program of that name; $faulty is what it left
be_faulty() {
	doing "starting a faulty driver: $*"
	faulty=$("$@") || die "it does not start"
	[ -n "$faulty" ] || die "it did not come up"
}

# mend - let it undo what it did
mend() {
	doing "ending the faulty driver"
	kill "$faulty"
	while [ -d "/proc/$faulty" ]; do
		sleep 0.02
	done
}

# --- selftests ---------------------------------------------------------------

# run_program NAME COMMAND... - what it prints goes to the events, between two
# lines of ours
run_program() {
	program=$1
	shift
	doing "running $program"
	emit "{\"ev\":\"program\",\"name\":\"$program\"}"
	status=0
	"$@" >"$EVENTS" 2>&1 || status=$?
	emit "{\"ev\":\"program\",\"name\":\"$program\",\"status\":$status}"
}

# --- the end ----------------------------------------------------------------

# PID 1 must not end, so something else has to look at the time
start_watchdog() {
	mkdir -p /run/hf
	(
		sleep "$hf_timeout"
		say "TIMEOUT in kernel $hf_kernel while: $(cat /run/hf/doing)"
		dump_troubles
		emit "{\"ev\":\"timeout\",\"kernel\":$hf_kernel,\"doing\":\"$(cat /run/hf/doing)\"}"
		emit '{"ev":"done","status":124}'
		poweroff -f
	) &
}

dump_troubles() {
	say "processes:"
	ps -o pid,stat,args | sed '/\[/d'
	say "memory:"
	head -n 5 /proc/meminfo
	say "agent:"
	timeout 5 holdfast status 2>&1 || true
	for program in $drivers; do
		for pid in $(pidof "$program"); do
			say "$program $pid:"
			timeout 5 "$program" --status "$pid" || true
		done
	done
	for bdf in ${devices:-}; do
		say "device $bdf:"
		hexdump -C -n 64 "$SYSPCI/$bdf/config" || true
	done
	say "kernel log:"
	dmesg | tail -n 40
}

# Runs when init would exit without finish: something went wrong
give_up() {
	trap - EXIT
	set +eu
	say "FAILED in kernel $hf_kernel (status $1) while: $hf_doing"
	dump_troubles
	emit "{\"ev\":\"failed\",\"kernel\":$hf_kernel,\"doing\":\"$hf_doing\"}"
	finish "${1:-1}"
}

# A debug kernel looks for memory nobody refers to any more. What it finds goes
# to the console, where the host looks for it.
scan_for_leaks() {
	leaks=/sys/kernel/debug/kmemleak
	[ -e "$leaks" ] || return 0
	say "kmemleak scan"
	# The second scan reports what the first one suspected
	echo scan >"$leaks"
	sleep 6
	echo scan >"$leaks"
	cat "$leaks"
	say "kmemleak done"
}

# finish STATUS - the last event; does not return
finish() {
	trap - EXIT
	[ "$1" = 0 ] || set +eu
	scan_for_leaks
	emit "{\"ev\":\"done\",\"status\":$1}"
	# Closing the terminal waits until it was written out; let it be sure
	sleep 0.2
	poweroff -f
	sleep 1000
}
