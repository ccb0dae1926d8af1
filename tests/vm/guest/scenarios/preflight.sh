# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What "holdfast preflight" finds, each thing being wrong in truth; nothing of it
# disturbs the driver at work. Then an update with "holdfast kexec --load", which
# adds to the command line what is missing.

# preflight ARG... - of the next kernel, as it will be loaded
preflight() {
	holdfast preflight --kernel /boot/vmlinuz --initrd /run/initramfs \
		--reuse-cmdline "$@"
}

# warned NAME TEXT COMMAND... - goes on with a warning
warned() {
	name=$1 text=$2
	shift 2
	doing "expecting a warning: $name"
	"$@" >/run/out 2>&1 || die "refused"
	cat /run/out
	grep -q "^warning  $text" /run/out || die "does not warn of '$text'"
	point "warned of $name"
}

# no_finding COMMAND... - finds nothing
no_finding() {
	doing "expecting that nothing is found"
	"$@" >/run/out 2>&1 || {
		cat /run/out
		die "something was found"
	}
	cat /run/out
	grep -q "nothing was found" /run/out || die "it was warned"
}

find_in_kernel() {
	unsafe=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
	echo N >$unsafe
	refused "noiommu off" 1 "noiommu-off" preflight
	echo Y >$unsafe
	umount /sys/kernel/debug
	warned "no debugfs" scratch-unknown preflight
	mount -t debugfs debug /sys/kernel/debug
	refused "no capability" 1 "CAP_SYS_BOOT is missing" \
		as_nobody "holdfast preflight"
	warned "no image" no-image holdfast preflight
}

find_in_image() {
	refused "no image at all" 1 image-unreadable \
		holdfast preflight --kernel /boot/base
	refused "image not there" 1 image-unreadable \
		holdfast preflight --kernel /boot/nothing
	head -c 1000000 /boot/vmlinuz >/run/short
	refused "half an image" 1 image-damaged \
		holdfast preflight --kernel /run/short --reuse-cmdline
	rm /run/short
	refused "no initramfs" 1 initrd-missing \
		holdfast preflight --kernel /boot/vmlinuz --initrd /run/nothing
	truncate -s 1G /run/big
	refused "initramfs too large" 1 "scratch-small" \
		holdfast preflight --kernel /boot/vmlinuz --initrd /run/big
	rm /run/big
	refused "handover off" 1 'cmdline .*"kho=off"' \
		holdfast preflight --kernel /boot/vmlinuz --append "kho=off"
	refused "IOMMU on" 1 "cmdline-differs .*intel_iommu" \
		holdfast preflight --kernel /boot/vmlinuz \
		--append "$hf_cmdline intel_iommu=on"
}

find_in_driver() {
	refused "no such driver" 1 "there is no process" preflight --pid 4000000
	be_faulty handoff pass --pid "$driver" -- /bin/faulty page-cache
	refused "page cache" 1 "driver-memory .*IOVA 0x400000000 cannot be carried" \
		preflight --pid "$driver"
	mend
	echo 2 >/proc/sys/vm/nr_hugepages
	be_faulty handoff pass --pid "$driver" -- /bin/faulty huge-memfd
	refused "huge pages beside the IOAS" 1 "driver-memory .*memfd huge" \
		preflight --pid "$faulty"
	mend
	echo 0 >/proc/sys/vm/nr_hugepages
}

# What live update needs, and nothing else, is taken out
bare_cmdline() {
	for word in $(next_cmdline); do
		case $word in
		kho=* | liveupdate=* | vfio.*) ;;
		*) printf '%s ' "$word" ;;
		esac
	done
}

kernel_1() {
	bind_vfio
	start_driver
	dump_meminfo driver
	dump_config running
	wait_frames "$hf_warm"
	next_initramfs /run/initramfs
	no_finding preflight --pid "$driver"
	find_in_kernel
	find_in_image
	find_in_driver
	no_finding preflight --pid "$driver"
	rm /run/out
	preserve
	detach_driver
	doing "loading and starting the next kernel"
	holdfast kexec --events "$EVENTS" --load /boot/vmlinuz \
		--initrd /run/initramfs --append "$(bare_cmdline)"
	die "holdfast kexec returned"
}

kernel_2() {
	doing "looking at the command line"
	for word in kho=on kho=require liveupdate=on \
		vfio.enable_unsafe_noiommu_mode=1; do
		case " $hf_cmdline " in
		*" $word "*" $word "*) die "$word is there twice" ;;
		*" $word "*) ;;
		*) die "$word is not there" ;;
		esac
	done
	point "command line completed"
	restore
	dump_meminfo restored
	wrap_up
	echo 1 >/proc/sys/kernel/kexec_load_disabled
	refused "kexec switched off" 1 kexec-disabled holdfast preflight
}
