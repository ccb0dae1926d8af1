# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# An update in which "holdfast inspect" is asked before preserve, after it and in the
# next kernel, of the kernel that runs and of what was saved of it.

# inspect STATUS ARG... - prints to /run/inspect
inspect() {
	want=$1
	shift
	status=0
	holdfast inspect "$@" >/run/inspect 2>&1 || status=$?
	[ "$status" = "$want" ] || {
		cat /run/inspect
		die "inspect $*: status $status instead of $want"
	}
}

# tells NAME TEXT... - it says all of these; NAME is what the host is told
tells() {
	name=$1
	shift
	for text; do
		grep -qF -- "$text" /run/inspect && continue
		cat /run/inspect
		die "inspect does not tell: $text"
	done
	point "$name"
}

# silent NAME TEXT - it does not say this
silent() {
	! grep -qF -- "$2" /run/inspect || die "inspect tells: $2"
	point "$1"
}

kernel_1() {
	start_work noted
	doing "inspecting before preserve"
	inspect 3 --in
	tells inspect-nothing-came "nothing was handed over to this kernel"
	inspect 0
	tells inspect-idle "compatible: kho-v4" "compatible: luo-v5" "damaged: 0"
	silent inspect-no-device "kind: device"
	preserve
	doing "inspecting what is preserved"
	inspect 0
	tells inspect-preserved "session: holdfast" "state: outgoing files=6" \
		"handler: iommufd-noiommu-v3" "address: $nic" \
		"iova=0x20000000 bytes=16773120" "damaged: 0" "unreadable: 0"
	inspect 0 --out --json --ranges --save /run/dump
	tells inspect-json '"ok":true' '"kind":"iommufd"' '"list":[{"phys":"0x'
	inspect 0 --out
	sed '/^sessions:/,$d' /run/inspect >/run/live
	inspect 0 --dump /run/dump
	sed '/^sessions:/,$d' /run/inspect >/run/saved
	cmp /run/live /run/saved || die "the dump tells something else"
	point inspect-saved
	doing "inspecting a damaged dump"
	# One byte within what is said of the device; its page is in the dump once
	at=$(strings -t d /run/dump/memory.elf |
		sed -n 's/^ *\([0-9]*\) vfpciser.*/\1/p' | head -n 1)
	[ -n "$at" ] || die "no device in the dump"
	printf '\377' | dd of=/run/dump/memory.elf bs=1 seek=$((at + 40)) \
		conv=notrunc 2>/dev/null
	inspect 1 --dump /run/dump
	tells inspect-damaged "checksum is wrong"
	printf 'junk' >/run/dump/out/fdt
	inspect 1 --dump /run/dump
	tells inspect-broken "no flattened device tree"
	rm -r /run/dump /run/live /run/saved /run/inspect
	detach_driver
	go
}

kernel_2() {
	doing "inspecting what was handed over"
	inspect 0 --in
	tells inspect-came "handed_over: yes" "previous_release: $(uname -r)" \
		"damaged: 0"
	restore
	dump_meminfo restored
	rm /run/inspect
	wrap_up
}
