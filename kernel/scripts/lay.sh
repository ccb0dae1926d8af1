#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# lay.sh NAME [COUNT]: lay kernel/files over build/linux/NAME and apply
# kernel/patches/series, or the first COUNT patches of it.
#
# The result is made in a staging folder out of untouched files, then only what
# differs is written to the tree, so that kbuild compiles only that again.
# Fuzz and rejects are errors.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

name=$1
count=${2:-all}
stock=$LINUX/stock
tree=$LINUX/$name
stage=$LINUX/stage/$name
laid=$tree/.holdfast-laid
files=$TOP/kernel/files
patches=$TOP/kernel/patches

[ -s "$patches/series" ] || die "kernel/patches/series is missing or empty"
rm -rf "$stage"
mkdir -p "$stage/files"
touch "$laid"

# Patches to apply, in order.
sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$patches/series" > "$stage/series"
if [ "$count" != all ]; then
	head -n "$count" "$stage/series" > "$stage/series.head"
	mv "$stage/series.head" "$stage/series"
fi
while read -r patch; do
	[ -f "$patches/$patch" ] || die "kernel/patches/$patch of the series is missing"
done < "$stage/series"

# Our own files.
if [ -d "$files" ]; then
	(cd "$files" && find . -type f ! -name '*~' ! -name '.*.swp') | sed 's|^\./||' | sort > "$stage/ours"
else
	: > "$stage/ours"
fi
while read -r file; do
	[ ! -e "$stock/$file" ] || die "kernel/files/$file exists in Linux: change it by a patch"
	mkdir -p "$stage/files/$(dirname "$file")"
	cp "$files/$file" "$stage/files/$file"
done < "$stage/ours"

# The files that the patches change, as they are in Linux.
while read -r patch; do
	sed -n -E 's,^(---|\+\+\+) [ab]/([^[:space:]]+).*,\2,p' "$patches/$patch"
done < "$stage/series" | sort -u > "$stage/patched"
while read -r file; do
	[ -f "$stock/$file" ] || continue
	mkdir -p "$stage/files/$(dirname "$file")"
	cp "$stock/$file" "$stage/files/$file"
done < "$stage/patched"

while read -r patch; do
	if ! patch -p1 -F0 -f -N --no-backup-if-mismatch -d "$stage/files" \
			-i "$patches/$patch" > "$stage/log" 2>&1; then
		cat "$stage/log" >&2
		die "kernel/patches/$patch does not apply to Linux $(tree_version "$stock")"
	fi
	if grep -q 'fuzz' "$stage/log"; then
		cat "$stage/log" >&2
		die "kernel/patches/$patch applies with fuzz only"
	fi
	if grep -q 'offset' "$stage/log"; then
		say "note: $patch applies at an offset"
	fi
done < "$stage/series"

# Bring the tree to that state, writing only what differs.
sort -u "$stage/ours" "$stage/patched" > "$stage/laid"
changed=0
while read -r file; do
	from=$stage/files/$file
	if ! grep -qxF "$file" "$stage/laid"; then
		from=$stock/$file	# no longer ours: as Linux has it
	fi
	if [ ! -f "$from" ]; then
		[ ! -e "$tree/$file" ] || { rm -f "$tree/$file"; changed=$((changed + 1)); }
	elif ! cmp -s "$from" "$tree/$file"; then
		mkdir -p "$tree/$(dirname "$file")"
		cp "$from" "$tree/$file.laid"
		mv "$tree/$file.laid" "$tree/$file"
		changed=$((changed + 1))
	fi
done <<EOF
$(sort -u "$laid" "$stage/laid")
EOF
cp "$stage/laid" "$laid"
say "$(wc -l < "$stage/series") patches, $(wc -l < "$stage/ours") files; $changed changed in build/linux/$name"
