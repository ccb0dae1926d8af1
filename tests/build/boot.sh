#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Live updates in a virtual machine with what `variant.sh modules` has built:
# iommufd, vfio and vfio-pci are loaded, early and late. Prints KTAP.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=mk/lib.sh
. "$TOP/mk/lib.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
kernel=$BUILD/kernel/matrix/bzImage
[ -f "$kernel" ] || die "$kernel is missing: variant.sh modules makes it"
exec make --no-print-directory -C "$TOP/tests/vm" check-modules KERNEL_MATRIX="$kernel" O="$BUILD/vm" \
	USERSPACE="$BUILD/userspace" KHDR="$BUILD/kernel/holdfast/usr/include"
