#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mutants.sh DIR - is each check of the decoder tested? The control of test_decode:
# with any of the checks in "mutants" taken out, a case of it must fail. DIR is where
# tests/unit is built, with sanitizers; CFLAGS as test_decode has them. Prints KTAP.
set -eu

dir=$1
here=$(cd "$(dirname "$0")" && pwd)
decode=$here/../../kexec/decode
tab=$(printf '\t')
work=$dir/mutant
number=0 failed=0

rm -rf "$work"
mkdir -p "$work"

# build SOURCE - test_decode with this file in place of the one of that name
build()
{
	# shellcheck disable=SC2086 # a list of flags
	"${CC:-cc}" $CFLAGS -w -I"$decode" -o "$work/test" "$work/test_decode.o" \
		"$1" "$dir/libkexec.a" "$dir/libagent.a" $LIBS 2>"$work/log"
}

# result OK NAME
result()
{
	number=$((number + 1))
	if [ "$1" = yes ]; then
		echo "ok $number $2"
	else
		sed 's/^/# /' "$work/log"
		echo "not ok $number $2"
		failed=1
	fi
}

# notices FILE EXPRESSION - does a case fail without the check? It may also never end.
notices()
{
	sed "$2" "$decode/$1" >"$work/$1"
	if cmp -s "$decode/$1" "$work/$1"; then
		echo "nothing there to take out" >"$work/log"
		return 1
	fi
	build "$work/$1" || return 1
	status=0
	timeout 60 "$work/test" cases >"$work/log" 2>&1 || status=$?
	rm "$work/$1"
	[ "$status" != 0 ]
}

# shellcheck disable=SC2086
"${CC:-cc}" $CFLAGS -w -c -o "$work/test_decode.o" "$here/test_decode.c"
echo "KTAP version 1"
echo "1..$(($(grep -c -v '^#' "$here/mutants") + 1))"
# The control of all of them: as it is, it passes
cp "$decode/sum.c" "$work/sum.c"
if build "$work/sum.c" && "$work/test" cases >"$work/log" 2>&1; then
	result yes "nothing taken out"
else
	result no "nothing taken out"
fi
while IFS=$tab read -r file name expression; do
	case $file in '#'*) continue ;; esac
	if notices "$file" "$expression"; then
		result yes "$file: $name"
	else
		result no "$file: $name"
	fi
done <"$here/mutants"
exit "$failed"
