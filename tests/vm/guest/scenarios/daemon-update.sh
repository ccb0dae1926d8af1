# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # variables come from lib.sh
#
# The operator's side: "holdfast update" with clients of a daemon, what it refuses
# and takes back, and what is told about it in the next kernel.
# shellcheck source=tests/vm/guest/scenarios/daemon-lib.sh disable=SC1091
. /hf/scenarios/daemon-lib.sh
# shellcheck source=tests/vm/guest/scenarios/orphan-lib.sh disable=SC1091
. /hf/scenarios/orphan-lib.sh

CLIENTS="nic mem.0 mem.1"

# options_of NAME
options_of() {
	case $1 in
	nic) echo "--device $nic_bdf --memfds 1 --uid 1001 --gid 101" ;;
	mem.*) echo "--memfds 3 --size 300000 --uid 200${1#mem.} --gid 7" ;;
	esac
}

start_clients() {
	for c in $CLIENTS; do
		# shellcheck disable=SC2046
		run_client "$c" $(options_of "$c") "$@"
	done
}

# all_reached POINT
all_reached() {
	for c in $CLIENTS; do
		wait_client "$c" "$1"
	done
}

setup() {
	# shellcheck disable=SC2086
	set -- $devices
	nic_bdf=$1
	bind_vfio "$nic_bdf"
}

# update KERNEL [OPTION...]
update() {
	kernel=$1
	shift
	holdfast update --direct --kernel "$kernel" --initrd /run/initramfs \
		--append "$(next_cmdline)" "$@"
}

# nothing_done - no kernel is loaded, the clients are as before
nothing_done() {
	[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || die "a kernel is loaded"
	for c in $CLIENTS; do
		client_is "$c" ready || die "$c is not ready"
	done
}

# told WORDS - status says so
told() {
	holdfast status >/run/status.txt
	grep -q "$1" /run/status.txt || {
		cat /run/status.txt
		die "status does not say \"$1\""
	}
}

# The kernel refuses, and the daemon is told why; then it is taken back by hand.
refuse_reboot() {
	doing "preserving"
	holdfast preserve >/dev/null
	lose_device "$nic_bdf"
	refused "a device that does not answer" 1 "does not respond" \
		holdfast kexec --load /boot/vmlinuz --initrd /run/initramfs \
		--append "$(next_cmdline)"
	grep -q "everything is as before" /run/out || die "is it as before?"
	find_device_again
	told "^update .*: refused"
	told "^the reboot call was refused"
	holdfast verify >/dev/null
	holdfast cancel
	kexec -s -u
	nothing_done
}

kernel_1() {
	doing "making the next initramfs"
	next_initramfs /run/initramfs
	refused "no daemon" 1 "holdfastd does not run" update /boot/vmlinuz
	setup
	start_daemon
	start_clients
	all_reached ready
	refused "no kernel image" 1 "would make the update fail" \
		update /bin/busybox
	nothing_done
	run_client no --memfds 1 --answer no
	wait_client no ready
	refused "a client that cannot" 1 "client no cannot be updated now" \
		update /boot/vmlinuz
	nothing_done
	kill %%
	wait_for "! client_is no ready"
	run_client never --memfds 1 --answer never
	wait_client never ready
	refused "a client that is late" 1 "never (process" \
		update /boot/vmlinuz --timeout 1
	nothing_done
	kill %%
	wait_for "! client_is never ready"
	refuse_reboot
	doing "updating"
	update /boot/vmlinuz
	die "update came back"
}

kernel_2() {
	setup
	start_daemon
	told "^state    restoring: waiting for mem.0, mem.1, nic"
	holdfast restore --dry-run >/dev/null
	holdfast verify >/dev/null
	point "what waits is told, and compared"
	start_clients --expect
	all_reached resumed
	wait_for "state_is idle"
	told "^update .*: done"
	told "^kexec  *[0-9]"
	told "^nic  *resumed"
	cat /run/status.txt
	point "how it went is told"

	doing "preserving and cancelling"
	all_reached ready
	holdfast preserve >/dev/null
	told "^state    preserved"
	holdfast list >/run/list
	grep -q "^$nic_bdf .* nic" /run/list || die "the NIC is not listed"
	holdfast verify >/dev/null
	holdfast cancel >/dev/null
	told "^update .*: cancelled"
	told "^update before"
	for c in $CLIENTS; do
		client_is "$c" ready || die "$c is not ready"
	done
	point "the history has both"
}
