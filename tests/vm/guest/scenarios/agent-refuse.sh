# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What the agent must refuse, each with its own message. In the first part the
# device is not at work yet; in the second it is, and the host makes sure that
# not one frame is lost over all the refusals.

# not_preserved NAME TEXT PID
not_preserved() {
	refused "$1" 1 "$2" holdfast preserve --pid "$3"
	grep -q "the driver is as before" /run/out || die "is it as before?"
}

# A driver that has not come far, or has lost something on its way
refuse_unfinished() {
	node=$(echo /dev/vfio/devices/*)
	be_faulty faulty unbound "$node"
	not_preserved "device not bound" "is not bound" "$faulty"
	mend
	be_faulty faulty unattached "$node"
	not_preserved "device not attached" "not attached to an IOAS" "$faulty"
	mend
	be_faulty faulty no-iommufd "$node"
	not_preserved "iommufd closed" "but no iommufd" "$faulty"
	mend
	be_faulty faulty other-iommufd "$node"
	not_preserved "iommufd of another" "its iommufd is not preserved" \
		"$faulty"
	mend
}

# Another process spoils what the driver at work has
refuse_spoiled() {
	be_faulty handoff pass --pid "$driver" -- /bin/faulty page-cache
	not_preserved "page cache" "memory that is not carried" "$driver"
	mend
	echo 2 >/proc/sys/vm/nr_hugepages
	be_faulty handoff pass --pid "$driver" -- /bin/faulty huge-memfd
	not_preserved "huge pages beside the IOAS" \
		"memfd huge: its huge page at offset 0x0 is not mapped for DMA" "$faulty"
	mend
	be_faulty handoff pass --pid "$driver" -- /bin/faulty huge-hole
	not_preserved "huge pages not all there" \
		"memfd huge: only 2097152 of its 4194304 bytes" "$faulty"
	mend
	echo 0 >/proc/sys/vm/nr_hugepages
}

refuse_process() {
	not_preserved "no such process" "there is no process" 4000000
	not_preserved "process without device" "has no VFIO device open" 1
	refused "no CAP_SYS_RAWIO" 1 "CAP_SYS_RAWIO is missing" \
		as_nobody "holdfast preserve --pid $driver"
}

hold() {
	doing "preserving"
	holdfast preserve --pid "$driver" >/dev/null
}

# still_held - whatever was refused, it cost nothing
still_held() {
	doing "verifying what is held"
	holdfast verify >/dev/null
}

refuse_kexec() {
	refused "kexec of nothing" 1 "no session is held" holdfast kexec
	hold
	refused "holder there" 1 "a holder has a session already" \
		holdfast preserve --pid "$driver" --session other
	refused "session there" 1 "exists already" \
		holdfast preserve --pid "$driver" --socket /run/other.sock
	refused "preserved already" 1 "it is preserved already" \
		holdfast preserve --pid "$driver" --session other \
		--socket /run/other.sock --retry-ms 10
	still_held
	refused "no image loaded" 1 "no kernel is loaded" holdfast kexec
	still_held
	doing "loading a kernel in the old way"
	kexec -c -l /boot/vmlinuz --command-line="$(next_cmdline)"
	refused "image without handover" 1 "load it by file" holdfast kexec
	grep -q "everything is as before" /run/out || die "is it as before?"
	still_held
	kexec -c -u
	doing "killing the holder"
	kill -9 "$(pidof @holdfast)"
	while pidof @holdfast; do
		sleep 0.02
	done
	refused "dead holder" 1 "no session is held" holdfast kexec
	exec 9<>/dev/liveupdate
	refused "liveupdate busy" 1 "busy: process $$ " \
		holdfast preserve --pid "$driver"
	exec 9<&-
}

kernel_1() {
	bind_vfio
	refuse_unfinished
	start_driver
	dump_config running
	refuse_spoiled
	refuse_process
	refuse_kexec

	doing "preserving for good"
	holdfast preserve --events "$EVENTS" --pid "$driver"
	dump_config preserved
	still_held
	doing "cancelling"
	holdfast cancel --events "$EVENTS"
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
