# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update with iommufd, vfio and vfio-pci as modules. In the new kernel they
# are loaded one after the other, and late: a native driver is there before, and
# an agent has asked for everything. What is in use cannot be unloaded.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

# Each of them but the first is needed by the one before it
MODULES="vfio_pci vfio_pci_core vfio iommufd"

# want_loaded MODULE...
want_loaded() {
	for module; do
		grep -q "^$module " /proc/modules ||
			die "$module is no module, or not loaded"
	done
}

# not_unloaded MODULE... - each is in use
not_unloaded() {
	doing "trying to unload what is in use: $*"
	for module; do
		! rmmod "$module" 2>/dev/null || die "$module was unloaded"
	done
	want_loaded "$@"
}

unload() {
	doing "unloading what nobody uses: $*"
	for module; do
		rmmod "$module" || die "$module is not unloaded"
	done
}

want_no_driver() {
	echo "$nic" >/sys/bus/pci/drivers_probe 2>/dev/null || true
	[ "$(driver_of "$nic")" = none ] ||
		die "bound to $(driver_of "$nic") $1"
}

kernel_1() {
	load_next_kernel
	bind_vfio
	# shellcheck disable=SC2086
	want_loaded $MODULES
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	preserve
	detach_driver
	# The driver is not the only one to hold them
	end_drivers
	# shellcheck disable=SC2086
	not_unloaded $MODULES
	point "preserved, unloading"
	go
}

kernel_2() {
	spell on
	load_module igb
	want_no_driver "without vfio-pci"
	take_apart "all, without modules" get:1 get:4=EUNATCH get:5=EUNATCH \
		get:4=EUNATCH get:5=EUNATCH finish=EBUSY again get:5=EUNATCH
	refused "restore-without-modules" 1 "a module that is not loaded" \
		holdfast restore -- /bin/nic-rx --resume
	point "no modules"

	doing "loading modules and unloading them again"
	bind_vfio
	# shellcheck disable=SC2086
	want_loaded $MODULES
	# shellcheck disable=SC2086
	unload $MODULES
	echo >"$SYSPCI/$nic/driver_override"
	want_no_driver "after vfio-pci was there"
	take_apart "all, without modules again" get:4=EUNATCH get:5=EUNATCH \
		finish=EBUSY
	point "loaded and unloaded"

	doing "loading iommufd"
	load_module iommufd
	take_apart "all, with iommufd" get:5=EUNATCH get:4 get:5=EUNATCH \
		finish=EBUSY
	not_unloaded iommufd
	point "iommufd"

	doing "loading vfio-pci"
	load_vfio
	want_no_driver "with vfio-pci, before it is told"
	take_apart "the device, which is not bound" get:5=EAGAIN get:4
	point "vfio-pci"
	spell any

	restore
	# shellcheck disable=SC2086
	not_unloaded $MODULES
	dump_meminfo restored
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean

	# Nothing is held that nobody uses any more
	spell reset
	# shellcheck disable=SC2086
	unload $MODULES
	echo >"$SYSPCI/$nic/driver_override"
	echo "$nic" >/sys/bus/pci/drivers_probe
	[ "$(driver_of "$nic")" = igb ] || die "igb does not get it"
	point "igb has it afterwards"
	spell any
}
