#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# All of userspace with clang, warnings are errors; everything else is built
# with the compiler of the machine.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/package/common.sh
. "$TOP/tests/package/common.sh"

if ! command -v clang >/dev/null; then
	echo "clang is not installed"
	exit 4
fi
env -u MAKEFLAGS -u MFLAGS make -s -C "$TOP/userspace" all CC=clang \
	O="$BUILD/userspace-clang" KHDR="$KHDR"
