#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Names of the patches are NNNN-subsystem-title.patch in the order of the
# series, none is left out, each says in its head what it does, and all apply
# to Linux without fuzz, and without offset to the version we test with.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

cd "$TOP/kernel/patches"
bad=0
complain()
{
	printf '%s\n' "$*"
	bad=1
}

sed 's/#.*//; s/[[:space:]]*$//; /^$/d' series > "$LINUX/matrix.series"
sort -C "$LINUX/matrix.series" || complain "series is not in the order of its numbers"
for patch in *.patch; do
	grep -qxF "$patch" "$LINUX/matrix.series" || complain "$patch is not in the series"
	printf '%s\n' "$patch" | grep -qE '^[0-9]{4}-[A-Za-z0-9]+([-_][A-Za-z0-9]+)+\.patch$' ||
		complain "$patch is not named NNNN-subsystem-title.patch"
	grep -q '^Subject: ' "$patch" || complain "$patch has no subject"
done
"$TOP/kernel/scripts/derive.sh" matrix
"$TOP/kernel/scripts/lay.sh" matrix | tee "$LINUX/matrix.lay"
if [ "$(tree_version "$LINUX/stock")" = "$KTESTED" ] && grep 'applies at an offset' "$LINUX/matrix.lay"; then
	complain "refresh these"
fi
exit "$bad"
