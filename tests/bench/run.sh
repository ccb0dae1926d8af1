#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh - measure in virtual machines, print the table
#
#	run.sh DIR KERNEL KERNEL_STOCK REPEAT
#
# DIR has initrd-holdfast and initrd-stock; it gets a folder for each guest with
# its console and its results, and report.txt. The guests count instructions:
# one is a nanosecond, so that what else this machine does cannot be seen in the
# results. The kernels see no instruction for a whole string, as that would be
# one nanosecond whatever its length.
set -eu

dir=$1 kernel=$2 stock=$3 repeat=$4
here=$(cd "$(dirname "$0")" && pwd)

# Pages of 4 KiB and 2 MiB of which no two are contiguous, in a memfd and in none,
# and what is frozen
sets=${SETS:-4:32,2048:1024,4:16:anon,2048:512:anon}
flat=${FLAT-flat:64,flat:4096}
# Enough that no page comes from the scratch areas, out of which pinning would move it
memory=${MEMORY:-10G}
timeout=${TIMEOUT:-600}
# Another update for each of two
updates=${flat:+3}
updates=${updates:-1}

die() {
	echo "bench: $*" >&2
	exit 1
}

# guest NAME KERNEL INITRD UPDATES RUN
guest() {
	run=$dir/$1-$5
	rm -rf "$run"
	mkdir -p "$run"
	append="console=ttyS0,115200 panic=-1 noapictimer kho=on liveupdate=on"
	append="$append vfio.enable_unsafe_noiommu_mode=1 hf.kernel=1 hf.scenario=bench"
	append="$append hf.updates=$4 hf.first=$1 hf.timeout=$timeout hf.sets=$sets hf.flat=$flat"
	devices=
	for port in 0 1 2 3; do
		devices="$devices -device pcie-root-port,id=port$port,bus=pcie.0,addr=0x$((port + 4)),chassis=$((port + 1)),slot=$((port + 1)),x-speed=5"
		devices="$devices -device igb,bus=port$port,romfile="
	done
	# shellcheck disable=SC2086 # several arguments
	timeout -k 5 "$timeout" qemu-system-x86_64 -M q35 -accel tcg -icount shift=0,sleep=off \
		-cpu max,-erms,-fsrm,-fsrs,-fzrm,la57=off -m "$memory" -smp 1 \
		-nodefaults -no-user-config -no-reboot -display none \
		-serial "file:$run/console.log" -serial "file:$run/events.log" \
		$devices \
		-kernel "$2" -initrd "$3" -append "$append" </dev/null 2>"$run/qemu.stderr" ||
		die "the guest of the $1 kernel did not end by itself, see $run"
	grep -q '"ev":"done","status":0' "$run/events.log" ||
		die "the guest of the $1 kernel failed, see $run/console.log"
	for set in $(echo "$sets" | tr , ' '); do
		case $1,$set in stock,*:anon) continue ;; esac
		[ "$(sed -n "s/.*\"set\":\"$set\",\"what\":\"sum\",\"value\":\([0-9]*\).*/\1/p" \
			"$run/events.log" | sort | uniq -c | awk '{ print $1 }')" = 2 ] ||
			die "the table of $set is not the same after the update, see $run/events.log"
	done
	sed -n "s/.*Froze all sessions in \([0-9]*\) us.*/\1/p" "$run/console.log" |
		awk -v flat="$flat" -v kernel="$1" 'BEGIN { split(flat, set, ",") }
			NR > 1 { printf "{\"ev\":\"bench\",\"kernel\":\"%s\",\"set\":\"%s\",\"what\":\"freeze\",\"value\":%d000}\n", kernel, set[NR - 1], $1 }' \
			>>"$run/events.log"
}

rm -rf "$dir"/stock-* "$dir"/holdfast-*
n=0
while [ "$n" -lt "$repeat" ]; do
	n=$((n + 1))
	guest stock "$stock" "$dir/initrd-stock" 1 "$n"
	guest holdfast "$kernel" "$dir/initrd-holdfast" "$updates" "$n"
done
cat "$dir"/stock-*/events.log "$dir"/holdfast-*/events.log |
	awk -v sets="$sets" -v flat="$flat" -f "$here/../../mk/json.awk" -f "$here/report.awk" >"$dir/report.txt"
cat "$dir/report.txt"
