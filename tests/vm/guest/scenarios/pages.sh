# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Memory of every kind in an iommufd, over two updates. No device goes on working:
# it is about the memory, which is checked byte by byte, and about getting all of
# it back in the end.

kernel_1() {
	echo 8 >/proc/sys/vm/nr_hugepages
	load_next_kernel
	bind_vfio
	doing "mapping and preserving memory"
	pages make
}

kernel_2() {
	load_next_kernel
	doing "taking memory, preserving it again"
	pages take --go
}

# Sets free, in kB, with what waits on lists of the CPUs
count_free() {
	settle_memory
	free=$(awk '/^ *pages free/ { n += $3 } /^ *count:/ { n += $2 }
		END { print n * 4 }' /proc/zoneinfo)
}

kernel_3() {
	count_free
	before=$free
	doing "taking memory"
	pages take
	point "all memory came through two updates"
	count_free
	dump_meminfo end
	say "free: $before kB, afterwards $free kB"
	# 12 MB were mapped; what the checks have left behind is small
	[ $((free - before)) -gt 12000 ] || die "not all memory was given back"
	point "all of it is free in the end"
}
