#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Linux's own selftests in virtual machines, with the kernels that `variant.sh
# upstream` and `variant.sh upstream-stock` have built. Prints KTAP.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=mk/lib.sh
. "$TOP/mk/lib.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
for kind in holdfast stock; do
	kernel=$BUILD/kernel/upstream-$kind/bzImage
	[ -f "$kernel" ] || die "$kernel is missing: variant.sh makes it"
done
exec make --no-print-directory -C "$TOP/tests/upstream" check O="$BUILD/upstream" LINUX="$BUILD/linux/holdfast" \
	KHDR="$BUILD/kernel/holdfast/usr/include" KERNEL="$BUILD/kernel/upstream-holdfast/bzImage" \
	KERNEL_STOCK="$BUILD/kernel/upstream-stock/bzImage"
