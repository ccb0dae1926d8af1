# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What nvme-io must refuse, each with its own message, and without harm to the
# controller: in between it goes on, and its commands are all there. What it has
# in common with nic-rx is tried in refuse.sh. Needs nothing from the kernel.

# shellcheck source=tests/vm/guest/scenarios/refuse-lib.sh disable=SC1091
. /hf/scenarios/refuse-lib.sh

kernel_1() {
	refused "not a controller" 3 "is not an NVMe controller" \
		nvme-io 0000:00:00.0
	refused "queue too short" 2 "is not a number" nvme-io --depth 3 "$nic"
	refused "no descriptors" 3 "no descriptors were handed over" \
		nvme-io --resume
	bind_vfio
	refused "disk too small" 3 "the run needs" \
		nvme-io --span 1024 "$nic"

	start_driver
	refused "controller is taken" 3 "does another process have it" \
		nvme-io "$nic"
	wait_frames 200
	detach_driver

	refused "a memfd is missing" 3 "memfd 'queues' was not handed over" \
		in_its_place 'export LISTEN_FDS=1 LISTEN_FDNAMES=buffers; exec nvme-io --resume'
	# shellcheck disable=SC2016 # another shell expands it
	refused "memfds are mixed up" 3 "is damaged" \
		in_its_place 'export LISTEN_FDNAMES=$(echo $LISTEN_FDNAMES | sed "s/buffers/x/;s/state/buffers/;s/x/state/"); exec nvme-io --resume'
	poke_state 1 X
	refused "state without magic" 3 "damaged: .*magic" \
		in_its_place 'exec nvme-io --resume'
	poke_state 1 f
	# The address of the device, which begins with 0
	poke_state 152 X
	refused "damaged state" 3 "damaged: wrong checksum" \
		in_its_place 'exec nvme-io --resume'
	poke_state 152 0

	take_up_again
	wait_more_frames 200
	detach_driver
	doing "resetting the controller"
	echo 1 >"$SYSPCI/$nic/reset"
	refused "controller was reset" 3 "does not run any more" \
		in_its_place 'exec nvme-io --resume'
	kill "$driver"
}
