#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mkimage.sh DIR KERNEL USERSPACE KHDR PROGRAM...: of DIR/root, which
# mkroot.sh made, an image DIR/root.img (ext4) and an initramfs DIR/initrd. In
# them are KERNEL, its configuration and modules, which lie beside it, what `make install`
# of userspace/ gives (built in USERSPACE), more PROGRAMs, and the guest's side
# of the tests. Needs root.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=mk/lib.sh
. "$TOP/mk/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

# For what is written at run time
free_mb=64
label=holdfast-root

[ $# -ge 4 ] || die "usage: mkimage.sh DIR KERNEL USERSPACE KHDR PROGRAM..."
dir=$1 kernel=$2 userspace=$3 khdr=$4
shift 4
root=$dir/image
here=$TOP/tests/systemd
guest=$here/guest
vm=$TOP/tests/vm/guest

# The release is in the image's header, behind an offset that is there, too
kernel_release()
{
	at=$(od -An -tu2 -j 526 -N 2 "$1" | tr -d ' ')
	dd if="$1" bs=1 skip=$((at + 512)) count=64 2>/dev/null | tr '\0' ' ' | cut -d ' ' -f 1
}

release=$(kernel_release "$kernel")
[ -n "$release" ] || die "$kernel has no release in its header"

rm -rf "$root"
mkdir "$root"
# What nobody reads in a test, and what debootstrap left in its cache
tar -C "$dir/root" -c --exclude=./usr/share/doc --exclude=./usr/share/locale \
	--exclude=./usr/share/man --exclude=./var/cache/debconf --exclude=./var/lib/apt . |
	tar -C "$root" -x

install -d "$root/lib/modules/$release/kernel" "$root/boot"
install -m 644 "${kernel%/*}"/modules/*.ko "$root/lib/modules/$release/kernel/"
: >"$root/lib/modules/$release/modules.order"
: >"$root/lib/modules/$release/modules.builtin"
: >"$root/lib/modules/$release/modules.builtin.modinfo"
install -m 644 "$kernel" "$root/boot/vmlinuz-$release"
# What initramfs-tools asks whether the kernel can read what it makes
install -m 644 "${kernel%/*}/config" "$root/boot/config-$release"
ln -s "vmlinuz-$release" "$root/boot/vmlinuz"
ln -s "initrd.img-$release" "$root/boot/initrd.img"

make --no-print-directory -s -C "$TOP/userspace" install O="$userspace" KHDR="$khdr" DESTDIR="$root"
for program; do
	install -m 755 "$program" "$root/usr/bin/"
done
install -d "$root/hf/scenarios"
install -m 755 "$guest/run" "$guest/nic" "$guest/compact" "$vm/after-step" "$root/hf/"
install -m 644 "$vm/lib.sh" "$vm/drivers.sh" "$root/hf/"
install -m 644 "$guest"/scenarios/*.sh "$vm/scenarios/daemon-lib.sh" "$vm/scenarios/orphan-lib.sh" "$root/hf/scenarios/"
install -m 644 "$guest"/*.service "$root/etc/systemd/system/"
install -m 755 "$guest/init-event" "$root/etc/initramfs-tools/scripts/init-top/"
install -m 755 "$guest/shutdown-event" "$root/usr/lib/systemd/system-shutdown/zz-event"
# Its bash is not what /bin/sh is, hexdump is in no package that is there
ln -sf busybox "$root/bin/hexdump"

printf 'LABEL=%s / ext4 errors=remount-ro 0 1\n' "$label" >"$root/etc/fstab"
echo holdfast >"$root/etc/hostname"
: >"$root/etc/machine-id"
printf 'MODULES=list\nBUSYBOX=y\nCOMPRESS=gzip\nRESUME=none\nFSTYPE=ext4\n' >"$root/etc/initramfs-tools/conf.d/test"
printf 'nvme\next4\n' >"$root/etc/initramfs-tools/modules"
# That of igb behind a root port, the first and only one
install -d "$root/etc/holdfast"
printf '# the NIC of nic.service\n0000:01:00.0\n' >"$root/etc/holdfast/devices"

# The control's holders are killed when this is over
install -d "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStopSec=10s\n' >"$root/etc/systemd/system.conf.d/test.conf"

# Nothing of its own accord: what a scenario needs it starts
units=$root/etc/systemd/system
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
	e2scrub_reap.service fstrim.timer getty@.service serial-getty@.service getty.target \
	systemd-update-utmp.service systemd-networkd.service systemd-timesyncd.service \
	systemd-pstore.service systemd-logind.service kexec-load.service kexec.service; do
	ln -sf /dev/null "$units/$unit"
done
install -d "$units/multi-user.target.wants" "$units/sysinit.target.wants"
for unit in hf-run.service hf-compact.service nic.service; do
	ln -s "../$unit" "$units/multi-user.target.wants/$unit"
done
ln -s /lib/systemd/system/holdfast-bind.service "$units/sysinit.target.wants/"
ln -s /lib/systemd/system/holdfastd.service "$units/multi-user.target.wants/"
rm -f "$units/default.target"
ln -s /lib/systemd/system/multi-user.target "$units/default.target"

chroot "$root" depmod "$release"
chroot "$root" update-initramfs -c -k "$release" >"$dir/initramfs.log" 2>&1 || {
	cat "$dir/initramfs.log" >&2
	die "update-initramfs failed"
}
rm -f "$dir/root.img"
size=$(($(du -s -m --apparent-size "$root" | cut -f 1) + free_mb))
truncate -s "$((size + size / 8))M" "$dir/root.img"
mke2fs -q -t ext4 -L "$label" -d "$root" "$dir/root.img"
cp "$root/boot/initrd.img-$release" "$dir/initrd"
rm -rf "$root"
say "$dir/root.img: $(du -m "$dir/root.img" | cut -f 1) MiB, initramfs $(du -k "$dir/initrd" | cut -f 1) KiB"
