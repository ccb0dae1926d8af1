# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh, and of the host
#
# The tables in docs/ioctls.md: what each ioctl does while everything is frozen, and
# in the states of the next kernel. See guest/ioctls.c. Since it goes through all of
# an update, it also looks what the trace events and the inventory say of it.

inventory=/sys/kernel/debug/liveupdate/sessions

start_trace() {
	mountpoint -q "$tracefs" || mount -t tracefs trace "$tracefs"
	echo 1 >"$tracefs/events/liveupdate/enable"
	echo 1 >"$tracefs/events/iommufd/enable"
}
tracefs=/sys/kernel/tracing

# traced TIMES PATTERN - so many events are like that
traced() {
	found=$(grep -c "$2" "$tracefs/trace" || true)
	[ "$found" = "$1" ] && return
	cat "$tracefs/trace"
	die "$found times instead of $1: $2"
}

# listed PATTERN - the inventory has such a line
listed() {
	grep -q "$1" "$inventory" && return
	cat "$inventory"
	die "the inventory does not say '$1'"
}

# bind_both - the one that is carried is the first one
bind_both() {
	bind_vfio "$nic"
	for path in "$SYSPCI"/*; do
		read -r device <"$path/device"
		[ "$device" != 0x10c9 ] || [ "${path##*/}" = "$nic" ] ||
			bind_vfio "${path##*/}"
	done
}

# The kernel ends programs that it has started, or waits for them for 5 s, after it
# has frozen everything and before it stops devices: modprobe is such a one.
kernel_1() {
	load_next_kernel
	bind_both
	start_trace
	cat >/run/modprobe <<-'EOT'
		#!/bin/sh
		: >/run/held
		while [ ! -e /run/walked ]; do
			sleep 0.02
		done
		! grep -q "luo_session_freeze: session=ioctls files=3 .* ret=0" \
			/sys/kernel/tracing/trace ||
			echo '{"ev":"point","name":"freeze is traced"}' >/dev/ttyS1
	EOT
	chmod 755 /run/modprobe
	echo /run/modprobe >/proc/sys/kernel/modprobe
	doing "walking while it is frozen"
	ioctls go /run/held /run/walked >"$EVENTS"
	die "the kexec did not come"
}

kernel_2() {
	bind_both
	start_trace
	doing "reading the inventory"
	# What came is listed when this was opened
	: </dev/liveupdate
	listed "^session=ioctls incoming files=3"
	listed "token=0x2 handler=iommufd[^ ]* incoming"
	doing "walking in the next kernel"
	ioctls take "$nic" >"$EVENTS"
	! grep -q "^session=" "$inventory" || die "a session is left"
	point "all was in the inventory"
	doing "reading the trace"
	traced 3 "luo_file_retrieve: session=ioctls .* ret=0"
	traced 3 "luo_file_finish: session=ioctls .* ret=0"
	traced 1 "luo_session_finish: session=ioctls files=3 .* ret=0"
	traced 1 "iommufd_retrieve: ioas=2 hwpt=2 devices=1 areas=1 .* ret=0"
	traced 1 "iommufd_finish: ioas=2 hwpt=2 devices=1 areas=1 .* ret=0"
	point "retrieve and finish are traced"
}
