# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the tests of the package share. Sourced after TOP is set.

: "${BUILD:=$TOP/build}"
: "${KHDR:=$BUILD/kernel/holdfast/usr/include}"
: "${HOLDFAST:=$BUILD/userspace/holdfast}"
: "${HOLDFASTD:=$BUILD/userspace/holdfastd}"
export LC_ALL=C

# verbs: of the command, by its own account, one a line
verbs()
{
	"$HOLDFAST" --help | awk '/^options of every verb/ { exit } /^  [a-z]/ { print $1 }'
}

# options VERB: of a verb, by its own account, one a line. Those of every verb: "-"
options()
{
	if [ "$1" = - ]; then
		"$HOLDFAST" --help
	else
		"$HOLDFAST" "$1" --help
	fi | awk '/^  --/ { sub(/,$/, "", $1); print $1 }' | sort -u
}
