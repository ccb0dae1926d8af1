# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What RLIMIT_MEMLOCK means for memory that comes back: who is charged, what is
# refused, and that it can be tried again.

# said TEXT - the kernel gave that reason
said() {
	dmesg | grep -q "iommufd: cannot retrieve IOAS 1: $1" ||
		die "the kernel did not say '$1'"
}

kernel_1() {
	load_next_kernel
	bind_vfio
	doing "mapping and preserving memory"
	limits make
}

kernel_2() {
	doing "taking memory within limits"
	limits take
	said "with its memory, user 0 would exceed the RLIMIT_MEMLOCK of 1020 KiB of process "
	said "with its memory, user 0 would exceed the RLIMIT_MEMLOCK of 1276 KiB of process "
	said "with its memory, process [0-9]* would exceed its RLIMIT_MEMLOCK of 1020 KiB"
	said "with its memory, process [0-9]* would exceed its RLIMIT_MEMLOCK of 1276 KiB"
	point "memory that comes back is charged to whoever takes it"
}
