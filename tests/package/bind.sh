#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# userspace/initramfs/bind against a model of sysfs, in which files are written
# and nothing comes of it: what is done already is left alone, and what cannot be
# done is named, with what to do.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

sys=$tmp/sys
pci=$sys/bus/pci
noiommu=$sys/module/vfio/parameters/enable_unsafe_noiommu_mode

# model DRIVER... - a device 0000:01:00.N for each, bound to it unless it is "none"
model() {
	rm -rf "$sys"
	mkdir -p "$pci/drivers/vfio-pci" "$pci/drivers/igb" "$pci/devices" "${noiommu%/*}"
	echo Y >"$noiommu"
	: >"$pci/drivers_probe"
	n=0
	for driver; do
		mkdir "$pci/devices/0000:01:00.$n"
		[ "$driver" = none ] ||
			ln -s "../../drivers/$driver" "$pci/devices/0000:01:00.$n/driver"
		n=$((n + 1))
	done
}

# expect STATUS WORDS LINES [OPTION] - what bind says of a list of these lines
expect() {
	printf '%b' "$3" >"$tmp/list"
	status=0
	HOLDFAST_SYS=$sys HOLDFAST_KMSG=$tmp/kmsg HOLDFAST_WAIT_TENTHS=0 \
		sh "$TOP/userspace/initramfs/bind" ${4:+"$4"} "$tmp/list" >"$tmp/out" 2>&1 || status=$?
	said=yes
	[ -z "$2" ] || grep -q -e "$2" "$tmp/out" || said=no
	if [ "$status" != "$1" ] || [ $said = no ]; then
		printf '%s: status %s instead of %s, or it does not say "%s":\n' "$3" "$status" "$1" "$2"
		cat "$tmp/out"
		bad=1
	fi
}

# holds FILE WORD
holds() {
	[ "$(cat "$1")" = "$2" ] || {
		echo "$1 has \"$(cat "$1")\" instead of \"$2\""
		bad=1
	}
}

model vfio-pci vfio-pci
echo N >"$noiommu"
: >"$tmp/kmsg"
expect 0 "" '# a comment\n\n0000:01:00.0\n0000:01:00.1 # the other'
holds "$noiommu" Y
holds "$pci/devices/0000:01:00.1/driver_override" vfio-pci
holds "$pci/drivers_probe" ""
expect 0 "" ''
holds "$tmp/kmsg" ""

expect 1 '"eth0" is no PCI address' 'eth0\n0000:01:00.0\n'
grep -q "eth0" "$tmp/kmsg" || { echo "the kernel's log is not told"; bad=1; }
expect 1 'more in the line of 0000:01:00.0 .*: "0000:01:00.1"' '0000:01:00.0 0000:01:00.1\n'
expect 1 "device 0000:02:00.0 .* is not there" '0000:02:00.0\n'

# One that cannot be had keeps nobody else from it
model igb none
expect 1 "0000:01:00.0 is in use by driver igb" '0000:01:00.0\n0000:01:00.1\n'
grep -q "0000:01:00.1: vfio-pci did not take it" "$tmp/out" || { echo "0000:01:00.1 was not tried"; bad=1; }
holds "$pci/drivers_probe" 0000:01:00.1
expect 1 "0000:01:00.0 is taken from driver igb" '0000:01:00.0\n' --unbind
holds "$pci/drivers/igb/unbind" 0000:01:00.0

rm "$noiommu"
: >"$noiommu"
expect 1 "no VFIO without an IOMMU (CONFIG_VFIO_NOIOMMU)" '0000:01:00.0\n'
exit $bad
