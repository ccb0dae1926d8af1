# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update after which nobody does anything at first, and then everything in
# a wrong way: the device goes on writing to its own memory and to no other, and
# in the end all is restored without a frame lost.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

kernel_1() {
	start_work noted
	preserve
	detach_driver
	go
}

kernel_2() {
	spell on
	guard_begin --churn
	doing "doing nothing"
	sleep 3
	echo 1 >/proc/sys/vm/compact_memory
	point "nobody retrieves anything"

	take_apart "nothing"
	take_apart "the device, which is not bound" get:5=EAGAIN
	take_apart "a memfd" get:1
	take_apart "the iommufd" get:4
	bind_vfio
	dump_config bound
	take_apart "the device to a bad address" badget:5=EFAULT
	take_apart "all that refers to something else first" get:5 get:4 get:1
	take_apart "the device twice, closing it once" get:5 drop:5 get:5
	point "retrieved and closed"

	node=/dev/vfio/devices/$(ls /dev/vfio/devices)
	take_apart "the device behind its back" "open:$node=EBUSY"
	take_apart "without descriptors" nofile get:1=EMFILE get:4=EMFILE \
		get:5=EMFILE files get:1 get:4 get:5
	take_apart "to a bad address" badget:1=EFAULT badget:4=EFAULT \
		badget:5=EFAULT get:1 get:4 get:5
	take_apart "and binding to another iommufd" get:5 foreign=EINVAL
	take_apart "and binding with a bad address" get:4 get:5 \
		badbind=EFAULT bind
	point "mistakes"
	guard_end
	guard_begin
	sleep 3
	guard_end
	spell any

	restore
	dump_meminfo restored
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
