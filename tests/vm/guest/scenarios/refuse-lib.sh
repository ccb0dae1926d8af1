# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What the refuse scenarios of the drivers have in common.

# Runs in the place of a driver, with the descriptors of the one that let go
in_its_place() {
	handoff pass --pid "$driver" -- /bin/sh -c "$1"
}

# Descriptor number of a name: the place in the list, from 3 on
# shellcheck disable=SC2016 # another shell expands it
WHICH='fd=2; IFS=:; for n in $LISTEN_FDNAMES; do fd=$((fd + 1)); [ "$n" != state ] || break; done'

# poke_state OFFSET CHARACTER - in the fixed part, see state.h
poke_state() {
	in_its_place "$WHICH; printf $2 |
		dd of=/proc/self/fd/\$fd bs=1 seek=$1 conv=notrunc 2>/dev/null"
}
