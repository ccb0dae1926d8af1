# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# In the next kernel restore comes before vfio-pci is bound: it says so, twice,
# and loses nothing by it.

kernel_1() {
	start_work noted
	update
}

kernel_2() {
	refused "unbound" 1 "is bound to no driver; nothing is lost" \
		holdfast restore --no-finish
	refused "unbound, again" 1 "vfio-pci is not bound to it yet" \
		holdfast restore --no-finish
	restore
	wrap_up
}
