#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh - a virtual machine for selftests; prints what the guest reports
#
#	guest.sh KERNEL INITRD DIR SCENARIO [PARAMETER...]
#
# SCENARIO is one of tests/vm/guest/scenarios, PARAMETERs go to the kernel's
# command line. The machine is a q35 without an IOMMU, with two igb controllers
# behind root ports (of a speed whose link comes back after a bus reset in QEMU),
# and behind a third one a device of two functions without a reset of their own.
# DIR gets its console (console.log) and what was printed (events.log).
# ACCEL=kvm is faster where KVM works; TIMEOUT is in seconds.
set -eu

kernel=$1 initrd=$2 dir=$3 scenario=$4
shift 4
accel=${ACCEL:-tcg}
timeout=${TIMEOUT:-600}

mkdir -p "$dir"
rm -f "$dir/console.log" "$dir/events.log"
case $accel in
kvm) cpu=host ;;
*) cpu=max,la57=off ;;
esac
append="console=ttyS0,115200 earlyprintk=serial,ttyS0,115200 panic=-1 kho=on liveupdate=on"
# By default a debug kernel's scratch areas are too large for this machine.
append="$append hugepages=4 kho_scratch=256M,384M,64M vfio.enable_unsafe_noiommu_mode=1 hf.kernel=1 hf.scenario=$scenario hf.timeout=$((timeout - 20))"

timeout -k 5 "$timeout" qemu-system-x86_64 -M q35 -accel "$accel" -cpu "$cpu" -m 3G -smp "${CPUS:-1}" \
	-nodefaults -no-user-config -no-reboot -display none \
	-serial "file:$dir/console.log" -serial stdio \
	-device pcie-root-port,id=port0,bus=pcie.0,addr=0x4,chassis=1,slot=1,x-speed=5 \
	-device pcie-root-port,id=port1,bus=pcie.0,addr=0x5,chassis=2,slot=2,x-speed=5 \
	-device pcie-root-port,id=port2,bus=pcie.0,addr=0x6,chassis=3,slot=3,x-speed=5 \
	-device igb,bus=port0,romfile= -device igb,bus=port1,romfile= \
	-device edu,bus=port2,addr=0.0,multifunction=on -device edu,bus=port2,addr=0.1 \
	-kernel "$kernel" -initrd "$initrd" -append "$append $*" </dev/null 2>"$dir/qemu.stderr" |
	tee "$dir/events.log"
