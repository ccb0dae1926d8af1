#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mkinitramfs.sh - make the initramfs of a test guest
#
#	mkinitramfs.sh [OPTIONS] -o OUT PROGRAM...
#
#	-o OUT		the file to write
#	-k KERNEL	kernel for the updates
#	-m NAME=DIR	modules of the kernel called NAME: DIR/*.ko become
#			/modules/NAME/*.ko; more than once for more kernels
#	-e PATTERN	modules to leave out; more than once for more of them
#	-b BUSYBOX	statically linked busybox (default: from PATH)
#	-x KEXEC	kexec of kexec-tools (default: from PATH or /sbin)
#
# PROGRAMs (holdfast, nic-rx, helpers) go to /bin, without their symbols. Of every
# program that is linked dynamically, the libraries come along. Each byte counts
# five times: base, the copy of it for the next kernel, and KHO's scratch, which
# is twice what is reserved when a kernel starts.
#
# Without -k this is one cpio archive, the base. With -k a second one follows
# it that holds KERNEL as /boot/vmlinuz and the base as /boot/base; the kernel
# unpacks all there are. From these the guest makes the same again for the next
# kernel (load_next_kernel), so one file is for any number of updates. Nothing
# is compressed: the new kernel would spend part of the gap on it.
set -eu

usage() {
	sed -n '6,16s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

die() {
	echo "mkinitramfs.sh: $*" >&2
	exit 1
}

out='' kernel='' modules='' without='' busybox='' kexec=''
while getopts o:k:m:e:b:x: opt; do
	case $opt in
	o) out=$OPTARG ;;
	k) kernel=$OPTARG ;;
	m) modules="$modules $OPTARG" ;;
	e) without="$without $OPTARG" ;;
	b) busybox=$OPTARG ;;
	x) kexec=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$out" ] || usage

: "${busybox:=$(command -v busybox || true)}"
: "${kexec:=$(PATH=$PATH:/sbin:/usr/sbin command -v kexec || true)}"
[ -x "$busybox" ] || die "no busybox; install busybox-static"
[ -x "$kexec" ] || die "no kexec; install kexec-tools"
! ldd "$busybox" >/dev/null 2>&1 ||
	die "$busybox is linked dynamically; install busybox-static"

here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
chmod 755 "$root"
trap 'rm -rf "$root" "$root.next" "$out.$$"' EXIT
trap 'exit 1' HUP INT TERM

# add_program FILE DIR - with the libraries it needs
add_program() {
	[ -x "$1" ] || die "$1: no such program"
	install -D -m 755 "$1" "$root/$2/${1##*/}"
	! head -c 4 "$1" | grep -q ELF || strip "$root/$2/${1##*/}"
	for lib in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do
		[ -e "$root$lib" ] || install -D -m 755 "$lib" "$root$lib"
	done
}

mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" \
	"$root/boot" "$root/bin" "$root/sbin" "$root/hf/scenarios"
install -m 755 "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
add_program "$kexec" sbin
for program; do
	add_program "$program" bin
done

install -m 755 "$here/init" "$root/init"
install -m 755 "$here/after-step" "$root/hf/after-step"
install -m 644 "$here/lib.sh" "$here/drivers.sh" "$root/hf/"
install -m 644 "$here"/scenarios/*.sh "$root/hf/scenarios/"
for pair in $modules; do
	mkdir -p "$root/modules/${pair%%=*}"
	install -m 644 "${pair#*=}"/*.ko "$root/modules/${pair%%=*}/"
done
set -f
for pattern in $without; do
	find "$root/modules" -name "$pattern" -exec rm {} +
done
set +f

# archive DIR - sorted and owned by root: the same input makes the same archive
archive() {
	(cd "$1" && find . | LC_ALL=C sort |
		"$busybox" cpio -o -H newc -R 0:0 2>/dev/null)
}

archive "$root" >"$out.$$"
if [ -n "$kernel" ]; then
	next=$root.next
	mkdir -p "$next/boot"
	install -m 644 "$kernel" "$next/boot/vmlinuz"
	cp "$out.$$" "$next/boot/base"
	archive "$next" >>"$out.$$"
fi
mv "$out.$$" "$out"
