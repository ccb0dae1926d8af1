# SPDX-License-Identifier: GPL-2.0-only
# Build the tests outside a kernel tree, statically, and run them in a virtual
# machine. Targets: all check clean

TOP       ?= $(abspath ../..)
BUILD     ?= $(TOP)/build
# Kernel under test, its user headers, and its tree, which is only read.
KERNEL    ?= $(BUILD)/kernel/holdfast/bzImage
KHDR      ?= $(BUILD)/kernel/holdfast/usr/include
LINUX     ?= $(BUILD)/linux/holdfast
O         ?= $(BUILD)/kselftest

OUTPUT        := $(O)
KHDR_INCLUDES := -isystem $(KHDR)
USERCFLAGS    += -g -Werror
USERLDFLAGS   += -static

include $(LINUX)/tools/testing/selftests/lib.mk

$(TEST_GEN_PROGS): | $(O)

$(O):
	@mkdir -p $@

guest := $(wildcard ../vm/guest/* ../vm/guest/scenarios/*)

# Modules of the kernel under test, some of which are KUnit suites
modules := $(wildcard $(dir $(KERNEL))modules/*.ko)

# A kernel to load, never to start
$(O)/initrd: $(TEST_GEN_PROGS) $(TEST_PROGS) $(KERNEL) $(modules) $(guest)
	../vm/guest/mkinitramfs.sh -o $@ -k $(KERNEL) $(if $(modules),-m kselftest=$(dir $(KERNEL))modules) \
		$(TEST_GEN_PROGS) $(TEST_PROGS)

check: $(O)/initrd
	@./run.sh $(KERNEL) $(O)/initrd $(O)/run $(programs)

EXTRA_CLEAN += $(O)/initrd $(O)/run

.PHONY: check
