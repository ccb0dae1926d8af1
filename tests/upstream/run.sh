#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh - run Linux's own selftests on two kernels, compare, print KTAP
#
#	run.sh DIR KERNEL_STOCK KERNEL
#
# DIR has initrd-stock and initrd-holdfast. It gets what guest.sh leaves of each
# guest (run-stock, run-holdfast), and the lists of results that were compared.
set -eu

dir=$1 stock=$2 holdfast=$3
here=$(cd "$(dirname "$0")" && pwd)
# Four of the tests take a kexec each
updates=4

# guest KIND KERNEL
guest()
{
	TIMEOUT=${TIMEOUT:-900} "$here/../kselftest/guest.sh" "$2" "$dir/initrd-$1" "$dir/run-$1" \
		upstream "hf.updates=$updates" > /dev/null || :
	awk -f "$here/../../mk/json.awk" -f "$here/results.awk" "$dir/run-$1/events.log" > "$dir/results-$1" ||
		: > "$dir/results-$1.short"
}

# compare STOCK HOLDFAST
compare()
{
	awk -f "$here/compare.awk" "$1" "$2"
}

# finds NAME PROGRAM: after awk's PROGRAM changed the list of stock, there is one
# difference and it is NAME.
finds()
{
	awk -F '\t' -v OFS='\t' "$2" "$dir/results-stock" > "$dir/results-changed"
	if compare "$dir/results-stock" "$dir/results-changed" > "$dir/difference"; then
		echo "# nothing found after $2"
		return 1
	fi
	[ "$(grep -c '^not ok' "$dir/difference")" = 1 ] && grep '^not ok' "$dir/difference" | grep -qF " $1 # "
}

# What differs is found, and nothing if nothing does
# shellcheck disable=SC2016 # programs are awk's
controls()
{
	compare "$dir/results-stock" "$dir/results-stock" > "$dir/difference" || return
	second=$(awk -F '\t' 'NR == 2 { print $1 ": " $2 }' "$dir/results-stock")
	finds "$second" 'NR == 2 { $3 = $3 "?" } { print }' &&
	finds "$second" 'NR != 2' &&
	finds "more: one" '{ print } NR == 2 { print "more", "one", "ok" }'
}

rm -f "$dir"/results-*
# A processor each
guest stock "$stock" &
guest holdfast "$holdfast" &
wait

failed=0
number=0

# test_done NAME STATUS
test_done()
{
	number=$((number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $number $1"
	else
		echo "not ok $number $1"
		failed=1
	fi
}

printf 'KTAP version 1\n1..4\n'
for kind in stock holdfast; do
	status=0
	if [ -e "$dir/results-$kind.short" ]; then
		tail -n 20 "$dir/run-$kind/console.log" | sed 's/^/# console: /'
		status=1
	fi
	test_done "guest of $kind came to its end" "$status"
done
status=0
controls || status=$?
test_done "comparison finds what differs" "$status"
status=0
compare "$dir/results-stock" "$dir/results-holdfast" > "$dir/comparison" || status=$?
sed 's/^/  /' "$dir/comparison"
test_done "results are those of stock Linux" "$status"
exit "$failed"
