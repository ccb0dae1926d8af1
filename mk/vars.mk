# SPDX-License-Identifier: GPL-2.0-only
# Folders and the variables handed down to sub-makes. The scripts read the
# exported ones, so that each can also be started by hand.

export TOP   := $(CURDIR)
export BUILD ?= $(TOP)/build
# Parallel jobs of the kernel builds, unless make's own -j says otherwise.
export JOBS  ?= $(shell nproc 2>/dev/null || echo 2)
# A Linux 7.3 tree of yours, taken instead of Debian's linux-source-7.3. It is copied, never written to.
export KDIR  ?=
# Not empty: ask kbuild even if no input of a kernel changed.
export FORCE ?=

# What the kernel pipeline leaves behind.
KERNEL       := $(BUILD)/kernel/holdfast/bzImage
KERNEL_STOCK := $(BUILD)/kernel/stock/bzImage
KERNEL_DEBUG := $(BUILD)/kernel/debug/bzImage
# User headers of our kernel (`make headers_install`); -I$(KHDR) before the system's.
KHDR         := $(BUILD)/kernel/holdfast/usr/include

# userspace/Makefile, targets: all check clean
USERSPACE_VARS = O=$(BUILD)/userspace KHDR=$(KHDR)
# tests/fuzz/Makefile, target: check. check-all takes more time for it
FUZZ_SECONDS  ?= 10
FUZZ_VARS      = O=$(BUILD)/fuzz LINUX=$(BUILD)/linux/holdfast KHDR=$(KHDR) SECONDS=$(FUZZ_SECONDS)
# tests/unit/Makefile, target: check
UNIT_VARS      = O=$(BUILD)/unit USERSPACE=$(BUILD)/userspace KHDR=$(KHDR) \
		 KERNEL=$(KERNEL) KERNEL_STOCK=$(KERNEL_STOCK)
# tests/vm/Makefile, targets: all check demo check-device check-memory check-agent check-long check-debug
VM_VARS        = O=$(BUILD)/vm DEMO=$(BUILD)/demo USERSPACE=$(BUILD)/userspace KHDR=$(KHDR) \
		 KERNEL=$(KERNEL) KERNEL_STOCK=$(KERNEL_STOCK) KERNEL_DEBUG=$(KERNEL_DEBUG) \
		 TREE=$(BUILD)/linux/holdfast TREE_STOCK=$(BUILD)/linux/stock
# tests/systemd/Makefile, targets: all check clean
SYSTEMD_VARS   = O=$(BUILD)/systemd VM=$(BUILD)/vm USERSPACE=$(BUILD)/userspace KHDR=$(KHDR) KERNEL=$(KERNEL)
# tests/kselftest/Makefile, target: check
KSELFTEST_VARS = O=$(BUILD)/kselftest KHDR=$(KHDR) KERNEL=$(KERNEL)
# tests/bench/Makefile, target: bench
BENCH_VARS     = O=$(BUILD)/bench KHDR=$(KHDR) KERNEL=$(KERNEL) KERNEL_STOCK=$(KERNEL_STOCK)
