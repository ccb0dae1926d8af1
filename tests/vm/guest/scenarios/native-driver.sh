# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Who may touch it: drivers of the kernel's own that know the device are there
# all the time. Before the update and after it they get it by the same steps that
# must not give it to them in between.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

DRIVERS=/sys/bus/pci/drivers

probe_everything() {
	for path in "$SYSPCI"/*; do
		echo "${path##*/}" >/sys/bus/pci/drivers_probe 2>/dev/null || true
	done
}

# override NAME - or nothing
override() {
	echo "$1" >"$SYSPCI/$nic/driver_override"
}

give_back() {
	driver=$(driver_of "$nic")
	[ "$driver" = none ] || echo "$nic" >"$DRIVERS/$driver/unbind"
}

# want DRIVER STEP - after that step
want() {
	driver=$(driver_of "$nic")
	[ "$driver" = "$1" ] || die "$2: bound to $driver, not to $1"
	point "$2: $1"
}

# The steps by which a native driver gets a device. try WHO: it must be WHO that
# has it after each of them.
try() {
	doing "letting native drivers have it, expecting $1"
	override ""
	probe_everything
	want "$1" "$2 drivers_probe"
	give_back
	echo "$nic" >"$DRIVERS/igb/bind" 2>/dev/null || true
	want "$1" "$2 bind"
	give_back
	override igb
	echo "$nic" >/sys/bus/pci/drivers_probe || true
	want "$1" "$2 driver_override"
	give_back
	override ""
}

# A driver that does not know the device is told that it does. It gives up soon,
# but not before it has enabled the device. try_new_id yes|no: is it asked?
try_new_id() {
	doing "telling nvme about it, expecting $1"
	read -r vendor <"$SYSPCI/$nic/vendor"
	read -r device <"$SYSPCI/$nic/device"
	dmesg -c >/run/dmesg
	echo "${vendor#0x} ${device#0x}" >"$DRIVERS/nvme/new_id"
	# It probes on a thread of its own
	sleep 1
	asked=no
	! dmesg | grep "nvme.*$nic" || asked=yes
	[ "$asked" = "$1" ] || die "was it asked? $asked"
	want none "$2 new_id, nvme is asked: $1"
	echo "${vendor#0x} ${device#0x}" >"$DRIVERS/nvme/remove_id"
}

rescan() {
	doing "removing it and looking for it again"
	echo 1 >"$SYSPCI/$nic/remove"
	[ ! -d "$SYSPCI/$nic" ] || die "it is still there"
	echo 1 >/sys/bus/pci/rescan
	[ -d "$SYSPCI/$nic" ] || die "it is not found again"
}

kernel_1() {
	load_next_kernel
	spell reset
	load_module igb
	want igb "at first, insmod"
	load_module e1000e
	load_module nvme
	give_back
	try igb "at first,"
	try_new_id yes "at first,"
	rescan
	want igb "at first, rescan"
	give_back
	spell any
	bind_vfio
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	preserve
	detach_driver
	go
}

kernel_2() {
	spell on
	load_module igb
	load_module e1000e
	load_module nvme
	want none "incoming, insmod"
	try none "incoming,"
	try_new_id no "incoming,"
	bind_vfio
	give_back
	want none "incoming, unbind"
	try none "incoming, given back,"
	bind_vfio
	override igb
	probe_everything
	want vfio-pci "incoming, bound to vfio-pci, drivers_probe"
	override vfio-pci
	spell any

	restore
	dump_meminfo restored
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean

	spell reset
	give_back
	try igb "finished,"
	spell any
}
