# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from run
#
# holdfast update, and systemctl kexec out of it: all services are stopped, all
# file systems unmounted, the driver's service is stopped like any other, and its
# device goes on. In the next kernel nobody does anything.

kernel_1() {
	service_at_work
	update --graceful
	systemd_goes_down
}

kernel_2() {
	service_resumed
	root_was "clean, "
	point "root file system was unmounted"
	started_after nic.service holdfastd.service
	point "restored before the driver was started"
	early_restore_as_asked
	told "^update .*: done"
	told "^nic  *resumed"
	point "status tells how it went"
	holdfast status
	wrap_up_service
}
