#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every prefix of the series builds with all of our options that exist by then,
# so that a bisection never stops at one of ours, and with modules, so that a
# missing export is seen. Files of kernel/files are there from the start; a
# patch's Makefile line lets them in.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/build/matrix.sh
. "$TOP/tests/build/matrix.sh"
# shellcheck source=tests/build/ktap.sh
. "$TOP/tests/build/ktap.sh"

# links LOG: whether vmlinux can be linked. It can if vmlinux.o, which has all of
# it, leaves no other symbols to the linker script than when it last could.
links()
{
	nm -u "$tree/vmlinux.o" > "$LINUX/matrix.undefined" || return
	if cmp -s "$LINUX/matrix.undefined" "$LINUX/matrix.linked"; then
		return 0
	fi
	compile "$1" vmlinux && mv "$LINUX/matrix.undefined" "$LINUX/matrix.linked"
}

# prefix COUNT: called as a test. The objects of a module are checked for what
# they need, then the kernel spares us putting the module together.
prefix()
{
	"$scripts/lay.sh" matrix "$1" &&
	configure --known "$upstream" &&
	compile "$LINUX/matrix.$1.log" modpost modules KBUILD_MODPOST_NOFINAL=1 &&
	links "$LINUX/matrix.$1.link.log"
}

rm -f "$LINUX/matrix.linked"
sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$TOP/kernel/patches/series" > "$LINUX/matrix.series"
ktap_plan "$(wc -l < "$LINUX/matrix.series")"
count=0
while read -r patch; do
	count=$((count + 1))
	ktap_run "up to $patch" prefix "$count"
done < "$LINUX/matrix.series"
ktap_end
