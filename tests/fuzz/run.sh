#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh DIR SECONDS SEED - fuzz, then show that the fuzzer would have found a check
# that is missing. Prints KTAP. DIR has the program, and the sources in src/.
set -eu

dir=$1 seconds=$2 seed=$3
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
failed=0

# Blocks for each mutant: some ten times of what the slowest takes
blocks=${BLOCKS:-100000}

echo "KTAP version 1"
echo "1..2"

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
exit "$failed"
