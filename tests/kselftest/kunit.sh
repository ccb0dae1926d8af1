#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites of the decoders of what is handed over: load each module, print
# what debugfs says of its suites. In a guest without modprobe the modules lie in
# /modules/*. A suite whose module was not built is skipped, one that does not load
# has failed.

results=/sys/kernel/debug/kunit
taint_test=$((1 << 18))
number=0 failed=0

# module, its suites
suites='
luo_ser_kunit kho_block luo_flb_ser
memfd_luo_kunit memfd_luo_ser
iommufd_ser_kunit iommufd_ser
vfio_pci_ser_kunit vfio_pci_ser
pci_ser_kunit pci_ser pci_state_ser
'

# Returns 2 if there is no such module
load()
{
	for folder in /modules/*; do
		[ -e "$folder/$1.ko" ] || continue
		[ -d "$results" ] || insmod "$folder/kunit.ko" || return 1
		insmod "$folder/$1.ko" || return 1
		return 0
	done
	modprobe -q -n "$1" 2>/dev/null || return 2
	modprobe "$1" || return 1
}

tainted()
{
	echo $(($(cat /proc/sys/kernel/tainted) & ~taint_test))
}

# result NAME STATUS-OF-THE-TEST [DIRECTIVE]
result()
{
	number=$((number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $number $1${3:+ # $3}"
	else
		echo "not ok $number $1"
		failed=1
	fi
}

echo "KTAP version 1"
echo "1..$(($(echo "$suites" | wc -w) - $(echo "$suites" | grep -c .) + 1))"

# Each refusal has its line in the log, and there are thousands of them. What is
# worse than that taints the kernel.
read -r level rest </proc/sys/kernel/printk
before=$(tainted)
dmesg -n 1

while read -r module names; do
	[ -n "$module" ] || continue
	loaded=0
	load "$module" || loaded=$?
	for suite in $names; do
		case $loaded in
		1)
			echo "# $module cannot be loaded"
			result "$suite" 1
			continue
			;;
		2)
			result "$suite" 0 "SKIP no module $module"
			continue
			;;
		esac
		sed 's/^/  /' "$results/$suite/results"
		grep -q "^ok [0-9]* $suite" "$results/$suite/results"
		result "$suite" $?
	done
done <<EOF
$suites
EOF

echo "$level" >/proc/sys/kernel/printk
[ "$(tainted)" = "$before" ] || dmesg | tail -n 100 | sed 's/^/# /'
[ "$(tainted)" = "$before" ]
result "no complaint of the kernel" $?
exit "$failed"
