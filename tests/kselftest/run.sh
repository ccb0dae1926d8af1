#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh - run kernel selftests in a virtual machine, print KTAP
#
#	run.sh KERNEL INITRD DIR PROGRAM...
#
# The machine, and what it leaves in DIR, is that of guest.sh.
set -eu

kernel=$1 initrd=$2 dir=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

status=0
"$here/guest.sh" "$kernel" "$initrd" "$dir" kselftest "hf.programs=$(echo "$*" | tr ' ' ,)" |
	awk -v programs="$*" -v console="$dir/console.log" \
		-f "$here/../../mk/json.awk" -f "$here/events.awk" || status=$?

[ ! -s "$dir/qemu.stderr" ] || sed 's/^/# qemu: /' "$dir/qemu.stderr"
exit "$status"
