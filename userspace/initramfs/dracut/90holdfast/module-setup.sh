#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# For dracut: /usr/lib/dracut/modules.d/90holdfast. Loads vfio-pci and binds the
# devices of /etc/holdfast/devices before udev loads native drivers.

# shellcheck disable=SC2154 # variables are dracut's
check() {
	[ -e "${dracutsysrootdir-}/etc/holdfast/devices" ] || return 255
	return 0
}

depends() {
	return 0
}

installkernel() {
	# Where they are built in, there is nothing to copy
	hostonly='' instmods iommufd vfio vfio-pci
}

install() {
	inst_simple /etc/holdfast/devices
	inst_simple -o /etc/holdfast/initramfs.conf
	inst_multiple /usr/lib/holdfast/bind /usr/lib/holdfast/early \
		/usr/sbin/holdfast /usr/sbin/holdfastd modprobe readlink sleep mkdir
	inst_hook pre-udev 10 "$moddir/holdfast.sh"
}
