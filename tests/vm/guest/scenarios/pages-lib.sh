# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh, and of scenarios
#
# What scenarios about memory of every kind share: see guest/pages.c.

kernel_1() {
	echo 8 >/proc/sys/vm/nr_hugepages
	load_next_kernel
	bind_vfio
	doing "mapping and preserving memory"
	case $hf_later in
	kernelcore=*) pages make --middle 1 ;;
	*) pages make ;;
	esac
}

# Sets free, in kB, with what waits on lists of the CPUs
count_free() {
	settle_memory
	free=$(awk '/^ *pages free/ { n += $3 } /^ *count:/ { n += $2 }
		END { print n * 4 }' /proc/zoneinfo)
}

# given_back COMMAND... - after it all that was mapped, 12 MB, is free
given_back() {
	count_free
	before=$free
	doing "$*"
	"$@"
	count_free
	say "free: $before kB, afterwards $free kB"
	[ $((free - before)) -gt 12000 ] || die "not all memory was given back"
	point "all of it is free in the end"
}
