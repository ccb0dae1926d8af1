# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# The list of running functions is damaged on the way. The next kernel cannot
# know what writes to its memory: it must stop before it does anything with a
# device. It never comes to its init, so this kernel has the last word.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work
	preserve
	doing "damaging the list"
	# The domain of the first entry
	blob pci 24=0x7f:1
	detach_driver
	emit '{"ev":"done","status":0}'
	holdfast kexec
	die "holdfast kexec returned"
}
