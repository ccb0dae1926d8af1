# SPDX-License-Identifier: GPL-2.0-only
# How an example driver is built. The Makefile that includes this says
#
#	PROGRAM		its name
#	LOGIC		objects that are tested without a device
#	DRIVER		objects of the program alone
#	COMMON		objects of ../common that it uses
#	LIBRARY		objects of the library (../../lib) that it uses
#	TESTS		test programs, which link LOGIC, COMMON, LIBRARY and
#			TESTED
#	TESTED		objects of DRIVER that tests need
#
# KHDR is a directory with the kernel's exported headers (linux/iommufd.h and
# linux/vfio.h of 7.3 or later); empty means the system's.

O ?= .
KHDR ?=
CC ?= cc
CFLAGS ?= -O2 -g
LDFLAGS ?= -static

override CFLAGS += -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -MMD -MP \
	-I. -I../common -I../../include -DPROGRAM='"$(PROGRAM)"'
ifneq ($(KHDR),)
override CFLAGS += -isystem $(KHDR)
endif

# Objects and tests of their own folder: $(O) may be shared with other programs
OBJ := $(O)/obj/$(PROGRAM)

VPATH := ../common
LIB := $(addprefix lib/,$(LIBRARY))

# Kept although only make knows of them
.SECONDARY:

.PHONY: all check clean FORCE
all: $(O)/$(PROGRAM)

$(O)/$(PROGRAM): $(addprefix $(OBJ)/,$(DRIVER) $(LOGIC) $(COMMON) $(LIB))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Tests run on the host, with sanitizers, which do not link statically
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

$(addprefix $(OBJ)/,$(TESTS)): $(OBJ)/%: $(OBJ)/san/%.o \
	$(addprefix $(OBJ)/san/,$(LOGIC) $(COMMON) $(LIB) $(TESTED))
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

# The library has files of the same names as ../common
$(OBJ)/lib/%.o: ../../lib/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(OBJ)/san/lib/%.o: ../../lib/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -c -o $@ $<

check: $(addprefix $(OBJ)/,$(TESTS))
	@failed=0; for t in $(TESTS); do $(OBJ)/$$t || failed=1; done; \
	exit $$failed

clean:
	$(RM) -r $(OBJ) $(O)/$(PROGRAM)

FORCE:

-include $(wildcard $(OBJ)/*.d $(OBJ)/*/*.d $(OBJ)/*/*/*.d)
