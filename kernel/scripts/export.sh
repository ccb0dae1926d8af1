#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# export.sh TREE BASE: write kernel/patches and kernel/files anew from the
# commits BASE..HEAD of a git tree of Linux.
#
# A file that BASE does not have goes to kernel/files as it is at HEAD; all other
# changes become one patch a commit, signed off by whoever runs this. A commit
# that only adds files gives no patch. For each step to build, the commit that
# adds a new file's Kconfig and Makefile lines comes after all of that file's.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=mk/lib.sh
. "$TOP/mk/lib.sh"

[ $# = 2 ] || die "usage: export.sh TREE BASE"
tree=$1
base=$2
patches=$TOP/kernel/patches
files=$TOP/kernel/files
who=$(git -C "$TOP" var GIT_COMMITTER_IDENT | sed 's/>.*/>/')

git -C "$tree" rev-parse -q --verify "$base^{commit}" > /dev/null || die "$tree has no commit $base"
[ -z "$(git -C "$tree" status --porcelain -uno)" ] || die "$tree has changes that are not committed"

rm -rf "$files"
rm -f "$patches"/*.patch
mkdir -p "$files" "$patches"

git -C "$tree" diff --diff-filter=A --name-only "$base" HEAD |
while read -r file; do
	mkdir -p "$files/$(dirname "$file")"
	git -C "$tree" show "HEAD:$file" > "$files/$file"
done

: > "$patches/series"
number=0
for commit in $(git -C "$tree" rev-list --reverse "$base..HEAD"); do
	changed=$(git -C "$tree" diff-tree -r --no-commit-id --name-only "$commit" |
		while read -r file; do
			if git -C "$tree" cat-file -e "$base:$file" 2>/dev/null; then
				printf '%s\n' "$file"
			fi
		done)
	[ -n "$changed" ] || continue
	number=$((number + 1))
	name=$(printf '%04d-%s.patch' "$number" \
		"$(git -C "$tree" show -s --format=%f "$commit" | cut -c1-52 | sed 's/[.-]*$//')")
	{
		printf 'From: %s\n' "$who"
		git -C "$tree" show -s --format='Subject: [PATCH] %s%n%n%b' "$commit" |
			sed '/^Signed-off-by:/d' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
		printf '\nSigned-off-by: %s\n---\n' "$who"
		# shellcheck disable=SC2086 # one word a file
		git -C "$tree" diff --stat=72 "$commit^" "$commit" -- $changed
		printf '\n'
		# shellcheck disable=SC2086
		git -C "$tree" diff --no-color --abbrev=12 "$commit^" "$commit" -- $changed
	} > "$patches/$name"
	printf '%s\n' "$name" >> "$patches/series"
done
say "$number patches, $(find "$files" -type f | wc -l) files"
