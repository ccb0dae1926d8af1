#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# checkpatch.pl --strict of the tree we build for, on our files and patches.
# Not asked: MAINTAINERS (it is not ours to edit before a series is posted).
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

bad=0
checkpatch()
{
	perl "$LINUX/stock/scripts/checkpatch.pl" --root="$LINUX/stock" --strict --terse --no-summary \
		--show-types --ignore=FILE_PATH_CHANGES "$@" || bad=1
}

cd "$TOP/kernel"
for patch in patches/*.patch; do
	checkpatch "$patch"
done
if [ -d files ]; then
	find files -type f \( -name '*.[chS]' -o -name Kconfig -o -name Makefile -o -name '*.rst' \) > "$LINUX/matrix.files"
	while read -r file; do
		checkpatch -f "$file"
	done < "$LINUX/matrix.files"
fi
exit "$bad"
