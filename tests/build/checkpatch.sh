#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# checkpatch.pl --strict of the tree we build for, on our files and patches.
# Not asked: MAINTAINERS for each new file; one patch has them all.
# What is right as it is stands in checkpatch.allow, each with its reason.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

# It keeps notes where it runs, or at the top of the git tree that it finds
# there: give it a place for them.
checkpatch()
{
	perl "$LINUX/stock/scripts/checkpatch.pl" --root="$LINUX/stock" --strict --terse --no-summary \
		--show-types --ignore=FILE_PATH_CHANGES "$@" || :
}

mkdir -p "$LINUX/checkpatch"
cd "$LINUX/checkpatch"
export GIT_CEILING_DIRECTORIES="$LINUX"
ln -sfn "$TOP/kernel/patches" patches
ln -sfn "$TOP/kernel/files" files
{
	for patch in patches/*.patch; do
		checkpatch "$patch"
	done
	if [ -d files ]; then
		find files/ -type f \( -name '*.[chS]' -o -name Kconfig -o -name Makefile -o -name '*.rst' \) |
		while read -r file; do
			checkpatch -f "$file"
		done
	fi
} > "$LINUX/matrix.checkpatch"

# An entry that allows nothing any more is as wrong as a complaint.
awk '
	/^#/ || /^[[:space:]]*$/ { next }
	NR == FNR { file[++n] = $1; type[n] = $2; next }
	{
		for (i = 1; i <= n; i++)
			if (index($1, file[i]) && index($2, ":" type[i] ":")) { used[i] = 1; next }
		print
		bad = 1
	}
	END {
		for (i = 1; i <= n; i++)
			if (!used[i]) { print "checkpatch.allow: nothing to allow: " file[i], type[i]; bad = 1 }
		exit bad
	}' "$TOP/tests/build/checkpatch.allow" "$LINUX/matrix.checkpatch"
