#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# make install DESTDIR= gives the files of files.list, with their modes, and
# nothing that depends on where it was built or put.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/package/common.sh
. "$TOP/tests/package/common.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Whatever the umask, a package is readable.
umask 077
env -u MAKEFLAGS -u MFLAGS make -s -C "$TOP/userspace" install \
	O="$BUILD/userspace" KHDR="$KHDR" DESTDIR="$tmp/root" PREFIX=/usr >"$tmp/log" 2>&1 || {
	tail -n 20 "$tmp/log"
	exit 1
}
cd "$tmp/root"
find . -type f -printf '%m %p\n' -o -type l -printf 'link %p -> %l\n' | sed 's, \./, /,' | LC_ALL=C sort -k 2 > "$tmp/got"
grep -v '^#' "$TOP/tests/package/files.list" > "$tmp/want"
bad=0
if ! diff "$tmp/want" "$tmp/got" > "$tmp/diff"; then
	sed -n 's/^< /missing: /p; s/^> /not in the list: /p' "$tmp/diff"
	bad=1
fi
find . -type d ! -perm 755 -printf 'mode %m: %p\n' | grep . && bad=1
# A link that leads nowhere, a path of the build in a text
find . -xtype l | sed 's/^/leads nowhere: /' | grep . && bad=1
grep -rlI -e "$tmp" -e "$TOP" . | sed 's/^/names a folder of the build: /' | grep . && bad=1
exit $bad
