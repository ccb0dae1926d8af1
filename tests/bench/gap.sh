#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# gap.sh - what the time without a driver consists of, print the table
#
#	gap.sh DIR REPEAT COMMAND...
#
# COMMAND runs the scenario "gap" in a virtual machine and leaves DIR/events.log.
# Guest time, and all of it on processors that QEMU emulates: the ratios count.
set -eu

dir=$1 repeat=$2
shift 2
all=$(mktemp)
trap 'rm -f "$all" "$all.log"' EXIT

n=0
while [ "$n" -lt "$repeat" ]; do
	n=$((n + 1))
	"$@" >"$all.log" 2>&1 || {
		cat "$all.log" >&2
		exit 1
	}
	cat "$dir/events.log" >>"$all"
done
here=$(cd "$(dirname "$0")" && pwd)
awk -v runs="$repeat" -f "$here/../../mk/json.awk" -f "$here/gap.awk" "$all"
