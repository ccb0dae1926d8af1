# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Memory of every kind in an iommufd, over two updates. No device goes on working:
# it is about the memory, which is checked byte by byte and address by address, and
# about getting all of it back in the end. With hf.storm=yes the kernel moves what
# it may meanwhile.
# shellcheck source=tests/vm/guest/scenarios/pages-lib.sh disable=SC1091
. /hf/scenarios/pages-lib.sh

# Sets options, for pages take
look_around() {
	# What this takes is no part of what is given back
	[ "$hf_storm" = no ] || start_swap
	start_zram
	options="--after-step /hf/after-step --direct /dev/zram0"
	case $hf_cmdline in
	*kernelcore=*) options="$options --movable" ;;
	esac
}

kernel_2() {
	look_around
	load_next_kernel
	doing "taking memory, preserving it again"
	# shellcheck disable=SC2086
	pages take $options --go
}

kernel_3() {
	look_around
	# shellcheck disable=SC2086
	given_back pages take $options
	point "all memory came through two updates"
}
