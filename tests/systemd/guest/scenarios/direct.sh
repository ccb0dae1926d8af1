# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from run
#
# holdfast update --direct: nothing is stopped, nothing unmounted, so the gap is
# as small as it gets and the journal of the file system has to be replayed.

kernel_1() {
	service_at_work
	update --direct
	die "holdfast update came back"
}

kernel_2() {
	service_resumed
	root_was "recovering journal"
	point "root file system was not unmounted"
	told "^update .*: done"
	told "^nic  *resumed"
	point "status tells how it went"
	holdfast status
	wrap_up_service
}
