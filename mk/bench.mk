# SPDX-License-Identifier: GPL-2.0-only
# Measurements; no part of the check, because they pass or fail nothing.
##@ Measurements

bench: deps kernel kernel-stock	## What reading, restoring and freezing cost, against Linux 7.3 as it is
	$(MAKE) -C tests/bench bench $(BENCH_VARS)

.PHONY: bench
