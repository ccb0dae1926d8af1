#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Install the Debian packages that are missing. Quiet, and quick, when none is.
#
# With --list the packages are printed, one a line.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/.." && pwd)}"
. "$TOP/mk/lib.sh"
. "$TOP/mk/apt.sh"

# a|b: either will do; the first that apt knows is installed.
packages='
	gcc make libc6-dev binutils patch perl xz-utils cpio rsync pkg-config|pkgconf
	flex bison bc libelf-dev libssl-dev kmod
	libfdt-dev libmd-dev libjson-c-dev device-tree-compiler
	zlib1g-dev liblzma-dev libzstd-dev liblz4-dev
	kexec-tools busybox-static
	sparse shellcheck mandoc libcap-dev liburcu-dev
	debootstrap e2fsprogs
'
# igb, the NIC on which a wrong reset shows, came with this version.
qemu_needed=8.0

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

any_installed()
{
	for any in $(printf '%s' "$1" | tr '|' ' '); do
		installed "$any" && return 0
	done
	return 1
}

known()
{
	apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

first_known()
{
	for any in $(printf '%s' "$1" | tr '|' ' '); do
		known "$any" && printf '%s\n' "$any" && return 0
	done
	printf '%s\n' "${1%%|*}"
}

# at_least A B: version A is not older than B.
at_least()
{
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

qemu_suffices()
{
	[ -n "$1" ] && at_least "$1" "$qemu_needed"
}

qemu_version()
{
	qemu-system-x86_64 --version 2>/dev/null |
		sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p'
}

qemu_candidate()
{
	apt-cache policy qemu-system-x86 | sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
}

apt_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}

# On a machine without dpkg we only say what is not there.
elsewhere()
{
	absent=
	for tool in gcc make patch perl xz cpio rsync pkg-config flex bison bc \
		dtc kexec busybox sparse shellcheck qemu-system-x86_64; do
		command -v "$tool" >/dev/null || absent="$absent $tool"
	done
	[ -z "$absent" ] || die "install these yourself, there is no apt here:$absent" \
		"(and headers of libelf, libssl, libfdt, libmd, json-c)"
	exit 0
}

if [ "${1:-}" = --list ]; then
	# shellcheck disable=SC2086 # a list of words
	printf '%s\n' $packages qemu-system-x86
	exit 0
fi

PATH=$PATH:/usr/sbin:/sbin
command -v dpkg-query >/dev/null || elsewhere

missing=
for package in $packages; do
	any_installed "$package" || missing="$missing $package"
done
version=$(qemu_version)
qemu=
qemu_suffices "$version" || qemu=yes
[ -n "$missing$qemu" ] || exit 0

say "missing:$missing${qemu:+ qemu-system-x86 (>= $qemu_needed${version:+, found $version})}"
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
	die "run as root: apt-get install$(printf '%s' "$missing" | sed 's/|[^ ]*//g') qemu-system-x86"
fi
say "apt-get update"
as_root apt-get -q update || say "warning: apt-get update failed, going on with what apt knows"

if [ -n "$missing" ]; then
	names=
	for package in $missing; do
		name=$(first_known "$package")
		names="$names $name"
		# Its default would change how this machine reboots.
		if [ "$name" = kexec-tools ] && command -v debconf-set-selections >/dev/null; then
			echo 'kexec-tools kexec-tools/load_kexec boolean false' |
				as_root debconf-set-selections
		fi
	done
	# shellcheck disable=SC2086 # a list of words
	apt_install $names
fi

if [ -n "$qemu" ]; then
	candidate=$(qemu_candidate)
	if qemu_suffices "$candidate"; then
		apt_install qemu-system-x86
	elif apt_is_debian; then
		release=$(apt_codename)
		say "QEMU of $release is ${candidate:-missing}: taking it from $release-backports"
		apt_private qemu "$release" "$release-updates" "$release-backports" ||
			die "cannot read $release-backports; install QEMU >= $qemu_needed yourself"
		apt_with qemu apt-get -q -y -o DPkg::Lock::Timeout=300 \
			-t "$release-backports" install --no-install-recommends qemu-system-x86
	else
		die "this release has QEMU ${candidate:-none}; install QEMU >= $qemu_needed yourself"
	fi
	version=$(qemu_version)
	qemu_suffices "$version" ||
		die "qemu-system-x86_64 is ${version:-missing} still, need >= $qemu_needed"
fi
say "done"
