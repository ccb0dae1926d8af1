#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh DIR SECONDS SEED - fuzz, then show that the fuzzer would have found a check
# that is missing, in the kernel's decoder or in that of `holdfast inspect`. Prints
# KTAP. DIR has the program, the sources in src/, and what is linked to it in second/.
# SECOND: the file of inspect's decoder; SECOND_CFLAGS: how it is compiled.
set -eu

dir=$1 seconds=$2 seed=$3
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
failed=0

# Blocks for each mutant: some ten times of what the slowest takes
blocks=${BLOCKS:-100000}

echo "KTAP version 1"
echo "1..3"

# The block that failed is kept there
cd "$dir"
if ./fuzz -t "$seconds" -s "$seed"; then
	echo "ok 1 $seconds s of blocks from seed $seed, with ASan and UBSan"
else
	echo "not ok 1 $seconds s of blocks from seed $seed, with ASan and UBSan"
	failed=1
fi

# mutant NUMBER NAME EXPRESSION - a failure of the fuzzer is what is wanted
mutant()
{
	sed "$3" src/liveupdate_ser.c >mutant/liveupdate_ser.c
	if cmp -s src/liveupdate_ser.c mutant/liveupdate_ser.c; then
		echo "  # nothing there to take out: $3"
		echo "  not ok $1 $2"
		return 1
	fi
	if ! "$cc" -O1 -w -fsanitize=address -c -Isrc -o mutant/decoder.o mutant/liveupdate_ser.c ||
	   ! "$cc" -fsanitize=address -o mutant/fuzz mutant/decoder.o mutant/main.o mutant/make.o mutant/oracle.o mutant/xxhash.o; then
		echo "  not ok $1 $2: does not compile"
		return 1
	fi
	if (cd mutant && ./fuzz -n "$blocks" -s "$seed") >mutant/log 2>&1; then
		sed 's/^/  # /' mutant/log
		echo "  not ok $1 $2"
		return 1
	fi
	# It names the block, or did not get as far as to one
	if ! grep -q '^# seed' mutant/log; then
		sed 's/^/  # /' mutant/log
		echo "  not ok $1 $2: ended for another reason"
		return 1
	fi
	echo "  ok $1 $2"
}

# The control of all mutants: compiled as they are, the decoder itself is accepted
control()
{
	if "$cc" -O1 -w -fsanitize=address -c -Isrc -o mutant/decoder.o src/liveupdate_ser.c &&
	   "$cc" -fsanitize=address -o mutant/fuzz mutant/decoder.o mutant/main.o mutant/make.o mutant/oracle.o mutant/xxhash.o &&
	   (cd mutant && ./fuzz -n "$blocks" -s "$seed") >mutant/log 2>&1; then
		echo "  ok $1 nothing taken out"
		return
	fi
	sed 's/^/  # /' mutant/log
	echo "  not ok $1 nothing taken out"
	return 1
}

rm -rf mutant
mkdir mutant
# The decoder finds its headers from where it lies
cp src/liveupdate_ser.h mutant/
for part in main make oracle xxhash; do
	"$cc" -O1 -w -fsanitize=address -c -Isrc -o mutant/$part.o src/$part.c
done
echo "  KTAP version 1"
echo "  1..$(($(grep -c -v '^#' "$here/mutants") + 1))"
tab=$(printf '\t')
number=1 survived=0
control $number || survived=1
while IFS=$tab read -r name expression; do
	case $name in '#'*) continue ;; esac
	number=$((number + 1))
	mutant $number "$name" "$expression" || survived=$((survived + 1))
done <"$here/mutants"
if [ "$survived" = 0 ]; then
	echo "ok 2 a decoder with any check taken out is found out"
else
	echo "not ok 2 a decoder with any check taken out is found out"
	failed=1
fi

# second_mutant NUMBER ORDER - inspect does not say what it says there
second_mutant()
{
	awk -v order="$2" '/WRONG\(v,/ && !/#define|no memory here|WRONG\(v, "%" PRIu64 " claims and runs"/ &&
		++n == order { sub(/WRONG\(v,/, "SILENT(v,") } 1
		/^#include "sum.h"/ { print "#define SILENT(...) true" }' "$SECOND" >second-mutant/iommufd.c
	text=$(sed -n 's/.*SILENT(v, "\([^"]*\)".*/\1/p' second-mutant/iommufd.c)
	[ -n "$text" ] || return 2
	# shellcheck disable=SC2086 # flags are words
	if ! "$cc" -O1 -w -fsanitize=address $SECOND_CFLAGS -c -o second-mutant/iommufd.o second-mutant/iommufd.c ||
	   ! "$cc" -fsanitize=address,undefined -o second-mutant/fuzz mutant/main.o mutant/make.o mutant/oracle.o mutant/xxhash.o \
		mutant/original.o second-mutant/*.o -lz; then
		echo "  not ok $1 $text: does not compile"
		return 1
	fi
	if (cd second-mutant && ./fuzz -n "$blocks" -s "$seed") >second-mutant/log 2>&1 ||
	   ! grep -q '^# seed' second-mutant/log; then
		sed 's/^/  # /' second-mutant/log
		echo "  not ok $1 $text"
		return 1
	fi
	echo "  ok $1 $text"
}

rm -rf second-mutant
mkdir second-mutant
for part in second/*.o; do
	[ "$part" = second/iommufd.o ] || cp "$part" second-mutant/
done
"$cc" -O1 -w -fsanitize=address -c -Isrc -o mutant/original.o src/liveupdate_ser.c
number=1 survived=0
echo "  KTAP version 1"
while :; do
	status=0
	second_mutant $number $number || status=$?
	[ $status != 2 ] || break
	survived=$((survived + status))
	number=$((number + 1))
done
echo "  1..$((number - 1))"
if [ "$survived" = 0 ] && [ $number -gt 1 ]; then
	echo "ok 3 a decoder of inspect that keeps anything to itself is found out"
else
	echo "not ok 3 a decoder of inspect that keeps anything to itself is found out"
	failed=1
fi
exit "$failed"
