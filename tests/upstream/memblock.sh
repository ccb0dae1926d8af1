#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# memblock.sh - mm/memblock.c in Linux's own simulator, which runs it in userspace
#
#	memblock.sh DIR STOCK HOLDFAST
#
# STOCK and HOLDFAST are trees, which are only read. The simulator's tests, and
# random calls compared with a model, on both. Prints KTAP.
set -eu

dir=$1 stock=$2 holdfast=$3
here=$(cd "$(dirname "$0")" && pwd)
CALLS=${CALLS:-100000}
number=0 failed=0

# What the simulator is built of, links of the tree resolved
files='tools/testing/memblock tools/testing/shared tools/testing/selftests/kselftest.h
	tools/include tools/arch tools/lib/slab.c tools/lib/cmdline.c tools/scripts
	include/linux/memblock.h mm/memblock.c mm/internal.h lib/cmdline.c'

# copy NAME TREE
copy()
{
	rm -rf "${dir:?}/$1"
	mkdir -p "$dir/$1"
	# shellcheck disable=SC2086 # a list
	tar -C "$2" --exclude='*.o' -chf - $files | tar -C "$dir/$1" -xf -
}

# build NAME [VARIABLE...] - the simulator, and what makes random calls
build()
{
	where=$dir/$1/tools/testing/memblock
	shift
	(
		unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
		cd "$where"
		make -s clean
		make -s "$@"
		cc -I. -I../../include -Wall -O2 -fsanitize=address,undefined -D CONFIG_PHYS_ADDR_T_64BIT \
			-o random "$here/memblock_random.c" memblock.o lib/slab.o mmzone.o slab.o cmdline.o tests/common.o
	) > "$where/build.log" 2>&1 || {
		tail -n 20 "$where/build.log" | sed 's/^/# /'
		return 1
	}
}

# simulator NAME [VARIABLE...]
simulator()
{
	build "$@" || return 1
	"$dir/$1/tools/testing/memblock/main" -v > "$dir/$1.log" 2>&1 && ! grep '^not ok' "$dir/$1.log" &&
		grep -q '^ok 100 ' "$dir/$1.log"
}

# random NAME
random()
{
	build "$1" || return 1
	for seed in 1 2 3; do
		timeout 60 "$dir/$1/tools/testing/memblock/random" "$seed" "$CALLS" > "$dir/$1.log" 2>&1 || {
			tail -n 5 "$dir/$1.log" | sed 's/^#*/#/'
			return 1
		}
	done
}

# finds EXPRESSION - what sed's expression makes of memblock.c is found out
finds()
{
	copy mutant "$holdfast"
	sed "$1" "$holdfast/mm/memblock.c" > "$dir/mutant/mm/memblock.c"
	! cmp -s "$holdfast/mm/memblock.c" "$dir/mutant/mm/memblock.c" || {
		echo "# no such line: $1"
		return 1
	}
	build mutant || return 1
	! random mutant
}

# check NAME COMMAND...
check()
{
	name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=1
	fi
}

mkdir -p "$dir"
copy stock "$stock"
copy holdfast "$holdfast"
printf 'KTAP version 1\n1..7\n'
check "the simulator's tests on stock" simulator stock
check "the simulator's tests" simulator holdfast
check "the simulator's tests with NUMA" simulator holdfast NUMA=1
check "random calls on stock" random stock
check "random calls" random holdfast
check "random calls find a bisection that goes too low" finds '/memblock_first_above/,/^}/s/size <= addr/size < addr/'
check "random calls find a bisection that goes too high" finds '/memblock_first_above/,/^}/s/size <= addr/size <= addr + PAGE_SIZE/'
exit "$failed"
