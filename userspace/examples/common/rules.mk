# SPDX-License-Identifier: GPL-2.0-only
# How an example driver is built. The Makefile that includes this says
#
#	PROGRAM		its name
#	LOGIC		objects that are tested without a device
#	DRIVER		objects of the program alone
#	COMMON		objects of this folder that it uses
#	TESTS		test programs, which link LOGIC, COMMON and TESTED
#	TESTED		objects of DRIVER that tests need
#
# All of it is linked with libholdfast, which its own Makefile builds in $(O).
#
# KHDR is a directory with the kernel's exported headers (linux/iommufd.h and
# linux/vfio.h of 7.3 or later); empty means the system's.

O ?= .
KHDR ?=
CC ?= cc
CFLAGS ?= -O2 -g
LDFLAGS ?= -static

HERE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
USERSPACE_DIR := $(HERE)/../..

override CFLAGS += -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -MMD -MP \
	-I. -I$(HERE) -I$(USERSPACE_DIR)/include -DPROGRAM='"$(PROGRAM)"'
ifneq ($(KHDR),)
override CFLAGS += -isystem $(KHDR)
endif

# Objects and tests of their own folder: $(O) may be shared with other programs
OBJ := $(O)/obj/$(PROGRAM)

VPATH := $(HERE)

# Kept although only make knows of them
.SECONDARY:

.PHONY: all check clean FORCE
all: $(O)/$(PROGRAM)

$(O)/$(PROGRAM): $(addprefix $(OBJ)/,$(DRIVER) $(LOGIC) $(COMMON)) \
	$(O)/libholdfast.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Tests run on the host, with sanitizers, which do not link statically
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

$(addprefix $(OBJ)/,$(TESTS)): $(OBJ)/%: $(OBJ)/san/%.o \
	$(addprefix $(OBJ)/san/,$(LOGIC) $(COMMON) $(TESTED)) \
	$(O)/san/libholdfast.a
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^

# A change of flags rebuilds
$(OBJ)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' >$@

$(OBJ)/%.o: %.c $(OBJ)/flags
	$(CC) $(CFLAGS) -c -o $@ $<

$(OBJ)/san/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -c -o $@ $<

$(O)/libholdfast.a: FORCE
	@$(MAKE) -s -C $(USERSPACE_DIR) lib O=$(abspath $(O)) KHDR=$(KHDR) \
		CC='$(CC)'

$(O)/san/libholdfast.a: FORCE
	@$(MAKE) -s -C $(USERSPACE_DIR) lib O=$(abspath $(O))/san \
		KHDR=$(KHDR) CC='$(CC)' SAN=1

check: $(addprefix $(OBJ)/,$(TESTS))
	@failed=0; for t in $(TESTS); do $(OBJ)/$$t || failed=1; done; \
	exit $$failed

clean:
	$(RM) -r $(OBJ) $(O)/$(PROGRAM)

FORCE:

-include $(wildcard $(OBJ)/*.d $(OBJ)/*/*.d)
