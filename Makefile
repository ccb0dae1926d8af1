# SPDX-License-Identifier: GPL-2.0-only
# holdfast: build it, show it, check it. Details are in mk/*.mk.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

include mk/vars.mk

##@ The two commands
demo: deps kernel kernel-stock userspace	## One live update, seen from the device: table and report
	$(MAKE) -C tests/vm demo $(VM_VARS)

check:	## Every test; ends with "N passed, N failed"
	@mk/check.sh unit fuzz vm device memory agent systemd kselftest build debug

check-all: export FUZZ_SECONDS := 300
check-all: export FUZZ_MESSAGES := 1000000
check-all:	## Every test, and the long runs: 25 updates in a row, 5 minutes of fuzzing, a million messages
	@mk/check.sh unit fuzz vm device memory agent systemd kselftest build debug long

##@ Build
deps:	## Install missing packages (asks apt for nothing when all are there)
	@mk/deps.sh

kernel-stock: deps	## Linux 7.3 without our series: the control
	@kernel/scripts/build.sh stock

kernel: kernel-stock	## Linux 7.3 with our series, and its user headers
	@kernel/scripts/build.sh holdfast

kernel-debug: deps	## The same with lockdep, KASAN and kmemleak
	@kernel/scripts/build.sh debug

userspace: deps kernel	## Library, command and example driver
	$(MAKE) -C userspace all $(USERSPACE_VARS)

include mk/check.mk
include mk/bench.mk

##@ Clean
clean:	## Remove what is built, keep kernel trees and downloads
	rm -rf $(filter-out %/apt %/dl %/linux %/kernel,$(wildcard $(BUILD)/*))

distclean:	## Remove the whole build folder
	rm -rf $(BUILD)

help:	## Show this list
	@awk -f mk/help.awk $(MAKEFILE_LIST)

.PHONY: demo check check-all deps kernel-stock kernel kernel-debug userspace clean distclean help
