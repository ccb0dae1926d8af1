# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Two updates, in which each call of preserve and restore fails in all ways before
# it succeeds: in the first one for lack of any memory, and the memory cgroup is too
# small at first, in the second one a single allocation at a time. Frames come all
# the time, and none is lost.
# shellcheck source=tests/vm/guest/scenarios/fault-lib.sh disable=SC1091
. /hf/scenarios/fault-lib.sh

# The same program, linked dynamically
holdfast() {
	holdfast-liar "$@"
}

kernel_1() {
	start_work noted
	with_faults preserve
	faulted create-session preserve-file get-extents
	detach_driver
	go
}

kernel_2() {
	mkdir /run/cgroup
	mount -t cgroup2 none /run/cgroup
	echo +memory >/run/cgroup/cgroup.subtree_control
	mkdir /run/cgroup/limited
	echo 4M >/run/cgroup/limited/memory.max
	export FAULTS_CGROUP=/run/cgroup/limited
	with_faults restore
	unset FAULTS_CGROUP
	faulted open retrieve-session memory-limit retrieve-file bind attach \
		get-extents finish
	dmesg | grep 'cannot be charged to the memory cgroup of process' ||
		die "the kernel does not say why"
	dump_meminfo restored

	load_next_kernel
	with_single_faults preserve
	faulted create-session preserve-file get-extents
	detach_driver
	end_drivers
	go
}

kernel_3() {
	with_single_faults restore
	faulted open retrieve-session retrieve-file bind attach get-extents finish
	dump_meminfo restored
	wrap_up
}
