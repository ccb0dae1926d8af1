# SPDX-License-Identifier: GPL-2.0-only
# Measurements; no part of the check, because they pass or fail nothing.
##@ Measurements

# How often everything is booted and measured
REPEAT ?= 3

bench: deps kernel kernel-stock userspace	## What reading, restoring and freezing cost, against Linux 7.3 as it is
	$(MAKE) -C tests/bench bench REPEAT=$(REPEAT) $(BENCH_VARS)
	@tests/bench/gap.sh $(BUILD)/vm/runs/gap $(REPEAT) $(MAKE) -C tests/vm check SCENARIOS=gap $(VM_VARS)

.PHONY: bench
