# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # scenarios use what is set here
#
# What init and the scenarios share. Everything here is glue: the work is done
# by holdfast, nic-rx and kexec.

export PATH=/bin:/sbin

EVENTS=/dev/ttyS1
RESULT=/run/result.json
PARAMETERS="kernel scenario updates first next seed frames warm between idle timeout bdf"

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

# --- command line -----------------------------------------------------------

# Sets hf_kernel, hf_scenario, ... from hf.kernel=, hf.scenario=, ...
read_cmdline() {
	hf_kernel=1 hf_scenario=update hf_updates=1 hf_frames=0 hf_warm=2000
	hf_between=4000 hf_idle=5000 hf_timeout=120 hf_bdf=
	hf_first='' hf_next='' hf_seed=1
	read -r hf_cmdline </proc/cmdline
	for word in $hf_cmdline; do
		for name in $PARAMETERS; do
			case $word in
			hf."$name"=*) eval "hf_$name=\${word#*=}" ;;
			esac
		done
	done
}

# The command line for the next kernel: this one, with the count moved on
next_cmdline() {
	next=
	for word in $hf_cmdline; do
		case $word in
		hf.kernel=*) ;;
		*) next="$next$word " ;;
		esac
	done
	echo "${next}hf.kernel=$((hf_kernel + 1))"
}

# --- devices ----------------------------------------------------------------

SYSPCI=/sys/bus/pci/devices

find_nic() {
	nic=$hf_bdf
	for dev in "$SYSPCI"/*; do
		[ -z "$nic" ] || break
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		case $vendor:$device in
		0x8086:0x10c9 | 0x8086:0x10d3) nic=${dev##*/} ;;
		esac
	done
	[ -n "$nic" ] || die "no igb or e1000e controller"
	[ -d "$SYSPCI/$nic" ] || die "no device $nic"
}

# The controller and the bridges above it
path_of_nic() {
	readlink -f "$SYSPCI/$nic" | tr / '\n' | grep '^....:..:..\..$'
}

# dump_config WHEN - config space of the controller and its bridges
dump_config() {
	for bdf in $(path_of_nic); do
		hex=$(hexdump -v -e '1/1 "%02x"' "$SYSPCI/$bdf/config" |
			sed 's/\(00\)*$//')
		emit "{\"ev\":\"cfg\",\"when\":\"$1\",\"kernel\":$hf_kernel,\"bdf\":\"$bdf\",\"hex\":\"$hex\"}"
	done
}

# dump_registers WHEN - of a controller that no driver has opened
dump_registers() {
	nic-rx --events "$EVENTS" --when "$1" --registers "$nic" || true
}

# dump_meminfo WHEN - boot_kB is what the files for the next kernel occupy
dump_meminfo() {
	fields=$(sed -n 's/^\(MemTotal\|MemFree\|MemAvailable\|Cached\|Shmem\|Slab\|Unevictable\|Mlocked\|CmaFree\): *\([0-9]*\) kB/,"\1_kB":\2/p' /proc/meminfo |
		tr -d '\n')
	boot=$(du -sk /boot | cut -f1)
	emit "{\"ev\":\"meminfo\",\"when\":\"$1\",\"kernel\":$hf_kernel$fields,\"boot_kB\":$boot}"
}

# Before the last look at memory: let go of what is merely kept
settle_memory() {
	doing "settling memory"
	kexec -s -u 2>/dev/null || true
	sync
	echo 3 >/proc/sys/vm/drop_caches || say "caches cannot be dropped"
}

# load_module NAME - of the kernel that is running
load_module() {
	kind=$hf_next
	[ "$hf_kernel" != 1 ] || kind=$hf_first
	insmod "/modules/$kind/$1.ko"
}

bind_vfio() {
	doing "binding $nic to vfio-pci"
	echo vfio-pci >"$SYSPCI/$nic/driver_override"
	[ -e "$SYSPCI/$nic/driver" ] || echo "$nic" >/sys/bus/pci/drivers_probe
	driver=$(readlink "$SYSPCI/$nic/driver" || echo none)
	[ "${driver##*/}" = vfio-pci ] || die "$nic is bound to ${driver##*/}"
}

# --- the driver -------------------------------------------------------------

# Arguments of nic-rx which both kernels use. Waiting for the sender counts from
# the last frame, and there may be a boot between.
driver_args() {
	echo "--events $EVENTS --result $RESULT --idle $hf_idle"
	[ "$hf_frames" = 0 ] || echo "--count $hf_frames"
}

# Memfds may have 2 MiB folios for the asking. This also makes the kernel work
# out anew how much memory it keeps free, which it does with some delay after a
# boot; figures from before and after would not compare.
allow_huge_memfds() {
	echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled
}

start_driver() {
	doing "starting the driver"
	allow_huge_memfds
	# shellcheck disable=SC2046
	nic-rx $(driver_args) "$nic" &
	driver=$!
	tries=0
	until nic-rx --status "$driver" 2>/dev/null |
		grep -q '"running":true'; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || die "the driver does not get ready"
		[ -d "/proc/$driver" ] || die "the driver ended"
		sleep 0.1
	done
}

# The one that restore started; it may be through with everything already
find_driver() {
	driver=$(pidof nic-rx) || driver=gone
	[ "$driver" != gone ] || [ -e "$RESULT" ] || die "no driver is running"
}

# wait_frames N - until the driver has consumed that many
wait_frames() {
	doing "waiting for $1 frames"
	nic-rx --status "$driver" --count "$1" --timeout 60000
}

# wait_more_frames N - until it has consumed that many from now on
wait_more_frames() {
	position=$(nic-rx --status "$driver" |
		sed -n 's/.*"position":\([0-9]*\).*/\1/p')
	[ -n "$position" ] || die "the driver's state cannot be read"
	wait_frames $((position + $1))
}

detach_driver() {
	doing "letting the driver let go of the device"
	kill -USR2 "$driver"
	tries=0
	until nic-rx --status "$driver" | grep -q '"detached":true'; do
		tries=$((tries + 1))
		[ "$tries" -lt 500 ] || die "the driver does not let go"
		sleep 0.01
	done
}

# wait_result - until the driver is done and gone, with all that it held
wait_result() {
	doing "waiting for the driver's result"
	while [ -d "/proc/$driver" ]; do
		sleep 0.1
	done
	[ -e "$RESULT" ] || die "the driver ended without a result"
	cat "$RESULT"
}

result_is_clean() {
	doing "looking at the result"
	grep -q '"clean":true' "$RESULT" || die "frames are missing or bad"
}

# Wait for the driver's end, and leave nothing behind
wrap_up() {
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
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
	doing "preserving the driver's device and memory"
	holdfast preserve --events "$EVENTS" --pid "$driver"
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
	# shellcheck disable=SC2046
	holdfast restore --events "$EVENTS" --after-step /hf/after-step \
		-- /bin/nic-rx --resume $(driver_args)
	dump_config restored
	find_driver
}

# update - from a driver at work to the next kernel, which is loaded already;
# does not return. In the later kernels the driver is not only told to let go of
# the device, it is gone.
update() {
	preserve
	detach_driver
	if [ "$hf_kernel" != 1 ]; then
		kill "$driver"
		while [ -d "/proc/$driver" ]; do
			sleep 0.01
		done
	fi
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
	for pid in $(pidof nic-rx); do
		say "driver $pid:"
		timeout 5 nic-rx --status "$pid" || true
	done
	if [ -n "${nic:-}" ]; then
		say "controller $nic:"
		hexdump -C -n 64 "$SYSPCI/$nic/config" || true
	fi
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
