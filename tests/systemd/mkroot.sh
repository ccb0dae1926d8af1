#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mkroot.sh DIR: a small Debian with systemd in DIR/root, by debootstrap, of the
# release this machine has and from where its packages come from. Does nothing
# if the one that is there was made of the same packages.
#
# Needs root. Exit 77, with the reason, where this cannot be done here.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=mk/lib.sh
. "$TOP/mk/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=mk/apt.sh
. "$TOP/mk/apt.sh"

# What a host that updates itself has, and nothing that takes time at boot.
packages=systemd,systemd-sysv,udev,kmod,kexec-tools,initramfs-tools,busybox,e2fsprogs
# As large for every test: debootstrap's own choice would be its "important" ones
variant=minbase

cannot()
{
	printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
	exit 77
}

# debootstrap asks for one key file; what apt was told is "a,b" or trusted=yes
key_option()
{
	for option; do
		case $option in
		trusted=yes) printf '%s\n' --no-check-gpg && return ;;
		signed-by=*)
			key=${option#signed-by=}
			printf '%s\n' "--keyring=${key%%,*}" && return
			;;
		esac
	done
}

[ $# = 1 ] || die "usage: mkroot.sh DIR"
mkdir -p "$1"
dir=$(cd "$1" && pwd)
[ "$(id -u)" = 0 ] || cannot "not root: device nodes and chroot are needed for a root file system"
apt_is_debian || cannot "this machine is no Debian: there is nothing to make a root file system of"
command -v debootstrap >/dev/null || cannot "no debootstrap; install it"

release=$(apt_codename)
archive=$(apt_archive)
[ -n "$archive" ] || cannot "found no package archive in this machine's apt configuration"
uri=$(printf '%s' "$archive" | cut -f1)
# shellcheck disable=SC2046 # words
key=$(key_option $(printf '%s' "$archive" | cut -f2))

made_of="$release $variant $packages"
if [ "$(cat "$dir/root.made-of" 2>/dev/null)" = "$made_of" ]; then
	exit 0
fi

# What debootstrap mounts is gone with it, however it ends
unshare --mount --propagation private true 2>/dev/null || cannot "may not mount anything, as debootstrap has to"
rm -rf "$dir/root" "$dir/root.made-of" "$dir/null"
mknod "$dir/null" c 1 3 2>/dev/null || cannot "may not make device nodes in $dir"
rm "$dir/null"

say "a root file system of Debian $release; log in $dir/root.log"
# As apt does, it asks a proxy if there is one
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
[ -z "${http_proxy:-}" ] || export http_proxy
[ -z "${https_proxy:-}" ] || export https_proxy
DEBIAN_FRONTEND=noninteractive unshare --mount --propagation private debootstrap --variant="$variant" ${key:+"$key"} --include="$packages" \
	"$release" "$dir/root" "$uri" >"$dir/root.log" 2>&1 || {
	tail -n 20 "$dir/root.log" >&2
	die "debootstrap failed, see $dir/root.log"
}
# Where it came from is this machine's affair
rm -rf "$dir/root/etc/apt/sources.list" "$dir/root/var/cache/apt" "$dir/root/var/lib/apt/lists"
printf '%s\n' "$made_of" >"$dir/root.made-of"
