# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh, and of the host
#
# The tables in docs/ioctls.md: what each ioctl does while everything is frozen, and
# in the states of the next kernel. See guest/ioctls.c.

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
	cat >/run/modprobe <<-'EOT'
		#!/bin/sh
		: >/run/held
		while [ ! -e /run/walked ]; do
			sleep 0.02
		done
	EOT
	chmod 755 /run/modprobe
	echo /run/modprobe >/proc/sys/kernel/modprobe
	doing "walking while it is frozen"
	ioctls go /run/held /run/walked >"$EVENTS"
	die "the kexec did not come"
}

kernel_2() {
	bind_both
	doing "walking in the next kernel"
	ioctls take "$nic" >"$EVENTS"
}
