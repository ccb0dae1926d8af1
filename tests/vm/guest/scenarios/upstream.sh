# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
#
# Linux's own selftests (tests/upstream). Those of live update take a kexec each:
# their first stage leaves a process behind, the second one is for the next
# kernel. hf.updates is how many there are of these.

SECOND_STAGES="luo_kexec_simple luo_multi_session luo_stress_sessions luo_stress_files"

# stage_of N - the name of the Nth of them
stage_of() {
	# shellcheck disable=SC2086 # a list of words
	set -- "$1" $SECOND_STAGES
	shift "$1"
	echo "$1"
}

# kernel_tests - what the tests built into the kernel had to say
kernel_tests() {
	dmesg | sed -n 's/^\[[^]]*\] *\(test_kho: \|liveupdate test: \)/\1/p'
}

first_stage() {
	load_next_kernel
	name=$(stage_of "$hf_kernel")
	run_program "$name-before" "$name" -s 1
	run_program "$name-before-log" kernel_tests
	doing "starting the next kernel"
	kexec -e
	die "kexec returned"
}

kernel_1() {
	load_module iommufd
	[ -c /dev/liveupdate ] || die "live update is off"
	run_program liveupdate liveupdate
	run_program memfd memfd_test
	# The largest buffer of iommufd is one of 128 MiB
	echo 80 >/proc/sys/vm/nr_hugepages
	run_program memfd-hugetlbfs memfd_test hugetlbfs
	run_program iommufd iommufd
	run_program iommufd_fail_nth iommufd_fail_nth
	first_stage
}

kernel_N() {
	name=$(stage_of $((hf_kernel - 1)))
	run_program "$name" "$name" -s 2
	run_program "$name-log" kernel_tests
	[ "$hf_kernel" -gt "$hf_updates" ] || first_stage
}
