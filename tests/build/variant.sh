#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# variant.sh modules|off: all of the series, as modules, and with our options
# off: vmlinux and modules. What is built as modules goes to build/kernel/matrix,
# for boot.sh.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/build/matrix.sh
. "$TOP/tests/build/matrix.sh"

out=$BUILD/kernel/matrix
"$scripts/lay.sh" matrix
case $1 in
modules)
	rm -rf "$out"
	configure
	image=bzImage
	;;
off)
	configure "$TOP/tests/build/off.config"
	image=vmlinux
	;;
esac
compile "$LINUX/matrix.$1.log" "$image" modules
case $1 in
modules)
	for module in drivers/iommu/iommufd/iommufd.ko drivers/vfio/vfio.ko drivers/vfio/pci/vfio-pci.ko; do
		[ -f "$tree/$module" ] || die "$module was not built"
	done
	copy_modules "$tree" "$out/modules"
	cp "$tree/arch/x86/boot/bzImage" "$out/bzImage"
	;;
off)
	# Nothing of ours may be left in a kernel that did not ask for it.
	while read -r file; do
		[ ! -f "$LINUX/stock/$file" ] || continue
		object=$(basename "$file" .c).o
		if grep -qF "$(dirname "$file")/$object" "$tree/$(dirname "$file")/.built-in.a.cmd"; then
			die "$file is built with our options off"
		fi
	done <<-EOF
	$(our_sources)
	EOF
	;;
esac
