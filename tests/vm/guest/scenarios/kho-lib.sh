# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What the scenarios about memory that is handed over share.

# khotest WHAT [PARAMETER...] - see khotest.c
khotest() {
	what=$1
	shift
	folder=$(uname -r)
	insmod "/modules/${folder##*-}/khotest.ko" do="$what" "$@"
}

# scratch_at - the physical address of a scratch area
scratch_at() {
	sed -n '1s/.*\(0x[0-9a-f]*\).*/\1/p' /sys/kernel/debug/kho/out/scratch_phys
}

# khotest_fails "WHAT [PARAMETER...]" SAYING... - as stock does it
khotest_fails() {
	# shellcheck disable=SC2086
	! khotest $1 || die "it does all of '$1' right"
	shift
	for text; do
		said "khotest: $text"
	done
}

# said TEXT - in the kernel's log
said() {
	dmesg | grep -q -- "$1" || die "the kernel did not say '$1'"
}

# load_next WORDS - as load_next_kernel, with more for its command line
load_next() {
	before=$hf_cmdline
	hf_cmdline="$hf_cmdline $*"
	load_next_kernel
	hf_cmdline=$before
}

# load_next_without_kho WORDS - by the system call that cannot hand anything over
load_next_without_kho() {
	doing "loading the next kernel with kexec_load()"
	kexec -c -l /boot/vmlinuz --initrd=/boot/base \
		--command-line="$(next_cmdline) $*"
}

# go_for_good - into a kernel that is to panic: this one has the last word
go_for_good() {
	emit '{"ev":"done","status":0}'
	start_next
}

start_next() {
	doing "starting the next kernel"
	kexec -e
	die "kexec returned"
}

# was_handed_over - is there anything from the last kernel?
was_handed_over() {
	[ -e /sys/kernel/debug/kho/in ]
}
