# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# More ranges are preserved than the next kernel has room to note. What it cannot
# reserve it must not use. reserve_mem= takes what is left of scratch.

# shellcheck source=tests/vm/guest/scenarios/kho-lib.sh disable=SC1091
. /hf/scenarios/kho-lib.sh

kernel_1() {
	doing "scattering pages"
	khotest scatter || die "cannot scatter pages"
	words=
	# As many as succeed; eight can
	for size in 64M 48M 32M 24M 16M 12M 8M 6M 4M 3M 2M 1536K 1M 768K 512K; do
		words="$words reserve_mem=$size:4096:a$size reserve_mem=$size:4096:b$size"
	done
	if [ "$hf_first" = stock ]; then
		# It says so for every page
		load_next "$words loglevel=3"
		start_next
	fi
	load_next "$words"
	go_for_good
}

kernel_2() {
	doing "looking for the pages"
	said "Failed to double reserved array"
	khotest_fails look "[0-9]* pages: [1-9][0-9]* lost"
	point "stock lets pages be used that were preserved"
}
