# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# All was preserved, and then the machine is rebooted without a kexec: nothing of
# it stands in the way. The host sees the reset, so this kernel has the last word.

kernel_1() {
	start_work
	preserve
	detach_driver
	emit '{"ev":"done","status":0}'
	reboot -f
	die "reboot returned"
}
