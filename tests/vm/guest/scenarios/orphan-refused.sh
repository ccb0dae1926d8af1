# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# One update after which the kernel refuses a file, because what was kept about
# it is damaged or of another version. hf.refuse=WHAT on the command line says
# what: the damage, the errno of the iommufd and that of the device.

# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

what_to_refuse() {
	what=$(sed 's/.*hf\.refuse=\([^ ]*\).*/\1/' /proc/cmdline)
	case $what in
	# The digest of the first IOAS: the table seems to be another one
	digest) damage="iommufd 112=1:8 --checksum" iommufd=ESTALE device=ESTALE ;;
	version) damage="iommufd 8=99 --checksum" iommufd=EINVAL device=EINVAL ;;
	damage) damage="iommufd 112=1:8" iommufd=EILSEQ device=EILSEQ ;;
	# Freeze makes the checksum right again
	device) damage="vfio-pci 8=99" iommufd='' device=EINVAL ;;
	*) die "hf.refuse=$what?" ;;
	esac
}

kernel_1() {
	what_to_refuse
	start_work
	preserve
	doing "damaging what is kept: $damage"
	# shellcheck disable=SC2086 # words
	blob $damage
	detach_driver
	go
}

kernel_2() {
	what_to_refuse
	bind_vfio
	spell on
	guard_begin --churn
	# Every time anew, and whatever else was retrieved before
	for time in first second; do
		take_apart "one of them" "get:4${iommufd:+=$iommufd}"
		take_apart "the other" "get:5=$device"
		take_apart "all" get:1 get:2 get:3 "get:4${iommufd:+=$iommufd}" \
			"get:5=$device"
		point "refused for the $time time"
	done
	refused "restore" "$([ "$what" = digest ] && echo 4 || echo 1)" . \
		holdfast restore --no-finish
	[ "$(driver_of "$nic")" = vfio-pci ] || die "it has lost its driver"
	sleep 2
	guard_end
	try_to_finish
}

# Nobody can take the device over any more. It is stopped, and then its memory is
# free. When the kernel cannot even tell which device it was, both go on as they
# are.
try_to_finish() {
	doing "finishing"
	if [ "$what" = device ]; then
		take_apart "nothing, and finishing" finish=EINVAL
		sleep 1
		point "kept"
		return
	fi
	spell any
	session finish || die "it cannot be finished"
	spell off
	if bus_master; then
		die "the device is still bus master"
	fi
	guard_begin
	sleep 1
	guard_end
	spell any
	point "quiesced"
}
