# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Devices that cannot be carried, each refused with a reason in the kernel's log,
# while another one is at work. The host makes sure that it does not notice.

# find_class CLASS - sets $found to the first device of that class
find_class() {
	for found in "$SYSPCI"/*; do
		read -r class <"$found/class"
		[ "${class%??}" != "$1" ] || break
	done
	[ "${class%??}" = "$1" ] || die "no device of class $1"
	found=${found##*/}
}

# said BDF TEXT - in the kernel's log, about that device
said() {
	dmesg | grep -q "$1: live update: .*$2" || die "the kernel does not say why"
}

# hold_and_cancel PID - what is preserved, and given back
hold_and_cancel() {
	holdfast preserve --pid "$1" >/dev/null
	holdfast cancel
}

refuse_class() {
	find_class "$2"
	doing "binding $found to vfio-pci"
	echo vfio-pci >"$SYSPCI/$found/driver_override"
	echo "$found" >/sys/bus/pci/drivers_probe
	be_faulty faulty none /dev/vfio/devices/"$(cd "$SYSPCI/$found/vfio-dev" && echo *)"
	refused "$1" 1 "" holdfast preserve --pid "$faulty"
	said "$found" "touched by early boot"
	mend
}

# vfio-pci enables virtual functions only if it may. QEMU's igb then gives what
# it receives to them, so this is before there are any frames.
refuse_virtual_functions() {
	if [ ! -e "$SYSPCI/$nic/sriov_numvfs" ]; then
		emit '{"ev":"refusal","name":"has virtual functions","skipped":true}'
		return
	fi
	echo Y >/sys/module/vfio_pci/parameters/enable_sriov
	echo 0 >"$SYSPCI/$nic/sriov_drivers_autoprobe"
	echo 2 >"$SYSPCI/$nic/sriov_numvfs"
	refused "has virtual functions" 1 "" holdfast preserve --pid "$faulty"
	said "$nic" "virtual functions"
	echo 0 >"$SYSPCI/$nic/sriov_numvfs"
}

kernel_1() {
	bind_vfio
	# The control: the same idle driver, and a device that can be carried
	be_faulty faulty none "/dev/vfio/devices/$(cd "$SYSPCI/$nic/vfio-dev" && echo *)"
	refuse_virtual_functions
	hold_and_cancel "$faulty"
	point "idle driver is preserved"
	mend

	start_driver
	dump_config running
	refuse_class "VGA" 0x0300
	refuse_class "USB host controller" 0x0c03
	hold_and_cancel "$driver"
	point "driver at work is preserved"
	wrap_up
}
