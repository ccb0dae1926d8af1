#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mk/ktap.awk counts what a suite printed. Each case is a log, the exit status
# of the suite, and "passed failed skipped".
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/build/ktap.sh
. "$TOP/tests/build/ktap.sh"

# check STATUS EXPECTED LOG
check()
{
	got=$(printf '%b' "$3" | awk -v status="$1" -f "$TOP/mk/ktap.awk" | head -n 1)
	[ "$got" = "$2" ] && return
	printf 'got "%s", expected "%s"\n' "$got" "$2"
	return 1
}

ktap_plan 14
ktap_run "two passes" check 0 "2 0 0" '1..2\nok 1 a\nok 2 b\n'
ktap_run "a failure" check 1 "1 1 0" 'KTAP version 1\n1..2\nok 1 a\nnot ok 2 b\n'
ktap_run "a skip is no pass" check 0 "1 0 1" '1..2\nok 1 a # SKIP no device\nok 2 b\n'
ktap_run "a whole block skipped" check 0 "0 0 1" 'TAP version 13\n1..0 # SKIP no KVM\n'
ktap_run "died before the plan was done" check 0 "1 2 0" '1..3\nok 1 a\n'
ktap_run "died without a plan" check 2 "1 1 0" 'ok 1 a\n'
ktap_run "plan at the end" check 0 "1 0 0" 'ok 1 a\n1..1\n'
ktap_run "ran no test" check 0 "0 1 0" 'make: nothing to be done\n'
ktap_run "exit status without a failed test" check 2 "1 1 0" '1..1\nok 1 a\n'
ktap_run "two programs, the first died" check 0 "2 1 0" \
	'TAP version 13\n1..2\nok 1 a\nTAP version 13\n1..1\nok 1 b\n'
ktap_run "subtests count, their sum does not" check 0 "2 0 0" \
	'1..1\n  KTAP version 1\n  1..2\n  ok 1 a\n  ok 2 b\nok 1 sum\n'
ktap_run "a failed subtest counts once" check 1 "1 1 0" \
	'1..1\n  1..2\n  ok 1 a\n  not ok 2 b\nnot ok 1 sum\n'
ktap_run "a failed sum of passed subtests" check 1 "1 1 0" '1..1\n  1..1\n  ok 1 a\nnot ok 1 sum\n'
ktap_run "bail out" check 0 "1 1 0" '1..1\nok 1 a\nBail out! no memory\n'
ktap_end
