#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# configure.sh [--known] NAME FRAGMENT...: configure build/linux/NAME with
# everything off but what the fragments ask for (a later one wins), and check
# that all that was asked for is in the result. With --known that is not checked:
# half a series does not know all of our options.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

known=
if [ "$1" = --known ]; then
	known=yes
	shift
fi
name=$1
shift
tree=$LINUX/$name
asked=$tree/.holdfast-asked

{
	printf 'CONFIG_LOCALVERSION="-%s"\n' "$name"
	cat "$@"
} | awk '
	# The last word on each option.
	/^CONFIG_[A-Za-z0-9_]+=/ { option = $0; sub(/=.*/, "", option) }
	/^# CONFIG_[A-Za-z0-9_]+ is not set/ { option = $2; $0 = option "=n" }
	!/^CONFIG_/ { next }
	!(option in line) { order[++n] = option }
	{ line[option] = $0 }
	END { for (i = 1; i <= n; i++) print line[order[i]] }' > "$asked"

kmake "$tree" -s KCONFIG_CONFIG=.config.asked KCONFIG_ALLCONFIG="$asked" allnoconfig > "$tree/.holdfast-log" 2>&1 || {
	cat "$tree/.holdfast-log" >&2
	die "cannot configure build/linux/$name"
}
[ -n "$known" ] || awk '
	{ sub(/\r$/, "") }
	NR == FNR {
		if (/^CONFIG_/) { option = $0; sub(/=.*/, "", option); have[option] = $0 }
		next
	}
	{
		option = $0
		sub(/=.*/, "", option)
		if (/=n$/ ? (option in have) : have[option] != $0) {
			printf "asked for %s, got %s\n", $0, (option in have) ? have[option] : "it off or unknown"
			bad = 1
		}
	}
	END { exit bad }' "$tree/.config.asked" "$asked" >&2 ||
	die "build/linux/$name: Kconfig did not take all that was asked for in:$(printf ' %s' "$@")"
cmp -s "$tree/.config.asked" "$tree/.config" || mv "$tree/.config.asked" "$tree/.config"
rm -f "$tree/.config.asked"
