# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Updates with two devices at work and, beside them, more than 2 GiB of memory of
# every kind in more than 10000 areas of several IOASes, in a session of its own.
# Every byte of it and every address is checked in each kernel, and in the end all
# of it is free again.

# How many huge pages guest/pages.c takes with --many
POOL=136

# hold VERB OPTIONS... - run pages until what it has is preserved
hold() {
	rm -f /run/pages.held
	pages "$@" --hold /run/pages.held &
	pages=$!
	until [ -e /run/pages.held ]; do
		[ -d "/proc/$pages" ] || die "pages ended"
		sleep 0.1
	done
}

kernel_1() {
	echo "$POOL" >/proc/sys/vm/nr_hugepages
	load_next_kernel
	bind_vfio
	doing "mapping and preserving memory"
	hold make --many
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	update
}

kernel_N() {
	restore
	dump_meminfo restored
	if [ "$hf_kernel" -gt "$hf_updates" ]; then
		doing "taking memory"
		pages take
		point "all memory came through $hf_updates updates"
		wrap_up
		return
	fi
	load_next_kernel
	doing "taking memory, preserving it again"
	hold take
	wait_more_frames "$hf_between"
	update
}
