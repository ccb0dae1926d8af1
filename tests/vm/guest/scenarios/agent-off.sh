# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Booted with kexec handover or with the orchestrator switched off: the agent
# says which of them, and the driver notices nothing.

kernel_1() {
	# The last one counts
	case " $hf_cmdline " in
	*" kho=off "*) off="booted without kho=on" found=kho-off ;;
	*" liveupdate=off "*) off="booted without liveupdate=on" found=liveupdate-off ;;
	*) die "nothing is switched off" ;;
	esac
	bind_vfio
	start_driver
	dump_config running
	refused "preflight" 1 "$found" holdfast preflight
	refused "preserve" 1 "$off" holdfast preserve --pid "$driver"
	refused "restore" 1 "$off" holdfast restore --no-finish
	refused "kexec" 1 "no session is held" holdfast kexec
	refused "cancel" 1 "no session is held" holdfast cancel
	wait_result
	dump_config end
	settle_memory
	dump_meminfo end
	result_is_clean
}
