# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# What scenarios share in which calls fail: see guest/faults.c.

# with_faults FUNCTION... - what it asks of the kernel fails in all ways first
with_faults() {
	export FAULTS=/run/faults LD_PRELOAD=/bin/faults.so
	"$@"
	unset FAULTS LD_PRELOAD
}

# with_single_faults FUNCTION... - the same, but nothing else fails meanwhile
with_single_faults() {
	rm -f /run/faults
	export FAULTS_SINGLE=1
	with_faults "$@"
	unset FAULTS_SINGLE
}

# faulted CALL... - each of them was made, failed, and with ENOMEM and EFAULT only
faulted() {
	doing "looking at the calls that failed"
	cat /run/faults
	for call; do
		awk -v call="$call" '$1 == call { n++; failed += $2; other += $3 }
			END { exit !(n && failed > 0 && !other) }' /run/faults ||
			die "$call did not fail as it should have"
		point "$call fails, and can be repeated"
	done
}
