#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# holdfast(8) has each verb and option that the command says it has, and no other;
# holdfastd(8) each option of the daemon, holdfastd.conf(5) each key it knows;
# libholdfast(3) each function of the header.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/package/common.sh
. "$TOP/tests/package/common.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# "same LIST FILE": FILE has what LIST has. Says what only one of them has.
same()
{
	[ -s "$tmp/$1" ] || { echo "$1: no word at all"; return 1; }
	if ! diff "$tmp/$1" "$tmp/$2" >"$tmp/diff"; then
		sed -n "s/^< /$1 only: /p; s/^> /$2 only: /p" "$tmp/diff"
		return 1
	fi
}

{
	verbs
	for verb in $(verbs); do
		options "$verb"
	done
	echo --version
} | sort -u > "$tmp/command"
# man_options PAGE: in mdoc an option is "Fl -name" and a verb "Cm name"; "--" is none.
man_options()
{
	grep -oE '\bFl -[a-z-]+' "$TOP/userspace/man/$1" | sed 's/^Fl -/--/'
}

{
	man_options holdfast.8
	awk '/^\.(Cm|It Cm)/ { sub(/^\.(It )?Cm /, ""); gsub(/ Fl .*| Ar .*|--.*/, ""); gsub(/\|/, " "); print }' \
		"$TOP/userspace/man/holdfast.8" | tr -s ' ' '\n'
} | grep -xE -e '--[a-z-]+|[a-z]+' | sort -u > "$tmp/manual"

"$HOLDFASTD" --help | grep -oE '(^  |, )--[a-z-]+' | tr -d ' ,' | sort -u > "$tmp/daemon"
man_options holdfastd.8 | sort -u > "$tmp/daemon.manual"
# Its keys are in one table, and the one that is no number has a line of its own.
sed -n 's/^.*KEY("\([a-z-]*\)".*/\1/p; s/.*strcmp(key, "\([a-z-]*\)").*/\1/p' \
	"$TOP/userspace/daemon/config.c" | sort -u > "$tmp/keys"
awk '/^\.It Ic / { print $3 }' "$TOP/userspace/man/holdfastd.conf.5" | sort -u > "$tmp/keys.manual"

grep -oE '\bholdfast_[a-z_]+\(' "$TOP/userspace/include/holdfast.h" | tr -d '(' | sort -u > "$tmp/header"
awk '/^\.Nm holdfast_/ { print $2 }' "$TOP/userspace/man/libholdfast.3" | sort -u > "$tmp/names"
awk '/^\.F[no] holdfast_/ { print $2 }' "$TOP/userspace/man/libholdfast.3" | sort -u > "$tmp/synopsis"

bad=0
same command manual || bad=1
same daemon daemon.manual || bad=1
same keys keys.manual || bad=1
same header names || bad=1
same header synopsis || bad=1
# The control: what is missing is found.
sed 1d "$tmp/manual" > "$tmp/short"
if same command short >/dev/null; then
	echo "a missing word was not noticed"
	bad=1
fi
exit $bad
