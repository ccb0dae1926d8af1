# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Common words of the build scripts. Sourced after TOP, the top folder, is set.

: "${BUILD:=$TOP/build}"
: "${JOBS:=$(nproc)}"
: "${KDIR:=}"
export LC_ALL=C

say()
{
	printf '%s: %s\n' "$(basename "$0" .sh)" "$*"
}

die()
{
	printf '%s: error: %s\n' "$(basename "$0" .sh)" "$*" >&2
	exit 1
}

# as_root COMMAND...: run it as root, directly or by sudo.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root for: $*"
	fi
}
