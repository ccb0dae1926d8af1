# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh
#
# In the next kernel one of two drivers is not wanted any more: its device is
# never retrieved, and stopped before its memory is given back.
# shellcheck source=tests/vm/guest/scenarios/two-lib.sh disable=SC1091
. /hf/scenarios/two-lib.sh

kernel_2() {
	bind_vfio
	name_both
	is_bus_master "$disk_bdf" || die "the disk does not do DMA any more"
	holdfast restore --events "$EVENTS" \
		--exec nic-rx="$nic_command" --drop nvme-io
	point "finished without it"
	if is_bus_master "$disk_bdf"; then
		die "the disk still does DMA"
	fi
	point "the disk was stopped"
	drivers=nic-rx
	find_driver
	sleep 1
	ask_host stop-source
	wait_result
	result_is_clean
}
