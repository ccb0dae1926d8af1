# SPDX-License-Identifier: GPL-2.0-only
# `make check-X` runs one suite and sums it up; `suite-X` is the bare suite,
# which prints KTAP. mk/check.sh calls the latter and counts.
##@ Parts of the check

check-unit:	## Unit tests of library, command and build tools
	@mk/check.sh unit

check-vm:	## Live updates in a virtual machine
	@mk/check.sh vm

check-device:	## Any device anywhere: NVMe, interrupts, topologies, orphans
	@mk/check.sh device

check-memory:	## Memory of every kind, and kexec handover itself
	@mk/check.sh memory

check-agent:	## Many clients of the daemon, its end at any moment, and clients that mean harm
	@mk/check.sh agent

check-systemd:	## Updates of a Debian under systemd, in a virtual machine; needs root
	@mk/check.sh systemd

check-kselftest:	## Kernel selftests: what the series refuses, in a virtual machine
	@mk/check.sh kselftest

check-fuzz:	## The decoder of a preserved iommufd against damaged blocks
	@mk/check.sh fuzz

check-build:	## Build matrix: series, checkpatch, sparse, bisect, modules
	@mk/check.sh build

check-debug:	## Updates on the debug kernel (lockdep, KASAN, kmemleak, faults)
	@mk/check.sh debug

check-long:	## Many updates in a row
	@mk/check.sh long

suite-unit: deps userspace
	$(MAKE) -C userspace check $(USERSPACE_VARS)
	$(MAKE) -C tests/unit check $(UNIT_VARS)
	$(MAKE) -C tests/agent check $(USERSPACE_VARS)
	@KHDR=$(KHDR) tests/package/run.sh

suite-vm: deps kernel kernel-stock userspace
	$(MAKE) -C tests/vm check $(VM_VARS)

suite-device: deps kernel kernel-stock userspace
	$(MAKE) -C tests/vm check-device $(VM_VARS)

suite-memory: deps kernel kernel-stock userspace
	$(MAKE) -C tests/vm check-memory $(VM_VARS)

suite-agent: deps kernel kernel-stock userspace
	$(MAKE) -C tests/vm check-agent $(VM_VARS)

suite-systemd: deps kernel userspace
	$(MAKE) -C tests/systemd check $(SYSTEMD_VARS)

suite-long: deps kernel kernel-stock userspace
	$(MAKE) -C tests/vm check-long $(VM_VARS)

suite-kselftest: deps kernel
	$(MAKE) -C tests/kselftest check $(KSELFTEST_VARS)

suite-fuzz: deps kernel
	$(MAKE) -C tests/fuzz check $(FUZZ_VARS)

suite-build: deps kernel userspace
	@tests/build/run.sh

suite-debug: deps kernel-debug userspace
	$(MAKE) -C tests/vm check-debug $(VM_VARS)
	$(MAKE) -C tests/kselftest check $(KSELFTEST_VARS) KERNEL=$(KERNEL_DEBUG) O=$(BUILD)/kselftest-debug TIMEOUT=1800

.PHONY: check-unit check-vm check-device check-memory check-agent check-systemd check-kselftest check-fuzz check-build check-debug check-long \
	suite-unit suite-vm suite-device suite-memory suite-agent suite-systemd suite-kselftest suite-fuzz suite-build suite-debug suite-long
