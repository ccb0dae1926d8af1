#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# derive.sh NAME: make build/linux/NAME out of build/linux/stock, if it is not
# there, with its objects still valid: what the series does not touch is not
# compiled again.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

stock=$LINUX/stock
tree=$LINUX/$1

[ ! -d "$tree" ] || exit 0
[ -d "$stock" ] || die "$stock is missing"
say "copying build/linux/stock to build/linux/$1"
rm -rf "$tree.new"
cp -a --reflink=auto "$stock" "$tree.new"
# Kbuild proper uses relative paths. The makefiles of tools/ (objtool, on which
# every object depends) do not: name the new place, keep the time stamps.
grep -rlF --include='.*.cmd' --include='*.d' "$stock/" "$tree.new/tools" "$tree.new/scripts" |
while read -r file; do
	sed "s|$stock/|$tree/|g" "$file" > "$file.moved"
	touch -r "$file" "$file.moved"
	mv "$file.moved" "$file"
done
mv "$tree.new" "$tree"
