# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What the driver must refuse, each with its own message, and without harm to
# the device: in the end all frames are there. Needs nothing from the kernel.

# shellcheck source=tests/vm/guest/scenarios/refuse-lib.sh disable=SC1091
. /hf/scenarios/refuse-lib.sh

kernel_1() {
	refused "no address" 3 "is not a PCI address" nic-rx eth0
	refused "no such device" 3 "no such PCI device" nic-rx 0000:00:1e.7
	refused "another device" 3 "neither igb .* nor e1000e" \
		nic-rx 0000:00:00.0
	refused "not bound to vfio-pci" 3 "no driver is bound" nic-rx "$nic"
	refused "bad number" 2 "is not a number" nic-rx --count x "$nic"
	refused "odd ring" 2 "multiple of 8" nic-rx --descriptors 100 "$nic"
	refused "no descriptors" 3 "no descriptors were handed over" \
		nic-rx --resume
	refused "no driver to show" 3 "no process" nic-rx --status 4000000

	doing "binding without the noiommu switch"
	echo N >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
	echo vfio-pci >"$SYSPCI/$nic/driver_override"
	echo "$nic" >/sys/bus/pci/drivers_probe || true
	refused "no noiommu mode" 3 "enable_unsafe_noiommu_mode" nic-rx "$nic"
	echo Y >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode

	bind_vfio
	refused "no CAP_SYS_RAWIO" 3 "needs CAP_SYS_RAWIO" \
		as_nobody "nic-rx $nic"

	refuse_pieces

	start_driver
	refused "device is taken" 3 "does another process have it" nic-rx "$nic"
	wait_frames "$hf_warm"
	detach_driver

	refused "a memfd is missing" 3 "memfd 'state' was not handed over" \
		in_its_place 'export LISTEN_FDS=1 LISTEN_FDNAMES=ring; exec nic-rx --resume'
	refused "meant for another process" 3 "LISTEN_PID is 1, this is process" \
		in_its_place 'export LISTEN_PID=1; exec nic-rx --resume'
	poke_state 1 X
	refused "state without magic" 3 "damaged: .*magic" \
		in_its_place 'exec nic-rx --resume'
	poke_state 1 f
	poke_state 120 X
	refused "damaged state" 3 "damaged: wrong checksum" \
		in_its_place 'exec nic-rx --resume'
	poke_state 120 0

	doing "letting the driver go on"
	kill -USR1 "$driver"
	wait_more_frames "$hf_between"

	detach_driver
	refuse_after_reset
	kill "$driver"
}

# Without 2 MiB folios the ring is in pieces, unless pages happen to be
# neighbours.
refuse_pieces() {
	echo never >/sys/kernel/mm/transparent_hugepage/shmem_enabled
	doing "trying whether pages are neighbours"
	if timeout 3 nic-rx "$nic" | grep -q '"state":"ready"'; then
		emit '{"ev":"refusal","name":"ring is in pieces","skipped":true}'
		return
	fi
	refused "ring is in pieces" 3 "not physically contiguous" \
		timeout 3 nic-rx "$nic"
}

# A device that was reset behind the driver's back is not resumed. QEMU's e1000e
# has no reset that it would notice, so this is for igb.
refuse_after_reset() {
	read -r device <"$SYSPCI/$nic/device"
	if [ "$device" != 0x10c9 ]; then
		emit '{"ev":"refusal","name":"device was reset","skipped":true}'
		return
	fi
	doing "resetting the device"
	echo 1 >"$SYSPCI/$nic/reset"
	refused "device was reset" 3 "does not receive any more" \
		in_its_place 'exec nic-rx --resume'
}
