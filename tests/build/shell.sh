#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every shell script of the repository passes shellcheck.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$TOP"

find . -path ./build -prune -o -path ./.git -prune -o -type f -print |
while read -r file; do
	case $file in
	*.sh|./userspace/completion/*) printf '%s\n' "$file" ;;
	*.[chS]|*.md|*.patch) ;;
	*) if head -n 1 "$file" | grep -aqE '^#!.*\b(ba|da)?sh$'; then printf '%s\n' "$file"; fi ;;
	esac
done | xargs shellcheck
