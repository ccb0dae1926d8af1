#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# variant.sh modules|off|upstream|upstream-stock: vmlinux and modules with all of
# the series as modules, or with our options off; the former with what Linux's own
# selftests need, and that without the series. Those that are booted, boot.sh and
# upstream.sh, go to build/kernel: matrix, upstream-holdfast, upstream-stock.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/build/matrix.sh
. "$TOP/tests/build/matrix.sh"

out=
image=bzImage
patches=all
case $1 in
modules) out=$BUILD/kernel/matrix ;;
off) image=vmlinux ;;
upstream) out=$BUILD/kernel/upstream-holdfast ;;
upstream-stock)
	out=$BUILD/kernel/upstream-stock
	patches=0
	;;
*) die "no such variant: $1" ;;
esac
[ -z "$out" ] || rm -rf "$out"

"$scripts/lay.sh" matrix "$patches"
case $1 in
modules) configure ;;
off) configure "$TOP/tests/build/off.config" ;;
upstream) configure "$upstream" ;;
upstream-stock)
	# It does not know our options, but these
	configure --known "$upstream"
	grep '^CONFIG_' "$upstream" | while read -r option; do
		grep -qxF "$option" "$tree/.config" || die "Kconfig did not take $option of $upstream"
	done
	;;
esac
compile "$LINUX/matrix.$1.log" "$image" modules

case $1 in
modules)
	for module in drivers/iommu/iommufd/iommufd.ko drivers/vfio/vfio.ko drivers/vfio/pci/vfio-pci.ko; do
		[ -f "$tree/$module" ] || die "$module was not built"
	done
	;;
off)
	# Nothing of ours may be left in a kernel that did not ask for it.
	while read -r file; do
		[ ! -f "$LINUX/stock/$file" ] || continue
		object=$(basename "$file" .c).o
		if grep -qsF "$(dirname "$file")/$object" "$tree/$(dirname "$file")/.built-in.a.cmd"; then
			die "$file is built with our options off"
		fi
	done <<-EOF
	$(our_sources)
	EOF
	;;
esac
if [ -n "$out" ]; then
	copy_modules "$tree" "$out/modules"
	cp "$tree/arch/x86/boot/bzImage" "$out/bzImage"
fi
