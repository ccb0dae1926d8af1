# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What the scenarios about orphan DMA and native drivers share.

# spell DMA - from here to the next spell the host expects
#	on	every frame stored, device not reset, bus mastering on
#	off	no frame stored
#	reset	at least one reset of the device; frames do not matter
#	any	nothing
# Frames and events come by different ways: what is done and looked at is kept
# apart by a pause.
spell() {
	sleep 0.5
	emit "{\"ev\":\"spell\",\"dma\":\"$1\"}"
	sleep 0.5
}

# guard_begin ARG... - see guard.c
guard_begin() {
	doing "filling the free memory"
	guard --events "$EVENTS" "$@" >/run/guard.out 2>&1 &
	guard=$!
	until grep -q ready /run/guard.out; do
		if [ ! -d "/proc/$guard" ]; then
			cat /run/guard.out
			die "no guard"
		fi
		sleep 0.1
	done
}

# guard_end - all it filled must be as it was, or not, if it was told so
guard_end() {
	doing "looking at the memory that was free"
	kill "$guard"
	status=0
	wait "$guard" || status=$?
	cat /run/guard.out
	[ "$status" = 0 ] || die "the guard ended with $status"
	# With page_poison=1 the kernel looks at what the guard did not get
	if dmesg | grep 'pagealloc: .*corruption'; then
		die "a free page was written to"
	fi
}

# memory_total - in kB. Pages that are kept for a device do not count.
memory_total() {
	sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# bus_master - COMMAND.BUS_MASTER, as the hardware has it
bus_master() {
	command=$(hexdump -s 4 -n 2 -e '1/2 "%u"' "$SYSPCI/$nic/config")
	[ $((command & 4)) != 0 ]
}

# set_bus_master on|off - behind the back of everybody
set_bus_master() {
	command=$(hexdump -s 4 -n 2 -e '1/2 "%u"' "$SYSPCI/$nic/config")
	case $1 in
	on) command=$((command | 4)) ;;
	off) command=$((command & ~4)) ;;
	esac
	low=$(printf '%03o' $((command & 255)))
	# shellcheck disable=SC2059 # it is the byte
	printf "\\$low" | dd of="$SYSPCI/$nic/config" bs=1 seek=4 \
		conv=notrunc 2>/dev/null
}

# lose_device [BDF], find_device_again - the device, or the NIC, does not answer
# meanwhile: the port above has no secondary and subordinate bus number. What is
# asked for the buses behind it goes nowhere; DMA and MMIO go their way all the
# same.
lose_device() {
	set -- "${1:-$nic}"
	port=$(path_of "$1" | head -n 1)
	dd if="$SYSPCI/$port/config" of=/run/buses bs=1 skip=25 count=2 2>/dev/null
	printf '\000\000' |
		dd of="$SYSPCI/$port/config" bs=1 seek=25 conv=notrunc 2>/dev/null
	[ "$(hexdump -n 4 -e '1/4 "%x"' "$SYSPCI/$1/config")" = ffffffff ] ||
		die "the device still answers"
}

find_device_again() {
	dd if=/run/buses of="$SYSPCI/$port/config" bs=1 seek=25 conv=notrunc \
		2>/dev/null
}

# driver_of BDF - name of the driver it is bound to, or "none"
driver_of() {
	name=$(readlink "$SYSPCI/$1/driver" || echo none)
	echo "${name##*/}"
}

# load_next_kernel_with WORDS - more for its command line; the last one counts
load_next_kernel_with() {
	before=$hf_cmdline
	hf_cmdline="$hf_cmdline $*"
	load_next_kernel
	hf_cmdline=$before
}

# take_apart WHAT STEP... - see session.c. Whoever does this is gone afterwards,
# with all he had retrieved.
take_apart() {
	doing "retrieving $1"
	shift
	session "$@" || die "not as expected"
}

# native_driver_takes_it - which is for a device that is nobody's
native_driver_takes_it() {
	doing "letting a native driver have it"
	load_module igb
	[ "$(driver_of "$nic")" != vfio-pci ] ||
		echo "$nic" >/sys/bus/pci/drivers/vfio-pci/unbind
	echo >"$SYSPCI/$nic/driver_override"
	[ -e "$SYSPCI/$nic/driver" ] || echo "$nic" >/sys/bus/pci/drivers_probe
	[ "$(driver_of "$nic")" = igb ] || die "igb does not get it"
}
